"""Runs that the server has."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, cast, overload
from urllib.parse import quote

from kiseki.artifacts.artifact import Artifact
from kiseki.errors import FileError, NotFoundError, UsageError
from kiseki.query.server import part
from kiseki.run.files import checked_path
from kiseki.run.resume import with_numbers

if TYPE_CHECKING:
    from kiseki.query.server import Server

_ROWS_A_REQUEST = 5000


class LoggedRun:
    """A run as the server has it: config, summary, history, files, artifacts.

    Attributes:
        name: Its display name; a change is kept by `update`, as one of ``config``, ``tags``,
            ``notes``, ``group`` and ``summary`` is.
    """

    def __init__(self, server: Server, facts: dict[str, Any]) -> None:
        self._server = server
        self._took(facts)

    @property
    def id(self) -> str:
        return self._facts["id"]

    @property
    def entity(self) -> str:
        return self._facts["entity"]

    @property
    def project(self) -> str:
        return self._facts["project"]

    @property
    def path(self) -> list[str]:
        """Entity, project and id."""
        return [self.entity, self.project, self.id]

    @property
    def url(self) -> str:
        """Its page."""
        place = "/".join(part(name) for name in (self.entity, self.project, "runs", self.id))
        return f"{self._server.base_url}/{place}"

    @property
    def state(self) -> str:
        """ "running", "finished", "failed", "crashed", "killed" … ."""
        return self._facts["state"]

    @property
    def user(self) -> str:
        return self._facts["user"]

    @property
    def job_type(self) -> str | None:
        return self._facts["job_type"]

    @property
    def created_at(self) -> str:
        return self._facts["created_at"]

    @property
    def metadata(self) -> dict[str, Any]:
        """Where it ran: host, program, git, packages, GPUs … ."""
        return self._facts["environment"]

    def __repr__(self) -> str:
        return f"<Run {'/'.join(self.path)} ({self.state})>"

    def load(self) -> LoggedRun:
        """Ask the server again; changes that are not kept are lost."""
        self._took(self._server.get(self._path))
        return self

    def update(self) -> None:
        """Keep what was changed here."""
        gone = [key for key in self._before["config"] if key not in self.config]
        lost = [key for key in self._before["summary"] if key not in self.summary]
        change = {
            "display_name": self.name,
            "group": self.group,
            "tags": list(self.tags),
            "notes": self.notes,
            "config": self.config,
            "remove_config": gone,
            "summary": {
                key: value
                for key, value in self.summary.items()
                if self._before["summary"].get(key, gone) != value
            },
            "remove_summary": lost,
        }
        self._took(self._server.call("PATCH", self._path, change))

    def delete(self) -> None:
        """Delete the run."""
        self._server.call("DELETE", self._path)

    def stop(self) -> None:
        """Ask the program to stop."""
        self._took(self._server.call("POST", f"{self._path}/stop"))

    # History

    def scan_history(
        self,
        keys: Sequence[str] | None = None,
        page_size: int = _ROWS_A_REQUEST,
        min_step: int | None = None,
        max_step: int | None = None,
        stream: str = "history",
    ) -> Iterator[dict[str, Any]]:
        """Every row, with ``_step`` and ``_timestamp``, page by page.

        Args:
            keys: Only these, and only rows that have all of them.
            page_size: Rows a request.
            min_step: The first step.
            max_step: The step before which it ends.
            stream: "history", or "system" for system metrics.
        """
        wanted = None if keys is None else [key for key in keys if not key.startswith("_")]
        low = min_step
        high = None if max_step is None else max_step - 1
        while True:
            page = self._server.get(
                f"{self._path}/history",
                stream=stream,
                key=wanted,
                low=low,
                high=high,
                limit=min(page_size, _ROWS_A_REQUEST),
            )
            for item in page["items"]:
                values = with_numbers(item["values"])
                if wanted is None or all(key in values for key in wanted):
                    yield {"_step": item["step"], "_timestamp": _seconds(item["time"]), **values}
            low = page["next"]
            if low is None:
                return

    def history(
        self,
        samples: int = 500,
        keys: Sequence[str] | None = None,
        x_axis: str = "_step",
        pandas: bool = True,
        stream: str = "history",
    ) -> Any:
        """Rows at even distances, the first and the last among them; the same ones each time.

        Args:
            samples: How many at most.
            keys: Only these, and only rows that have all of them.
            x_axis: Accepted for W&B's sake; every row has its ``_step``.
            pandas: Give a DataFrame if pandas is installed; else a list of dicts.
            stream: "history", or "system" for system metrics.
        """
        if samples < 1:
            raise UsageError(f"samples is at least 1, not {samples}")
        rows = list(self.scan_history(keys, stream=stream))
        if len(rows) > samples:
            last, gaps = len(rows) - 1, max(samples - 1, 1)
            rows = [rows[round(i * last / gaps)] for i in range(samples)]
        if pandas and (frames := _pandas()) is not None:
            return frames.DataFrame.from_records(rows)
        return rows

    # Files and artifacts

    def files(self, names: Sequence[str] | None = None) -> Iterator[RunFile]:
        """Its files, all or those of these names."""
        for item in self._server.pages(f"{self._path}/files", limit=1000):
            if names is None or item["path"] in names:
                yield RunFile(self._server, self._path, item["path"], item["size"])

    def file(self, name: str) -> RunFile:
        """One of its files.

        Raises:
            NotFoundError: There is none of this name.
        """
        for found in self.files([name]):
            return found
        raise NotFoundError(f"The run {self.id} has no file {name!r}")

    def logged_artifacts(self) -> list[Artifact]:
        """Versions that it made."""
        return self._artifacts("outputs")

    def used_artifacts(self) -> list[Artifact]:
        """Versions that it used."""
        return self._artifacts("inputs")

    def _artifacts(self, side: str) -> list[Artifact]:
        items = self._server.get(f"{self._path}/{side}")["items"]
        return [Artifact.of(self._server, item) for item in items]

    @property
    def _path(self) -> str:
        entity, project, run = (part(name) for name in self.path)
        return f"/projects/{entity}/{project}/runs/{run}"

    def _took(self, facts: dict[str, Any]) -> None:
        self._facts = facts
        self.name: str = facts["display_name"]
        self.tags: list[str] = list(facts["tags"])
        self.notes: str | None = facts["notes"]
        self.group: str | None = facts["group"]
        self.config: dict[str, Any] = dict(with_numbers(facts["config"]))
        self.summary: dict[str, Any] = dict(with_numbers(facts["summary"]))
        self._before = {"config": dict(self.config), "summary": dict(self.summary)}


@dataclass(frozen=True, slots=True)
class RunFile:
    """A file of a run."""

    server: Server
    run: str
    name: str
    size: int
    """In bytes."""

    @property
    def url(self) -> str:
        return f"{self.server.base_url}/api/v1{self.run}/files/{quote(self.name)}"

    def download(
        self,
        root: str | PathLike[str] = ".",
        replace: bool = False,
        exist_ok: bool = False,
    ) -> TextIO:
        """Bring it to its name below ``root``, and open it.

        Args:
            root: The folder.
            replace: Fetch it even if there is a file already.
            exist_ok: Open a file that is there already.

        Raises:
            FileError: There is a file already, or it cannot be written.
        """
        target = Path(root).expanduser() / checked_path(self.name)
        if target.exists() and not replace:
            if not exist_ok:
                raise FileError(
                    f"{target} is there already", hint="download(replace=True), or exist_ok=True"
                )
        else:
            self.server.download(f"/api/v1{self.run}/files/{quote(self.name)}", target)
        return target.open(encoding="utf-8", errors="replace")


class Runs(Sequence[LoggedRun]):
    """Runs that match, asked for page by page as they are needed."""

    def __init__(
        self, server: Server, path: str, question: dict[str, Any], per_page: int = 100
    ) -> None:
        self._server = server
        self._path = path
        self._question = {**question, "limit": per_page}
        self._found: list[LoggedRun] = []
        self._cursor: str | None = None
        self._total: int | None = None

    def __len__(self) -> int:
        if self._total is None:
            self._more()
        assert self._total is not None
        return self._total

    def __iter__(self) -> Iterator[LoggedRun]:
        at = 0
        while at < len(self._found) or self._more():
            yield self._found[at]
            at += 1

    @overload
    def __getitem__(self, index: int) -> LoggedRun: ...
    @overload
    def __getitem__(self, index: slice) -> list[LoggedRun]: ...
    def __getitem__(self, index: int | slice) -> LoggedRun | list[LoggedRun]:
        last = index.stop if isinstance(index, slice) else index + 1
        while (last is None or last <= 0 or last > len(self._found)) and self._more():
            pass
        return self._found[index]

    def _more(self) -> bool:
        if self._total is not None and self._cursor is None:
            return False
        page = self._server.call("POST", self._path, {**self._question, "cursor": self._cursor})
        self._found += [LoggedRun(self._server, item) for item in page["items"]]
        self._cursor, self._total = page["cursor"], page["total"]
        return bool(page["items"])


def _seconds(time: str) -> float:
    import datetime as dt

    return dt.datetime.fromisoformat(time).timestamp()


def _pandas() -> Any:
    if "pandas" in sys.modules:
        return sys.modules["pandas"]
    try:
        return cast("Any", import_module("pandas"))
    except ImportError:
        return None
