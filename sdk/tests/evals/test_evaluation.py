"""Objects have versions by their content, and evaluations are judged, limited and resumed."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sdk.tests.tracing.conftest import Traces, begin, traces

import kiseki
from kiseki.errors import NoRunError, UsageError, ValueTypeError
from kiseki.evals.limits import LimitReached
from kiseki.evals.progress import Progress
from kiseki.evals.summaries import summarize
from kiseki.tracing.digests import table_digest, value_digest
from kiseki.wire.traced import CallEnd, CallStart, Drop, Feedback, Object, Rows, Table

__all__ = ["begin", "traces"]  # fixtures


class Times(kiseki.Model):
    factor: int = 2
    seen: list[int] = []  # noqa: RUF012  # copied for each object

    @kiseki.op
    def predict(self, x: int) -> int:
        self.seen.append(x)
        if x == 3:
            raise ValueError("three")
        return self.factor * x


class Close(kiseki.Scorer):
    @kiseki.op
    async def score(self, *, output: int, truth: int) -> dict[str, Any]:
        return {"close": abs(output - truth) < 2, "by": output - truth}


def exact(output: int, y: int) -> bool:
    return output == y


ROWS = [{"x": x, "y": 2 * x + (x == 1)} for x in range(4)]


def test_fields_make_the_constructor() -> None:
    first, second = Times(), Times(factor=3, name="three")
    assert first.seen is not second.seen
    assert (second.factor, second.name, second.object_name, first.object_name) == (
        3,
        "three",
        "three",
        "Times",
    )
    with pytest.raises(TypeError, match="no field 'x'"):
        Times(x=1)  # pyright: ignore[reportCallIssue]
    with pytest.raises(ValueTypeError, match="Row 1"):
        kiseki.Dataset([{}, 1])  # pyright: ignore[reportArgumentType]
    prompt = kiseki.MessagesPrompt([{"role": "user", "content": "{q}?"}, {"role": "x"}])
    assert prompt.format(q="why") == [{"role": "user", "content": "why?"}, {"role": "x"}]


def test_unchanged_objects_are_one_version(traces: Traces) -> None:
    refs = [kiseki.publish(Times(name="m", factor=factor)) for factor in (1, 1, 2)]
    assert refs[0] == refs[1] != refs[2]
    model = Times(name="m")
    before = kiseki.publish(model)
    model.factor = 7
    assert kiseki.publish(model) != before
    dataset = kiseki.Dataset(ROWS, name="d")
    kiseki.publish(dataset)
    kiseki.publish({"a": dataset}, "holder")
    (rows,), (table,) = traces.of(Rows), traces.of(Table)
    assert json.loads(rows.rows) == ROWS
    assert table.rows == [value_digest(row) for row in ROWS]
    assert table.digest == table_digest(table.rows)
    holder = traces.of(Object)[-1]
    value = json.loads(holder.value)
    assert value["a"].startswith("kiseki:///object/d:")
    assert holder.digest == value_digest(value)
    with pytest.raises(UsageError, match="under a name"):
        kiseki.publish({"a": 1})


def test_secrets_are_not_published(traces: Traces) -> None:
    kiseki.publish({"api_key": "sk-1", "a": 1}, "settings")
    assert json.loads(traces.of(Object)[-1].value) == {"api_key": "REDACTED", "a": 1}


def test_publishing_needs_a_run() -> None:
    with pytest.raises(NoRunError, match=r"kiseki\.publish"):
        kiseki.publish({"a": 1}, "x")


def test_an_evaluation_is_a_tree_of_calls(traces: Traces) -> None:
    seen: list[Progress] = []
    evaluation = kiseki.Evaluation(ROWS, [Close(column_map={"truth": "y"}), exact], name="e")
    summary = asyncio.run(evaluation.evaluate(Times(), parallel=2, on_progress=seen.append))
    assert summary.pop("model_latency")["mean"] > 0
    assert summary == {
        "output": {"mean": 2.0},
        "Close": {"close": {"true_count": 3, "true_fraction": 1.0}, "by": {"mean": -1 / 3}},
        "exact": {"true_count": 2, "true_fraction": 2 / 3},
    }
    assert [(p.done, p.failed) for p in seen][-1] == (4, 1)
    calls = traces.calls()
    assert [c["output"] for c in calls if c["op"] == "Evaluation.summarize"] == [calls[0]["output"]]
    parents = {(c["op"], c["parent"]) for c in calls}
    row = "Evaluation.predict_and_score"
    assert parents == {
        ("Evaluation.evaluate", None),
        (row, "Evaluation.evaluate"),
        ("Times.predict", row),
        ("Close.score", row),
        ("exact", row),
        ("Evaluation.summarize", "Evaluation.evaluate"),
    }
    assert sum(c["failed"] for c in calls) == 1
    digests = [value_digest(row) for row in ROWS]
    examples = sorted(c["inputs"]["example"].rpartition("/")[2] for c in calls if c["op"] == row)
    assert examples == sorted(digests)
    scores = traces.of(Feedback)
    assert [f.kind for f in scores].count("wandb.runnable.exact") == 3
    ids = {start.id: start.op for start in traces.of(CallStart)}
    assert {ids[f.call].rpartition("/")[2].partition(":")[0] for f in scores} == {"Times.predict"}


@kiseki.op
def expensive(x: int) -> int:
    call = kiseki.get_current_call()
    if call is not None:
        call.add_usage("m", {"prompt_tokens": 1000, "completion_tokens": 0})
    return x


def test_limits_stop_an_evaluation_and_it_goes_on_from_there(traces: Traces) -> None:
    evaluation = kiseki.Evaluation(ROWS, [exact], name="dear")
    limits: dict[str, Any] = {"max_cost": 0.002, "prices": {"m": (1.0, 2.0)}, "parallel": 1}
    with pytest.raises(LimitReached, match="stopped after 2 of 4 rows"):
        evaluation.run(expensive, **limits)
    assert evaluation.run(expensive, **limits)["output"] == {"mean": 1.5}
    calls = traces.calls()
    assert [c["op"] for c in calls].count("expensive") == 4
    assert [c["op"] for c in calls].count("Evaluation.evaluate") == 1
    ends = [end for end in traces.of(CallEnd) if end.id == traces.of(CallStart)[0].id]
    assert [end.exception is not None for end in ends] == [True, False]
    with pytest.raises(UsageError, match="no price for 'm'"):
        evaluation.run(expensive, max_cost=1, prices={"other": (1, 1)})


def test_what_was_under_way_is_dropped_and_made_again(traces: Traces) -> None:
    class Killed(BaseException):
        pass

    alive = threading.Event()

    @kiseki.op
    def model(x: int) -> int:
        if x == 2 and not alive.is_set():
            raise Killed
        return x

    evaluation = kiseki.Evaluation(ROWS, [exact], name="killed")
    with pytest.raises(Killed):
        evaluation.run(model, parallel=1)
    folder = Path(traces.run.dir).parent / "evaluations"
    (checkpoint,) = folder.iterdir()
    with checkpoint.open("a") as file:
        file.write('{"row": 3, "tri')  # the line that was being written
    alive.set()
    assert evaluation.run(model, parallel=1)["output"] == {"mean": 1.5}
    assert [c["inputs"]["x"] for c in traces.calls() if c["op"] == "model"] == [0, 1, 2, 2, 3]
    rows = [s for s in traces.of(CallStart) if "predict_and_score:" in s.op]
    assert [drop.call for drop in traces.of(Drop)] == [rows[2].id]
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("model", "scorers", "said"),
    [
        (object(), [exact], "it is no model"),
        (kiseki.Model(), [exact], "no method that predicts"),
        (lambda other: other, [exact], "takes none of the dataset's columns"),
        (lambda x: x, [lambda y: y], "does not take the parameter `output`"),
        (lambda x: x, [exact, exact], "Two scorers are called 'exact'"),
        (lambda x: x, [3], "cannot be a scorer"),
    ],
)
def test_mistakes_are_explained(traces: Traces, model: Any, scorers: list[Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        kiseki.Evaluation(ROWS, scorers).run(model)


def test_a_loop_of_ones_own(traces: Traces) -> None:
    log = kiseki.EvaluationLogger("loop", model={"name": "mine", "temperature": 0.5}, dataset=ROWS)
    with log.log_prediction({"x": 1}) as prediction:
        expensive(1)
        prediction.finish(2)
    other = log.log_prediction({"x": 2}, 5)
    other.log_score("good", False)
    other.log_score("good two", 0.5)
    other.finish()
    log.log_summary({"own": 3})
    log.log_summary()
    with pytest.raises(UsageError, match="finished"):
        log.log_prediction({}, 1)
    calls = traces.calls()
    assert calls[0]["output"] == {
        "good": {"true_count": 0, "true_fraction": 0.0},
        "good-two": {"mean": 0.5},
        "output": {"mean": 3.5},
        "own": 3,
    }
    assert [c["parent"] for c in calls if c["op"] == "expensive"] == ["mine.predict"]
    rows = [c for c in calls if c["op"] == "Evaluation.predict_and_score"]
    assert [(c["inputs"]["example"], c["output"]["scores"]) for c in rows] == [
        ({"x": 1}, {}),
        ({"x": 2}, {"good": False, "good-two": 0.5}),
    ]
    attributes = [msgspec.json.decode(start.attributes) for start in traces.of(CallStart)]
    assert sum("_weave_eval_meta" in each for each in attributes) == 8
    assert [f.kind for f in traces.of(Feedback)] == [
        "wandb.runnable.good",
        "wandb.runnable.good-two",
    ]
    assert traces.of(Drop) == []


def test_evaluations_work_without_a_run() -> None:
    assert kiseki.Evaluation(ROWS, [exact]).run(Times())["exact"]["true_count"] == 2


def test_content_that_is_not_kept_is_not_kept_as_rows(begin: Callable[..., Traces]) -> None:
    traces = begin(trace_content=False)
    rows = [{"x": 1, "y": "private"}]
    kiseki.Evaluation(rows, [exact]).run(Times())
    assert not any(b"private" in msgspec.msgpack.encode(record) for record in traces.records())


def test_summaries() -> None:
    assert summarize([True, None, False]) == {"true_count": 1, "true_fraction": 0.5}
    assert summarize([1, 2.5]) == {"mean": 1.75}
    assert summarize([{"a": 1, "b": "x"}, {"a": 3}]) == {"a": {"mean": 2.0}}
    assert summarize([True, 1]) is None
    assert summarize(["a"]) is None
    assert summarize([]) is None
