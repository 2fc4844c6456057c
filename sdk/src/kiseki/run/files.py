"""Files of a run, kept beside its journal until the uploader has sent them."""

from __future__ import annotations

import glob
import os
import shutil
import unicodedata
from collections.abc import Iterator
from os import PathLike, fspath
from pathlib import Path

from kiseki.errors import FileError, UsageError
from kiseki.wire.records import FILES

_LONGEST = 1024
_WILD = frozenset("*?[")
_COPY_BYTES = 1 << 30


def checked_path(path: str) -> str:
    """The name of a file in a run or an artifact: parts joined by single slashes.

    Raises:
        UsageError: No file can be called so.
    """
    parts = [part for part in path.split("/") if part not in ("", ".")]
    why = None
    if not parts or path.endswith("/"):
        why = "names a folder"
    elif path.startswith("/"):
        why = "begins with `/`"
    elif ".." in parts:
        why = "contains `..`"
    elif "\\" in path:
        why = "contains a backslash"
    elif bad := [c for c in path if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp")]:
        why = f"contains the character {bad[0]!r}"
    elif len(path.encode()) > _LONGEST:
        why = f"is longer than {_LONGEST} bytes"
    if why is not None:
        raise UsageError(f"The file name {path[:80]!r} {why}")
    return "/".join(parts)


def snapshot(source: Path, target: Path, *, link: bool = False) -> int:
    """Make ``target`` what ``source`` is now, in one step; gives its size.

    Where the file system can, both share the bytes until one of them changes.

    Args:
        source: The user's file.
        target: Where the copy goes; its folders are made.
        link: The user promises not to change the file, so that a hard link will do.

    Raises:
        FileError: The file cannot be read, or there is no space.
    """
    temporary = target.with_name(f".{target.name[:100]}.{os.getpid()}.{os.urandom(4).hex()}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if not (link and _linked(source, temporary)):
            _copy(source, temporary)
        temporary.replace(target)
        return target.stat().st_size
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise FileError(
            f"Cannot keep a copy of {source}: {error.strerror or error}",
            hint=f"the copy would be {target}" if error.filename != str(source) else None,
        ) from None


def write(content: bytes, target: Path, *, fsync: bool = False) -> None:
    """Make a file whole or not at all. Raises as `snapshot`."""
    temporary = target.with_name(f".{target.name[:100]}.{os.getpid()}.{os.urandom(4).hex()}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as stream:
            stream.write(content)
            if fsync:
                stream.flush()
                os.fsync(stream.fileno())
        temporary.replace(target)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise FileError(f"Cannot write {target}: {error.strerror or error}") from None


def matching(
    pattern: str | PathLike[str], base_path: str | PathLike[str] | None
) -> Iterator[tuple[Path, str]]:
    """Files that match, with their names in the run: their paths below the base.

    Without a base, that is the working directory for a relative pattern, and for others the
    folder before the first wildcard.

    Raises:
        UsageError: The pattern leaves the base.
    """
    text = os.path.expanduser(os.fsdecode(fspath(pattern)))
    if base_path is not None:
        base = Path(os.path.expanduser(os.fsdecode(fspath(base_path)))).absolute()
        whole = base / text
    elif os.path.isabs(text) or ".." in Path(text).parts:
        whole = Path(os.path.abspath(text))
        base = _before_wildcards(whole)
    else:
        base = Path.cwd()
        whole = base / text
    whole, base = Path(os.path.abspath(whole)), Path(os.path.abspath(base))
    if not whole.is_relative_to(base):
        raise UsageError(f"{text!r} lies outside of base_path {str(base)!r}")
    for found in sorted(glob.iglob(str(whole), recursive=True)):
        path = Path(found)
        inside = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file())
        for file in inside:
            yield file, checked_path(file.relative_to(base).as_posix())


def place_of(folder: Path, path: str) -> Path:
    """Where a run's folder keeps the file of this name."""
    return folder / FILES / path


def _before_wildcards(path: Path) -> Path:
    parts = path.parts
    wild = [i for i, part in enumerate(parts) if _WILD.intersection(part)]
    return Path(*parts[: wild[0]]) if wild else path.parent


def _linked(source: Path, target: Path) -> bool:
    try:
        os.link(os.path.realpath(source), target)
    except OSError:
        return False
    return True


def _copy(source: Path, target: Path) -> None:
    with source.open("rb") as reader, target.open("wb") as writer:
        try:
            while os.copy_file_range(reader.fileno(), writer.fileno(), _COPY_BYTES):
                pass
        except (OSError, AttributeError):  # another file system, another kernel
            reader.seek(0)
            writer.seek(0)
            writer.truncate()
            shutil.copyfileobj(reader, writer, 1 << 20)
