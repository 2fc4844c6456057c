"""What references to things elsewhere mean."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from kiseki.artifacts.draft import md5_of
from kiseki.errors import FileError, UsageError

Reference = tuple[str, str, str, int, dict[str, Any] | None]
"""Path in the artifact, address, digest, size and what else is known."""

_MOST = 10_000_000
_TIMEOUT_S = 30


def look_at(uri: str, name: str | None, *, checksum: bool, most: int | None) -> list[Reference]:
    """What an address stands for: a file, or all files of a folder.

    Raises:
        UsageError: It is no address, or a folder has too many files.
        FileError: There is nothing.
    """
    url = urlsplit(uri)
    if not url.scheme or not (url.netloc or url.path):
        raise UsageError(f"{uri!r} is no address", hint="use file:///path, https://… or s3://…")
    path = name or unquote(url.path).rstrip("/").rpartition("/")[2] or url.netloc
    if url.scheme == "file":
        return _files(Path(unquote(url.path)), name, checksum=checksum, most=most or _MOST)
    if url.scheme in ("http", "https") and checksum:
        return [(path, uri, *_asked(uri))]
    return [(path, uri, uri, 0, None)]


def _files(path: Path, name: str | None, *, checksum: bool, most: int) -> list[Reference]:
    if path.is_file():
        return _facts([(path, name or path.name)], checksum=checksum)
    if path.is_dir():
        files = (file for file in sorted(path.rglob("*")) if file.is_file())
        prefix = f"{name.rstrip('/')}/" if name else ""
        found: list[tuple[Path, str]] = []
        for file in files:
            if len(found) >= most:
                raise UsageError(f"{path} holds more than {most:,} files", hint="max_objects=…")
            found.append((file, prefix + file.relative_to(path).as_posix()))
    else:
        raise FileError(f"add_reference: there is nothing at {path}")
    return _facts(found, checksum=checksum)


def _facts(found: list[tuple[Path, str]], *, checksum: bool) -> list[Reference]:
    return [
        (inside, uri, md5_of(file) if checksum else uri, file.stat().st_size, None)
        for file, inside in found
        for uri in [file.absolute().as_uri()]
    ]


def _asked(uri: str) -> tuple[str, int, dict[str, Any] | None]:
    """Digest and size as the server of the address tells them."""
    web: Any = import_module("urllib.request")
    try:
        request = web.Request(uri, method="HEAD")
        with web.urlopen(request, timeout=_TIMEOUT_S) as answer:
            etag = (answer.headers.get("ETag") or "").strip('"')
            length = answer.headers.get("Content-Length") or "0"
    except web.HTTPError as error:
        error.close()
        if error.code in (403, 405, 501):  # it answers no questions, but may give the file
            return uri, 0, None
        raise FileError(f"add_reference: {uri} answers {error.code} {error.reason}") from None
    except OSError as error:
        raise FileError(f"add_reference: {uri} cannot be reached: {error}") from None
    return etag or uri, int(length) if length.isdigit() else 0, {"etag": etag} if etag else None
