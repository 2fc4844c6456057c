"""The files of a version that is being made, kept where later changes cannot reach them."""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import weakref
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from kiseki.errors import FileError, UsageError
from kiseki.run import current, files
from kiseki.run.directory import random_name
from kiseki.wire.artifacts import ARTIFACTS, PLAN, Plan, PlannedEntry, md5_of_contents

_FILES = "files"


@dataclass(slots=True)
class DraftEntry:
    """A file that the version will have."""

    path: str
    size: int
    source: Path | None = None
    reference: str | None = None
    digest: str | None = None
    extra: dict[str, Any] | None = None

    def found_digest(self) -> str:
        """Base64 MD5 of its bytes."""
        if self.digest is None:
            assert self.source is not None
            self.digest = md5_of(self.source)
        return self.digest


class Draft:
    """Files by their paths in the version."""

    def __init__(self, base: int | None = None, entries: Iterable[DraftEntry] = ()) -> None:
        self.id = random_name(20)
        self.base = base
        self.entries: dict[str, DraftEntry] = {entry.path: entry for entry in entries}
        self._folder: Path | None = None
        self._number = 0
        self._finalizer: weakref.finalize[Any, Any] | None = None

    def add(
        self, source: Path, path: str, *, link: bool, overwrite: bool, move: bool = False
    ) -> DraftEntry:
        """Keep a file as it is now.

        Raises:
            UsageError: There is another file of this path already.
            FileError: It cannot be read, or there is no space.
        """
        path = files.checked_path(path)
        before = self.entries.get(path)
        if before is not None and not overwrite:
            try:
                same = before.reference is None and before.found_digest() == md5_of(source)
            except OSError as error:
                raise FileError(f"Cannot read {source}: {error.strerror}") from None
            if not same:
                raise _taken(path)
            return before
        self._number += 1
        target = self.folder / _FILES / str(self._number)
        if move:
            size = source.stat().st_size
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(source, target)
        else:
            size = files.snapshot(source, target, link=link)
        return self._put(DraftEntry(path, size, source=target))

    def refer(
        self,
        path: str,
        reference: str,
        digest: str,
        size: int,
        extra: dict[str, Any] | None,
    ) -> DraftEntry:
        """Name something that is kept elsewhere."""
        path = files.checked_path(path)
        before = self.entries.get(path)
        if before is not None and (before.reference, before.digest) != (reference, digest):
            raise _taken(path)
        entry = DraftEntry(path, size, reference=reference, digest=digest, extra=extra)
        return self._put(entry)

    def remove(self, path: str) -> int:
        """Take out a file or a folder; gives how many files that were."""
        gone = [one for one in self.entries if one == path or one.startswith(f"{path}/")]
        for one in gone:
            self._drop(self.entries.pop(one))
        return len(gone)

    @property
    def digest(self) -> str:
        """Of all files together."""
        return md5_of_contents({path: e.found_digest() for path, e in self.entries.items()})

    @property
    def folder(self) -> Path:
        """Where its files are kept: with the current run if there is one."""
        if self._folder is None:
            run = current.active()
            if run is not None and not run.disabled:
                self._folder = Path(run.dir) / ARTIFACTS / self.id
            else:
                self._folder = cache_dir() / "staging" / self.id
            self._finalizer = weakref.finalize(self, _discard, self._folder, os.getpid())
        return self._folder

    def hand_over(self, run_folder: Path, plan: Plan) -> None:
        """Give plan and files to a run's folder, whose uploader takes it from here."""
        target = run_folder / ARTIFACTS / self.id
        target.mkdir(parents=True, exist_ok=True)
        place = f"{ARTIFACTS}/{self.id}/{_FILES}"
        for entry in self.entries.values():
            source = entry.source
            if source is not None and not source.is_relative_to(target):
                moved = target / _FILES / source.name
                moved.parent.mkdir(exist_ok=True)
                try:
                    shutil.move(source, moved)
                except OSError as error:
                    raise FileError(f"Cannot keep {entry.path!r}: {error.strerror}") from None
                entry.source = moved
            plan.entries.append(
                PlannedEntry(
                    path=entry.path,
                    size=entry.size,
                    source=None if source is None else f"{place}/{source.name}",
                    digest=entry.digest,
                    reference=entry.reference,
                    extra=entry.extra,
                )
            )
        files.write(msgspec.json.encode(plan), target / PLAN)
        if self._finalizer is not None:
            self._finalizer.detach()
            if self._folder is not None and self._folder != target:
                shutil.rmtree(self._folder, ignore_errors=True)
        self._folder = target

    def _put(self, entry: DraftEntry) -> DraftEntry:
        before = self.entries.get(entry.path)
        if before is not None:
            self._drop(before)
        self.entries[entry.path] = entry
        return entry

    @staticmethod
    def _drop(entry: DraftEntry) -> None:
        if entry.source is not None:
            entry.source.unlink(missing_ok=True)


def cache_dir() -> Path:
    """Where downloaded files of artifacts are kept for the next time."""
    if given := os.environ.get("KISEKI_CACHE_DIR"):
        return Path(given).expanduser().absolute()
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "kiseki"


def md5_of(path: Path) -> str:
    """Base64 MD5 of a file."""
    with path.open("rb") as stream:
        return base64.b64encode(hashlib.file_digest(stream, "md5").digest()).decode()


def _taken(path: str) -> UsageError:
    return UsageError(
        f"The artifact has another file {path!r} already", hint="give it another name"
    )


def _discard(folder: Path, pid: int) -> None:
    """The files of a draft that was never logged; the child of a fork leaves them alone."""
    if os.getpid() == pid:
        shutil.rmtree(folder, ignore_errors=True)
