"""Calls in memory: what the port means, said in Python."""

from __future__ import annotations

import math
import threading
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from kiseki_server.domain.calls import rules
from kiseki_server.domain.calls.evaluation import (
    Instant,
    evaluate,
    holds,
    number_of,
    paths_of,
    text_of,
)
from kiseki_server.domain.calls.query import BODIES, TIMES, Field, is_dynamic
from kiseki_server.domain.calls.store import (
    ANY_VERSION,
    STARTED,
    Bucket,
    CallFilter,
    CallQuery,
    Facet,
    Rates,
    Sort,
    Spread,
    ThreadRow,
    UsageBucket,
    UsageSpread,
    Writes,
)
from kiseki_server.domain.calls.types import Call, CallKey, End, Status, Usage
from kiseki_server.kit.ids import ProjectId
from kiseki_server.kit.json import from_text

_DAY = 86_400_000_000
_SAMPLE = 500
_EMPTY = {"attributes": "{}", "inputs": "{}", "output": "null", "summary": "{}", "otel": None}


class MemoryCallStore:
    """A `CallStore` gone with the process."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._calls: dict[CallKey, Call] = {}
        self._waiting: dict[CallKey, End] = {}
        self._deleted: set[CallKey] = set()
        self._places: dict[CallKey, int] = {}
        self._place = 0
        self._names: dict[CallKey, str | None] = {}

    def pending(
        self, keys: Collection[CallKey]
    ) -> tuple[Mapping[CallKey, Call], Mapping[CallKey, End]]:
        with self._lock:
            opened = {
                key: call
                for key in keys
                if (call := self._calls.get(key)) is not None and call.ended_at is None
            }
            return opened, {key: self._waiting[key] for key in keys if key in self._waiting}

    def find(
        self,
        project: ProjectId,
        ids: Collection[str],
        started: tuple[int, int] | None = None,
    ) -> Mapping[str, Call]:
        low, high = started or (-math.inf, math.inf)
        with self._lock:
            found = [self._calls[(project, id)] for id in ids if (project, id) in self._calls]
            return {call.id: self._named(call) for call in found if low <= call.started_at <= high}

    def write(self, writes: Writes) -> None:
        with self._lock:
            calls = (*writes.opened, *writes.finished)
            for project, below in rules.below(calls, self._deleted).items():
                self._deleted |= {(project, id) for id in below}
            for call in calls:
                if call.key in self._deleted:
                    continue
                if call.ended_at is not None and self._calls.get(call.key) != call:
                    self._place += 1
                    self._places[call.key] = self._place
                self._calls[call.key] = call
            for key in writes.closed:
                self._waiting.pop(key, None)
            self._waiting.update(
                {end.key: end for end in writes.waiting if end.key not in self._deleted}
            )

    def page(self, query: CallQuery) -> Sequence[Call]:
        return [_cut(call, query.bodies) for call in self._selected(query)]

    def places(self, query: CallQuery) -> Sequence[tuple[int, str]]:
        return [(call.started_at, call.id) for call in self._selected(query)]

    def at(
        self, project: ProjectId, places: Sequence[tuple[int, str]], bodies: frozenset[str]
    ) -> Sequence[Call]:
        found = self.find(project, [id for _, id in places])
        return [_cut(found[id], bodies) for _, id in places if id in found]

    def count(self, query: CallQuery) -> int:
        matching = len(self._matching(query))
        return matching if query.limit is None else min(matching, query.limit)

    def sizes(self, query: CallQuery) -> Mapping[str, int]:
        traces = {call.trace_id for call in self._matching(query)}
        sizes: Counter[str] = Counter()
        with self._lock:
            for call in self._calls.values():
                if call.project == query.project and call.trace_id in traces:
                    sizes[call.trace_id] += rules.size(call)
        return sizes

    def stored(self, project: ProjectId) -> int:
        with self._lock:
            return sum(rules.size(call) for call in self._calls.values() if call.project == project)

    def newest(self, project: ProjectId) -> int:
        with self._lock:
            own = (place for key, place in self._places.items() if key[0] == project)
            return max(own, default=0)

    def stored_after(
        self, project: ProjectId, place: int, limit: int, *, through: int | None = None
    ) -> Sequence[tuple[int, Call]]:
        with self._lock:
            found = sorted(
                (at, key)
                for key, at in self._places.items()
                if key[0] == project
                and key in self._calls
                and at > place
                and (through is None or at <= through)
            )
            return [(at, self._named(self._calls[key])) for at, key in found[:limit]]

    def family(self, project: ProjectId, trace_ids: Collection[str]) -> Sequence[Call]:
        wanted = frozenset({"summary"})
        query = CallQuery(
            project=project, filter=CallFilter(trace_ids=tuple(trace_ids)), bodies=wanted
        )
        return self.page(query) if trace_ids else []

    def delete(self, project: ProjectId, ids: Collection[str]) -> int:
        with self._lock:
            keys = {(project, id) for id in ids}
            there = sum(self._calls.pop(key, None) is not None for key in keys)
            self._deleted |= keys
            for key in keys:
                self._waiting.pop(key, None)
            return there

    def rename(self, project: ProjectId, id: str, name: str | None) -> None:
        with self._lock:
            self._names[(project, id)] = name

    def forget(self, project: ProjectId) -> None:
        with self._lock:
            for kept in (self._calls, self._waiting, self._names, self._places):
                for key in [key for key in kept if key[0] == project]:
                    del kept[key]
            self._deleted = {key for key in self._deleted if key[0] != project}

    def expire(self, now: int) -> None:
        with self._lock:
            for call in list(self._calls.values()):
                if call.expires_at is not None and call.expires_at <= now:
                    del self._calls[call.key]
            for end in list(self._waiting.values()):
                if end.received_at <= now - _DAY:
                    del self._waiting[end.key]

    def timeline(
        self, query: CallQuery, start: int, end: int, step: int, levels: Sequence[float]
    ) -> Sequence[Bucket]:
        buckets: dict[int, list[Call]] = defaultdict(list)
        for call in self._between(query, start, end):
            buckets[start + (call.started_at - start) // step * step].append(call)
        return [_bucket(at, calls, levels) for at, calls in sorted(buckets.items())]

    def usage(
        self, query: CallQuery, start: int, end: int, step: int, dates: Sequence[int]
    ) -> Sequence[UsageBucket]:
        sums: dict[tuple[int, str, int], list[int]] = {}
        for call in self._between(query, start, end):
            at = start + (call.started_at - start) // step * step
            period = sum(date <= call.started_at for date in dates)
            for used in rules.usage(call):
                row = sums.setdefault((at, used.model, period), [0] * 7)
                for place, count in enumerate(
                    (
                        1,
                        used.requests,
                        used.prompt_tokens,
                        used.completion_tokens,
                        used.total_tokens,
                        used.cache_read_tokens,
                        used.cache_write_tokens,
                    )
                ):
                    row[place] += count
        return [UsageBucket(*key, *row) for key, row in sorted(sums.items())]

    def usage_spread(
        self,
        query: CallQuery,
        start: int,
        end: int,
        step: int,
        names: Sequence[str],
        levels: Sequence[float],
        dates: Sequence[int],
        rates: Mapping[tuple[str, int], Rates],
    ) -> Sequence[UsageSpread]:
        values: dict[tuple[int, str], list[dict[str, float | None]]] = defaultdict(list)
        for call in self._between(query, start, end):
            at = start + (call.started_at - start) // step * step
            period = sum(date <= call.started_at for date in dates)
            for used in rules.usage(call):
                values[(at, used.model)].append(_used(used, rates.get((used.model, period))))
        return [
            UsageSpread(
                *key, {name: _spread([each[name] for each in of], levels) for name in names}
            )
            for key, of in sorted(values.items())
        ]

    def threads(self, query: CallQuery) -> Sequence[ThreadRow]:
        threads: dict[str, list[Call]] = defaultdict(list)
        for call in self._matching(query):
            if call.thread_id is not None and call.turn_id == call.id:
                threads[call.thread_id].append(call)
        rows = [_thread(id, turns) for id, turns in threads.items()]
        rows.sort(key=lambda row: row.id)
        rows.sort(key=lambda row: row.last_updated, reverse=True)
        end = None if query.limit is None else query.offset + query.limit
        return rows[query.offset : end]

    def facets(self, query: CallQuery, field: Field, limit: int) -> Sequence[Facet]:
        counts = Counter(
            text for call in self._matching(query) if (text := _text(call, field)) is not None
        )
        rows = sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))
        return [Facet(value, calls) for value, calls in rows[:limit]]

    def fields(self, query: CallQuery, limit: int) -> Sequence[tuple[str, ...]]:
        newest = sorted(
            self._matching(query), key=lambda call: (call.started_at, call.id), reverse=True
        )
        paths: set[tuple[str, ...]] = set()
        for call in newest[:_SAMPLE]:
            for body in BODIES:
                paths.update(paths_of((body,), from_text(getattr(call, body))))
        return sorted(paths)[:limit]

    def _named(self, call: Call) -> Call:
        if call.key not in self._names:
            return call
        return replace(call, display_name=self._names[call.key])

    def _matching(self, query: CallQuery) -> list[Call]:
        with self._lock:
            calls = [
                self._named(call) for call in self._calls.values() if call.project == query.project
            ]
        return [
            call
            for call in calls
            if passes(query.filter, call)
            and (query.condition is None or holds(query.condition, call))
        ]

    def _between(self, query: CallQuery, start: int, end: int) -> Iterable[Call]:
        return (call for call in self._matching(query) if start <= call.started_at < end)

    def _selected(self, query: CallQuery) -> list[Call]:
        calls = sorted(self._matching(query), key=lambda call: (call.started_at, call.id))
        if query.after is not None:
            backwards = bool(query.sort) and query.sort[-1].descending
            calls = [
                call
                for call in calls
                if (
                    (call.started_at, call.id) < query.after
                    if backwards
                    else (call.started_at, call.id) > query.after
                )
            ]
        if query.sort:
            last = query.sort[-1]
            by_time = last.field == STARTED
            calls.sort(key=lambda call: call.id, reverse=not by_time or last.descending)
        for sort in reversed(query.sort):
            calls = _sorted(calls, sort)
        end = None if query.limit is None else query.offset + query.limit
        return calls[query.offset : end]


def passes(filter: CallFilter, call: Call) -> bool:
    """Whether a call fulfils the simple conditions."""
    equal = (
        (filter.ids, call.id),
        (filter.parent_ids, call.parent_id),
        (filter.trace_ids, call.trace_id),
        (filter.runs, call.run),
        (filter.users, call.user),
    )
    return (
        all(not wanted or value in wanted for wanted, value in equal)
        and (filter.thread_ids is None or call.thread_id in filter.thread_ids)
        and (filter.turn_ids is None or call.turn_id in filter.turn_ids)
        and (not filter.ops or any(_is_op(call, op) for op in filter.ops))
        and _refers(filter.input_refs, call.input_refs)
        and _refers(filter.output_refs, call.output_refs)
        and not (filter.roots_only and call.parent_id is not None)
        and (filter.since is None or call.started_at >= filter.since)
        and (filter.until is None or call.started_at < filter.until)
    )


def _is_op(call: Call, op: str) -> bool:
    return call.op.startswith(op[:-1]) if op.endswith(ANY_VERSION) else call.op == op


def _refers(wanted: Sequence[str], refs: Sequence[str]) -> bool:
    return not wanted or any(
        ref.startswith(want[:-1]) if want.endswith(ANY_VERSION) else ref == want
        for want in wanted
        for ref in refs
    )


def _sorted(calls: list[Call], sort: Sort) -> list[Call]:
    """Stable, with calls that have no value last in both directions."""
    if is_dynamic(sort.field):
        texts = [(str(evaluate(sort.field, call)), call) for call in calls]
        there = [(number_of(text), text, call) for text, call in texts if text]
        numbers = [entry for entry in there if entry[0] is not None]
        words = [entry for entry in there if entry[0] is None]
        numbers.sort(key=lambda entry: entry[0] or 0.0, reverse=sort.descending)
        words.sort(key=lambda entry: entry[1].encode(), reverse=sort.descending)
        absent = [call for text, call in texts if not text]
        return [entry[2] for entry in (*numbers, *words)] + absent
    values = [(evaluate(sort.field, call), call) for call in calls]
    known = [(value, call) for value, call in values if value is not None]
    known.sort(key=lambda entry: _comparable(entry[0]), reverse=sort.descending)
    return [call for _, call in known] + [call for value, call in values if value is None]


def _comparable(value: object) -> tuple[float, bytes]:
    if isinstance(value, Instant):
        return (float(value.microseconds), b"")
    if isinstance(value, int | float):
        return (float(value), b"")
    return (0.0, str(value).encode())


def _text(call: Call, field: Field) -> str | None:
    if field.path[0] in TIMES:
        return None
    value = evaluate(field, call)
    return None if value in (None, "") else text_of(value)


def _cut(call: Call, bodies: frozenset[str]) -> Call:
    missing = {name: empty for name, empty in _EMPTY.items() if name not in bodies}
    large = tuple(each for each in call.large if each.body in bodies)
    return replace(call, **missing, large=large) if missing else call  # pyright: ignore[reportArgumentType]


def _bucket(at: int, calls: Sequence[Call], levels: Sequence[float]) -> Bucket:
    latencies = sorted(
        (call.ended_at - call.started_at) / 1_000 for call in calls if call.ended_at is not None
    )
    return Bucket(
        start=at,
        calls=len(calls),
        errors=sum(rules.status(call) is Status.ERROR for call in calls),
        latencies=len(latencies),
        latency_sum=math.fsum(latencies),
        latency_min=latencies[0] if latencies else None,
        latency_max=latencies[-1] if latencies else None,
        quantiles=tuple(quantile(latencies, level) for level in levels) if latencies else (),
    )


def _used(used: Usage, rate: Rates | None) -> dict[str, float | None]:
    cached = used.cache_read_tokens + used.cache_write_tokens
    plain = used.prompt_tokens - cached if used.prompt_tokens >= cached else used.prompt_tokens
    prompt = rate and (
        plain * rate.prompt
        + used.cache_read_tokens * rate.cache_read
        + used.cache_write_tokens * rate.cache_write
    )
    completion = rate and used.completion_tokens * rate.completion
    return {
        "prompt_tokens": used.prompt_tokens,
        "completion_tokens": used.completion_tokens,
        "total_tokens": used.total_tokens,
        "cache_read_tokens": used.cache_read_tokens,
        "cache_write_tokens": used.cache_write_tokens,
        "prompt_cost": prompt,
        "completion_cost": completion,
        "total_cost": None if prompt is None or completion is None else prompt + completion,
    }


def _spread(values: Sequence[float | None], levels: Sequence[float]) -> Spread:
    known = sorted(value for value in values if value is not None)
    return Spread(
        count=len(known),
        sum=math.fsum(known),
        min=known[0] if known else None,
        max=known[-1] if known else None,
        quantiles=tuple(quantile(known, level) for level in levels) if known else (),
    )


def _thread(id: str, turns: list[Call]) -> ThreadRow:
    turns.sort(key=lambda call: (call.started_at, call.id))
    latencies = sorted(
        (turn.ended_at - turn.started_at) / 1_000 for turn in turns if turn.ended_at is not None
    )
    return ThreadRow(
        id=id,
        turns=len(turns),
        started_at=turns[0].started_at,
        last_updated=max(turn.ended_at or turn.started_at for turn in turns),
        first_turn=turns[0].id,
        last_turn=turns[-1].id,
        p50_ms=quantile(latencies, 0.5) if latencies else None,
        p99_ms=quantile(latencies, 0.99) if latencies else None,
    )


def quantile(values: Sequence[float], level: float) -> float:
    """Linear interpolation between the sorted values (type 7 of Hyndman and Fan, 1996)."""
    place = (len(values) - 1) * level
    low = math.floor(place)
    high = min(low + 1, len(values) - 1)
    return values[low] + (values[high] - values[low]) * (place - low)
