"""Queries of calls through what is said and known elsewhere, and statistics over time."""

from __future__ import annotations

from typing import Any

from .conftest import PROJECT, Dialect
from .test_calls import expression, ids, read, send, whole


def said(dialect: Dialect, call: str, type: str, payload: dict[str, Any], **given: Any) -> None:
    dialect.ok(
        "/feedback/create",
        {
            "project_id": PROJECT,
            "weave_ref": f"weave:///{PROJECT}/call/{call}",
            "feedback_type": type,
            "payload": payload,
            **given,
        },
    )


def field(name: str) -> dict[str, str]:
    return {"$getField": name}


def literal(value: Any) -> dict[str, Any]:
    return {"$literal": value}


def test_feedback_in_conditions_and_orders(each: Dialect) -> None:
    send(each, *(whole(id) for id in ("a", "b", "c", "d")))
    scorer = f"weave:///{PROJECT}/object/S:{'x' * 43}"
    for id, score in (("a", 2), ("b", 10), ("c", 9.5)):
        payload = {"output": {"score": score}}
        said(each, id, "wandb.runnable.S", payload, runnable_ref=scorer)
    said(each, "a", "wandb.runnable.S", {"output": {"score": 99}}, runnable_ref=scorer)
    for sign in ("👍", "🎉"):
        said(each, "c", "wandb.reaction.1", {"emoji": sign})
    said(each, "d", "mine.too", {"k": "text"})
    score = field("feedback.[wandb.runnable.S].payload.output.score")
    ref = field("feedback.[wandb.runnable.S].runnable_ref")
    emoji = field("feedback.[wandb.reaction.1].payload.emoji")

    def found(tree: Any) -> list[str]:
        return ids(each, **expression(tree))

    assert found({"$gt": [score, literal(5)]}) == ["b", "c"]  # the first of a's counts
    assert found({"$eq": [ref, literal(scorer)]}) == ["a", "b", "c"]
    assert found({"$not": [{"$eq": [ref, literal("")]}]}) == ["a", "b", "c"]
    assert found({"$eq": [score, literal(None)]}) == ["d"]
    assert found({"$eq": [emoji, literal("🎉")]}) == ["c"]
    assert found({"$eq": [emoji, literal(None)]}) == ["a", "b", "d"]
    some = field("feedback.[mine.too].payload")
    assert found({"$contains": {"input": some, "substr": literal('"text"')}}) == ["d"]
    anything = field("feedback.[*].payload.k")
    assert found({"$or": [{"$eq": [anything, literal("text")]}, {"$gt": [score, literal(9)]}]}) == [
        "b",
        "c",
        "d",
    ]
    ordered = [{"field": score["$getField"], "direction": "desc"}]
    assert ids(each, sort_by=ordered) == ["b", "c", "a", "d"]
    counted = each.ok(
        "/calls/query_stats", {"project_id": PROJECT, **expression({"$lt": [score, literal(3)]})}
    )
    assert counted["count"] == 1
    for bad in ("feedback.[x", "feedback.[x].id", "feedback.[x].payload..y", "feedback.x.payload"):
        each.refused(
            "/calls/stream_query",
            {"project_id": PROJECT, **expression({"$eq": [field(bad), literal(1)]})},
            400 if ".." in bad else 422,
        )


def test_columns_that_are_expanded(each: Dialect) -> None:
    def publish(name: str, val: Any) -> str:
        obj = {"project_id": PROJECT, "object_id": name, "val": val}
        digest = each.ok("/obj/create", {"obj": obj})["digest"]
        return f"weave:///{PROJECT}/object/{name}:{digest}"

    config = publish("config", {"temperature": 0.5})
    small = publish("small", {"name": "small", "config": config, "sizes": [1, 2]})
    large = publish("large", {"name": "large", "config": config, "sizes": [8]})
    gone = f"weave:///{PROJECT}/object/gone:{'g' * 43}"
    send(
        each,
        whole("a", inputs={"model": large}, output=small),
        whole("b", inputs={"model": small}, output=[config]),
        whole("c", inputs={"model": {"name": "inline"}}),
        whole("d", inputs={"model": gone}),
    )
    expand = {"expand_columns": ["inputs.model", "inputs.model.config", "output"]}
    a, b, c, d = read(each, **expand)
    label = {"_ref": small, "name": "small", "sizes": [1, 2]}
    assert a["output"] == {**label, "config": config}
    assert b["inputs"]["model"] == {**label, "config": {"_ref": config, "temperature": 0.5}}
    assert b["output"] == [config]
    assert c["inputs"] == {"model": {"name": "inline"}}
    assert d["inputs"] == {"model": None}
    left = read(each, **expand, return_expanded_column_values=False)
    assert left[0]["inputs"] == {"model": large}

    def found(name: str, value: Any, **more: Any) -> list[str]:
        tree = {"$eq": [field(name), literal(value)]}
        return ids(each, **expand, **more, **expression(tree))

    assert found("inputs.model.name", "small") == ["b"]
    assert found("inputs.model.name", "inline") == ["c"]
    assert found("inputs.model.config.temperature", 0.5) == ["a", "b"]
    assert found("inputs.model.sizes.0", 8) == ["a"]
    by_name = [{"field": "inputs.model.name", "direction": "asc"}]
    assert ids(each, sort_by=by_name, **expand) == ["c", "a", "b", "d"]
    each.refused("/calls/stream_query", {"project_id": PROJECT, "expand_columns": ["op_name"]}, 400)


def test_calls_over_time(each: Dialect) -> None:
    def used(tokens: int) -> dict[str, Any]:
        return {"usage": {"mine": {"prompt_tokens": tokens, "completion_tokens": 2 * tokens}}}

    price = {"prompt_token_cost": 0.5, "completion_token_cost": 1.0}
    early = {"effective_date": "2020-01-01T00:00:00Z"}
    each.ok("/cost/create", {"project_id": PROJECT, "costs": {"mine": {**price, **early}}})
    send(
        each,
        whole("a", started_at="2026-11-30T12:00:10Z", ended_at="2026-11-30T12:00:11Z"),
        whole(
            "b",
            started_at="2026-11-30T12:20:00Z",
            ended_at="2026-11-30T12:20:03Z",
            exception="Oh no",
            summary=used(4),
        ),
        whole("c", started_at="2026-11-30T14:00:00Z", ended_at="2026-11-30T14:00:01Z"),
    )
    asked = {
        "project_id": PROJECT,
        "start": "2026-11-30T12:00:05Z",
        "end": "2026-11-30T18:00:00Z",
        "granularity": 3600,
        "call_metrics": [
            {"metric": "latency_ms", "aggregations": ["avg", "max"], "percentiles": [50]},
            {"metric": "call_count"},
            {"metric": "error_count", "aggregations": ["sum", "avg", "count_false"]},
        ],
        "usage_metrics": [
            {"metric": "input_tokens"},
            {"metric": "total_cost", "aggregations": ["sum", "max"], "percentiles": [95]},
        ],
    }
    answer = each.ok("/calls/stats", asked)
    assert (answer["granularity"], answer["timezone"]) == (3600, "UTC")
    assert answer["call_buckets"] == [
        {
            "timestamp": "2026-11-30T12:00:00Z",
            "avg_latency_ms": 2000,
            "max_latency_ms": 3000,
            "p50_latency_ms": 2000,
            "sum_call_count": 2,
            "sum_error_count": 1,
            "avg_error_count": 0.5,
            "count_false_error_count": 1,
        },
        {
            "timestamp": "2026-11-30T14:00:00Z",
            "avg_latency_ms": 1000,
            "max_latency_ms": 1000,
            "p50_latency_ms": 1000,
            "sum_call_count": 1,
            "sum_error_count": 0,
            "avg_error_count": 0,
            "count_false_error_count": 1,
        },
    ]
    assert answer["usage_buckets"] == [
        {
            "timestamp": "2026-11-30T12:00:00Z",
            "model": "mine",
            "sum_input_tokens": 4,
            "sum_total_cost": 10,
            "max_total_cost": 10,
            "p95_total_cost": 10,
        }
    ]
    there = each.ok("/calls/stats", {**asked, "timezone": "Asia/Kolkata"})
    # Hours begin at half past there.
    assert there["call_buckets"][0]["timestamp"] == "2026-11-30T11:30:00Z"
    for wrong in (
        {"end": "2027-11-30T12:00:00Z"},
        {"end": "2026-11-30T11:00:00Z"},
        {"timezone": "Mars/Olympus"},
        {"granularity": 0},
        {"call_metrics": [{"metric": "latency_ms", "percentiles": [101]}]},
    ):
        each.refused("/calls/stats", {**asked, **wrong}, 400)
