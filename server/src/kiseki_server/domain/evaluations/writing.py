"""Evaluations that are written call by call: runs, predictions and scores."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, cast

from kiseki_server.domain.calls import query
from kiseki_server.domain.calls.ingest import Item
from kiseki_server.domain.calls.query import And, Eq, Field, In, Node
from kiseki_server.domain.calls.service import CallService
from kiseki_server.domain.calls.store import CallFilter, CallQuery
from kiseki_server.domain.calls.types import Call, End, Source
from kiseki_server.domain.evaluations.making import Maker, ref_of
from kiseki_server.domain.evaluations.reading import EVALUATE, ROWS
from kiseki_server.domain.evaluations.sheet import Sheet
from kiseki_server.domain.feedback.service import FeedbackService
from kiseki_server.domain.feedback.types import Feedback
from kiseki_server.domain.filters.fields import microseconds
from kiseki_server.domain.objects.refs import STORED, CallRef, ObjectRef, find, parse
from kiseki_server.kit.clock import Clock
from kiseki_server.kit.errors import BadRequest, NotFound
from kiseki_server.kit.json import from_text, to_text
from kiseki_server.kit.transactions import UnitOfWork

RUN, PREDICTION, SCORE = "evaluation_run", "prediction", "score"
"""Marks in the attributes of the calls of this module."""
_WAIT = 60.0


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes for one user in one project, which the caller has authorized. References have their
    stored form. Opens transactions of its own."""

    calls: CallService
    feedback: FeedbackService
    maker: Maker
    database: UnitOfWork
    clock: Clock

    def start(self, evaluation: str, model: str, source: str | None) -> Call:
        """Begin a run.

        Raises:
            BadRequest: One of the two is no reference to an object.
        """
        _named(evaluation, "evaluation")
        _named(model, "model")
        marks = {RUN: "true", "evaluation": evaluation, "model": model}
        if source is not None:
            marks["source_evaluation_run_id"] = source
        call = self._call(EVALUATE, {"self": evaluation, "model": model}, marks)
        return self._stored(call)

    def finish(self, id: str, summary: Mapping[str, Any] | None, sheet: Sheet | None) -> None:
        """End a run; what its rows come to is added to the summary.

        Raises:
            NotFound: There is no such run.
        """
        run = self.get(RUN, id)
        if run.ended_at is not None:
            raise BadRequest(f"The evaluation run `{id[:100]}` is finished already")
        output = {**({} if sheet is None else summarized(sheet)), **(summary or {})}
        inputs: Any = from_text(run.inputs)
        call = self._call(
            "Evaluation.summarize", {"self": inputs.get("self")}, {}, parent=run, output=output
        )
        self._stored(call, self._end(run, output))

    def predict(
        self,
        model: str,
        inputs: Mapping[str, Any],
        output: Any,
        run_id: str | None,
        spans: Sequence[Mapping[str, str]] | None,
    ) -> Call:
        """Store a prediction, in a new trial where it belongs to a run.

        Raises:
            NotFound: There is no such run.
        """
        name = _named(model, "model").name
        marks: dict[str, Any] = {PREDICTION: "true", "model": model}
        if spans:
            marks["genai_span_ref"] = list(spans)
        above = None
        items: list[Item] = []
        if run_id is not None:
            marks["evaluation_run_id"] = run_id
            run = self.get(RUN, run_id)
            known: Any = from_text(run.inputs)
            trial = {"self": known.get("self"), "model": model, "example": inputs}
            own = {"predict_and_score": "true", "evaluation_run_id": run_id}
            above = self._call(ROWS[0], trial, own, parent=run)
            items.append(above)
        call = self._call(
            f"{name}.predict",
            {"self": model, "inputs": inputs},
            marks,
            parent=above,
            output=output,
            done=True,
        )
        return self._stored(call, *items)

    def finish_prediction(self, id: str) -> None:
        """End the trial that a prediction belongs to.

        Raises:
            NotFound: There is no such prediction.
        """
        prediction = self.get(PREDICTION, id)
        if prediction.parent_id is None:
            return
        trial = self.calls.get(self.maker.at.id, prediction.parent_id)
        if trial.ended_at is not None:
            return
        scores = {
            _mark(score, "name"): from_text(self.calls.whole(score).output)
            for score in self.listed(SCORE, [_has("prediction_id", id)], limit=1_000)
        }
        output = {
            "output": from_text(prediction.output),
            "scores": scores,
            "model_latency": None,
        }
        self._stored(self._end(trial, output))

    def score(self, prediction_id: str, scorer: str, value: Any, run_id: str | None) -> Call:
        """Store what a scorer says of a prediction, beside it and as feedback on it.

        Raises:
            NotFound: There is no such prediction.
        """
        ref = _named(scorer, "scorer")
        prediction = self.get(PREDICTION, prediction_id)
        run_id = run_id or _mark(prediction, "evaluation_run_id") or None
        marks = {SCORE: "true", "scorer": scorer, "name": ref.name, "prediction_id": prediction_id}
        if run_id is not None:
            marks["evaluation_run_id"] = run_id
        known: Any = from_text(prediction.inputs)
        above = (
            None
            if prediction.parent_id is None
            else self.calls.get(self.maker.at.id, prediction.parent_id)
        )
        call = self._call(
            f"{ref.name}.score",
            {
                "self": scorer,
                "inputs": known.get("inputs"),
                "output": from_text(prediction.output),
            },
            marks,
            parent=above or prediction,
            output=value,
            done=True,
        )
        items: list[Item] = []
        if above is not None and above.ended_at is not None:
            # The trial was finished before: its result gets the score, too.
            result: Any = from_text(above.output)
            result["scores"] = {**(result.get("scores") or {}), ref.name: value}
            items.append(replace(above, output=to_text(result)))
        self._stored(call, *items)
        project = self.maker.at.id
        said = Feedback(
            id=str(uuid.uuid4()),
            project=project,
            ref=str(CallRef(project, prediction_id)),
            type=f"wandb.runnable.{ref.name}",
            payload={"output": value},
            user=self.maker.user,
            created_at=self.clock.now(),
            runnable_ref=scorer,
            call_ref=str(CallRef(project, call.id)),
        )
        with self.database.transaction(write=True):
            self.feedback.give(self.maker.at, [said])
        return call

    def get(self, kind: str, id: str) -> Call:
        """A run, a prediction or a score.

        Raises:
            NotFound: There is none of this kind; every evaluation counts as a run.
        """
        call = self.calls.find(self.maker.at.id, [id]).get(id)
        if call is None or not (
            _mark(call, kind) == "true" or (kind == RUN and call.op_name == EVALUATE)
        ):
            raise NotFound(f"There is no {kind.replace('_', ' ')} `{id[:130]}`")
        return self.calls.whole(call)

    def listed(
        self,
        kind: str,
        conditions: Sequence[Node] = (),
        *,
        ids: Sequence[str] = (),
        limit: int,
        offset: int = 0,
    ) -> Sequence[Call]:
        """Runs, predictions or scores, by their start."""
        mine: Node = (
            Eq(Field(("op_name",)), query.Literal(EVALUATE)) if kind == RUN else _has(kind, "true")
        )
        return self.calls.page(
            CallQuery(
                project=self.maker.at.id,
                filter=CallFilter(ids=tuple(ids)),
                condition=And((mine, *conditions)),
                limit=limit,
                offset=offset,
            )
        )

    def made_with(self, what: Literal["self", "model"], refs: Sequence[str]) -> Node:
        """The condition on runs that they are of one of the evaluations, or models."""
        return In(Field(("inputs", what)), tuple(map(query.Literal, refs)))

    def delete(self, kind: str, ids: Sequence[str]) -> int:
        """Delete calls of a kind with all that is below them; how many of those there were."""
        known = [call.id for call in self.listed(kind, ids=ids, limit=len(ids))] if ids else []
        if known:
            self.calls.delete(self.maker.at.id, known)
        return len(known)

    def _call(
        self,
        name: str,
        inputs: Mapping[str, Any],
        marks: Mapping[str, Any],
        *,
        parent: Call | None = None,
        output: Any = None,
        done: bool = False,
    ) -> Call:
        now = microseconds(self.clock.now())
        op = self.maker.op(name)
        finished = done or output is not None
        return Call(
            id=str(uuid.uuid4()),
            project=self.maker.at.id,
            trace_id=str(uuid.uuid4()) if parent is None else parent.trace_id,
            parent_id=None if parent is None else parent.id,
            op=ref_of(op),
            op_name=name,
            op_digest=op.digest,
            source=Source.WEAVE,
            started_at=now,
            ended_at=now if finished else None,
            attributes=to_text({"weave": dict(marks)}),
            inputs=to_text(dict(inputs)),
            output=to_text(output),
            input_refs=tuple(dict.fromkeys(find(dict(inputs)))),
            output_refs=tuple(dict.fromkeys(find(output))),
            user=self.maker.user,
        )

    def _end(self, call: Call, output: Any) -> End:
        now = microseconds(self.clock.now())
        return End(
            id=call.id,
            project=call.project,
            ended_at=now,
            received_at=now,
            output=to_text(output),
            output_refs=tuple(dict.fromkeys(find(output))),
        )

    def _stored(self, item: Any, *items: Item) -> Any:
        self.calls.submit([*items, item]).result(_WAIT)
        return item


def summarized(sheet: Sheet) -> dict[str, Any]:
    """What a client would say of the rows: means of numbers, counts of truth values."""
    summary: dict[str, Any] = {}
    for column in sheet.columns.values():
        values = column.values[column.values == column.values]  # without NaN
        if column.type == "category" or not len(values) or column.source == "model":
            continue
        path = column.path[1:] if column.source == "score" else column.path
        place = summary
        for key in path[:-1]:
            place = place.setdefault(key, {})
        mean = float(values.mean())
        place[path[-1]] = (
            {"true_count": int(values.sum()), "true_fraction": mean}
            if column.type == "boolean"
            else {"mean": mean}
        )
    return summary


def is_one_of(field: str, values: Sequence[str]) -> Node:
    """The condition that an attribute of this module has one of the values."""
    return In(Field(("attributes", "weave", field)), tuple(map(query.Literal, values)))


def _has(name: str, value: str) -> Node:
    return Eq(Field(("attributes", "weave", name)), query.Literal(value))


def mark(call: Call, name: str) -> str | None:
    """What this module has written into a call's attributes."""
    return _mark(call, name) or None


def _mark(call: Call, name: str) -> str:
    known: Any = from_text(call.attributes).get("weave")
    value: Any = cast("Mapping[str, Any]", known).get(name) if isinstance(known, Mapping) else None
    return value if isinstance(value, str) else ""


def _named(text: str, what: str) -> ObjectRef:
    """The reference to an object or an op.

    Raises:
        BadRequest: It is none.
    """
    ref = parse(text) if text.startswith(STORED) else None
    if not isinstance(ref, ObjectRef):
        raise BadRequest(
            f"`{text[:200]}` is no reference to a {what}",
            hint="write weave:///entity/project/object/name:digest",
        )
    return ref
