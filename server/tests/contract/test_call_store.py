"""What every store of calls does, and that all engines understand conditions alike."""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from kiseki_server.domain.calls import query as q
from kiseki_server.domain.calls.store import (
    CallFilter,
    CallQuery,
    CallStore,
    Facet,
    Rates,
    Sort,
    Spread,
    Writes,
)
from kiseki_server.domain.calls.types import Call, End, Source
from kiseki_server.kit.ids import ProjectId
from kiseki_server.kit.json import to_text
from kiseki_server.storage.columnar.calls import ColumnarCallStore
from kiseki_server.storage.columnar.engine import ClientPool
from kiseki_server.storage.memory.calls import MemoryCallStore

MS = 1_000
SECOND = 1_000_000
NOON = 1_764_504_000 * SECOND
_numbers = itertools.count(secrets.randbelow(1 << 40) << 20)

Calls = Callable[..., Call]


@pytest.fixture
def store(pool: ClientPool | None) -> CallStore:
    return MemoryCallStore() if pool is None else ColumnarCallStore(pool)


@pytest.fixture
def project() -> ProjectId:
    return ProjectId(next(_numbers))


@pytest.fixture
def call(project: ProjectId) -> Calls:
    """Makes finished calls, one second after the other."""
    numbers = itertools.count()

    def make(id: str | None = None, **given: Any) -> Call:
        number = next(numbers)
        id = id or f"call-{number}"
        for body in ("inputs", "output", "attributes", "summary"):
            if body in given and not isinstance(given[body], str):
                given[body] = to_text(given[body])
        values: dict[str, Any] = {
            "trace_id": f"trace-of-{id}",
            "op": f"weave-trace-internal:///{project}/op/answer:v{number % 2}",
            "op_name": "answer",
            "source": Source.WEAVE,
            "started_at": NOON + number * SECOND,
            "ended_at": NOON + number * SECOND + 250 * MS,
        }
        return Call(id=id, project=project, **{**values, **given})

    return make


def ids(calls: Sequence[Call]) -> list[str]:
    return [each.id for each in calls]


def asked(project: ProjectId, store: CallStore, **given: Any) -> list[str]:
    given.setdefault("limit", 100)
    query = CallQuery(project=project, **given)
    calls = ids(store.page(query))
    assert [id for _, id in store.places(query)] == calls
    return calls


def test_a_call_comes_back_whole(store: CallStore, call: Calls, project: ProjectId) -> None:
    whole = call(
        parent_id="parent",
        thread_id="thread",
        turn_id="turn",
        op_digest="abc",
        display_name="Ask 日本",
        exception="ValueError: ü",
        attributes={"weave": {"source": "python"}, "a.b": {"": 1}},
        inputs={"n": 1.0, "big": 12345678901234567890123, "text": "x" * 5_000, "null": None},
        output=[1, 2.5, "drei", None, True],
        summary={"usage": {"gpt": {"prompt_tokens": 3}}, "status_counts": {"error": 1}},
        otel='{"name":"span"}',
        input_refs=("weave-trace-internal:///1/object/a:b",),
        output_refs=("x", "y"),
        user="me",
        run="run-1",
        run_step=3,
        run_step_end=4,
        expires_at=NOON * 2,
    )
    bare = call(output=None)
    store.write(Writes(finished=[whole, bare]))
    assert store.find(project, [whole.id, bare.id, "no such"]) == {
        whole.id: whole,
        bare.id: bare,
    }
    light = store.page(CallQuery(project=project, limit=1, bodies=frozenset({"output"})))
    assert light == [replace(whole, attributes="{}", inputs="{}", summary="{}", otel=None)]
    assert store.find(ProjectId(next(_numbers)), [whole.id]) == {}


def test_a_call_sent_twice_is_one(store: CallStore, call: Calls, project: ProjectId) -> None:
    first, second = call("first"), call("second", output=1)
    store.write(Writes(finished=[first, second]))
    store.write(Writes(finished=[first]))
    assert asked(project, store) == ["first", "second"]
    changed = replace(second, output="2")
    store.write(Writes(finished=[changed]))
    assert asked(project, store) == ["first", "second"]
    assert store.count(CallQuery(project=project)) == 2
    assert store.find(project, ["second"])["second"] == changed


def test_an_open_call_is_seen_until_it_has_ended(
    store: CallStore, call: Calls, project: ProjectId
) -> None:
    before, started, after = call("before"), call("open", ended_at=None), call("after")
    store.write(Writes(finished=[before, after], opened=[started]))
    assert asked(project, store) == ["before", "open", "after"]
    assert asked(project, store, limit=1, offset=1) == ["open"]
    descending = (Sort(q.Field(("started_at",)), descending=True),)
    assert asked(project, store, sort=descending) == ["after", "open", "before"]
    assert store.pending([started.key, before.key]) == ({started.key: started}, {})
    assert store.find(project, ["open"]) == {"open": started}
    running = q.Eq(q.Field(("summary", "weave", "status")), q.Literal("running"))
    assert asked(project, store, condition=running) == ["open"]
    assert store.count(CallQuery(project=project, limit=2)) == 2

    ended = replace(started, ended_at=started.started_at + 5, output="42")
    store.write(Writes(finished=[ended], closed=[started.key]))
    assert asked(project, store) == ["before", "open", "after"]
    assert store.find(project, ["open"]) == {"open": ended}
    assert store.pending([started.key]) == ({}, {})


def test_an_end_waits_for_its_start(store: CallStore, call: Calls, project: ProjectId) -> None:
    end = End(id="late", project=project, ended_at=NOON + 5, received_at=NOON, output='"x"')
    store.write(Writes(waiting=[end]))
    assert asked(project, store) == []
    assert store.pending([end.key]) == ({}, {end.key: end})
    store.expire(NOON + 23 * 3_600 * SECOND)
    assert store.pending([end.key]) == ({}, {end.key: end})
    store.expire(NOON + 25 * 3_600 * SECOND)
    assert store.pending([end.key]) == ({}, {})


def test_deleted_calls_stay_deleted(store: CallStore, call: Calls, project: ProjectId) -> None:
    gone, kept, running = call("gone"), call("kept"), call("running", ended_at=None)
    store.write(Writes(finished=[gone, kept], opened=[running]))
    assert store.delete(project, ["gone", "running", "never seen"]) == 2
    assert asked(project, store) == ["kept"]
    store.write(Writes(finished=[gone, call("never seen")], opened=[running]))
    assert asked(project, store) == ["kept"]
    assert store.find(project, ["gone"]) == {}
    # What comes below them later goes the same way, in one write or in several.
    below = call("below", parent_id="gone")
    deeper = call("deeper", parent_id="below", ended_at=None)
    store.write(Writes(finished=[below], opened=[deeper]))
    store.write(
        Writes(finished=[call("deepest", parent_id="deeper"), call("own", parent_id="kept")])
    )
    assert asked(project, store) == ["kept", "own"]
    assert store.pending([deeper.key]) == ({}, {})


def test_a_new_name_holds_everywhere(store: CallStore, call: Calls, project: ProjectId) -> None:
    one, two = call("one", display_name="before"), call("two")
    store.write(Writes(finished=[one, two]))
    store.rename(project, "one", "after")
    store.rename(project, "two", "zwei")
    assert store.find(project, ["one"])["one"].display_name == "after"
    named = q.Eq(q.Field(("summary", "weave", "trace_name")), q.Literal("after"))
    assert asked(project, store, condition=named) == ["one"]
    store.rename(project, "one", None)
    assert store.find(project, ["one"])["one"].display_name is None
    assert asked(project, store, condition=q.Eq(q.Field(("display_name",)), q.Literal(None))) == [
        "one"
    ]


def test_simple_conditions(store: CallStore, call: Calls, project: ProjectId) -> None:
    ref = f"weave-trace-internal:///{project}/object/data:abc"
    root = call("root", trace_id="t", input_refs=(ref,), user="me", run="r1", thread_id="th")
    child = call(
        "child", trace_id="t", parent_id="root", output_refs=(f"{ref}/attr/x",), turn_id="root"
    )
    other = call("other", op="plain", op_name="plain", run="r2", user="you")
    store.write(Writes(finished=[root, child, other]))
    any_op = f"weave-trace-internal:///{project}/op/answer:*"
    any_ref = f"weave-trace-internal:///{project}/object/data:*"
    for filter, expected in (
        (CallFilter(ops=(any_op,)), ["root", "child"]),
        (CallFilter(ops=(root.op,)), ["root"]),
        (CallFilter(ops=("plain", any_op)), ["root", "child", "other"]),
        (CallFilter(input_refs=(ref,)), ["root"]),
        (CallFilter(output_refs=(ref,)), []),
        (CallFilter(output_refs=(any_ref, "else")), ["child"]),
        (CallFilter(ids=("child", "other", "none")), ["child", "other"]),
        (CallFilter(parent_ids=("root",)), ["child"]),
        (CallFilter(trace_ids=("t",)), ["root", "child"]),
        (CallFilter(runs=("r1", "r2")), ["root", "other"]),
        (CallFilter(users=("you",)), ["other"]),
        (CallFilter(thread_ids=("th",)), ["root"]),
        (CallFilter(thread_ids=()), []),
        (CallFilter(turn_ids=("root",)), ["child"]),
        (CallFilter(roots_only=True), ["root", "other"]),
        (CallFilter(since=child.started_at), ["child", "other"]),
        (CallFilter(until=child.started_at), ["root"]),
        (CallFilter(trace_ids=("t",), roots_only=True), ["root"]),
    ):
        assert asked(project, store, filter=filter) == expected, filter


def test_orders_and_places(store: CallStore, call: Calls, project: ProjectId) -> None:
    calls = [
        call("a", inputs={"x": 10}),
        call("b", inputs={"x": 9.5}),
        call("c", inputs={"x": "text"}),
        call("d", inputs={}),
        call("e", inputs={"x": "Text"}, user="me", ended_at=None),
    ]
    store.write(Writes(finished=calls[:4], opened=calls[4:]))
    by_x = q.Field(("inputs", "x"))
    assert asked(project, store, sort=(Sort(by_x),)) == ["b", "a", "e", "c", "d"]
    assert asked(project, store, sort=(Sort(by_x, descending=True),)) == ["a", "b", "c", "e", "d"]
    by_user = Sort(q.Field(("user",)))
    newest = Sort(q.Field(("started_at",)), descending=True)
    assert asked(project, store, sort=(by_user, newest)) == ["e", "d", "c", "b", "a"]
    assert asked(project, store, sort=(by_user,)) == ["e", "d", "c", "b", "a"]
    assert asked(project, store, sort=(newest,), limit=2, offset=1) == ["d", "c"]
    after = (calls[2].started_at, "c")
    assert asked(project, store, sort=(newest,), after=after) == ["b", "a"]
    assert asked(project, store, after=after) == ["d", "e"]
    places = [(each.started_at, each.id) for each in (calls[3], calls[0], calls[4])]
    found = store.at(project, [*places, (NOON, "gone")], frozenset({"inputs"}))
    assert ids(found) == ["d", "a", "e"]


def test_times_and_tokens_in_buckets(store: CallStore, call: Calls, project: ProjectId) -> None:
    usage = {"usage": {"m": {"prompt_tokens": 5, "completion_tokens": 2, "requests": 1}}}
    calls = [
        call(ended_at=NOON + 100 * MS, summary=usage),
        call(ended_at=NOON + SECOND + 300 * MS, exception="no", summary=usage),
        call(ended_at=None),
        call(summary={"usage": {"n": {"input_tokens": 7, "total_tokens": 9}}}),
    ]
    store.write(Writes(finished=[each for each in calls if each.ended_at], opened=[calls[2]]))
    query = CallQuery(project=project)
    buckets = store.timeline(query, NOON, NOON + 10 * SECOND, 3 * SECOND, (0.5, 0.75))
    assert [(each.start, each.calls, each.errors, each.latencies) for each in buckets] == [
        (NOON, 3, 1, 2),
        (NOON + 3 * SECOND, 1, 0, 1),
    ]
    assert buckets[0].latency_sum == pytest.approx(400)
    assert (buckets[0].latency_min, buckets[0].latency_max) == (100, 300)
    assert buckets[0].quantiles == pytest.approx((200, 250))
    used = store.usage(query, NOON, NOON + 10 * SECOND, 10 * SECOND, [NOON - 1, NOON + SECOND])
    assert [
        (
            u.model,
            u.period,
            u.calls,
            u.requests,
            u.prompt_tokens,
            u.completion_tokens,
            u.total_tokens,
        )
        for u in used
    ] == [("m", 1, 1, 1, 5, 2, 7), ("m", 2, 1, 1, 5, 2, 7), ("n", 2, 1, 0, 7, 0, 9)]
    one = replace(query, filter=CallFilter(until=NOON + SECOND))
    assert [b.calls for b in store.timeline(one, NOON, NOON + 10 * SECOND, SECOND, ())] == [1]


def test_threads_are_made_of_turns(store: CallStore, call: Calls, project: ProjectId) -> None:
    calls = [
        call("a1", thread_id="a", turn_id="a1"),
        call("a1-child", thread_id="a", turn_id="a1"),
        call("b1", thread_id="b", turn_id="b1"),
        call("a2", thread_id="a", turn_id="a2"),
        call("none"),
    ]
    store.write(Writes(finished=calls))
    rows = store.threads(CallQuery(project=project))
    assert [(r.id, r.turns, r.first_turn, r.last_turn) for r in rows] == [
        ("a", 2, "a1", "a2"),
        ("b", 1, "b1", "b1"),
    ]
    assert (rows[0].started_at, rows[0].last_updated) == (calls[0].started_at, calls[3].ended_at)
    assert (rows[0].p50_ms, rows[0].p99_ms) == (250, 250)
    assert [r.id for r in store.threads(CallQuery(project=project, limit=1, offset=1))] == ["b"]


def test_values_and_fields_that_occur(store: CallStore, call: Calls, project: ProjectId) -> None:
    store.write(
        Writes(
            finished=[
                call(
                    inputs={"model": "a", "deep": {"x.y": 1, "日本": True}},
                    output=to_text("long" * 200),
                ),
                call(inputs={"model": "b", "list": [1, 2], "no": None}),
                call(inputs={"model": "a"}),
            ]
        )
    )
    query = CallQuery(project=project)
    model = q.Field(("inputs", "model"))
    assert store.facets(query, model, 10) == [Facet("a", 2), Facet("b", 1)]
    assert store.facets(query, model, 1) == [Facet("a", 2)]
    assert store.facets(query, q.Field(("op_name",)), 5) == [Facet("answer", 3)]
    assert set(store.fields(query, 100)) == {
        ("inputs", "deep", "x.y"),
        ("inputs", "deep", "日本"),
        ("inputs", "model"),
        ("output",),
    }


def test_sizes_and_families_of_traces(store: CallStore, call: Calls, project: ProjectId) -> None:
    root = call("root", trace_id="t", inputs={"x": "日本"})
    child = call("child", trace_id="t", parent_id="root", summary={"status_counts": {"error": 2}})
    other = call("other")
    store.write(Writes(finished=[child, root, other]))
    sizes = store.sizes(CallQuery(project=project, filter=CallFilter(ids=("root",))))
    assert sizes == {"t": len('{"x":"日本"}'.encode()) + 8 + len(child.summary) + 8}
    family = store.family(project, ["t"])
    assert ids(family) == ["root", "child"]
    assert family[1].summary == child.summary
    assert store.family(project, []) == []


def test_calls_expire_and_projects_go(store: CallStore, call: Calls, project: ProjectId) -> None:
    soon, later = call("soon", expires_at=NOON), call("later", expires_at=NOON + 1)
    store.write(Writes(finished=[soon, later], opened=[call("open", ended_at=None)]))
    store.expire(NOON)
    assert asked(project, store) == ["later", "open"]
    store.forget(project)
    assert asked(project, store) == []


def test_a_crash_between_the_two_tables_leaves_one_call(
    chdb_pool: ClientPool, call: Calls, project: ProjectId
) -> None:
    store = ColumnarCallStore(chdb_pool)
    started = call("cut", ended_at=None)
    store.write(Writes(opened=[started]))
    ended = replace(started, ended_at=started.started_at + 1)
    store.write(Writes(finished=[ended]))  # the crash comes before the mark that it is closed
    again = ColumnarCallStore(chdb_pool)
    assert asked(project, again) == ["cut"]
    assert again.pending([started.key]) == ({}, {})
    assert again.find(project, ["cut"]) == {"cut": ended}


# Conditions: every engine agrees with `domain.calls.evaluation`.

_keys = st.sampled_from(["x", "a.b", "0", "日本", "Z_", "deep"])
_scalars = (
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.sampled_from([0.5, -2.0, 3.7, 1e3, 2**40])
    | st.sampled_from(["", "x", "X", "5", "3.70", "true", "日本語", "-1", "nope", "x" * 300, "5 "])
)
_values = st.recursive(
    _scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_keys, inner, max_size=3),
    max_leaves=8,
)
_bodies = st.dictionaries(_keys, _values, max_size=4)
_made = st.fixed_dictionaries(
    {
        "inputs": _bodies,
        "output": _values,
        "parent_id": st.sampled_from([None, "x"]),
        "exception": st.sampled_from([None, "x", "Error"]),
        "display_name": st.sampled_from([None, "shown", "x"]),
        "run_step": st.sampled_from([None, 0, 5]),
        "ended_after": st.sampled_from([None, 0, 1_500, 5_000]),
        "summary": st.sampled_from([{}, {"status_counts": {"error": 1}}]),
    }
)
_fields = st.one_of(
    st.sampled_from(
        [
            ("parent_id",),
            ("exception",),
            ("display_name",),
            ("run_step",),
            ("started_at",),
            ("ended_at",),
            ("summary", "weave", "status"),
            ("summary", "weave", "latency_ms"),
            ("summary", "weave", "trace_name"),
        ]
    ),
    st.builds(
        lambda root, keys: (root, *keys),
        st.sampled_from(["inputs", "output"]),
        st.lists(_keys | st.just("1"), max_size=3),
    ),
).map(q.Field)
_numbers_asked = st.integers(-5, 5) | st.sampled_from([0.5, 3.7, -2.0])
_literals = st.one_of(
    st.none(), st.booleans(), _numbers_asked, st.sampled_from(["", "x", "5", "true", "error"])
).map(q.Literal)
_operands = st.one_of(
    _fields,
    _literals,
    st.builds(q.Convert, _fields, st.sampled_from(list(q.Type))),
    st.builds(q.Size, _fields),
)
_comparisons = st.one_of(
    *(st.builds(kind, _operands, _operands) for kind in (q.Eq, q.Gt, q.Gte, q.Lt, q.Lte)),
    st.builds(q.In, _operands, st.lists(_literals, max_size=3).map(tuple)),
    st.builds(q.Contains, _operands, _literals, st.booleans()),
)
_conditions = st.recursive(
    _comparisons,
    lambda inner: st.one_of(
        st.builds(q.And, st.lists(inner, min_size=1, max_size=3).map(tuple)),
        st.builds(q.Or, st.lists(inner, min_size=1, max_size=3).map(tuple)),
        st.builds(q.Not, inner),
    ),
    max_leaves=6,
)


def _reads_times_as_text(node: q.Node) -> bool:
    """A stored text beside a time: engines read more forms of times than ISO 8601."""
    sides = [child for child in q.children(node) if not isinstance(child, q.Literal)]
    times = [s for s in sides if isinstance(s, q.Field) and s.path[0] in q.TIMES]
    compares = isinstance(node, q.Comparison | q.In)
    return (compares and bool(times) and len(sides) > len(times)) or any(
        map(_reads_times_as_text, q.children(node))
    )


@settings(
    max_examples=25,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(
    made=st.lists(_made, min_size=1, max_size=6),
    conditions=st.lists(_conditions, min_size=4, max_size=8),
    sorts=st.lists(st.builds(Sort, _fields, st.booleans()), max_size=2),
)
def test_conditions_mean_the_same_in_the_engine(
    chdb_pool: ClientPool,
    made: list[dict[str, Any]],
    conditions: list[q.Node],
    sorts: list[Sort],
) -> None:
    project = ProjectId(next(_numbers))
    calls: list[Call] = []
    for number, given_fields in enumerate(made):
        fields = dict(given_fields)
        ended = fields.pop("ended_after")
        for body in ("inputs", "output", "summary"):
            fields[body] = to_text(fields[body])
        start = NOON + number
        calls.append(
            Call(
                id=f"call-{number}",
                project=project,
                trace_id="t",
                op="op",
                op_name="op",
                source=Source.WEAVE,
                started_at=start,
                ended_at=None if ended is None else start + ended,
                **fields,
            )
        )
    writes = Writes(
        finished=[each for each in calls if each.ended_at is not None],
        opened=[each for each in calls if each.ended_at is None],
    )
    stores: list[CallStore] = [MemoryCallStore(), ColumnarCallStore(chdb_pool)]
    for store in stores:
        store.write(writes)
    for condition in conditions:
        if _reads_times_as_text(condition):
            continue
        query = CallQuery(project=project, condition=condition, sort=tuple(sorts), limit=10)
        expected, found = (ids(store.page(query)) for store in stores)
        assert found == expected, condition


def test_what_is_looked_up_beside_the_calls(
    store: CallStore, call: Calls, project: ProjectId
) -> None:
    models = ("ref-1", "ref-2", "ref-1", "other")
    made = [call(inputs={"m": model}) for model in models]
    opened = call(ended_at=None, inputs={"m": "ref-2"})
    store.write(Writes(finished=made, opened=[opened]))
    first, second, third, fourth = ids(made)
    through = q.Lookup(q.Field(("inputs", "m")), {"ref-1": "10", "ref-2": "9"})
    assert asked(project, store, condition=q.Gt(through, q.Literal(9))) == [first, third]
    assert asked(project, store, condition=q.Eq(through, q.Literal(""))) == [fourth]
    noted = q.Lookup(q.Field(("id",)), {second: "b", first: "a"}, q.Field(("inputs", "m")))
    assert asked(project, store, condition=q.Eq(noted, q.Literal("ref-1"))) == [third]
    order = (Sort(through, descending=True),)
    assert asked(project, store, sort=order)[:2] == [third, first]
    assert asked(project, store, sort=order)[-1] == fourth
    among = q.Among(q.Field(("id",)), frozenset({first, opened.id, "gone"}))
    assert asked(project, store, condition=among) == [first, opened.id]
    nothing = q.Lookup(q.Field(("parent_id",)), {})
    assert asked(project, store, condition=q.Not(q.Among(nothing.key, frozenset()))) == [
        *ids(made),
        opened.id,
    ]


def test_how_tokens_and_costs_lie(store: CallStore, call: Calls, project: ProjectId) -> None:
    def used(prompt: int, completion: int, cached: int = 0) -> dict[str, Any]:
        counts = {
            "prompt_tokens": prompt,
            "completion_tokens": completion,
            "cache_read_input_tokens": cached,
        }
        return {"usage": {"m": counts, "free": {"prompt_tokens": 1}}}

    made = [
        call(summary=used(10, 1), started_at=NOON + 1),
        call(summary=used(30, 3, cached=10), started_at=NOON + 2 * SECOND),
        call(summary=used(20, 2), started_at=NOON + 61 * SECOND),
    ]
    store.write(Writes(finished=made))
    rates = {
        ("m", 0): Rates(prompt=1.0, completion=2.0, cache_read=0.5, cache_write=1.0),
        ("m", 1): Rates(prompt=10.0, completion=20.0, cache_read=5.0, cache_write=10.0),
    }
    rows = store.usage_spread(
        CallQuery(project=project),
        NOON,
        NOON + 120 * SECOND,
        60 * SECOND,
        ("prompt_tokens", "total_cost"),
        (0.5, 0.9),
        [NOON + SECOND],
        rates,
    )
    assert [(row.start, row.model) for row in rows] == [
        (NOON, "free"),
        (NOON, "m"),
        (NOON + 60 * SECOND, "free"),
        (NOON + 60 * SECOND, "m"),
    ]
    assert rows[1].spreads["prompt_tokens"] == Spread(2, 40.0, 10.0, 30.0, (20.0, 28.0))
    # 10 and 1 at the first price; 20, 10 from the cache and 3 at the second.
    cost = rows[1].spreads["total_cost"]
    assert (cost.count, cost.sum, cost.min, cost.max) == (2, 322.0, 12.0, 310.0)
    assert rows[0].spreads["total_cost"] == Spread(0, 0.0, None, None, ())
    assert rows[3].spreads["total_cost"].sum == 240.0
