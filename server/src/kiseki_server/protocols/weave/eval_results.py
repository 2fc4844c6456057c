"""Results of evaluations by REST: rows side by side, and how far an evaluation is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

import msgspec
import numpy as np
from litestar import Response, post

from kiseki_server.domain.calls.types import Call
from kiseki_server.domain.evaluations.rows import RowQuery, Rows
from kiseki_server.domain.evaluations.service import EvaluationService
from kiseki_server.domain.evaluations.sheet import Column, Sheet
from kiseki_server.domain.evaluations.trials import Step, TrialReader
from kiseki_server.domain.evaluations.types import Evaluation, Status
from kiseki_server.kit.errors import BadRequest, NotFound, Unsupported
from kiseki_server.kit.json import from_text
from kiseki_server.protocols.weave.bodies import LIMITED, answer, read
from kiseki_server.protocols.weave.call_bodies import iso
from kiseki_server.protocols.weave.door import Door
from kiseki_server.protocols.weave.objects import bounded
from kiseki_server.protocols.weave.refs import References
from kiseki_server.protocols.weave.v2_objects import PLACE

MAX_ROWS = 1_000
"""Rows of one answer."""


class SortIn(msgspec.Struct):
    field: str
    direction: Literal["asc", "desc"] = "asc"
    evaluation_call_id: str | None = None
    mode: Literal["value", "difference"] = "value"


class ResultsIn(msgspec.Struct):
    evaluation_call_ids: list[str] | None = None
    evaluation_run_ids: list[str] | None = None
    require_intersection: bool = False
    include_rows: bool = True
    include_summary: bool = False
    include_raw_data_rows: bool = False
    resolve_row_refs: bool = False
    include_predict_and_score_children: bool = False
    include_costs: bool = False
    limit: int | None = None
    offset: int = 0
    sort_by: list[SortIn] | None = None
    filters: list[dict[str, Any]] | None = None


class StatusIn(msgspec.Struct):
    project_id: str
    call_id: str


@post(f"{PLACE}/eval_results/query", opt=LIMITED, sync_to_thread=True, include_in_schema=False)
def query_results(
    body: bytes, entity: str, project: str, door: Door, evaluations: EvaluationService
) -> Response[bytes]:
    """Rows of evaluations side by side, and what their scores come to."""
    asked = read(body, ResultsIn)
    at = door.place(f"{entity}/{project}")
    ids = list(
        dict.fromkeys([*(asked.evaluation_call_ids or ()), *(asked.evaluation_run_ids or ())])
    )
    if not 1 <= len(ids) <= 10:
        raise BadRequest(f"Name 1 to 10 evaluations, not {len(ids)}")
    if asked.filters:
        raise Unsupported(
            "Filters of evaluation results: Kiseki does not have this yet",
            hint="use `filter` of /api/v1/projects/…/comparison/rows",
        )
    references = References(door)
    found = evaluations.many(at, references.sees, ids)
    rows = evaluations.rows(found)
    places = _places(asked, ids, rows)
    shown: list[dict[str, Any]] = []
    if asked.include_rows:
        limit = min(bounded(asked.limit, "limit") or MAX_ROWS, MAX_ROWS)
        offset = bounded(asked.offset, "offset") or 0
        page = places[offset : offset + limit]
        shown = _rows(asked, evaluations, references, found, rows, page)
    summary = None
    if asked.include_summary:
        summary = {
            "row_count": len(places),
            "evaluations": [
                _summary(each, sheet, references)
                for each, sheet in zip(found, rows.sheets, strict=True)
            ],
        }
    return answer({"rows": shown, "total_rows": len(places), "summary": summary, "warnings": []})


@post("/evaluations/status", opt=LIMITED, sync_to_thread=True, include_in_schema=False)
def read_status(body: bytes, door: Door, evaluations: EvaluationService) -> Response[bytes]:
    """How far an evaluation is."""
    asked = read(body, StatusIn)
    at = door.place(asked.project_id)
    references = References(door)
    try:
        found = evaluations.get(at, references.sees, asked.call_id)
    except NotFound:
        if evaluations.calls.find(at.id, [asked.call_id]):
            raise BadRequest(f"The call `{asked.call_id[:130]}` is no evaluation") from None
        return answer({"status": {"code": "not_found"}})
    if found.status is Status.FAILED:
        return answer({"status": {"code": "failed", "error": found.call.exception}})
    if found.status is Status.COMPLETED:
        output = from_text(references.outward(found.call.output))
        return answer({"status": {"code": "complete", "output": output or {}}})
    progress = found.progress
    return answer(
        {
            "status": {
                "code": "running",
                "completed_rows": progress.done,
                "total_rows": max(progress.done + progress.running, progress.total or 0),
            }
        }
    )


def _places(asked: ResultsIn, ids: Sequence[str], rows: Rows) -> Sequence[int]:
    every = rows.alignment.rows
    places: Sequence[int] = sorted(range(len(every)), key=lambda place: every[place])
    if asked.sort_by:
        term = asked.sort_by[0]
        letter = "ABCDEFGHIJ"[ids.index(term.evaluation_call_id or ids[0])]
        name = term.field.replace("outputs.", "output.", 1)
        prefix = "" if name.startswith("inputs.") else f"{letter}."
        way = "-" if term.direction == "desc" else ""
        order = f"difference.{name}" if term.mode == "difference" else prefix + name
        places = rows.chosen(RowQuery(sort=way + order))
    if asked.require_intersection:
        whole = [all(row in sheet.index for sheet in rows.sheets) for row in every]
        places = [place for place in places if whole[place]]
    return places


def _rows(
    asked: ResultsIn,
    evaluations: EvaluationService,
    references: References,
    found: Sequence[Evaluation],
    rows: Rows,
    places: Sequence[int],
) -> list[dict[str, Any]]:
    digests = [rows.alignment.rows[place] for place in places]
    examples = rows.texts(digests) if asked.include_raw_data_rows else {}

    def out(text: str) -> Any:
        return from_text(references.outward(text))

    shown: list[dict[str, Any]] = []
    trials = [
        _trials(evaluations, each, sheet, digests, out)
        for each, sheet in zip(found, rows.sheets, strict=True)
    ]
    for digest in digests:
        own = [
            {"evaluation_call_id": each.id, "trials": by_row[digest]}
            for each, by_row in zip(found, trials, strict=True)
            if digest in by_row
        ]
        raw = out(examples[digest]) if digest in examples else None
        shown.append({"row_digest": digest, "raw_data_row": raw, "evaluations": own})
    return shown


def _trials(
    evaluations: EvaluationService,
    evaluation: Evaluation,
    sheet: Sheet,
    digests: Sequence[str],
    out: Callable[[str], Any],
) -> dict[str, list[dict[str, Any]]]:
    """The trials of rows, by digest."""
    reader = TrialReader(evaluations.calls, evaluation)
    numbers = {row: sheet.trials_of[sheet.index[row]] for row in digests if row in sheet.index}
    known = reader.whole([sheet.trials[number] for own in numbers.values() for number in own])
    return {
        row: [
            _trial(sheet, number, *known[sheet.trials[number].call], out)
            for number in own
            if sheet.trials[number].call in known
        ]
        for row, own in numbers.items()
    }


def _trial(
    sheet: Sheet,
    number: int,
    call: Call,
    steps: Sequence[Step],
    out: Callable[[str], Any],
) -> dict[str, Any]:
    whole = out(call.output)
    scorers = [step for step in steps if step.scorer]
    prediction = next((step.call for step in steps if not step.scorer), None)
    if isinstance(whole, dict):
        output, scores = whole.get("output"), whole.get("scores") or {}  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    else:
        output = None if prediction is None else out(prediction.output)
        scores = {step.name: out(step.call.output) for step in scorers}
    return {
        "predict_and_score_call_id": call.id,
        "predict_call_id": None if prediction is None else prediction.id,
        "model_output": output,
        "scores": scores,
        "model_latency_seconds": _value(sheet, "latency", number),
        "total_tokens": None
        if (tokens := _value(sheet, "tokens", number)) is None
        else int(tokens),
        "total_cost": _value(sheet, "cost", number),
        "scorer_call_ids": {step.name: step.call.id for step in scorers},
        "genai_span_ref": None,
    }


def _value(sheet: Sheet, name: str, number: int) -> float | None:
    column = sheet.columns.get(name)
    value = None if column is None else float(column.values[number])
    return None if value is None or np.isnan(value) else value


def _summary(evaluation: Evaluation, sheet: Sheet, references: References) -> dict[str, Any]:
    def total(name: str) -> float | None:
        column = sheet.columns.get(name)
        return None if column is None else float(np.nansum(column.values))

    def ref(stored: str | None) -> str | None:
        return None if stored is None else references.outward_text(stored)

    tokens = total("tokens")
    return {
        "evaluation_call_id": evaluation.id,
        "trace_id": evaluation.call.trace_id,
        "evaluation_ref": ref(evaluation.evaluation.ref if evaluation.evaluation else None),
        "model_ref": ref(evaluation.model.ref if evaluation.model else None),
        "display_name": evaluation.call.display_name,
        "started_at": iso(evaluation.call.started_at),
        "trial_count": len(sheet.trials),
        "predict_total_tokens": None if tokens is None else int(tokens),
        "predict_total_cost": total("cost"),
        "scorer_stats": [
            _statistics(column, len(sheet.trials))
            for column in sheet.columns.values()
            if column.source == "score"
        ],
    }


def _statistics(column: Column, trials: int) -> dict[str, Any]:
    values = column.values[~np.isnan(column.values)]
    binary, number = column.type == "boolean", column.type == "number"
    count = len(values)
    return {
        "scorer_key": column.scorer or "",
        "path": ".".join(column.path[2:]) or None,
        "value_type": "binary" if binary else "continuous" if number else "text",
        "trial_count": trials,
        "pass_true_count": int(values.sum()) if binary else 0,
        "pass_known_count": count if binary else 0,
        "pass_rate": float(values.mean()) if binary and count else None,
        "pass_signal_coverage": count / trials if binary and trials else None,
        "numeric_count": count if number else 0,
        "numeric_mean": float(values.mean()) if number and count else None,
    }


routes: list[Any] = [
    query_results,
    read_status,
]
