"""Errands are done in order of their subjects, repeated until they are done, or set aside."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from kiseki._transport.client import Client, SendError
from kiseki._transport.errands import ErrandFailed, Errands, Place
from kiseki._transport.journal import JournalWriter
from kiseki._transport.run_directory import RunDirectory, State
from kiseki.wire.batch import Problem
from kiseki.wire.records import Errand, File, History

Eventually = Callable[..., None]


class World:
    """A run's folder whose errands a test does itself."""

    def __init__(self, folder: Path) -> None:
        (folder / "run.json").write_bytes(
            msgspec.json.encode(
                {"version": 1, "project": "p", "run": "r", "writer": "w", "base_url": "http://x"}
            )
        )
        self.journal = JournalWriter(folder / "journal")
        self.directory = RunDirectory(folder)
        self.state = State()
        self.tries: list[str] = []
        self.failures: dict[str, list[Exception]] = {}
        self.gates: dict[str, threading.Event] = {}
        self.lock = threading.Lock()
        self.now = 0.0
        self.errands = self.again()

    def again(self) -> Errands:
        """As after a restart of the uploader."""
        self.errands = Errands(
            self.directory,
            self.state,
            lambda: Client("http://127.0.0.1:1", "key"),
            self.perform,
            lambda errand: getattr(errand, "path", "?").partition(":")[0],
            clock=lambda: self.now,
        )
        return self.errands

    def perform(
        self, errand: Errand, place: Place, client: Client, sent: Callable[[int], None]
    ) -> None:
        assert isinstance(errand, File)
        with self.lock:
            self.tries.append(errand.path)
            failures = self.failures.get(errand.path)
            failure = failures.pop(0) if failures else None
        if (gate := self.gates.get(errand.path)) is not None:
            assert gate.wait(30)
        if failure is not None:
            raise failure
        sent(1)

    def write(self, *paths: str) -> None:
        for path in paths:
            self.journal.append(msgspec.msgpack.encode(File(path)))

    def turn(self) -> list[tuple[int, str, bytes | None]]:
        return self.errands.turn("me", "p", "r")


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def answer(status: int | None, error: str = "e", cause: Any = "refused") -> SendError:
    return SendError(cause, Problem(error=error, message=f"answer {status}"), status=status)


def test_all_are_done_once_and_counted(world: World, eventually: Eventually) -> None:
    world.write(*"abc")
    world.journal.append(msgspec.msgpack.encode(History(0, 0.0, {"x": 1})))
    world.errands.catch_up(4)
    assert (world.state.errands, world.state.errands_done) == (3, 0)
    assert world.turn() == []
    eventually(lambda: world.turn() == [] and world.state.errands == 0)
    assert sorted(world.tries) == ["a", "b", "c"]
    assert (world.state.errands_done, world.errands.done, world.errands.sent_bytes) == (4, 3, 3)
    world.again().catch_up(4)
    assert world.state.errands == 0


def test_one_subject_keeps_its_order_and_holds_up_no_other(
    world: World, eventually: Eventually
) -> None:
    world.gates["a:1"] = threading.Event()
    world.write("a:1", "b:1", "a:2")
    world.errands.catch_up(3)
    world.turn()
    eventually(lambda: world.errands.done == 1)
    assert sorted(world.tries) == ["a:1", "b:1"]
    world.turn()
    assert world.state.errands_done == 0
    world.gates["a:1"].set()
    eventually(lambda: world.errands.done == 3)
    assert world.tries.index("a:1") < world.tries.index("a:2")


@pytest.mark.parametrize(
    "failure",
    [
        answer(500, cause="retry"),
        answer(429, cause="retry"),
        answer(404, "unknown_run"),
        answer(401),
        OSError("disk"),
        RuntimeError("our own"),
    ],
    ids=lambda failure: str(failure),
)
def test_what_may_pass_is_tried_again_after_a_while(
    world: World, failure: Exception, eventually: Eventually
) -> None:
    world.failures["a"] = [failure]
    world.write("a")
    world.errands.catch_up(1)
    world.turn()
    eventually(lambda: world.errands.message is not None)
    assert world.turn() == []
    assert (world.tries, world.state.errands) == (["a"], 1)
    world.now += 60
    world.turn()
    eventually(lambda: world.errands.done == 1)
    assert world.errands.message is None


def test_without_a_server_nothing_else_is_tried(world: World, eventually: Eventually) -> None:
    world.failures["a"] = [answer(None, "unreachable", "retry")]
    world.gates["a"] = threading.Event()
    world.write("a", *(f"n{i}" for i in range(20)))
    world.errands.catch_up(1)
    world.turn()
    eventually(lambda: world.tries == ["a"])
    world.gates["a"].set()
    eventually(lambda: world.errands.message is not None)
    world.errands.catch_up(21)
    world.turn()
    assert world.tries == ["a"]
    world.errands.hurry()
    world.turn()
    eventually(lambda: world.errands.done == 21)


@pytest.mark.parametrize(
    ("failure", "reason"),
    [
        (answer(400), "answer 400"),
        (answer(409), "answer 409"),
        (answer(403), "answer 403"),
        (ErrandFailed("never"), "never"),
        (FileNotFoundError(2, "no", "gone.txt"), "there is no file gone.txt"),
    ],
    ids=str,
)
def test_what_nobody_will_have_is_set_aside(
    world: World, failure: Exception, reason: str, eventually: Eventually
) -> None:
    world.failures["a"] = [failure]
    world.write("a", "b")
    world.errands.catch_up(2)
    refused: list[Any] = []
    eventually(lambda: refused.extend(world.turn()) or world.state.errands == 0)
    ((position, why, payload),) = refused
    assert (position, why) == (0, reason)
    assert msgspec.msgpack.decode(payload)[1] == "a"
    assert sorted(world.tries) == ["a", "b"]


def test_a_restart_does_again_what_was_not_done(world: World, eventually: Eventually) -> None:
    world.failures["a"] = [answer(500, cause="retry")]
    world.write("a", "b")
    world.errands.catch_up(2)
    world.turn()
    eventually(lambda: world.errands.done == 1 and world.failures["a"] == [])
    world.turn()
    assert (world.state.errands, world.state.errands_done) == (1, 0)
    world.errands.stop()
    world.again().catch_up(2)
    world.turn()
    eventually(lambda: world.turn() == [] and world.state.errands == 0)
    assert sorted(world.tries) == ["a", "a", "b", "b"]


def test_a_server_that_has_lost_the_run_gets_everything_again(
    world: World, eventually: Eventually
) -> None:
    world.write("a", "b")
    world.errands.catch_up(2)
    world.turn()
    eventually(lambda: world.turn() == [] and world.state.errands == 0)
    world.errands.again()
    eventually(lambda: world.turn() == [] and world.state.errands == 0)
    assert sorted(world.tries) == ["a", "a", "b", "b"]
