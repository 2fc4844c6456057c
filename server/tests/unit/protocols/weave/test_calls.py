"""Calls through the dialect, spoken by hand: writing, reading, and what is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from .conftest import PROJECT, Dialect

START = "2026-11-30T12:00:00.250000Z"
END = "2026-11-30T12:00:01.500000Z"


def start(id: str | None, /, **given: Any) -> dict[str, Any]:
    return {
        "project_id": PROJECT,
        "id": id,
        "trace_id": f"trace-{id}",
        "op_name": f"weave:///{PROJECT}/op/answer:abc",
        "started_at": START,
        "attributes": {},
        "inputs": {"x": 1},
        **given,
    }


def whole(id: str, /, **given: Any) -> dict[str, Any]:
    return {**start(id), "ended_at": END, "output": 1.0, "summary": {}, **given}


def end(id: str, /, **given: Any) -> dict[str, Any]:
    return {
        "project_id": PROJECT,
        "id": id,
        "ended_at": END,
        "output": 2,
        "summary": {},
        **given,
    }


def send(dialect: Dialect, *calls: dict[str, Any]) -> None:
    assert dialect.ok(f"/v2/{PROJECT}/calls/complete", {"batch": list(calls)}) == {}


def read(dialect: Dialect, **request: Any) -> list[dict[str, Any]]:
    answer = dialect.post("/calls/stream_query", {"project_id": PROJECT, **request})
    assert answer.status_code == 200, answer.text
    return [json.loads(line) for line in answer.text.splitlines()]


def ids(dialect: Dialect, **request: Any) -> list[str]:
    return [call["id"] for call in read(dialect, **request)]


def expression(tree: Any) -> dict[str, Any]:
    return {"query": {"$expr": tree}}


def test_a_call_comes_back_as_it_was_sent(each: Dialect) -> None:
    sent = whole(
        "one",
        parent_id="parent",
        thread_id="thread",
        turn_id="one",
        attributes={"weave": {"source": "python-sdk"}, "k.e": 1},
        inputs={"self": f"weave:///{PROJECT}/object/m:d/attr/x", "big": 2**70, "f": 1.0},
        output={"日本": [1, 2.50, None, True], "json": json.dumps([f"weave:///{PROJECT}/call/c"])},
        summary={"usage": {"m": {"prompt_tokens": 3}}, "weave": {"status": "stored"}},
        exception=None,
        wb_run_id=f"{PROJECT}/run-7",
        wb_run_step=3,
        unknown_field={"is": "ignored"},
    )
    send(each, sent)
    (found,) = read(each)
    for name in ("id", "trace_id", "parent_id", "op_name", "inputs", "output", "attributes"):
        assert found[name] == sent[name], name
    assert (found["thread_id"], found["turn_id"]) == ("thread", "one")
    assert (found["started_at"], found["ended_at"]) == (START, END)
    assert (found["wb_run_id"], found["wb_run_step"]) == (f"{PROJECT}/run-7", 3)
    assert found["wb_user_id"] == "admin"
    assert found["summary"] == {
        "usage": {"m": {"prompt_tokens": 3}},
        "weave": {"status": "success", "latency_ms": 1250, "trace_name": "answer"},
    }
    assert '"f":1.0' in each.post("/calls/stream_query", {"project_id": PROJECT}).text


def test_starts_and_ends_meet(each: Dialect) -> None:
    each.ok("/call/end", {"end": end("early", exception="Oh no")})
    assert ids(each) == []
    answered = each.ok("/call/start", {"start": start("early")})
    assert answered == {"id": "early", "trace_id": "trace-early"}
    eager = each.ok(f"/v2/{PROJECT}/call/start", {"start": start(None, trace_id=None)})
    running = next(call for call in read(each) if call["id"] == eager["id"])
    assert running["ended_at"] is None
    assert running["summary"]["weave"] == {"status": "running", "trace_name": "answer"}
    each.ok(f"/v2/{PROJECT}/call/end", {"end": end(eager["id"])})
    answer = each.ok(
        "/call/upsert_batch",
        {
            "batch": [
                {"mode": "end", "req": {"end": end("pair")}},
                {"mode": "start", "req": {"start": start("pair")}},
            ]
        },
    )
    assert answer == {"res": [{}, {"id": "pair", "trace_id": "trace-pair"}]}
    states = {call["id"]: call["summary"]["weave"]["status"] for call in read(each)}
    assert states == {"early": "error", eager["id"]: "success", "pair": "success"}


def test_filters_queries_orders_and_pages(each: Dialect) -> None:
    send(
        each,
        whole("a", inputs={"x": 1, "model": "small"}, started_at="2026-11-30T12:00:00Z"),
        whole("b", inputs={"x": 3.7, "model": "large"}, parent_id="a", trace_id="trace-a"),
        whole("c", inputs={"x": "word"}, op_name="plain", exception="boom"),
    )
    x = {"$getField": "inputs.x"}
    assert ids(each, **expression({"$gt": [x, {"$literal": 3}]})) == ["b"]
    assert ids(each, **expression({"$eq": [x, {"$literal": "word"}]})) == ["c"]
    there = {"$not": [{"$eq": [{"$getField": "inputs.model"}, {"$literal": ""}]}]}
    assert ids(each, **expression(there)) == ["a", "b"]
    contains = {"$contains": {"input": x, "substr": {"$literal": "WOR"}, "case_insensitive": True}}
    assert ids(each, **expression(contains)) == ["c"]
    either = {"$or": [contains, {"$in": [x, [{"$literal": 1}, {"$literal": 2}]]}]}
    assert ids(each, **expression(either)) == ["a", "c"]
    op = {"$eq": [{"$getField": "op_name"}, {"$literal": f"weave:///{PROJECT}/op/answer:abc"}]}
    assert ids(each, **expression(op)) == ["a", "b"]
    status = {"$eq": [{"$getField": "summary.weave.status"}, {"$literal": "error"}]}
    assert ids(each, **expression(status)) == ["c"]
    assert ids(each, filter={"op_names": [f"weave:///{PROJECT}/op/answer:*"]}) == ["a", "b"]
    assert ids(each, filter={"trace_roots_only": True}) == ["a", "c"]
    assert ids(each, filter={"thread_ids": []}) == []
    assert ids(each, filter={"call_ids": []}) == ["a", "b", "c"]
    by_x = [{"field": "inputs.x", "direction": "desc"}]
    assert ids(each, sort_by=by_x) == ["b", "a", "c"]
    assert ids(each, sort_by=by_x, limit=1, offset=1) == ["a"]
    assert ids(each, limit=0) == ["a", "b", "c"]
    counted = each.ok("/calls/query_stats", {"project_id": PROJECT, "limit": 2})
    assert counted == {"count": 2, "has_more": True}
    (light,) = read(each, columns=["id", "inputs.x"], filter={"call_ids": ["b"]})
    assert light["inputs"] == {"x": 3.7, "model": "large"}
    assert "output" not in light
    assert light["attributes"] == {}


def test_sizes_come_on_request(each: Dialect) -> None:
    send(
        each,
        whole("root", trace_id="t", inputs={}, output="abc"),
        whole("child", trace_id="t", parent_id="root", inputs={}, output=None),
    )
    sized = read(each, include_storage_size=True, include_total_storage_size=True)
    assert [(c["storage_size_bytes"], c["total_storage_size_bytes"]) for c in sized] == [
        (10, None),
        (11, 21),
    ]
    asked = {"project_id": PROJECT, "include_total_storage_size": True}
    assert each.ok("/calls/query_stats", asked)["total_storage_size_bytes"] == 21


def test_names_deletions_and_single_calls(each: Dialect) -> None:
    send(each, whole("a"), whole("b", parent_id="a", trace_id="trace-a"), whole("c"))
    change = {"project_id": PROJECT, "call_id": "c", "display_name": "Shown"}
    assert each.ok("/call/update", change) == {}
    call = each.ok("/call/read", {"project_id": PROJECT, "id": "c"})["call"]
    assert call["display_name"] == "Shown"
    assert call["summary"]["weave"]["display_name"] == "Shown"
    each.ok("/call/update", {**change, "display_name": ""})
    assert each.ok("/call/read", {"project_id": PROJECT, "id": "c"})["call"]["display_name"] is None
    each.refused("/call/update", {**change, "display_name": None}, 400)
    each.refused("/call/update", {**change, "call_id": "nobody"}, 404)
    gone = each.ok("/calls/delete", {"project_id": PROJECT, "call_ids": ["a", "unknown"]})
    assert gone == {"num_deleted": 3}
    assert ids(each) == ["c"]
    assert each.ok("/call/read", {"project_id": PROJECT, "id": "a"}) == {"call": None}
    send(each, whole("a"))
    assert ids(each) == ["c"]
    many = [str(number) for number in range(1001)]
    each.refused("/calls/delete", {"project_id": PROJECT, "call_ids": many}, 413)


def test_usage_is_added_up_from_below(each: Dialect) -> None:
    used = {"usage": {"m": {"input_tokens": 5, "output_tokens": 2, "requests": 1}}}
    send(
        each,
        whole("root", trace_id="t", summary={"usage": {"m": {"prompt_tokens": 999}}}),
        whole("one", trace_id="t", parent_id="root", summary=used),
        whole("two", trace_id="t", parent_id="root", summary=used),
    )
    each.ok("/call/start", {"start": start("open", trace_id="t", parent_id="root")})
    counts = {
        "requests": 2,
        "prompt_tokens": 10,
        "completion_tokens": 4,
        "total_tokens": 14,
        "cache_read_input_tokens": 0,
        "cache_creation_input_tokens": 0,
    }
    answer = each.ok("/calls/usage", {"project_id": PROJECT, "call_ids": ["root"]})
    assert answer == {"call_usage": {"root": {"m": counts}}, "unfinished_call_ids": []}
    trace = each.ok("/trace/usage", {"project_id": PROJECT, "filter": {"trace_ids": ["t"]}})
    assert set(trace["call_usage"]) == {"root", "one", "two", "open"}
    assert trace["unfinished_call_ids"] == ["open"]


def test_threads(each: Dialect) -> None:
    send(
        each,
        whole("t1", thread_id="A", turn_id="t1"),
        whole("t1c", thread_id="A", turn_id="t1", parent_id="t1"),
        whole("t2", thread_id="A", turn_id="t2", started_at="2026-11-30T12:00:01Z"),
        whole("u1", thread_id="B", turn_id="u1", ended_at="2026-11-30T12:00:09Z"),
    )
    answer = each.post("/threads/stream_query", {"project_id": PROJECT})
    rows = [json.loads(line) for line in answer.text.splitlines()]
    assert [(r["thread_id"], r["turn_count"]) for r in rows] == [("B", 1), ("A", 2)]
    assert (rows[1]["first_turn_id"], rows[1]["last_turn_id"]) == ("t1", "t2")
    up = {"project_id": PROJECT, "sort_by": [{"field": "turn_count", "direction": "desc"}]}
    lines = each.post("/threads/stream_query", {**up, "limit": 1}).text.splitlines()
    assert [json.loads(line)["thread_id"] for line in lines] == ["A"]
    bad = {"project_id": PROJECT, "sort_by": [{"field": "first_turn_id"}]}
    each.refused("/threads/stream_query", bad, 400)


def test_parents_in_a_circle_do_no_harm(each: Dialect) -> None:
    send(
        each,
        whole("a", trace_id="t", parent_id="b"),
        whole("b", trace_id="t", parent_id="a"),
        whole("lost", parent_id="never comes"),
    )
    each.ok("/calls/usage", {"project_id": PROJECT, "call_ids": ["a"]})
    assert ids(each) == ["a", "b", "lost"]
    assert each.ok("/calls/delete", {"project_id": PROJECT, "call_ids": ["a"]}) == {
        "num_deleted": 2
    }


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"id": "x" * 129}, 422),
        ({"id": "a/b"}, 422),
        ({"id": "nul\0"}, 422),
        ({"inputs": [1]}, 422),
        ({"started_at": "yesterday"}, 422),
        ({"op_name": None}, 422),
        ({"project_id": "admin/other"}, 400),
    ],
)
def test_calls_that_are_refused(dialect: Dialect, change: dict[str, Any], status: int) -> None:
    dialect.ok("/call/start", {"start": start("there")})
    batch = {"batch": [whole("good"), whole("bad", **change)]}
    dialect.refused(f"/v2/{PROJECT}/calls/complete", batch, status)
    assert ids(dialect) == ["there"]


def test_strange_bodies_are_kept(each: Dialect) -> None:
    deep: Any = "bottom"
    for _ in range(100):
        deep = {"d": [deep]}
    strange = {
        "__proto__": {"polluted": True},
        "constructor": 1,
        "": "empty",
        "a.b": {"c.d": 1},
        "'\"`\\": "quotes",
        "nul\0key": "nul\0value",
        "long" * 25_000: 1,
    }
    send(each, whole("strange", inputs=strange, output=deep, attributes={"k" * 1_000_000: 1}))
    (found,) = read(each)
    assert found["inputs"] == strange
    assert found["output"] == deep
    half = json.dumps({"batch": [whole("half", inputs={"x": "\ud83d"})]}).encode()
    assert each.ok(f"/v2/{PROJECT}/calls/complete", half) == {}
    assert next(c for c in read(each) if c["id"] == "half")["inputs"] == {"x": "\ufffd"}
    nan = json.dumps({"batch": [whole("nan", output=float("nan"))]}).encode()
    each.refused(f"/v2/{PROJECT}/calls/complete", nan, 400)


def test_queries_that_are_refused(dialect: Dialect) -> None:
    send(dialect, whole("a"))
    deep: Any = {"$eq": [{"$getField": "id"}, {"$literal": "a"}]}
    for _ in range(200):
        deep = {"$not": [deep]}
    for tree, status in (
        ({"$where": "1 == 1"}, 400),
        ({"$eq": [{"$literal": 1}]}, 400),
        ({"$and": []}, 400),
        ({"$not": [{"$literal": True}, {"$literal": True}]}, 400),
        ({"$eq": [{"$getField": "wb_password"}, {"$literal": 1}]}, 422),
        ({"$eq": [{"$getField": "summary.weave.secret"}, {"$literal": 1}]}, 422),
        ({"$convert": {"input": {"$literal": 1}, "to": "date"}}, 400),
        ({"$literal": [1]}, 400),
        (deep, 400),
    ):
        asked = {"project_id": PROJECT, **expression(tree)}
        dialect.refused("/calls/stream_query", asked, status)
        dialect.refused("/calls/query_stats", asked, status)
    asked = f'{{"project_id":"{PROJECT}","query":{{"$expr":%s"$literal":1%s}}}}'
    deepest = asked % ('{"$not":[' * 1_000 + "{", "]}" * 1_000 + "}")
    assert dialect.post("/calls/stream_query", deepest.encode()).status_code in {400, 413}
    many = {"call_ids": [str(number) for number in range(1_001)]}
    dialect.refused("/calls/stream_query", {"project_id": PROJECT, "filter": many}, 400)
    dialect.refused("/calls/query_stats", {"project_id": PROJECT, "limit": 0}, 400)
    dialect.refused("/calls/stream_query", {"project_id": "admin/none"}, 404)


def test_costs_and_feedback_come_with_calls(each: Dialect) -> None:
    used = {"usage": {"mine": {"prompt_tokens": 10, "completion_tokens": 5}, "unknown": {}}}
    send(each, whole("a", summary=used), whole("b"))
    price = {"prompt_token_cost": 0.5, "completion_token_cost": 2.0}
    effective = {"effective_date": "2026-01-01T00:00:00Z"}
    costs = {"project_id": PROJECT, "costs": {"mine": {**price, **effective}}}
    each.ok("/cost/create", costs)
    said = {
        "project_id": PROJECT,
        "weave_ref": f"weave:///{PROJECT}/call/a",
        "feedback_type": "wandb.note.1",
        "payload": {"note": "fine"},
    }
    each.ok("/feedback/create", said)
    first, second = read(each, include_costs=True, include_feedback=True)
    assert set(first["summary"]["weave"]["costs"]) == {"mine"}
    cost = first["summary"]["weave"]["costs"]["mine"]
    assert (cost["prompt_tokens_total_cost"], cost["completion_tokens_total_cost"]) == (5, 10)
    (feedback,) = first["summary"]["weave"]["feedback"]
    assert (feedback["weave_ref"], feedback["payload"]) == (said["weave_ref"], {"note": "fine"})
    assert second["summary"]["weave"]["costs"] == {}
    assert second["summary"]["weave"]["feedback"] == []
    assert "costs" not in read(each)[0]["summary"]["weave"]
