"""Makes a sheet of an evaluation's calls."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast

from kiseki_server.domain.calls.query import Eq, Field, In, Literal
from kiseki_server.domain.calls.service import CallService
from kiseki_server.domain.calls.store import CallFilter, CallQuery
from kiseki_server.domain.calls.types import Call, Usage
from kiseki_server.domain.costs.rules import PriceList, cost
from kiseki_server.domain.costs.types import Tokens
from kiseki_server.domain.evaluations.sheet import Sheet, SheetBuilder, Trial
from kiseki_server.domain.evaluations.store import EvaluationStore, Outline, Place
from kiseki_server.domain.evaluations.values import Path, Value, leaves
from kiseki_server.domain.objects.digests import value_digest
from kiseki_server.kit.json import from_text

EVALUATE = "Evaluation.evaluate"
ROWS = ("Evaluation.predict_and_score", "Evaluation.predictAndScore")
"""Ops whose calls are trials; the second is how the TypeScript client calls it."""
MAX_TRIALS = 50_000
_AT_ONCE = 10_000
_FEW = 200
_HOUR = 3_600_000_000
_DAY = 24 * _HOUR
_INPUTS = 4_000
"""Bytes of inputs that are read with many others; larger ones are read few at a time."""
_SCORES = 50_000
_OUTPUT = 1_000
"""Bytes of an output that is looked at for values of metrics; of a longer map the entries are."""
_ENTRY = 150
_ROW_PLACES = (
    Place(("inputs",), _INPUTS),
    Place(("output", "scores"), _SCORES),
    Place(("output", "model_latency"), 100),
    Place(("output", "output"), _OUTPUT, entry=_ENTRY),
)
_MARKS = (
    Place(("attributes", "_weave_eval_meta", "score"), 10),
    Place(("attributes", "weave", "kind"), 50),
    Place(("attributes", "weave", "score"), 10),
)
"""By which clients tell the calls of scorers from those of models."""


def rows_query(evaluation: Call, **given: Any) -> CallQuery:
    """The trials of an evaluation."""
    return CallQuery(
        project=evaluation.project,
        filter=CallFilter(
            parent_ids=(evaluation.id,),
            since=evaluation.started_at - _HOUR,
            until=None if evaluation.ended_at is None else evaluation.ended_at + _DAY,
        ),
        condition=is_row(),
        **given,
    )


def is_row() -> In:
    """The condition that a call is a trial."""
    return In(Field(("op_name",)), tuple(map(Literal, ROWS)))


def is_evaluation() -> Eq:
    """The condition that a call is an evaluation."""
    return Eq(Field(("op_name",)), Literal(EVALUATE))


@dataclass(slots=True)
class _Spent:
    """What the predictions of one trial have used."""

    tokens: int | None = None
    cost: float | None = None
    unknown: bool = False
    """Some of it has no price."""

    def add(self, usage: Sequence[Usage], at: int, prices: PriceList) -> None:
        moment = datetime.fromtimestamp(at / 1_000_000, UTC)
        for used in usage:
            self.tokens = (self.tokens or 0) + used.total_tokens
            total = cost(tokens_of(used), prices.price(used.model, moment)).total
            if total is None:
                self.unknown = True
            else:
                self.cost = (self.cost or 0.0) + total

    def values(self) -> dict[Path, Value]:
        found: dict[Path, Value] = {}
        if self.tokens is not None:
            found[("tokens",)] = float(self.tokens)
        if self.cost is not None and not self.unknown:
            found[("cost",)] = self.cost
        return found


def tokens_of(used: Usage) -> Tokens:
    """What a call has used, as prices take it."""
    return Tokens(
        requests=used.requests,
        prompt=used.prompt_tokens,
        completion=used.completion_tokens,
        cache_read=used.cache_read_tokens,
        cache_creation=used.cache_write_tokens,
        total=used.total_tokens,
    )


@dataclass(slots=True)
class SheetReader:
    """Reads one evaluation."""

    calls: CallService
    store: EvaluationStore
    prices: PriceList
    scorers: frozenset[str] = field(default_factory=frozenset[str])
    """References of the evaluation's scorers, as stored."""

    def read(self, evaluation: Call) -> Sheet:
        builder = SheetBuilder()
        position, truncated = 0, False
        all_scorers: set[str] = set()
        waiting: list[tuple[Trial, dict[Path, Value], bool]] = []
        for page in self._pages(evaluation):
            spent = self._spent(evaluation, page)
            texts = self._results(evaluation, page)
            examples = self._examples(evaluation, page)
            unscored = [each for each in page if not texts[each.id].scores]
            late = self._late(evaluation, unscored)
            for row in page:
                if position >= MAX_TRIALS:
                    truncated = True
                    break
                found = texts[row.id] if texts[row.id].scores else late.get(row.id, texts[row.id])
                values = dict(spent[row.id].values()) if row.id in spent else {}
                if found.latency is not None:
                    values[("latency",)] = found.latency
                values.update(leaves(found.scores, ("scores",)))
                values.update(leaves(found.output, ("output",)))
                all_scorers.update(found.scores)
                done = row.ended_at is not None
                lost = row.exception is not None or (row.failed and found.nothing)
                trial = Trial(row.id, examples[row.id], position, done, lost, row.started_at)
                incomplete = row.failed and not lost
                waiting.append((trial, values, incomplete))
                position += 1
        for trial, values, incomplete in waiting:
            if incomplete:
                # Something failed: was it a scorer, or did the model get over it?
                scored = {path[1] for path in values if path[0] == "scores" and len(path) > 1}
                if all_scorers - scored:
                    trial = _failed(trial)
            builder.add(trial, values)
        return builder.sheet(truncated=truncated)

    def _pages(self, evaluation: Call) -> Iterator[Sequence[Outline]]:
        query, read = rows_query(evaluation, limit=_AT_ONCE), 0
        while read <= MAX_TRIALS:
            page = self.store.outlines(query, _ROW_PLACES)
            if page:
                yield page
            if len(page) < _AT_ONCE:
                return
            read += len(page)
            last = page[-1]
            query = rows_query(evaluation, limit=_AT_ONCE, after=(last.started_at, last.id))

    def _below(self, evaluation: Call, rows: Sequence[Outline]) -> CallQuery:
        first = min(row.started_at for row in rows)
        last = max(row.ended_at or row.started_at for row in rows)
        whole = all(row.ended_at is not None for row in rows)
        return CallQuery(
            project=evaluation.project,
            filter=CallFilter(
                parent_ids=tuple(row.id for row in rows),
                since=first - _HOUR,
                until=last + _DAY if whole else None,
            ),
            limit=20 * _AT_ONCE,
        )

    def _spent(self, evaluation: Call, rows: Sequence[Outline]) -> Mapping[str, _Spent]:
        """What the predictions have used, by trial; what scorers have used is not in it."""
        found: dict[str, _Spent] = {}
        judged: set[str] = set()
        steps = self.store.outlines(self._below(evaluation, rows), _MARKS, used=True)
        for step in steps:
            assert step.parent_id is not None
            if self.is_scorer(step, step.texts):
                judged.add(step.parent_id)
            else:
                spent = found.setdefault(step.parent_id, _Spent())
                spent.add(step.usage, step.started_at, self.prices)
        for row in rows:
            if row.usage and row.id not in found and row.id not in judged:
                spent = found.setdefault(row.id, _Spent())
                spent.add(row.usage, row.started_at, self.prices)
        return found

    def is_scorer(self, step: Outline, marks: Sequence[str]) -> bool:
        """Whether a call below a trial is that of a scorer; the marks are those of `MARKS`."""
        score, kind, route = marks
        return (
            score == "true"
            or kind == '"scorer"'
            or route == '"true"'
            or step.op in self.scorers
            or not self.scorers.isdisjoint(step.input_refs)
        )

    def _examples(self, evaluation: Call, rows: Sequence[Outline]) -> Mapping[str, str]:
        """The examples' digests by trial."""
        found = {row.id: _row_of(row.texts[0]) for row in rows if row.texts[0]}
        for call in self._whole(evaluation, [row for row in rows if not row.texts[0]], "inputs"):
            found[call.id] = _row_of(call.inputs)
        return found

    def _results(self, evaluation: Call, rows: Sequence[Outline]) -> Mapping[str, _Result]:
        """What the trials say themselves that they came to."""
        found = {row.id: _result(*row.texts[1:]) for row in rows}
        # JSON with NaN in it is none for the engine: those few outputs are read whole.
        odd = [
            row
            for row in rows
            if not row.texts[1] and row.ended_at is not None and row.exception is None
        ]
        for call in self._whole(evaluation, odd, "output"):
            whole: Any = from_text(call.output)
            if isinstance(whole, Mapping):
                found[call.id] = _of_map(cast("Mapping[str, Any]", whole))
        return found

    def _whole(self, evaluation: Call, rows: Sequence[Outline], body: str) -> Iterator[Call]:
        """The calls with one body, a few at a time."""
        for start in range(0, len(rows), _FEW):
            some = rows[start : start + _FEW]
            filter = CallFilter(
                ids=tuple(row.id for row in some),
                since=some[0].started_at,
                until=some[-1].started_at + 1,
            )
            query = CallQuery(
                project=evaluation.project,
                filter=filter,
                limit=len(some),
                bodies=frozenset({body}),
            )
            yield from map(self.calls.whole, self.calls.page(query))

    def _late(self, evaluation: Call, rows: Sequence[Outline]) -> Mapping[str, _Result]:
        """Results of trials that are not finished, from the calls that they consist of."""
        if not rows:
            return {}
        places = (*_MARKS, Place(("output",), _SCORES))
        steps: dict[str, list[Outline]] = defaultdict(list)
        for step in self.store.outlines(self._below(evaluation, rows), places):
            steps[step.parent_id or ""].append(step)
        found: dict[str, _Result] = {}
        for id, some in steps.items():
            scores: dict[str, Any] = {}
            output: Any = None
            latency: float | None = None
            for step in some:
                *marks, text = step.texts
                if step.ended_at is None or step.exception is not None:
                    continue
                if self.is_scorer(step, marks):
                    scores[step.op_name.removesuffix(".score")] = from_text(text or "null")
                elif output is None:
                    output = from_text(text or "null") if len(text) <= _OUTPUT else None
                    latency = (step.ended_at - step.started_at) / 1_000_000
            found[id] = _Result(scores, latency, output, not scores and output is None)
        return found


@dataclass(frozen=True, slots=True)
class _Result:
    """What a trial came to."""

    scores: Mapping[str, Any]
    latency: float | None
    output: Any
    nothing: bool
    """The model gave nothing."""


def _result(scores: str, latency: str, output: str) -> _Result:
    found: Any = from_text(scores) if scores else None
    seconds: Any = from_text(latency) if latency else None
    return _Result(
        scores=cast("Mapping[str, Any]", found) if isinstance(found, Mapping) else {},
        latency=float(seconds) if isinstance(seconds, int | float) else None,
        output=from_text(output) if output else None,
        nothing=output == "null",
    )


def _of_map(whole: Mapping[str, Any]) -> _Result:
    scores, latency, output = (whole.get(key) for key in ("scores", "model_latency", "output"))
    return _Result(
        scores=cast("Mapping[str, Any]", scores) if isinstance(scores, Mapping) else {},
        latency=float(latency) if isinstance(latency, int | float) else None,
        output=output,
        nothing=output is None,
    )


def _failed(trial: Trial) -> Trial:
    return Trial(trial.call, trial.row, trial.position, trial.done, True, trial.started_at)


def _row_of(inputs: str) -> str:
    """The digest of the example in a trial's inputs."""
    known: Any = from_text(inputs) if inputs else None
    example: Any = cast("Mapping[str, Any]", known).get("example") if known else None
    return row_digest(example)


def row_digest(example: Any) -> str:
    """What an example is known by: the digest in a reference to a row, else its own."""
    if isinstance(example, str) and "/id/" in example and ":///" in example:
        return example.rpartition("/id/")[2].partition("/")[0]
    return value_digest(example)
