"""Filling an artifact that is not logged yet."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from contextlib import contextmanager
from os import PathLike, fspath
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Literal

from kiseki.artifacts import references
from kiseki.artifacts.draft import Draft
from kiseki.artifacts.entry import ArtifactEntry, shown
from kiseki.artifacts.kept import kept_in, kept_path
from kiseki.errors import FileError, NotFoundError, UsageError, ValueTypeError
from kiseki.media.value import Media, existing

if TYPE_CHECKING:
    from collections.abc import Generator

Policy = Literal["mutable", "immutable"]


class Filling(ABC):
    """What puts files into an artifact."""

    @abstractmethod
    def _own_draft(self) -> Draft:
        """Its files as they are now.

        Raises:
            UsageError: It is logged, and they cannot change any more.
        """

    def add_file(
        self,
        local_path: str | PathLike[str],
        name: str | None = None,
        is_tmp: bool | None = False,
        skip_cache: bool | None = False,
        policy: Policy | None = "mutable",
        overwrite: bool = False,
    ) -> ArtifactEntry:
        """Add a file as it is now; it may change or go when the call has returned.

        Args:
            local_path: The file.
            name: Its path in the artifact; its own name if not given.
            is_tmp: The file is taken away instead of copied.
            skip_cache: Accepted for W&B's sake.
            policy: "immutable": the file will not be changed, so that it need not be copied.
            overwrite: Take the place of another file of this path.

        Raises:
            FileError: It cannot be read, or there is no space for the copy.
            UsageError: There is another file of this path, or the artifact is logged already.
        """
        path = existing(local_path, "add_file")
        entry = self._own_draft().add(
            path, name or path.name, link=_links(policy), overwrite=overwrite, move=bool(is_tmp)
        )
        return shown(entry)

    def add_dir(
        self,
        local_path: str | PathLike[str],
        name: str | None = None,
        skip_cache: bool | None = False,
        policy: Policy | None = "mutable",
        merge: bool = False,
    ) -> None:
        """Add all files of a folder as they are now.

        Args:
            local_path: The folder.
            name: Its path in the artifact; if not given, its files are at the top.
            skip_cache: Accepted for W&B's sake.
            policy: See `add_file`.
            merge: Take the place of other files of the same paths.

        Raises:
            FileError: It is no folder, or a file cannot be read.
            UsageError: There are other files of the same paths, or the artifact is logged already.
        """
        folder = Path(os.path.expanduser(os.fsdecode(fspath(local_path))))
        if not folder.is_dir():
            raise FileError(f"add_dir: {str(local_path)!r} is no folder")
        draft, link = self._own_draft(), _links(policy)
        for found, _, names in os.walk(folder, followlinks=True):
            for each in sorted(names):
                source = Path(found) / each
                path = source.relative_to(folder).as_posix()
                if source.is_file():
                    path = f"{name.rstrip('/')}/{path}" if name else path
                    draft.add(source.absolute(), path, link=link, overwrite=merge)

    @contextmanager
    def new_file(
        self, name: str, mode: str = "x", encoding: str | None = None
    ) -> Generator[IO[Any]]:
        """Write a file of the artifact: ``with artifact.new_file("a.txt") as file: …``.

        Args:
            name: Its path in the artifact.
            mode: "w" takes the place of another of this path, "x" does not; with "b" for bytes.
            encoding: Of text; UTF-8 if not given.
        """
        draft = self._own_draft()
        if name in draft.entries and "x" in mode:
            raise UsageError(f"The artifact has a file {name!r} already", hint="use mode='w'")
        path = draft.folder / "new" / f"{len(draft.entries)}-{os.urandom(4).hex()}"
        path.parent.mkdir(parents=True, exist_ok=True)
        if "b" not in mode and encoding is None:
            encoding = "utf-8"
        try:
            with path.open(mode.replace("x", "w"), encoding=encoding) as file:
                yield file
            draft.add(path, name, link=False, overwrite=True, move=True)
        finally:
            path.unlink(missing_ok=True)

    def add_reference(
        self,
        uri: str | ArtifactEntry,
        name: str | None = None,
        checksum: bool = True,
        max_objects: int | None = None,
    ) -> list[ArtifactEntry]:
        """Name something that is kept elsewhere, without copying it.

        Args:
            uri: ``file://…`` (a file or a folder), ``http(s)://…``, ``s3://…``, ``gs://…`` or any
                other address.
            name: Its path in the artifact; the last part of the address if not given.
            checksum: Look at it now, so that a later change can be told.
            max_objects: How many files of a folder are taken; 10,000,000 if not given.

        Raises:
            FileError: There is nothing at the address.
            UsageError: There is another file of this path, or the artifact is logged already.
        """
        draft = self._own_draft()
        if isinstance(uri, ArtifactEntry):
            if uri.reference is None:
                raise UsageError(f"{uri.path!r} is a file of another artifact: download and add it")
            uri = uri.reference
        found = references.look_at(uri, name, checksum=checksum, most=max_objects)
        return [shown(draft.refer(*reference)) for reference in found]

    def add(self, obj: Media, name: str, overwrite: bool = False) -> ArtifactEntry:
        """Add a `Table`, an `Image` or another medium, which `get` gives back.

        Args:
            obj: What is added.
            name: Its name, without an end such as ``.table.json``.
            overwrite: Take the place of another of this name.
        """
        if not isinstance(obj, Media):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise ValueTypeError(
                f"add takes a Table, an Image and the like, not {type(obj).__name__}"
            )
        draft = self._own_draft()
        for path, content in kept_in(obj, name).items():
            if isinstance(content, Path):
                draft.add(content, path, link=False, overwrite=overwrite)
                continue
            with self.new_file(path, "wb" if overwrite or path in draft.entries else "xb") as file:
                file.write(content)
        return shown(draft.entries[kept_path(obj, name)])

    def remove(self, item: str | PathLike[str] | ArtifactEntry) -> None:
        """Take a file or a folder out again.

        Raises:
            NotFoundError: There is none.
        """
        path = item.path if isinstance(item, ArtifactEntry) else os.fsdecode(fspath(item))
        if not self._own_draft().remove(path.strip("/")):
            raise NotFoundError(f"The artifact has no file {path!r}")

    def __setitem__(self, name: str, item: Any) -> None:
        self.add(item, name)


def _links(policy: str | None) -> bool:
    if policy not in (None, "mutable", "immutable"):
        raise UsageError(f"policy is 'mutable' or 'immutable', not {policy!r}")
    return policy == "immutable"
