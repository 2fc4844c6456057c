"""The run directory: its files, and who may work on it."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from kiseki._transport.run_directory import Lock, RunDirectory, State
from kiseki.wire.batch import RunEnd

from .conftest import TrainerRun

NewRun = Callable[..., TrainerRun]


def test_the_state_comes_back_as_it_was_saved(new_run: NewRun) -> None:
    directory = RunDirectory(new_run().path)
    assert directory.load_state() == State()
    state = State(
        positions={"journal": 7, "system": 2, "system-2": 3},
        status="connected",
        end=RunEnd(state="finished", time=1.0),
    )
    directory.save_state(state)
    assert directory.load_state() == state
    assert (state.acknowledged, state.system_acknowledged) == (7, 5)
    (directory.path / "state.json").write_bytes(b"{ half of")
    assert directory.load_state() == State()


def test_on_a_full_disk_the_state_is_written_over(
    new_run: NewRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = RunDirectory(new_run().path)
    directory.save_state(State(message="a long message that is there before"))

    def full(path: Path, data: bytes) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_bytes", full)
    directory.save_state(State(positions={"journal": 5}))
    assert directory.load_state().acknowledged == 5
    (directory.path / "state.json").unlink()
    with pytest.raises(OSError, match="No space left"):
        directory.save_state(State())


def test_journals_come_in_order(new_run: NewRun) -> None:
    directory = RunDirectory(new_run().path)
    assert directory.journals() == ["journal"]
    for _ in range(11):
        (directory.path / directory.new_system_journal()).mkdir()
    (directory.path / "system-x").mkdir()
    assert directory.journals()[:3] == ["journal", "system", "system-2"]
    assert directory.journals()[-1] == "system-11"
    assert directory.origin("system-11").writer == "wrun.system-11"
    assert directory.origin("journal").writer == "wrun"


def test_one_holds_the_lock(new_run: NewRun) -> None:
    directory = RunDirectory(new_run().path)
    first, second = Lock(directory), Lock(directory)
    assert first.take()
    assert not second.take()
    assert second.holder() == os.getpid()
    first.release()
    assert second.take()
    second.release()


def test_what_is_no_run_directory_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="is no run directory"):
        RunDirectory(tmp_path)
    (tmp_path / "run.json").write_text('{"version": 1, "project": 5}')
    with pytest.raises(ValueError, match=r"run\.json cannot be read"):
        RunDirectory(tmp_path)
