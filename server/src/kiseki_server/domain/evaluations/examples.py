"""The examples behind rows: rows of the dataset, or what a logger has written inline."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from kiseki_server.domain.calls.service import CallService
from kiseki_server.domain.calls.store import CallFilter, CallQuery
from kiseki_server.domain.evaluations.sheet import Sheet
from kiseki_server.domain.evaluations.types import Evaluation
from kiseki_server.domain.evaluations.values import Value, leaves
from kiseki_server.domain.objects.refs import ObjectRef, parse
from kiseki_server.domain.tables.service import TableService
from kiseki_server.kit.errors import BadRequest
from kiseki_server.kit.ids import ProjectId
from kiseki_server.kit.json import from_text, to_text

_FEW = 200


@dataclass(frozen=True, slots=True)
class Examples:
    """Reads examples of evaluations, as JSON text by their digests."""

    calls: CallService
    tables: TableService

    def texts(
        self, evaluations: Sequence[Evaluation], sheets: Sequence[Sheet], rows: Collection[str]
    ) -> Mapping[str, str]:
        """Those of the examples that can be read."""
        found: dict[str, str] = {}
        projects = {_project(evaluation) for evaluation in evaluations}
        for project in projects:
            found.update(self.tables.rows(project, [row for row in rows if row not in found]))
        for evaluation, sheet in zip(evaluations, sheets, strict=True):
            inline = [row for row in rows if row not in found and row in sheet.index]
            if inline:
                found.update(self._inline(evaluation, sheet, inline))
        return found

    def values(
        self, evaluations: Sequence[Evaluation], sheets: Sequence[Sheet], rows: Collection[str]
    ) -> Mapping[str, Mapping[tuple[str, ...], Value]]:
        """The short values in examples, by digest and path."""
        texts = self.texts(evaluations, sheets, rows)
        return {row: dict(leaves(from_text(text), ("inputs",))) for row, text in texts.items()}

    def _inline(
        self, evaluation: Evaluation, sheet: Sheet, rows: Sequence[str]
    ) -> Mapping[str, str]:
        found: dict[str, str] = {}
        firsts = {sheet.trials[sheet.trials_of[sheet.index[row]][0]].call: row for row in rows}
        ids = list(firsts)
        for start in range(0, len(ids), _FEW):
            some = ids[start : start + _FEW]
            query = CallQuery(
                project=evaluation.call.project,
                filter=CallFilter(
                    ids=tuple(some), since=evaluation.call.started_at - 3_600_000_000
                ),
                limit=len(some),
                bodies=frozenset({"inputs"}),
            )
            for call in self.calls.page(query):
                example = example_text(self.calls.whole(call).inputs)
                if example is not None:
                    found[firsts[call.id]] = example
        return found


def example_text(inputs: str) -> str | None:
    """The inline example in a trial's inputs; none where it is a reference."""
    known: Any = from_text(inputs)
    example: Any = cast("Mapping[str, Any]", known).get("example") if known else None
    if example is None or (isinstance(example, str) and ":///" in example):
        return None
    return to_text(example)


def _project(evaluation: Evaluation) -> ProjectId:
    dataset = evaluation.definition.dataset
    try:
        ref = parse(dataset.ref) if dataset is not None else None
    except BadRequest:
        ref = None
    return ref.project if isinstance(ref, ObjectRef) else evaluation.call.project
