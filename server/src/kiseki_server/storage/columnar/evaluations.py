"""What evaluations need of calls, from the columnar engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kiseki_server.domain.calls.store import CallQuery
from kiseki_server.domain.calls.types import Usage
from kiseki_server.domain.evaluations.store import Outline, Place, Tally
from kiseki_server.storage.columnar.calls import ColumnarCallStore

OUTLINES = """
SELECT * FROM ({source}) {used} ORDER BY started_at, id{limit}
"""
"""Calls with places of their bodies."""

TALLIES = """
SELECT assumeNotNull(parent_id) AS parent, count() AS calls, count(ended_at) AS ended,
  countIf(isNotNull(exception) OR failed) AS failed,
  max(ifNull(ended_at, started_at)) AS last,
  sum(cityHash64(id, version)) AS mark
FROM ({source}) WHERE isNotNull(parent_id) GROUP BY parent
"""
"""Calls counted by the call above them."""

ENTRIES = """
concat('{', arrayStringConcat(arrayMap(
  entry -> concat(toJSONString(entry.1), ':', entry.2),
  arrayFilter(entry -> length(entry.2) <= {entry}, JSONExtractKeysAndValuesRaw({raw}))
), ','), '}')
"""
"""The short entries of a map."""

_COUNTS = (
    "requests",
    "prompt_tokens",
    "completion_tokens",
    "total_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
)
_COLUMNS = (
    "id",
    "parent_id",
    "op",
    "op_name",
    "started_at",
    "ended_at",
    "exception",
    "failed",
    "input_refs",
    "models",
    *_COUNTS,
)


class ColumnarEvaluationStore:
    """An `EvaluationStore` over the calls in chDB or ClickHouse."""

    def __init__(self, calls: ColumnarCallStore) -> None:
        self._calls = calls

    def outlines(
        self, query: CallQuery, places: Sequence[Place], *, used: bool = False
    ) -> Sequence[Outline]:
        parameters: dict[str, Any] = {}
        texts = [_text(place, number, parameters) for number, place in enumerate(places)]
        columns = [*_COLUMNS, *(f"{sql} AS text{number}" for number, sql in enumerate(texts))]
        sql = OUTLINES.replace("{used}", "WHERE notEmpty(models)" if used else "")
        limit = "" if query.limit is None else f" LIMIT {query.limit:d}"
        found = self._calls.read(sql.replace("{limit}", limit), query, columns, parameters)
        if not found.num_columns:
            return []
        values: list[list[Any]] = [
            found.column(name).to_pylist()
            for name in (*_COLUMNS, *(f"text{number}" for number in range(len(places))))
        ]
        return [_outline(row) for row in zip(*values, strict=True)]

    def tallies(self, query: CallQuery) -> Mapping[str, Tally]:
        columns = ["parent_id", "started_at", "ended_at", "exception", "failed", "id", "version"]
        rows = self._calls.read(TALLIES, query, columns, {}).to_pylist()
        return {
            row["parent"]: Tally(
                calls=row["calls"],
                ended=row["ended"],
                failed=row["failed"],
                last=row["last"],
                mark=row["mark"],
            )
            for row in rows
        }


def _text(place: Place, number: int, parameters: dict[str, Any]) -> str:
    body, *keys = place.path
    names = [f"place{number}_{step}" for step in range(len(keys))]
    parameters.update(zip(names, keys, strict=True))
    arguments = ", ".join([body, *(f"{{{name}:String}}" for name in names)])
    raw = f"JSONExtractRaw({arguments})" if keys else body
    long = "''"
    if place.entry:
        entries = ENTRIES.replace("{raw}", raw).replace("{entry}", f"{place.entry:d}")
        long = f"if(startsWith({raw}, '{{'), {entries}, '')"
    return f"if(length({raw}) > {place.longest:d}, {long}, {raw})"


def _outline(row: tuple[Any, ...]) -> Outline:
    id, parent, op, op_name, started, ended, exception, failed, refs, models, *rest = row
    counts, texts = rest[:6], rest[6:]
    usage = tuple(
        Usage(model=model, **dict(zip(_COUNTS, numbers, strict=True)))
        for model, *numbers in zip(models, *counts, strict=True)
    )
    return Outline(
        id=id,
        parent_id=parent,
        op=op,
        op_name=op_name,
        started_at=started,
        ended_at=ended,
        exception=exception,
        failed=bool(failed) or exception is not None,
        input_refs=tuple(refs),
        usage=usage,
        texts=tuple(texts),
    )
