"""A run: what is logged, and what is known of it."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from datetime import timedelta
from importlib import import_module
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Protocol, Self, TextIO, cast

import msgspec

from kiseki.errors import (
    Error,
    ForkedRunError,
    RunFinishedError,
    SettingError,
    ValueTypeError,
)
from kiseki.run import alerts, current, files
from kiseki.run.alerts import AlertLevel
from kiseki.run.config import Config
from kiseki.run.console import Console, Line
from kiseki.run.directory import Identity, page_of, read_state
from kiseki.run.metrics import Metric, StepMetrics, definition_of
from kiseki.run.receipt import Receipt, RowCount, receipt_for, unsent
from kiseki.run.summary import Summary
from kiseki.run.typed import Extra, RunKeeper, typed_values
from kiseki.run.upload import Upload
from kiseki.run.values import checked_row, checked_step, checked_text, flatten, valid_text
from kiseki.run.verdict import verdict
from kiseki.settings import Settings
from kiseki.wire import records
from kiseki.wire.artifacts import ARTIFACTS

if TYPE_CHECKING:
    from kiseki.artifacts.artifact import Artifact
    from kiseki.query.server import Server

_encode = msgspec.msgpack.Encoder().encode
_now = time.time
_type_of: Callable[[object], type] = type
_MOST_KNOWN_KEYS = 100_000
_UNMERGED_ROWS = 512
_SCALARS = frozenset({int, float, bool, str, type(None)})


class Journal(Protocol):
    """Where a run's records go."""

    @property
    def lock(self) -> AbstractContextManager[Any]: ...
    @property
    def next(self) -> int: ...
    def append(self, payload: bytes, *, last: bool = False) -> int: ...
    def append_locked(self, payload: bytes) -> int: ...
    def close(self) -> None: ...


class Run:
    """One run. Made by `kiseki.init`; usable as a context manager, from any thread."""

    def __init__(
        self,
        identity: Identity,
        settings: Settings,
        journal: Journal,
        *,
        directory: Path | None = None,
        upload: Upload | None = None,
        rows: RowCount | None = None,
        first_step: int = 0,
        config: Mapping[str, Any] | None = None,
        logged: Mapping[str, Any] | None = None,
    ) -> None:
        self._identity = identity
        self._settings = settings
        self._journal = journal
        self._append: Callable[[bytes], int] = journal.append
        self._append_locked: Callable[[bytes], int] = journal.append_locked
        self._directory = directory
        self._upload = upload
        self._console: Console | None = None
        self._lock = journal.lock
        self._pid = os.getpid()
        self._step = self._first_step = first_step
        self._start_time = _now()
        self._axes: StepMetrics | None = None
        self._rows = rows or RowCount()
        self._ending = threading.RLock()
        self._closed = False
        self._trouble: Error | None = None
        self._receipt: Receipt | None = None
        self._config = Config(
            self._write_config, config, allow_val_change=settings.allow_val_change
        )
        self._followed: dict[str, Path] = {}
        self._remarks: dict[tuple[str, str], bytes] = {}
        self._server: Server | None = None
        self._alerted: dict[str, float] = {}
        self.artifacts: dict[str, Path] = {}
        """Folders of those logged here, the last one of each name; for the parts of the SDK."""
        self._known_keys: set[str] = set()
        self._logged: dict[str, Any] = dict(logged or {})
        self._unmerged: list[dict[str, Any]] = []
        self._summary = Summary(self._write_summary, self._last_values)
        self._name = settings.name
        self._notes = settings.notes
        self._tags = tuple(settings.tags or ())

    # Logging

    def log(
        self, data: Mapping[str, Any], step: int | None = None, commit: bool | None = None
    ) -> None:
        """Log values of one step. They are safe on disk when the call returns.

        Args:
            data: Numbers, text, booleans, None, lists, and nested dicts, whose keys are joined by
                dots. Scalars and small arrays of numpy, torch and the like are taken, too, and so
                are `Image`, `Audio`, `Table` and the other media, lists of them, charts of
                `kiseki.plot`, figures of matplotlib and Plotly, and dataframes of pandas.
            step: The step; otherwise the one after the last. Steps may come in any order, and
                rows of equal steps merge.
            commit: Whether the step is complete, so that the next call begins another. Without
                ``step`` it is by default.

        Raises:
            ValueTypeError: A value or a key has a type that cannot be logged; nothing of the row
                is.
            JournalFullError: No space is left on the disk.
        """
        # A plain row, by far the most frequent one, is checked without any Python code per value.
        if (
            _type_of(data) is dict
            and self._known_keys.issuperset(data)
            and _SCALARS.issuperset(map(_type_of, data.values()))
        ):
            values = data
            errands = None
        else:
            values, errands = self._flattened(data, step)
        if step is not None:
            step = checked_step(step)
        with self._lock:
            if self._axes is not None and (
                missing := self._axes.missing(values, self._last_values())
            ):
                values = {**values, **missing}
            before = self._step
            at = before if step is None else step
            after = at + 1 if commit or (commit is None and step is None) else at
            if after > before:
                self._step = after
            if not values:
                return
            try:
                try:
                    record = _encode(("history", at, _now(), values))
                except (OverflowError, TypeError, UnicodeEncodeError):
                    values = flatten(values)
                    record = _encode(("history", at, _now(), values))
                if errands:
                    self._append_errands(errands)
                self._append_locked(record)
            except Exception:
                if self._step == after:
                    self._step = before
                raise
            self._rows.total += 1
            self._unmerged.append({**values})
            if len(self._unmerged) >= _UNMERGED_ROWS:
                self._last_values()

    def define_metric(
        self,
        name: str,
        step_metric: str | Metric | None = None,
        step_sync: bool | None = None,
        hidden: bool | None = None,
        summary: str | Iterable[str] | None = None,
        goal: str | None = None,
        overwrite: bool | None = None,
    ) -> Metric:
        """Say how a metric is drawn and summed up.

        Args:
            name: Its key, or a pattern with ``*``.
            step_metric: The metric that is its x axis.
            step_sync: Whether rows that lack the x axis get its last value; they do by default.
            hidden: Whether it gets no chart of its own.
            summary: Any of min, max, mean, best, first, last, copy, none; with commas between.
            goal: "minimize" or "maximize".
            overwrite: Accepted for W&B's sake: a definition always replaces an earlier one.
        """
        definition = definition_of(
            name,
            step_metric=step_metric,
            step_sync=step_sync,
            hidden=hidden,
            summary=summary,
            goal=goal,
        )
        with self._lock:
            self._append(_encode(definition))
            if definition.step_metric is not None or self._axes is not None:
                self._axes = self._axes or StepMetrics()
                self._axes.add(definition)
        return Metric(definition)

    def alert(
        self,
        title: str,
        text: str,
        level: str | AlertLevel | None = None,
        wait_duration: float | timedelta | None = None,
    ) -> None:
        """Tell people something. Nothing is waited for: the uploader brings it to the server.

        Args:
            title: At most 300 characters; the rest is cut off.
            text: At most 20,000 characters; the rest is cut off.
            level: "INFO" (the default), "WARN" or "ERROR".
            wait_duration: Seconds for which further alerts of this title are passed over; 60 if
                not given.

        Raises:
            ValueTypeError: Title or text is no text, or the title is empty.
            ValueRangeError: The level is none, or the time is negative.
        """
        record = alerts.alert(title, text, level, wait_duration)
        with self._lock:
            last = self._alerted.get(record.title)
            if last is not None and 0 <= record.time - last < record.wait_s:
                return
            self._append_locked(_encode(record))
            self._alerted[record.title] = record.time

    # Files

    def save(
        self,
        glob_str: str | PathLike[str],
        base_path: str | PathLike[str] | None = None,
        policy: Literal["live", "now", "end"] = "live",
    ) -> list[str]:
        """Keep files with the run. Nothing is waited for: the uploader sends them.

        Args:
            glob_str: A file, a folder, or a pattern with ``*`` and ``**``.
            base_path: The files' names in the run are their paths below this folder. Without it
                a relative pattern keeps its folders, an absolute one those from the first
                wildcard on.
            policy: "now": as they are now, whatever happens to them later. "live": now, and
                again whenever they change. "end": as they are when the run ends.

        Returns:
            The names in the run; empty if nothing matches.

        Raises:
            UsageError: A file has a name that cannot be kept, or the policy is none.
            FileError: A file cannot be read, or there is no space for its copy.
        """
        if policy not in ("live", "now", "end"):
            raise SettingError(f"policy is 'live', 'now' or 'end', not {policy!r}")
        found = list(files.matching(glob_str, base_path))
        for source, name in found:
            if self._directory is None:
                continue
            if policy == "now":
                files.snapshot(source, files.place_of(self._directory, name))
                self._append(_encode(records.File(name)))
            else:
                self._append(_encode(records.File(name, str(source), policy)))
                self._followed[name] = source
        return [name for _, name in found]

    def restore(
        self,
        name: str,
        run_path: str | None = None,
        replace: bool = False,
        root: str | PathLike[str] | None = None,
    ) -> TextIO | None:
        """Get a file of a run from the server, and open it.

        Args:
            name: Its name in the run.
            run_path: "entity/project/run" of another run than this one.
            replace: Fetch it even if there is a file of the name already.
            root: Folder that it goes to, which is the working directory if not given.

        Returns:
            The file, open for reading; ``None`` in a disabled run.

        Raises:
            NotFoundError: There is no such run, or it has no such file.
        """
        if self.disabled:
            return None
        api: Any = import_module("kiseki.query.api").Api(server=self.server())
        path = run_path or "/".join(filter(None, (self.entity, self.project, self.id)))
        return api.run(path).file(name).download(root or ".", replace=replace, exist_ok=True)

    # Artifacts

    def log_artifact(
        self,
        artifact_or_path: Artifact | str | PathLike[str],
        name: str | None = None,
        type: str | None = None,
        aliases: Iterable[str] | None = None,
        tags: Iterable[str] | None = None,
    ) -> Artifact:
        """Log an artifact as an output of the run. Nothing is waited for: the uploader sends it.

        Its files are kept as they are now, so that they survive a change of the user's files and
        the end of the program.

        Args:
            artifact_or_path: A filled `Artifact`, or a file, a folder or the address of one.
            name: What the artifact of a path is called; after the run and the path if not given.
            type: What kind of thing that is; "unspecified" if not given.
            aliases: Names of this version beside "latest".
            tags: Tags of this version.

        Returns:
            The artifact; its `wait` waits until the server has it.

        Raises:
            FileError: A file cannot be read, or there is no space for its copy.
            UsageError: It is logged already, or a name cannot be one.
        """
        logging: Any = import_module("kiseki.run.artifacts")
        return logging.log(self, artifact_or_path, name, type, aliases, tags)

    def use_artifact(
        self,
        artifact_or_name: Artifact | str,
        type: str | None = None,
        aliases: Iterable[str] | None = None,
        use_as: str | None = None,
    ) -> Artifact:
        """Get an artifact, and note that the run uses it. The server is asked.

        Args:
            artifact_or_name: "name:version", "name:alias", "project/name:…" or
                "entity/project/name:…"; or an `Artifact`, which is logged first if it is not yet.
            type: What kind it has to be.
            aliases: For an artifact that is logged first.
            use_as: What the run uses it as.

        Raises:
            NotFoundError: There is no such artifact.
            UnreachableError: The server cannot be asked.
        """
        logging: Any = import_module("kiseki.run.artifacts")
        return logging.use(self, artifact_or_name, type, aliases, use_as)

    def link_artifact(
        self,
        artifact: Artifact,
        target_path: str,
        aliases: Iterable[str] | None = None,
    ) -> None:
        """Show an artifact in a collection elsewhere. The uploader does it, once it is logged.

        Args:
            artifact: It is logged first if it is not yet.
            target_path: "collection", "project/collection" or "entity/project/collection"; a
                registry is the project "wandb-registry-NAME" of an organisation.
            aliases: Its aliases there.
        """
        logging: Any = import_module("kiseki.run.artifacts")
        logging.link(self, artifact, target_path, aliases)

    def append(self, record: records.Record) -> None:
        """Add a record to the journal; for the parts of the SDK."""
        self._append(_encode(record))

    @property
    def appender(self) -> Callable[[bytes], int]:
        """Adds an encoded record to the journal; for the parts of the SDK."""
        return self._append

    def wait_for_upload(self) -> bool:
        """Wait a moment, as `finish` does, until the server has what was written so far; whether
        it has. For the parts of the SDK."""
        if self._upload is None or self.offline:
            return False
        written = self._journal.next
        return bool(self._upload.wait(written).get("acknowledged", 0) >= written)

    @property
    def directory(self) -> Path | None:
        """The run's folder; a disabled run has none. For the parts of the SDK."""
        return self._directory

    def server(self) -> Server:
        """The run's server, asked from this process; for the parts of the SDK."""
        if (known := self._server) is None:
            query: Any = import_module("kiseki.query.server")
            known = query.Server(self._settings.base_url, self._settings.api_key)
            self._server = known
        return cast("Server", known)

    def ensure_upload(self) -> None:
        """Start the uploader again if it has died."""
        if self._upload is not None and not self.offline:
            self._upload.ensure()

    @property
    def upload_message(self) -> str | None:
        """What is in the way of the uploader."""
        return self._state().get("message")

    @property
    def config(self) -> Config:
        """What was chosen before the run: hyperparameters and the like."""
        return self._config

    @property
    def summary(self) -> Summary:
        """One value a key: the last logged one, unless set here."""
        return self._summary

    # What is known

    @property
    def id(self) -> str:
        return self._identity.run

    @property
    def name(self) -> str:
        """Display name; the id where the server makes the name."""
        return self._name or self._identity.run

    @name.setter
    def name(self, name: str) -> None:
        self._update(records.Update(display_name=checked_text("name", name)))
        self._name = name

    @property
    def notes(self) -> str | None:
        return self._notes

    @notes.setter
    def notes(self, notes: str) -> None:
        self._update(records.Update(notes=checked_text("notes", notes)))
        self._notes = notes

    @property
    def tags(self) -> tuple[str, ...]:
        return self._tags

    @tags.setter
    def tags(self, tags: Iterable[str]) -> None:
        if isinstance(tags, str):
            raise ValueTypeError(f"tags are a list of texts, not the text {tags!r}")
        texts = tuple(dict.fromkeys(checked_text("tags", tag) for tag in tags))
        self._update(records.Update(tags=list(texts)))
        self._tags = texts

    @property
    def project(self) -> str:
        return self._identity.project

    @property
    def entity(self) -> str | None:
        """Owner of the project; of the key's default one the server tells."""
        return self._identity.entity or self._state().get("entity")

    @property
    def group(self) -> str | None:
        return self._settings.run_group

    @property
    def job_type(self) -> str | None:
        return self._settings.job_type

    @property
    def path(self) -> str:
        """Entity, project and id."""
        return "/".join(filter(None, (self.entity, self.project, self.id)))

    @property
    def url(self) -> str | None:
        """Page of the run; ``None`` without a server."""
        if self.disabled or self.offline:
            return None
        if url := self._state().get("url"):
            return str(url)
        return page_of(self._settings.base_url, self._identity)

    @property
    def dir(self) -> str:
        """The run's folder."""
        return str(self._directory or Path.cwd())

    @property
    def step(self) -> int:
        """Step of the next ``log``."""
        return self._step

    @property
    def starting_step(self) -> int:
        return self._first_step

    @property
    def resumed(self) -> bool:
        return self._first_step > 0

    @property
    def start_time(self) -> float:
        return self._start_time

    @property
    def rows_logged(self) -> int:
        """Calls of ``log`` that brought values."""
        return self._rows.total

    @property
    def offline(self) -> bool:
        return self._settings.mode == "offline"

    @property
    def disabled(self) -> bool:
        return self._settings.mode == "disabled"

    @property
    def settings(self) -> Settings:
        return self._settings

    def __repr__(self) -> str:
        return f"<Run {self.path}>"

    # The end

    def finish(self, exit_code: int | None = None, quiet: bool | None = None) -> Receipt:
        """End the run, and wait a moment for the server to have everything.

        What the server has not acknowledged by then is sent by the uploader after the end of the
        program. A second call gives the same receipt.

        Args:
            exit_code: 0: finished; 255: stopped by hand; else: failed.
            quiet: Print nothing.
        """
        return self._finish(exit_code or 0, None, quiet=bool(quiet))

    def _finish(self, code: int, reason: str | None, *, quiet: bool = False) -> Receipt:
        if not self._is_own():
            raise ForkedRunError(hint="finish the run in the process that made it")
        with self._ending:
            if self._receipt is not None:
                return self._receipt
            if self._console is not None:
                self._console.stop()
            self._keep_followed()
            with self._lock:
                self._close(code, reason)
            current.forget(self)
            try:
                self._receipt = self._settle(wait=True)
            except KeyboardInterrupt:  # whoever is tired of waiting need not wait again
                self._receipt = self._settle(wait=False)
                raise
        if not quiet and not self._settings.silent and not self.disabled:
            print(f"kiseki: {self._receipt.message}", file=sys.stderr)
        return self._receipt

    def _close(self, code: int, reason: str | None) -> None:
        if self._closed:
            return
        self._closed = True
        try:
            self._journal.append(_encode(records.Exit(code, _now(), reason)), last=True)
        except Error as error:
            self._trouble = error
        self._append = self._append_locked = self._refuse
        self._journal.close()

    def _keep_followed(self) -> None:
        """The files that were followed, as they are at the end."""
        for name, source in self._followed.items():
            try:
                files.snapshot(source, files.place_of(Path(self.dir), name))
                self._append(_encode(records.File(name)))
            except Error as error:
                print(f"kiseki: {name} is not kept: {error.message}", file=sys.stderr)
        self._followed.clear()

    def _settle(self, *, wait: bool) -> Receipt:
        if self._upload is None or self._directory is None or self.offline:
            where = "and dropped" if self.disabled else f"to send: kiseki sync {self._directory}"
            return unsent(self.id, self._rows.total, where)
        written = self._journal.next
        state = self._upload.wait(written) if wait else self._state()
        return receipt_for(
            self.id,
            self._rows,
            written,
            state,
            directory=self._directory,
            trouble=self._trouble,
            url=self.url,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._is_own():
            self._finish(*verdict(error, traceback))

    # Inside

    def _is_own(self) -> bool:
        return self._pid == os.getpid()

    def _state(self) -> dict[str, Any]:
        return read_state(self._directory) if self._directory is not None else {}

    def _update(self, update: records.Update) -> None:
        self._append(_encode(update))

    def _write_config(self, values: dict[str, Any], removed: list[str]) -> None:
        self._append(_encode(records.Config(values, removed)))

    def _write_summary(self, values: dict[str, Any], removed: list[str]) -> None:
        self._append(_encode(records.Summary(values, removed)))

    def capture_console(self) -> None:
        """Keep the lines that the program writes from now on."""
        self._console = Console(self._write_line)
        self._console.start()

    def _write_line(self, line: Line) -> None:
        text = valid_text(line.text)
        self._append(_encode(("console", line.number, line.time, line.error, text)))

    def _flattened(self, data: object, step: int | None) -> tuple[dict[str, Any], list[Extra]]:
        """The values by flat key, and the records that come before them."""
        errands: list[Extra] = []

        def keeper_for(key: str) -> RunKeeper:
            at = self._step if step is None else checked_step(step)
            fsync = self._settings.fsync
            return RunKeeper(key, at, self._directory, self.id, fsync=fsync, errands=errands)

        values = flatten(checked_row(data), lambda v, key: typed_values(v, key, keeper_for))
        if len(self._known_keys) < _MOST_KNOWN_KEYS:
            self._known_keys.update(values)
        return values, errands

    def _append_errands(self, errands: Iterable[Extra]) -> None:
        for errand in errands:
            record = _encode(errand)
            if isinstance(errand, records.Remark):
                place = (errand.section, errand.name)
                if self._remarks.get(place) == record:
                    continue
                self._remarks[place] = record
            elif isinstance(errand, records.Artifact) and self._directory is not None:
                self.artifacts[errand.collection] = self._directory / ARTIFACTS / errand.id
            self._append_locked(record)

    def _last_values(self) -> dict[str, Any]:
        """The last value of each key. Brought up to date for many rows at once."""
        with self._lock:
            rows, self._unmerged = self._unmerged, []
            for row in rows:
                self._logged.update(row)
            return self._logged

    def abandon(self) -> None:
        """In a forked child: the run is the parent's, and its lock may be held for ever."""
        self._lock = nullcontext()
        self._append = self._append_locked = self._refuse_in_child

    def _refuse_in_child(self, _: bytes) -> int:
        raise ForkedRunError(
            f"Run {self.id} belongs to the process that this one was forked from",
            hint="to log from a worker, call in the worker: kiseki.init("
            f"project={self.project!r}, id={self.id!r}, label='worker 1')",
        )

    def _refuse(self, _: bytes) -> int:
        raise RunFinishedError(
            f"Run {self.id} is finished; nothing can be logged to it any more",
            hint="call kiseki.init() for another run",
        )
