"""Reading the files of an artifact."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kiseki.artifacts.draft import md5_of
from kiseki.artifacts.entry import ArtifactEntry
from kiseki.artifacts.fetch import fetch
from kiseki.artifacts.kept import restored
from kiseki.errors import FileError, NotFoundError

if TYPE_CHECKING:
    from kiseki.query.server import Server


class Reading(ABC):
    """What reads the files of an artifact, and brings them to this machine."""

    @property
    @abstractmethod
    def name(self) -> str: ...

    @property
    @abstractmethod
    def id(self) -> int: ...

    @property
    @abstractmethod
    def entries(self) -> Mapping[str, ArtifactEntry]:
        """Its files by path."""

    @abstractmethod
    def wait(self, timeout: float | None = None) -> Any: ...

    @abstractmethod
    def _readable(self) -> tuple[Server, str]:
        """The server, and the version's path below ``/api/v1``."""

    def files(
        self, names: Sequence[str] | None = None, per_page: int = 1000
    ) -> Iterator[ArtifactEntry]:
        """Its files, all or those of these paths."""
        wanted = None if names is None else set(names)
        for entry in self.entries.values():
            if wanted is None or entry.path in wanted:
                yield entry

    def get_entry(self, name: str) -> ArtifactEntry:
        """One of its files.

        Raises:
            NotFoundError: There is none of this path.
        """
        found = self.entries.get(name.strip("/"))
        if found is None:
            raise NotFoundError(f"{self.name} has no file {name!r}")
        return found

    get_path = get_entry

    def get(self, name: str) -> Any:
        """A `Table` or another medium that was added under this name; ``None``: there is none."""
        self.wait()
        return restored(self, name)

    __getitem__ = get

    def download(
        self,
        root: str | PathLike[str] | None = None,
        allow_missing_references: bool = False,
        skip_cache: bool | None = None,
        path_prefix: str | PathLike[str] | None = None,
    ) -> str:
        """Bring its files to this machine; those that are there already stay.

        Args:
            root: The folder; ``artifacts/name:version`` if not given.
            allow_missing_references: Go on without references that cannot be fetched.
            skip_cache: Keep nothing in the cache.
            path_prefix: Only files whose paths begin so.

        Returns:
            The folder.

        Raises:
            FileError: A file cannot be written, or did not arrive whole.
            ServerError: The server cannot be asked, or refused.
        """
        self.wait()
        folder = Path(root) if root is not None else Path("artifacts") / self.name
        prefix = "" if path_prefix is None else os.fsdecode(fspath(path_prefix))
        wanted = [entry for path, entry in self.entries.items() if path.startswith(prefix)]
        server, _ = self._readable()
        folder = folder.expanduser().absolute()
        folder.mkdir(parents=True, exist_ok=True)
        if allow_missing_references:
            for entry in [entry for entry in wanted if entry.reference is not None]:
                try:
                    fetch(server, [entry], folder)
                except FileError as error:
                    print(f"kiseki: {error.message}")
            wanted = [entry for entry in wanted if entry.reference is None]
        fetch(server, wanted, folder, skip_cache=bool(skip_cache))
        return str(folder)

    def verify(self, root: str | PathLike[str] | None = None) -> None:
        """Check that a folder holds its files, their bytes as they were logged, and no others.

        Raises:
            FileError: It does not; the message names the first differences.
        """
        folder = Path(root) if root is not None else Path("artifacts") / self.name
        entries = self.entries
        wrong: list[str] = []
        found = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
        wrong += [f"{path} is missing" for path in sorted(entries.keys() - found)]
        wrong += [f"{path} is not of it" for path in sorted(found - entries.keys())]
        for path in sorted(entries.keys() & found):
            entry = entries[path]
            checked = entry.algorithm == "md5" and entry.reference is None
            if checked and md5_of(folder / path) != entry.digest:
                wrong.append(f"{path} has other bytes")
        if wrong:
            raise FileError(
                f"{folder} is not what {self.name} was: {'; '.join(wrong[:5])}"
                + (f" and {len(wrong) - 5} more" if len(wrong) > 5 else "")
            )
