"""Evaluation runs, predictions and scores by REST."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import msgspec
from litestar import Response, delete, get, post
from litestar.params import QueryParameter
from litestar.response import Stream

from kiseki_server.domain.accounts.rules import Action
from kiseki_server.domain.calls.query import Node
from kiseki_server.domain.calls.service import CallService
from kiseki_server.domain.calls.types import Call
from kiseki_server.domain.evaluations.making import Maker
from kiseki_server.domain.evaluations.service import EvaluationService
from kiseki_server.domain.evaluations.writing import (
    PREDICTION,
    RUN,
    SCORE,
    Writer,
    is_one_of,
    mark,
)
from kiseki_server.domain.feedback.service import FeedbackService
from kiseki_server.domain.objects.files import ProjectFiles
from kiseki_server.domain.objects.service import ObjectService
from kiseki_server.domain.tables.service import TableService
from kiseki_server.kit.clock import Clock
from kiseki_server.kit.errors import BadRequest
from kiseki_server.kit.json import from_text
from kiseki_server.protocols.weave.bodies import LIMITED, answer, lines, read
from kiseki_server.protocols.weave.call_bodies import iso
from kiseki_server.protocols.weave.door import Door
from kiseki_server.protocols.weave.objects import bounded
from kiseki_server.protocols.weave.refs import References
from kiseki_server.protocols.weave.v2_objects import PLACE, Limit, Offset

MAX_LISTED = 10_000

RunIds = list[str] | None
RunId = str | None
Evaluations = Annotated[list[str] | None, QueryParameter(name="evaluations")]
Models = list[str] | None
PredictionIds = list[str] | None
ScoreIds = list[str] | None


class RunIn(msgspec.Struct):
    evaluation: str
    model: str
    source_evaluation_run_id: str | None = None


class FinishIn(msgspec.Struct):
    summary: dict[str, Any] | None = None


class SpanIn(msgspec.Struct):
    trace_id: str
    span_id: str


class PredictionIn(msgspec.Struct):
    model: str
    inputs: dict[str, Any]
    output: Any
    evaluation_run_id: str | None = None
    genai_span_ref: list[SpanIn] | None = None


class ScoreIn(msgspec.Struct):
    prediction_id: str
    scorer: str
    value: Any
    evaluation_run_id: str | None = None


class Ids(msgspec.Struct):
    """Ids in a body, as some clients send them with a deletion."""

    evaluation_run_ids: list[str] | None = None
    prediction_ids: list[str] | None = None
    score_ids: list[str] | None = None


class Desk:
    """Writes and reads for one request; the dependency ``desk``."""

    def __init__(
        self,
        door: Door,
        calls: CallService,
        feedback: FeedbackService,
        objects: ObjectService,
        tables: TableService,
        project_files: ProjectFiles,
        clock: Clock,
    ) -> None:
        self.door = door
        self.references = References(door)
        self._calls = calls
        self._feedback = feedback
        self._objects = objects
        self._tables = tables
        self._files = project_files
        self._clock = clock

    def writer(self, entity: str, project: str, action: Action = Action.READ) -> Writer:
        at = self.door.place(f"{entity}/{project}", action)
        user = self.door.actor.user.name
        maker = Maker(self._objects, self._tables, self._files, at, user)
        return Writer(self._calls, self._feedback, maker, self.door.database, self._clock)

    def out(self, text: str) -> Any:
        """Stored JSON as the caller may see it."""
        return from_text(self.references.outward(text))

    def run(self, call: Call) -> dict[str, Any]:
        inputs = self.out(call.inputs)
        output = self.out(call.output)
        status = (
            "failed"
            if call.exception is not None
            else "running"
            if call.ended_at is None
            else "completed"
        )
        return {
            "evaluation_run_id": call.id,
            "evaluation": inputs.get("self") or inputs.get("this") or "",
            "model": inputs.get("model") or "",
            "status": status,
            "started_at": iso(call.started_at),
            "finished_at": None if call.ended_at is None else iso(call.ended_at),
            "summary": output if isinstance(output, Mapping) else None,
            "source_evaluation_run_id": mark(call, "source_evaluation_run_id"),
        }

    def prediction(self, call: Call) -> dict[str, Any]:
        inputs = self.out(call.inputs)
        return {
            "prediction_id": call.id,
            "model": inputs.get("self") or "",
            "inputs": inputs.get("inputs") or {},
            "output": self.out(call.output),
            "evaluation_run_id": mark(call, "evaluation_run_id"),
            "wb_user_id": call.user,
        }

    def score(self, call: Call) -> dict[str, Any]:
        return {
            "score_id": call.id,
            "scorer": self.out(call.inputs).get("self") or "",
            "value": self.out(call.output),
            "evaluation_run_id": mark(call, "evaluation_run_id"),
            "prediction_id": mark(call, "prediction_id"),
            "wb_user_id": call.user,
        }

    def inward(self, refs: Sequence[str] | None) -> list[str]:
        return [self.references.inward_text(ref) for ref in refs or ()]


def provide_desk(
    door: Door,
    calls: CallService,
    feedback: FeedbackService,
    objects: ObjectService,
    tables: TableService,
    project_files: ProjectFiles,
    clock: Clock,
) -> Desk:
    return Desk(door, calls, feedback, objects, tables, project_files, clock)


@post(f"{PLACE}/evaluation_runs", opt=LIMITED, sync_to_thread=True, include_in_schema=False)
def start_run(body: bytes, entity: str, project: str, desk: Desk) -> Response[bytes]:
    """Begin an evaluation run."""
    sent = read(body, RunIn)
    writer = desk.writer(entity, project, Action.WRITE)
    evaluation, model = desk.inward([sent.evaluation, sent.model])
    run = writer.start(evaluation, model, sent.source_evaluation_run_id)
    return answer({"evaluation_run_id": run.id})


@get(f"{PLACE}/evaluation_runs", sync_to_thread=True, include_in_schema=False)
def list_runs(
    entity: str,
    project: str,
    desk: Desk,
    limit: Limit = None,
    offset: Offset = None,
    made_with: Evaluations = None,
    models: Models = None,
    evaluation_run_ids: RunIds = None,
) -> Stream:
    """Evaluation runs."""
    writer = desk.writer(entity, project)
    conditions: list[Node] = []
    if made_with:
        conditions.append(writer.made_with("self", desk.inward(made_with)))
    if models:
        conditions.append(writer.made_with("model", desk.inward(models)))
    found = writer.listed(
        RUN,
        conditions,
        ids=evaluation_run_ids or (),
        limit=_limit(limit),
        offset=bounded(offset, "offset") or 0,
    )
    return lines([desk.run(call) for call in found])


@get(f"{PLACE}/evaluation_runs/{{run_id:str}}", sync_to_thread=True, include_in_schema=False)
def read_run(entity: str, project: str, run_id: str, desk: Desk) -> Response[bytes]:
    """One evaluation run."""
    return answer(desk.run(desk.writer(entity, project).get(RUN, run_id)))


@post(
    f"{PLACE}/evaluation_runs/{{run_id:str}}/finish",
    opt=LIMITED,
    sync_to_thread=True,
    include_in_schema=False,
)
def finish_run(
    body: bytes,
    entity: str,
    project: str,
    run_id: str,
    desk: Desk,
    evaluations: EvaluationService,
) -> Response[bytes]:
    """End an evaluation run, with a summary of its rows."""
    sent = read(body or b"{}", FinishIn)
    writer = desk.writer(entity, project, Action.WRITE)
    writer.get(RUN, run_id)
    found = evaluations.get(writer.maker.at, desk.references.sees, run_id)
    summary = None if sent.summary is None else desk.references.inward(sent.summary)
    writer.finish(run_id, summary, evaluations.sheet(found))
    return answer({"success": True})


@delete(f"{PLACE}/evaluation_runs", status_code=200, sync_to_thread=True, include_in_schema=False)
def delete_runs(
    body: bytes, entity: str, project: str, desk: Desk, evaluation_run_ids: RunIds = None
) -> Response[bytes]:
    """Delete evaluation runs with all that is below them."""
    ids = evaluation_run_ids or read(body or b"{}", Ids).evaluation_run_ids
    return _deleted(desk, entity, project, RUN, ids)


@post(f"{PLACE}/predictions", opt=LIMITED, sync_to_thread=True, include_in_schema=False)
def add_prediction(body: bytes, entity: str, project: str, desk: Desk) -> Response[bytes]:
    """Store a prediction."""
    sent = read(body, PredictionIn)
    writer = desk.writer(entity, project, Action.WRITE)
    spans = [
        {"trace_id": span.trace_id, "span_id": span.span_id} for span in sent.genai_span_ref or ()
    ]
    made = writer.predict(
        desk.references.inward_text(sent.model),
        desk.references.inward(sent.inputs),
        desk.references.inward(sent.output),
        sent.evaluation_run_id,
        spans,
    )
    return answer({"prediction_id": made.id})


@get(f"{PLACE}/predictions", sync_to_thread=True, include_in_schema=False)
def list_predictions(
    entity: str,
    project: str,
    desk: Desk,
    limit: Limit = None,
    offset: Offset = None,
    evaluation_run_id: RunId = None,
) -> Stream:
    """Predictions."""
    found = _listed(desk, entity, project, PREDICTION, evaluation_run_id, limit, offset)
    return lines([desk.prediction(call) for call in found])


@get(f"{PLACE}/predictions/{{prediction_id:str}}", sync_to_thread=True, include_in_schema=False)
def read_prediction(entity: str, project: str, prediction_id: str, desk: Desk) -> Response[bytes]:
    """One prediction."""
    return answer(desk.prediction(desk.writer(entity, project).get(PREDICTION, prediction_id)))


@post(
    f"{PLACE}/predictions/{{prediction_id:str}}/finish",
    opt=LIMITED,
    sync_to_thread=True,
    include_in_schema=False,
)
def finish_prediction(entity: str, project: str, prediction_id: str, desk: Desk) -> Response[bytes]:
    """End the trial of a prediction: all its scores are there."""
    desk.writer(entity, project, Action.WRITE).finish_prediction(prediction_id)
    return answer({"success": True})


@delete(f"{PLACE}/predictions", status_code=200, sync_to_thread=True, include_in_schema=False)
def delete_predictions(
    body: bytes, entity: str, project: str, desk: Desk, prediction_ids: PredictionIds = None
) -> Response[bytes]:
    """Delete predictions."""
    ids = prediction_ids or read(body or b"{}", Ids).prediction_ids
    return _deleted(desk, entity, project, PREDICTION, ids)


@post(f"{PLACE}/scores", opt=LIMITED, sync_to_thread=True, include_in_schema=False)
def add_score(body: bytes, entity: str, project: str, desk: Desk) -> Response[bytes]:
    """Store what a scorer says of a prediction."""
    sent = read(body, ScoreIn)
    writer = desk.writer(entity, project, Action.WRITE)
    made = writer.score(
        sent.prediction_id,
        desk.references.inward_text(sent.scorer),
        desk.references.inward(sent.value),
        sent.evaluation_run_id,
    )
    return answer({"score_id": made.id})


@get(f"{PLACE}/scores", sync_to_thread=True, include_in_schema=False)
def list_scores(
    entity: str,
    project: str,
    desk: Desk,
    limit: Limit = None,
    offset: Offset = None,
    evaluation_run_id: RunId = None,
) -> Stream:
    """Scores."""
    found = _listed(desk, entity, project, SCORE, evaluation_run_id, limit, offset)
    return lines([desk.score(call) for call in found])


@get(f"{PLACE}/scores/{{score_id:str}}", sync_to_thread=True, include_in_schema=False)
def read_score(entity: str, project: str, score_id: str, desk: Desk) -> Response[bytes]:
    """One score."""
    return answer(desk.score(desk.writer(entity, project).get(SCORE, score_id)))


@delete(f"{PLACE}/scores", status_code=200, sync_to_thread=True, include_in_schema=False)
def delete_scores(
    body: bytes, entity: str, project: str, desk: Desk, score_ids: ScoreIds = None
) -> Response[bytes]:
    """Delete scores."""
    ids = score_ids or read(body or b"{}", Ids).score_ids
    return _deleted(desk, entity, project, SCORE, ids)


def _limit(limit: int | None) -> int:
    return min(bounded(limit, "limit") or MAX_LISTED, MAX_LISTED)


def _listed(
    desk: Desk,
    entity: str,
    project: str,
    kind: str,
    run: str | None,
    limit: int | None,
    offset: int | None,
) -> Sequence[Call]:
    conditions = [] if run is None else [is_one_of("evaluation_run_id", [run])]
    return desk.writer(entity, project).listed(
        kind, conditions, limit=_limit(limit), offset=bounded(offset, "offset") or 0
    )


def _deleted(
    desk: Desk, entity: str, project: str, kind: str, ids: Sequence[str] | None
) -> Response[bytes]:
    writer = desk.writer(entity, project, Action.WRITE)
    if not ids:
        raise BadRequest("Say which ones: there are no ids in the request")
    return answer({"num_deleted": writer.delete(kind, list(dict.fromkeys(ids)))})


routes: list[Any] = [
    start_run,
    list_runs,
    read_run,
    finish_run,
    delete_runs,
    add_prediction,
    list_predictions,
    read_prediction,
    finish_prediction,
    delete_predictions,
    add_score,
    list_scores,
    read_score,
    delete_scores,
]
