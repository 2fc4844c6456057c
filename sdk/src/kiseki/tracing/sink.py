"""Where records of calls go: the journal of the run that this process is in."""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any

import msgspec

from kiseki.errors import NoRunError
from kiseki.run import current
from kiseki.tracing.digests import bytes_digest, value_digest
from kiseki.tracing.guard import complain
from kiseki.tracing.privacy import Privacy, Redaction
from kiseki.wire.traced import REF, Content, Object, Traced

if TYPE_CHECKING:
    from kiseki.run.run import Run

_encode = msgspec.msgpack.Encoder().encode
_runs: list[Run] = current._current  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]

_redacted_keys: list[str] = []
_redactions: list[Redaction] = []


class Sink:
    """Writes records of calls into one run's journal."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.append: Callable[[bytes], int] = run.appender
        settings = run.settings
        self.content = settings.trace_content
        self.code = settings.trace_code
        self.privacy = Privacy(
            (*(settings.redact_keys or ()), *_redacted_keys),
            _redactions,
            content=settings.trace_content,
        )
        self._published: set[tuple[str, str]] = set()
        self._lock = threading.RLock()

    def write(self, record: Traced) -> None:
        """Append a record. Raises what the journal raises."""
        self.append(_encode(record))

    def publish_content(self, data: bytes) -> str:
        """Publish a file; its digest."""
        digest = bytes_digest(data)
        self.once("content", digest, lambda: self.write(Content(digest, data)))
        return digest

    def publish_value(self, kind: str, name: str, encoded: bytes) -> str:
        """Publish a version of an object by its JSON; a reference to it."""
        digest = value_digest(json.loads(encoded))
        self.once(kind, f"{name}:{digest}", lambda: self.write(Object(name, digest, encoded)))
        return f"{REF}{kind}/{name}:{digest}"

    def once(self, kind: str, name: str, write: Callable[[], None]) -> None:
        """Do it unless it was done for this run."""
        with self._lock:
            if (kind, name) not in self._published:
                write()
                self._published.add((kind, name))


class _State:
    """The sink of this process; all in one place, so that a fork can set it aside."""

    sink: Sink | None = None
    disabled: Run | None = None
    forking: Run | None = None
    parent: Run | None = None
    """In a forked process: the run of the one that it was forked from."""

    lock = threading.RLock()


_state = _State()


def active() -> Sink | None:
    """Where calls go now; ``None``: nowhere."""
    if _runs:
        run = _runs[0]
        sink = _state.sink
        if sink is not None and sink.run is run:
            return sink
        return None if run is _state.disabled else _attach(run)
    if _state.parent is None:
        return None
    return _state.sink or _in_child()


def redact(*keys: str, function: Redaction | None = None) -> None:
    """Keep something out of traces. It is taken out before anything is written to disk or sent.

    Args:
        keys: What stands under such a key of a map, at any depth and in any spelling
            (``apiKey``, ``api-key``), becomes "REDACTED". The usual names of secrets are known
            already.
        function: Gets each input map, each output and each error's text, and returns what may be
            kept. Where it fails, nothing is kept.
    """
    _redacted_keys.extend(keys)
    if function is not None:
        _redactions.append(function)
    if (sink := _state.sink) is not None:
        sink.privacy = sink.privacy.more(keys, () if function is None else (function,))


def _attach(run: Run) -> Sink | None:
    with _state.lock:
        if run.disabled or not run.settings.trace:
            _state.disabled = run
            return None
        sink = _state.sink
        if sink is None or sink.run is not run:
            sink = _state.sink = Sink(run)
        return sink


def _in_child() -> Sink | None:
    """A forked process is a further writer of the run; it becomes one at its first call."""
    with _state.lock:
        if _state.sink is not None:
            return _state.sink
        parent, _state.parent = _state.parent, None
        if parent is None:
            return None
        try:
            run = _join(parent)
        except Exception as error:  # noqa: BLE001
            complain("Calls of this forked process are not traced", error)
            return None
        _state.parent = run
        _state.sink = Sink(run)
        return _state.sink


def _join(parent: Run) -> Run:
    begin: Any = import_module("kiseki.run.init")
    settings = msgspec.structs.replace(
        parent.settings,
        entity=parent.settings.entity,
        project=parent.project,
        run_id=parent.id,
        label=f"process {os.getpid()}",
        name=None,
        console="off",
        system_metrics=False,
        environment=False,
        silent=True,
        finish_timeout=0.0,
        retry_timeout=0.0,
    )
    run: Run = begin.begin(settings)
    current.remember(run, as_current=False)
    if (processes := sys.modules.get("multiprocessing.util")) is not None:
        # Such a process ends without the exit handlers of Python.
        processes.Finalize(None, run.finish, exitpriority=10)
    return run


def _before_fork() -> None:
    # The child forgets it before anybody here is asked.
    _state.forking = _runs[0] if _runs else None


def _after_fork() -> None:
    _state.lock = threading.RLock()
    before = _state.sink.run if _state.sink is not None else None
    parent = _state.forking or before or _state.parent
    if parent is not None and (parent.disabled or not parent.settings.trace):
        parent = None
    _state.sink = _state.disabled = _state.forking = None
    _state.parent = parent


os.register_at_fork(before=_before_fork, after_in_child=_after_fork)


def require(what: str) -> Sink | None:
    """The sink, for what the user asks for by name; ``None`` in a disabled run.

    Raises:
        NoRunError: There is no run.
    """
    sink = active()
    if sink is None and not _runs:
        raise NoRunError(
            f"{what} was called, but there is no run",
            hint='call kiseki.init("entity/project") first',
        )
    return sink
