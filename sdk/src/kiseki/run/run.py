"""A run: what is logged, and what is known of it."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Protocol, Self

import msgspec

from kiseki.errors import (
    Error,
    ForkedRunError,
    RunFinishedError,
    SettingError,
    ValueTypeError,
)
from kiseki.run import current, files
from kiseki.run.config import Config
from kiseki.run.console import Console, Line
from kiseki.run.directory import Identity, page_of, read_state
from kiseki.run.metrics import Metric, StepMetrics, definition_of
from kiseki.run.receipt import Receipt, RowCount, receipt_for, unsent
from kiseki.run.summary import Summary
from kiseki.run.typed import RunKeeper, typed_values
from kiseki.run.upload import Upload
from kiseki.run.values import checked_row, checked_step, checked_text, flatten, valid_text
from kiseki.run.verdict import verdict
from kiseki.settings import Settings
from kiseki.wire import records

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

    def _flattened(
        self, data: object, step: int | None
    ) -> tuple[dict[str, Any], list[records.File | records.Remark]]:
        """The values by flat key, and the records that come before them."""
        errands: list[records.File | records.Remark] = []

        def keeper_for(key: str) -> RunKeeper:
            at = self._step if step is None else checked_step(step)
            fsync = self._settings.fsync
            return RunKeeper(key, at, self._directory, fsync=fsync, errands=errands)

        values = flatten(checked_row(data), lambda v, key: typed_values(v, key, keeper_for))
        if len(self._known_keys) < _MOST_KNOWN_KEYS:
            self._known_keys.update(values)
        return values, errands

    def _append_errands(self, errands: Iterable[records.File | records.Remark]) -> None:
        for errand in errands:
            record = _encode(errand)
            if isinstance(errand, records.Remark):
                place = (errand.section, errand.name)
                if self._remarks.get(place) == record:
                    continue
                self._remarks[place] = record
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
