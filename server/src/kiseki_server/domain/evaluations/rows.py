"""Rows of one or several evaluations, side by side: ordered, filtered, a page at a time."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from kiseki_server.domain.calls.query import Contains, Field, Literal
from kiseki_server.domain.calls.service import CallService
from kiseki_server.domain.calls.store import CallFilter, CallQuery
from kiseki_server.domain.calls.types import Call
from kiseki_server.domain.evaluations.comparing import Alignment
from kiseki_server.domain.evaluations.examples import Examples
from kiseki_server.domain.evaluations.measuring import minimized
from kiseki_server.domain.evaluations.sheet import Column, Floats, Sheet
from kiseki_server.domain.evaluations.types import Evaluation, Missing
from kiseki_server.domain.evaluations.values import Value, metric_name
from kiseki_server.domain.filters import expression, rules
from kiseki_server.domain.filters.fields import Kind
from kiseki_server.domain.filters.tree import Path
from kiseki_server.kit.errors import BadRequest

LETTERS = "ABCDEFGHIJ"
_STATES = ("status", "trials", "done", "failed")


@dataclass(frozen=True, slots=True, kw_only=True)
class RowQuery:
    """Which rows, in which order."""

    filter: str | None = None
    search: str | None = None
    only: str | None = None
    """``disagree:METRIC``, ``worse:METRIC`` or ``better:METRIC``."""
    digests: tuple[str, ...] = ()
    sort: str | None = None
    minimize: tuple[str, ...] = ()
    missing: Missing = "skip"


@dataclass(frozen=True, slots=True)
class CellValue:
    """A metric of one row."""

    value: Value
    """Mean of the trials; the commonest label of a category."""
    trials: int
    std: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RowCell:
    """One row of one evaluation."""

    calls: tuple[str, ...]
    """Of its trials, by their start."""
    done: int
    failed: int
    values: Mapping[str, CellValue]
    first: Call | None
    """The first trial that is done, with its output; else the first."""

    @property
    def status(self) -> str:
        return state(len(self.calls), self.done, self.failed)


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedRow:
    """One row of all evaluations."""

    digest: str
    position: int | None
    """In the dataset."""
    inputs: str | None
    """The example as JSON, references in their stored form."""
    cells: tuple[RowCell | None, ...]


def state(trials: int, done: int, failed: int) -> str:
    """How a row is: one failed trial is an error, one open trial is running."""
    return "error" if failed else "running" if done < trials else "success"


class Rows:
    """The rows of evaluations, which all belong to one project."""

    def __init__(
        self,
        calls: CallService,
        examples: Examples,
        evaluations: Sequence[Evaluation],
        sheets: Sequence[Sheet],
        order: Sequence[str],
    ) -> None:
        self._calls = calls
        self._examples = examples
        self._evaluations = evaluations
        self.sheets = sheets
        self.alignment = Alignment(sheets, order)
        self._positions = {row: place for place, row in reversed(list(enumerate(order)))}
        self._cache: dict[tuple[int, str, Missing], Floats] = {}

    @cached_property
    def inputs(self) -> Mapping[str, Mapping[Path, Value]]:
        """Short values of all examples: read when something asks for them."""
        return self._examples.values(self._evaluations, self.sheets, self.alignment.rows)

    def values(self, sheet: int, name: str, missing: Missing = "skip") -> Floats:
        """A metric of one evaluation over all rows."""
        key = (sheet, name, missing)
        if key not in self._cache:
            own = self.sheets[sheet].by_row(name, missing).mean
            self._cache[key] = self.alignment.spread(sheet, own)
        return self._cache[key]

    def chosen(self, query: RowQuery) -> Sequence[int]:
        """Places of the rows that are asked for, in order.

        Raises:
            BadRequest: The filter or the order cannot be understood.
        """
        places: Sequence[int] = range(len(self.alignment.rows))
        if query.digests:
            wanted = set(query.digests)
            places = [place for place in places if self.alignment.rows[place] in wanted]
        if query.only:
            kept = self._only(query)
            places = [place for place in places if kept[place]]
        if query.filter:
            tree = expression.parse(query.filter, self._kind)
            places = [
                place
                for place in places
                if rules.matches(tree, self._lookup(place, query.missing), self._kind)
            ]
        if query.search:
            found = self._search(query.search)
            places = [place for place in places if self.alignment.rows[place] in found]
        return self._sorted(places, query) if query.sort else places

    def page(self, places: Sequence[int], missing: Missing = "skip") -> Sequence[ComparedRow]:
        """Rows with what they hold."""
        digests = [self.alignment.rows[place] for place in places]
        texts = self.texts(digests)
        firsts = [self._firsts(number, digests) for number in range(len(self.sheets))]
        return [
            ComparedRow(
                digest=digest,
                position=self._positions.get(digest),
                inputs=texts.get(digest),
                cells=tuple(
                    self._cell(number, digest, firsts[number], missing)
                    for number in range(len(self.sheets))
                ),
            )
            for digest in digests
        ]

    def texts(self, digests: Sequence[str]) -> Mapping[str, str]:
        """Those of the examples that can be read, as JSON by their digests."""
        return self._examples.texts(self._evaluations, self.sheets, digests)

    def field(self, text: str) -> Path:
        """The path of a field's name.

        Raises:
            BadRequest: There is no such field.
        """
        path = expression.parse_path(text)
        self._kind(path)
        return path

    def look_up(self, place: int, path: Path, missing: Missing = "skip") -> Any:
        """The value of a field of one row; numbers, texts, truth values, or none."""
        digest = self.alignment.rows[place]
        if path[0] == "inputs":
            return self.inputs.get(digest, {}).get(path)
        number, rest = self._whose(path)
        sheet = self.sheets[number]
        if digest not in sheet.index:
            return None
        if rest[0] in _STATES and len(rest) == 1:
            return self._state(sheet, digest, rest[0])
        column = sheet.columns.get(metric_name(rest))
        if column is None:
            return None
        value = float(self.values(number, column.name, missing)[place])
        return None if math.isnan(value) else shown(column, value)

    def _whose(self, path: Path) -> tuple[int, Path]:
        letters = LETTERS[: len(self.sheets)]
        if len(path[0]) == 1 and path[0] in letters and len(path) > 1:
            return letters.index(path[0]), path[1:]
        return 0, path

    def _kind(self, path: Path) -> Kind:
        _, rest = self._whose(path)
        if path[0] == "inputs" and len(path) > 1:
            return Kind.ANY
        if rest[0] in ("scores", "output") or rest in (("latency",), ("tokens",), ("cost",)):
            return Kind.ANY
        if rest[0] in _STATES and len(rest) == 1:
            return Kind.TEXT if rest[0] == "status" else Kind.NUMBER
        raise BadRequest(
            f"Rows have no field `{'.'.join(path)[:200]}`",
            hint="use inputs.…, scores.…, output.…, latency, tokens, cost, status, trials, done or "
            "failed; with several evaluations a letter before it: B.scores.…",
        )

    def _lookup(self, place: int, missing: Missing) -> Callable[[Path], Any]:
        return lambda path: self.look_up(place, path, missing)

    def _state(self, sheet: Sheet, digest: str, name: str) -> Any:
        own = sheet.trials_of[sheet.index[digest]]
        done = sum(sheet.trials[trial].done for trial in own)
        failed = sum(sheet.trials[trial].failed for trial in own)
        if name == "status":
            return state(len(own), done, failed)
        return {"trials": len(own), "done": done, "failed": failed}[name]

    def _only(self, query: RowQuery) -> np.ndarray[Any, np.dtype[np.bool_]]:
        what, _, name = (query.only or "").partition(":")
        known = {name for sheet in self.sheets for name in sheet.columns}
        if what not in ("disagree", "worse", "better") or name not in known:
            raise BadRequest(
                f"`only` cannot be `{(query.only or '')[:200]}`",
                hint="write disagree:METRIC, worse:METRIC or better:METRIC with a metric that one "
                "of the evaluations has",
            )
        texts = self._labels(name, query.missing)
        base = texts[0]
        kept = np.zeros(len(self.alignment.rows), dtype=bool)
        lower = minimized(name, query.minimize)
        for other in texts[1:]:
            both = ~(np.isnan(base) | np.isnan(other))
            if what == "disagree":
                kept |= both & (base != other)
            else:
                kept |= both & ((other < base) if (what == "worse") != lower else (other > base))
        return kept

    def _labels(self, name: str, missing: Missing) -> list[Floats]:
        """A metric of all evaluations, categories with codes that mean the same in all."""
        columns = [sheet.columns.get(name) for sheet in self.sheets]
        labels = sorted({label for column in columns if column for label in column.labels})
        codes = {label: float(code) for code, label in enumerate(labels)}
        found: list[Floats] = []
        for number, column in enumerate(columns):
            values = self.values(number, name, missing)
            if column is not None and column.type == "category":
                there = ~np.isnan(values)
                table = np.array([codes[label] for label in column.labels])
                values = values.copy()
                values[there] = table[values[there].astype(np.int64)]
            found.append(values)
        return found

    def _search(self, text: str) -> Collection[str]:
        folded = text.lower()
        texts = self.texts(self.alignment.rows)
        found = {row for row, example in texts.items() if folded in example.lower()}
        for evaluation, sheet in zip(self._evaluations, self.sheets, strict=True):
            query = CallQuery(
                project=evaluation.call.project,
                filter=CallFilter(parent_ids=(evaluation.id,)),
                condition=Contains(Field(("output",)), Literal(text), ignore_case=True),
            )
            rows = {trial.call: trial.row for trial in sheet.trials}
            found |= {rows[id] for _, id in self._calls.places(query) if id in rows}
        return found

    def _sorted(self, places: Sequence[int], query: RowQuery) -> Sequence[int]:
        text = query.sort or ""
        descending = text.startswith("-")
        name = text.removeprefix("-")
        if name.startswith("difference."):
            metric = name.removeprefix("difference.")
            if len(self.sheets) < 2:
                raise BadRequest("A difference needs two evaluations")
            apart = self.values(1, metric, query.missing) - self.values(0, metric, query.missing)

            def value(place: int) -> Any:
                number = float(apart[place])
                return None if math.isnan(number) else number
        else:
            path = self.field(name)

            def value(place: int) -> Any:
                return self.look_up(place, path, query.missing)

        known = [(value(place), place) for place in places]
        there = [(_comparable(found), place) for found, place in known if found is not None]
        there.sort(key=lambda entry: entry[0], reverse=descending)
        return [place for _, place in there] + [place for found, place in known if found is None]

    def _firsts(self, number: int, digests: Sequence[str]) -> Mapping[str, Call]:
        """The trials that stand for their rows, with their outputs, by id."""
        sheet, evaluation = self.sheets[number], self._evaluations[number]
        wanted = [sheet.trials[self._first(sheet, row)] for row in digests if row in sheet.index]
        if not wanted:
            return {}
        starts = [trial.started_at for trial in wanted]
        query = CallQuery(
            project=evaluation.call.project,
            filter=CallFilter(
                ids=tuple(trial.call for trial in wanted), since=min(starts), until=max(starts) + 1
            ),
            limit=len(wanted),
            bodies=frozenset({"output"}),
        )
        return {call.id: call for call in self._calls.page(query)}

    @staticmethod
    def _first(sheet: Sheet, digest: str) -> int:
        own = sheet.trials_of[sheet.index[digest]]
        return next((trial for trial in own if sheet.trials[trial].done), own[0])

    def _cell(
        self, number: int, digest: str, firsts: Mapping[str, Call], missing: Missing
    ) -> RowCell | None:
        sheet = self.sheets[number]
        if digest not in sheet.index:
            return None
        own = sheet.trials_of[sheet.index[digest]]
        trials = [sheet.trials[trial] for trial in own]
        values: dict[str, CellValue] = {}
        place = self.alignment.place[digest]
        for name, column in sheet.columns.items():
            mean = float(self.values(number, name, missing)[place])
            if math.isnan(mean):
                continue
            some = sheet.filled(name, missing)[own] if len(own) > 1 else None
            values[name] = _cell_value(column, mean, some)
        first = sheet.trials[self._first(sheet, digest)]
        return RowCell(
            calls=tuple(trial.call for trial in trials),
            done=sum(trial.done for trial in trials),
            failed=sum(trial.failed for trial in trials),
            values=values,
            first=firsts.get(first.call),
        )


def shown(column: Column, value: float) -> Value:
    """A row's value as people read it: a mean of truth values over trials stays a number."""
    if column.type == "category":
        return column.labels[int(value)]
    return bool(value) if column.type == "boolean" and value in (0.0, 1.0) else value


def _cell_value(column: Column, mean: float, trials: Floats | None) -> CellValue:
    if trials is None:
        return CellValue(shown(column, mean), 1)
    known = trials[~np.isnan(trials)]
    if column.type == "category":
        return CellValue(shown(column, mean), len(known))
    return CellValue(
        mean,
        len(known),
        float(known.std(ddof=1)) if len(known) > 1 else None,
        float(known.min()),
        float(known.max()),
    )


def _comparable(value: Any) -> tuple[int, float, str]:
    if isinstance(value, str):
        return 1, 0.0, value
    return 0, float(value), ""
