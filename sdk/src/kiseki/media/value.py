"""What a value beside numbers is, and how it is kept.

A medium becomes a dict with a ``_type`` in the history, in the shapes of the ``wandb`` client, so
that both clients and the UI read both. Its bytes become files, which whoever keeps it names.
"""

from __future__ import annotations

import hashlib
import os
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from importlib import import_module
from os import PathLike, fspath
from pathlib import Path
from typing import Any, ClassVar, Protocol

from kiseki.errors import FileError, MissingPackageError, ValueTypeError

Json = dict[str, Any]

_RESERVED = frozenset(
    {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))}
)
_SIGNS = frozenset('\\:*?"<>|')


class Keeper(Protocol):
    """Takes the bytes of media: a run that they are logged to, or an artifact."""

    key: str
    """What they are logged as."""

    def file(self, content: bytes | Path, folder: str, suffix: str) -> Json:
        """Keep a file; gives its ``path``, ``sha256`` and ``size``.

        Args:
            content: The bytes, or the user's file, which is copied.
            folder: What kind it is, such as ``media/images``.
            suffix: The end of its name.
        """
        ...

    def note(self, section: str, name: str, value: Any) -> None:
        """Keep something about the whole run that the value alone does not say."""
        ...

    def table(self, path: str, kept: Iterable[str]) -> Json:
        """Keep the file of a table as an artifact, too, with the files that its cells name; gives
        what the value says of that."""
        ...


class Media(ABC):
    """A value that is logged with files: an image, a sound, a table … ."""

    TYPE: ClassVar[str]
    """The ``_type`` of one."""
    FOLDER: ClassVar[str]

    @abstractmethod
    def logged(self, keeper: Keeper) -> Json:
        """The value as the history has it, its files kept."""

    @classmethod
    def logged_together(cls, items: Sequence[Any], keeper: Keeper) -> Json:
        """The same for several in one list."""
        raise ValueTypeError(f"{keeper.key!r}: a list of {cls.__name__} cannot be logged")


class FileMedia(Media):
    """A medium of one file, with a caption."""

    def __init__(self, content: bytes | Path, suffix: str, caption: str | None) -> None:
        if caption is not None and not isinstance(caption, str):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise ValueTypeError(f"caption is text, not {type(caption).__name__}")
        self.source = content
        self.suffix = suffix
        self._caption = caption

    @property
    def caption(self) -> str | None:
        return self._caption

    @property
    def content(self) -> bytes:
        """The bytes of the file."""
        return self.source if isinstance(self.source, bytes) else self.source.read_bytes()

    def logged(self, keeper: Keeper) -> Json:
        value = {"_type": self.TYPE, **keeper.file(self.source, self.FOLDER, self.suffix)}
        value |= self._facts()
        if self._caption is not None:
            value["caption"] = self._caption
        return value

    def _facts(self) -> Json:
        return {}


def captions(items: Sequence[FileMedia]) -> Json:
    """The captions of a list, if any of its elements has one."""
    found = [item.caption for item in items]
    return {"captions": [text or "" for text in found]} if any(found) else {}


def safe_key(key: str) -> str:
    """A key as the beginning of a file's name."""
    parts: list[str] = []
    for part in key.split("/"):
        text = "".join("_" if sign in _SIGNS or not sign.isprintable() else sign for sign in part)
        text = text.strip(". ") or "_"
        parts.append(f"{text}_" if text.lower() in _RESERVED else text)
    name = "/".join(parts).encode()
    if len(name) <= 200:
        return name.decode()
    digest = hashlib.sha256(name).hexdigest()[:8]
    return name[:180].decode(errors="ignore").rstrip("/. ") + f"_{digest}"


def existing(path: str | PathLike[str], what: str) -> Path:
    """The user's file.

    Raises:
        FileError: There is none.
    """
    found = Path(os.path.expanduser(os.fsdecode(fspath(path))))
    if not found.is_file():
        raise FileError(f"{what}: there is no file {str(path)!r}")
    return found.absolute()


def module_of(value: object) -> str:
    """The package that a value's type comes from."""
    return type(value).__module__.partition(".")[0]


def needed(package: str, what: str, install: str | None = None) -> Any:
    """A package of the user's.

    Raises:
        MissingPackageError: It is not installed.
    """
    try:
        return import_module(package)
    except ImportError:
        raise MissingPackageError(
            f"{what} needs the package {package.partition('.')[0]}",
            hint=f"pip install {install or package.partition('.')[0]}",
        ) from None


def as_array(value: Any, what: str) -> Any:
    """Anything like an array as a numpy one.

    Raises:
        MissingPackageError: numpy is not installed.
        ValueTypeError: It is nothing like an array.
    """
    numpy = sys.modules.get("numpy") or needed("numpy", what)
    if module_of(value) == "torch":
        value = value.detach().cpu()
        if str(value.dtype) == "torch.bfloat16":
            value = value.float()
        return value.numpy()
    if not hasattr(value, "__array__") and callable(as_numpy := getattr(value, "numpy", None)):
        value = as_numpy()
    try:
        array = numpy.asarray(value)
    except Exception as error:  # noqa: BLE001 - it is the code of whatever the value is
        raise ValueTypeError(f"{what}: {type(value).__name__} is no array: {error}") from None
    if array.dtype == object:
        raise ValueTypeError(f"{what}: {type(value).__name__} is no array of numbers")
    return array
