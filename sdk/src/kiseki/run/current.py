"""The run that ``kiseki.log`` and its like mean, and how runs end with the program."""

from __future__ import annotations

import atexit
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from os import PathLike
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, NoReturn, TextIO

from kiseki.errors import NoRunError
from kiseki.run.verdict import exit_code_of, verdict

if TYPE_CHECKING:
    from datetime import timedelta

    from kiseki.artifacts.artifact import Artifact
    from kiseki.run.alerts import AlertLevel
    from kiseki.run.metrics import Metric
    from kiseki.run.receipt import Receipt
    from kiseki.run.run import Run

_runs: list[Run] = []
"""Unfinished runs of this process, the oldest first."""
_current: list[Run] = []


def active() -> Run | None:
    """The run that ``kiseki.log`` writes to."""
    return _current[0] if _current else None


def unfinished() -> list[Run]:
    return list(_runs)


def remember(run: Run, *, as_current: bool) -> None:
    """From now on the run is finished at the latest with the program."""
    _ending.install()
    _runs.append(run)
    if as_current:
        _current[:] = [run]


def forget(run: Run) -> None:
    if run in _runs:
        _runs.remove(run)
    if run in _current:
        _current.remove(run)


def log(data: Mapping[str, Any], step: int | None = None, commit: bool | None = None) -> None:
    """`Run.log` of the current run."""
    if not _current:
        raise NoRunError("kiseki.log was called, but there is no run")
    _current[0].log(data, step, commit)


def define_metric(
    name: str,
    step_metric: str | Metric | None = None,
    step_sync: bool | None = None,
    hidden: bool | None = None,
    summary: str | Iterable[str] | None = None,
    goal: str | None = None,
    overwrite: bool | None = None,
) -> Metric:
    """`Run.define_metric` of the current run."""
    run = _required("define_metric")
    return run.define_metric(name, step_metric, step_sync, hidden, summary, goal, overwrite)


def alert(
    title: str,
    text: str,
    level: str | AlertLevel | None = None,
    wait_duration: float | timedelta | None = None,
) -> None:
    """`Run.alert` of the current run."""
    _required("alert").alert(title, text, level, wait_duration)


def log_artifact(
    artifact_or_path: Artifact | str | PathLike[str],
    name: str | None = None,
    type: str | None = None,
    aliases: Iterable[str] | None = None,
    tags: Iterable[str] | None = None,
) -> Artifact:
    """`Run.log_artifact` of the current run."""
    return _required("log_artifact").log_artifact(artifact_or_path, name, type, aliases, tags)


def use_artifact(
    artifact_or_name: Artifact | str,
    type: str | None = None,
    aliases: Iterable[str] | None = None,
    use_as: str | None = None,
) -> Artifact:
    """`Run.use_artifact` of the current run."""
    return _required("use_artifact").use_artifact(artifact_or_name, type, aliases, use_as)


def link_artifact(
    artifact: Artifact, target_path: str, aliases: Iterable[str] | None = None
) -> None:
    """`Run.link_artifact` of the current run."""
    _required("link_artifact").link_artifact(artifact, target_path, aliases)


def restore(
    name: str,
    run_path: str | None = None,
    replace: bool = False,
    root: str | PathLike[str] | None = None,
) -> TextIO | None:
    """`Run.restore` of the current run."""
    return _required("restore").restore(name, run_path, replace, root)


def save(
    glob_str: str | PathLike[str],
    base_path: str | PathLike[str] | None = None,
    policy: Literal["live", "now", "end"] = "live",
) -> list[str]:
    """`Run.save` of the current run."""
    return _required("save").save(glob_str, base_path, policy)


def _required(what: str) -> Run:
    if not _current:
        raise NoRunError(f"kiseki.{what} was called, but there is no run")
    return _current[0]


def finish(exit_code: int | None = None, quiet: bool | None = None) -> Receipt | None:
    """`Run.finish` of the current run; nothing where there is none."""
    return _current[0].finish(exit_code, quiet) if _current else None


class BeforeInit:
    """Stands for ``kiseki.config`` and ``kiseki.summary`` while there is no run."""

    def __init__(self, name: str) -> None:
        object.__setattr__(self, "_name", name)

    def _complain(self) -> NoReturn:
        name = object.__getattribute__(self, "_name")
        raise NoRunError(f"kiseki.{name} was used, but there is no run")

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        self._complain()

    def __setattr__(self, name: str, value: Any) -> None:
        self._complain()

    def __getitem__(self, key: str) -> Any:
        self._complain()

    def __setitem__(self, key: str, value: Any) -> None:
        self._complain()

    def __contains__(self, key: str) -> bool:
        self._complain()


class _Ending:
    """Finishes what is unfinished at the end of the program, with the right exit code."""

    def __init__(self) -> None:
        self._installed = False
        self._error: tuple[BaseException, TracebackType | None] | None = None
        self._exit: tuple[int, int] | None = None
        self._hook: Callable[..., Any] = sys.excepthook
        self._sys_exit: Callable[..., NoReturn] = sys.exit

    def install(self) -> None:
        if self._installed:
            return
        self._installed = True
        self._hook, sys.excepthook = sys.excepthook, self._on_error
        self._sys_exit, sys.exit = sys.exit, self._on_exit
        atexit.register(self._finish_all)

    def _on_error(
        self, kind: type[BaseException], error: BaseException, traceback: TracebackType | None
    ) -> None:
        self._error = (error, traceback)
        self._hook(kind, error, traceback)

    def _on_exit(self, status: Any = None, /) -> NoReturn:
        # A SystemExit that is caught ends nothing; that a run has gone on since then tells.
        self._exit = (exit_code_of(status), _rows_logged())
        self._sys_exit(status)

    def _finish_all(self) -> None:
        if self._error is not None:
            code, reason = verdict(*self._error)
        elif self._exit is not None and self._exit[1] == _rows_logged():
            code, reason = self._exit[0], None
        else:
            code, reason = 0, None
        for run in reversed(_runs.copy()):
            try:
                run._finish(code, reason)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
            except Exception as error:  # noqa: BLE001
                print(f"kiseki: run {run.id} could not be finished: {error}", file=sys.stderr)


_ending = _Ending()


def _rows_logged() -> int:
    return sum(run.rows_logged for run in _runs)


def _forget_all() -> None:
    """In a forked child: the runs are the parent's."""
    for run in _runs:
        run.abandon()
    _runs.clear()
    _current.clear()


os.register_at_fork(after_in_child=_forget_all)
