"""What ``op`` records of functions of every kind, and that it never gets in their way."""

from __future__ import annotations

import asyncio
import inspect
import os
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sdk.tests.tracing.conftest import Traces

import kiseki
from kiseki._transport.journal import JournalReader
from kiseki.errors import ValueRangeError
from kiseki.tracing import guard, integrations
from kiseki.wire.traced import CallEnd, CallStart, Feedback, Rename


@kiseki.op
def add(a: int, b: int = 2, *, c: int = 0) -> int:
    return a + b + c


@kiseki.op
def twice(a: int) -> int:
    return add(a) + add(a, c=1)


@kiseki.op
async def later(a: int) -> int:
    await asyncio.sleep(0)
    return add(a)


@kiseki.op
def count(n: int) -> Iterator[int]:
    for number in range(n):
        yield add(number)


@kiseki.op(accumulator=lambda state, piece: (state or 0) + piece)
async def count_later(n: int) -> AsyncIterator[int]:
    for number in range(n):
        yield add(number)


@kiseki.op
def fail(message: str) -> None:
    raise ValueError(message)


@kiseki.op
class Model:
    factor = 3

    def predict(self, x: int) -> int:
        return self._times(x)

    def _times(self, x: int) -> int:
        return self.factor * x

    @classmethod
    def of_class(cls, x: int) -> int:
        return cls.factor + x

    @staticmethod
    def alone(x: int, *rest: int, **named: int) -> int:
        return x


def call(op: str, parent: str | None, inputs: Any, output: Any, failed: bool = False) -> Any:
    return {"op": op, "parent": parent, "inputs": inputs, "output": output, "failed": failed}


def test_nothing_is_recorded_without_a_run() -> None:
    assert twice(1) == 7
    assert kiseki.get_current_call() is None
    result, made = add.call(1)
    assert (result, made.id) == (3, "")


def test_functions_are_recorded_with_what_they_call(traces: Traces) -> None:
    assert twice(1) == 7
    assert asyncio.run(later(5)) == 7
    assert traces.calls() == [
        call("twice", None, {"a": 1}, 7),
        call("add", "twice", {"a": 1, "b": 2, "c": 0}, 3),
        call("add", "twice", {"a": 1, "b": 2, "c": 1}, 4),
        call("later", None, {"a": 5}, 7),
        call("add", "later", {"a": 5, "b": 2, "c": 0}, 7),
    ]
    starts = traces.of(CallStart)
    assert len({start.trace for start in starts}) == 2
    summary = msgspec.json.decode(traces.of(CallEnd)[2].summary)
    assert summary == {"status_counts": {"success": 3, "error": 0}}


def test_generators_are_recorded_when_they_run(traces: Traces) -> None:
    given = count(2)
    assert traces.calls() == []
    assert next(given) == 2
    add(9)  # between two pieces: not below the generator
    assert list(given) == [3]

    async def read() -> list[int]:
        return [piece async for piece in count_later(2)]

    assert asyncio.run(read()) == [2, 3]
    left = count(5)
    next(left)
    left.close()
    assert [(c["op"], c["parent"], c["output"]) for c in traces.calls()] == [
        ("count", None, [2, 3]),
        ("add", "count", 2),
        ("add", None, 11),
        ("add", "count", 3),
        ("count_later", None, 5),
        ("add", "count_later", 2),
        ("add", "count_later", 3),
        ("count", None, [2]),
        ("add", "count", 2),
    ]


def test_generators_pass_on_what_is_sent_and_thrown(traces: Traces) -> None:
    @kiseki.op
    def echo() -> Any:
        given = None
        while True:
            try:
                given = yield given
            except KeyError:
                given = "caught"

    @kiseki.op
    async def echo_later() -> Any:
        given = None
        while True:
            try:
                given = yield given
            except KeyError:
                given = "caught"

    async def talk() -> list[Any]:
        pieces = echo_later()
        said = [await pieces.asend(None), await pieces.asend(1), await pieces.athrow(KeyError())]
        await pieces.aclose()
        return said

    pieces = echo()
    assert [next(pieces), pieces.send(1), pieces.throw(KeyError())] == [None, 1, "caught"]
    pieces.close()
    assert asyncio.run(talk()) == [None, 1, "caught"]
    assert [c["output"] for c in traces.calls()] == [[None, 1, "caught"]] * 2


def test_what_is_decorated_stays_what_it_was() -> None:
    assert inspect.iscoroutinefunction(later)
    assert inspect.isgeneratorfunction(count)
    assert inspect.isasyncgenfunction(count_later)
    assert (add.__name__, str(inspect.signature(add))) == (
        "add",
        "(a: 'int', b: 'int' = 2, *, c: 'int' = 0) -> 'int'",
    )
    with pytest.raises(TypeError, match="missing 1 required positional argument"):
        add()  # pyright: ignore[reportCallIssue]
    with pytest.raises(ValueRangeError, match="sample_rate"):
        kiseki.op(sample_rate=2)(lambda: None)


def test_classes_and_their_methods(traces: Traces) -> None:
    model = Model()
    assert (model.predict(2), Model.of_class(1), Model.alone(1, 2, d=3)) == (6, 4, 1)
    assert model.predict.call(model, 3)[0] == 9  # pyright: ignore[reportFunctionMemberAccess]
    calls = traces.calls()
    assert [(c["op"], c["output"]) for c in calls] == [
        ("Model.predict", 6), ("Model.of_class", 4), ("Model.alone", 1), ("Model.predict", 9),
    ]  # fmt: skip
    assert "0x" not in calls[0]["inputs"]["self"]
    assert calls[2]["inputs"] == {"x": 1, "rest": [2], "d": 3}


def test_errors_pass_through_and_are_kept_with_their_stack(traces: Traces) -> None:
    with pytest.raises(ValueError, match="no luck"):
        fail("no luck")
    result, made = fail.call("again")
    assert result is None
    assert "again" in (made.exception or "")
    known = msgspec.json.decode(traces.of(CallEnd)[0].exception)
    assert (known["type"], known["message"]) == ("ValueError", "no luck")
    assert "raise ValueError(message)" in known["traceback"]
    assert msgspec.json.decode(traces.of(CallEnd)[0].summary)["status_counts"]["error"] == 1


def test_threads_know_the_call_that_started_them(traces: Traces) -> None:
    @kiseki.op
    def outer() -> None:
        with kiseki.ThreadPoolExecutor(2) as pool:
            list(pool.map(add, [1, 2]))
        worker = kiseki.Thread(target=add, args=(3,))
        worker.start()
        worker.join()
        plain = threading.Thread(target=kiseki.in_context(add), args=(4,))
        plain.start()
        plain.join()

    outer()
    below = [c["inputs"]["a"] for c in traces.calls() if c["parent"] == "outer"]
    assert sorted(below) == [1, 2, 3, 4]
    assert b'"success":5' in traces.of(CallEnd)[-1].summary


def test_tasks_that_run_together_keep_their_own_context(traces: Traces) -> None:
    @kiseki.op
    async def branch(n: int) -> int:
        for _ in range(3):
            await asyncio.sleep(0)
        return await later(n)

    async def main() -> list[int]:
        return await asyncio.gather(*(branch(n) for n in range(4)))

    assert asyncio.run(main()) == [2, 3, 4, 5]
    starts = {start.id: start for start in traces.of(CallStart)}
    for start in starts.values():
        if "op/later" in start.op:
            assert start.parent is not None
            assert starts[start.parent].inputs == start.inputs.replace(b'"a"', b'"n"')


def test_options(traces: Traces) -> None:
    @kiseki.op(
        name="named/op",
        call_display_name=lambda made: f"of {made.inputs['secret']}",
        kind="tool",
        color="blue",
        postprocess_inputs=lambda inputs: {"length": len(inputs["secret"])},
        postprocess_output=str.upper,
    )
    def work(secret: str) -> str:
        made = kiseki.get_current_call()
        assert made is not None
        made.summary = {"own": 1}
        made.add_usage("m", {"prompt_tokens": 2})
        return secret

    assert work("abc") == "abc"
    (start,) = traces.of(CallStart)
    (end,) = traces.of(CallEnd)
    (rename,) = traces.of(Rename)
    assert (start.inputs, end.output, rename.name) == (b'{"length":3}', b'"ABC"', "of abc")
    about = msgspec.json.decode(start.attributes)["kiseki"]
    assert (about["kind"], about["color"], about["python"]) == (
        "tool",
        "blue",
        {"type": "function"},
    )
    assert start.op.startswith("kiseki:///op/named-op:")
    assert msgspec.json.decode(end.summary) == {
        "own": 1,
        "status_counts": {"success": 1, "error": 0},
        "usage": {"m": {"requests": 1, "prompt_tokens": 2}},
    }


def test_a_failing_option_is_told_once_and_the_call_is_kept(
    traces: Traces, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "_told", set())

    def broken(_: Any) -> Any:
        raise KeyError("broken")

    @kiseki.op(postprocess_inputs=broken, postprocess_output=broken, call_display_name=broken)
    def work(secret: str) -> str:
        return secret

    assert [work("s1"), work("s2")] == ["s1", "s2"]
    assert capsys.readouterr().err.count("postprocess_inputs of") == 1
    assert [c["output"] for c in traces.calls()] == [
        {"_kiseki": "postprocess_output failed: KeyError"}
    ] * 2
    assert not any(b"s1" in start.inputs for start in traces.of(CallStart))


def test_sampling_passes_over_whole_traces(traces: Traces) -> None:
    @kiseki.op(sample_rate=0)
    def never() -> int:
        assert kiseki.get_current_call() is None
        return add(1)

    @kiseki.op
    def outer() -> int:
        return never() + add(2)

    assert (never(), outer()) == (3, 7)
    assert [(c["op"], c["parent"]) for c in traces.calls()] == [("outer", None), ("add", "outer")]


def test_attributes_threads_and_feedback(traces: Traces) -> None:
    with kiseki.attributes({"env": "test"}), kiseki.attributes({"user": "me"}):
        with kiseki.thread("talk") as talk:
            twice(1)
            _, made = add.call(2)
        made.feedback.add_reaction("👍")
        made.feedback.add_note("well done")
        made.feedback.add("correctness", {"score": 0.5})
    assert talk.thread_id == "talk"
    root, child, *_, second = traces.of(CallStart)
    assert (root.thread, root.turn, child.turn, second.turn) == (
        "talk", root.id, root.id, second.id,
    )  # fmt: skip
    known = msgspec.json.decode(child.attributes)
    assert (known["env"], known["user"]) == ("test", "me")
    assert [(f.call, f.kind, msgspec.json.decode(f.payload)) for f in traces.of(Feedback)] == [
        (made.id, "wandb.reaction.1", {"emoji": "👍"}),
        (made.id, "wandb.note.1", {"note": "well done"}),
        (made.id, "correctness", {"score": 0.5}),
    ]
    with pytest.raises(ValueRangeError):
        made.feedback.add_note("")


def test_recording_can_be_turned_off(begin: Callable[..., Traces]) -> None:
    traces = begin(trace=False)
    assert twice(1) == 7
    assert traces.records() == []
    finder = integrations._finder
    assert finder not in sys.meta_path or integrations.uninstall() is None
    begin(autopatch=False)
    assert finder not in sys.meta_path
    begin()
    assert finder in sys.meta_path
    integrations.uninstall()


def test_calls_carry_the_step_of_the_run(traces: Traces) -> None:
    add(1)
    traces.run.log({"loss": 1.0})
    add(1)
    assert [start.step for start in traces.of(CallStart)] == [0, 1]


def test_a_journal_that_takes_nothing_does_not_stop_the_program(
    traces: Traces, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "_told", set())

    @kiseki.op
    def ends_the_run() -> int:
        traces.run.finish(quiet=True)
        return 1

    assert ends_the_run() == 1
    assert "The end of a call is not kept" in capsys.readouterr().err


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*use of fork.*:DeprecationWarning")
@pytest.mark.parametrize("before", [[1], []], ids=["used before", "not used before"])
def test_a_forked_process_is_a_writer_of_its_own(
    begin: Callable[..., Traces], tmp_path: Path, before: list[int]
) -> None:
    traces = begin()
    for number in before:
        add(number)
    child = os.fork()
    if not child:
        try:
            add(2)
            add(3)
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    assert [c["inputs"]["a"] for c in traces.calls()] == before
    (folder,) = (
        path for path in (tmp_path / "kiseki-runs").iterdir() if str(path) != traces.run.dir
    )
    assert traces.run.id in folder.name
    with JournalReader(folder / "journal") as reader:
        assert sum(payload[1:6] == b"\xa4call" for payload in reader.read()) == 2
