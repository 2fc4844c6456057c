"""Feedback and prices over the wire."""

from __future__ import annotations

from typing import Any

import pytest
from server.tests.unit.protocols.weave.conftest import PROJECT, Dialect

CALL = f"weave:///{PROJECT}/call/c1"
EVERYTHING = {"$expr": {"$eq": [{"$literal": "1"}, {"$literal": "1"}]}}


def fb(type: str, payload: Any, **more: Any) -> dict[str, Any]:
    return {
        "project_id": PROJECT, "weave_ref": CALL, "feedback_type": type, "payload": payload, **more
    }  # fmt: skip


def field(name: str) -> Any:
    return {"$getField": name}


def query(dialect: Dialect, expr: Any = None, **more: Any) -> Any:
    body = {"project_id": PROJECT, "query": {"$expr": expr} if expr else EVERYTHING, **more}
    return dialect.ok("/feedback/query", body)


def ids(dialect: Dialect, expr: Any = None, **more: Any) -> list[str]:
    return [row["id"] for row in query(dialect, expr, **more)["result"]]


def obj(dialect: Dialect, name: str, val: Any, kind: str = "object", **more: Any) -> str:
    body = {"obj": {"project_id": PROJECT, "object_id": name, "val": val, **more}}
    return f"weave:///{PROJECT}/{kind}/{name}:{dialect.ok('/obj/create', body)['digest']}"


def test_feedback_is_given_and_found(each: Dialect) -> None:
    batch = [
        fb("wandb.reaction.1", {"emoji": "👍🏽"}, id="1", creator="ada"),
        fb("wandb.note.1", {"note": "good"}, id="2"),
        fb("own", {"score": {"x": 0.5}, "ok": True}, id="3", weave_ref=f"{CALL}2"),
    ]
    answer = each.ok("/feedback/batch/create", {"batch": batch})["res"]
    assert [(one["id"], one["wb_user_id"]) for one in answer] == [(i, "admin") for i in "123"]
    assert answer[0]["payload"] == {
        "emoji": "👍🏽",
        "alias": ":thumbs_up_medium_skin_tone:",
        "detoned": "👍",
        "detoned_alias": ":thumbs_up:",
    }
    # A repeat of the same request changes nothing.
    each.ok("/feedback/batch/create", {"batch": batch})
    found = query(each)
    assert found["total_count"] == 3
    shown = next(row for row in found["result"] if row["id"] == "3")
    assert shown.pop("created_at").endswith("Z")
    assert {name: shown[name] for name in ("project_id", "weave_ref", "payload", "wb_user_id")} == {
        "project_id": PROJECT,
        "weave_ref": f"{CALL}2",
        "payload": {"score": {"x": 0.5}, "ok": True},
        "wb_user_id": "admin",
    }
    assert (shown["scorer_tags"], shown["scorer_ratings"]) == ([], {})
    assert (shown["span_status_code"], shown["span_agent_name"]) == ("UNSET", "")
    assert each.ok("/feedback/create", fb("own", {}))["id"]


def test_conditions_on_feedback(each: Dialect) -> None:
    for i, score in enumerate([1, 2.5, "3", None]):
        each.ok("/feedback/create", fb("own", {"score": score}, id=str(i)))
    literal: Any = lambda value: {"$literal": value}  # noqa: E731
    score = field("payload.score")
    expected: list[tuple[Any, list[str]]] = [
        ({"$eq": [field("weave_ref"), literal(CALL)]}, ["0", "1", "2", "3"]),
        ({"$eq": [field("feedback_type"), literal("own")]}, ["0", "1", "2", "3"]),
        ({"$gt": [score, literal(1)]}, ["1", "2"]),
        ({"$gte": [score, literal(1.0)]}, ["0", "1", "2"]),
        ({"$in": [field("id"), [literal("1"), literal("9")]]}, ["1"]),
        ({"$not": [{"$eq": [score, literal("")]}]}, ["0", "1", "2"]),
        ({"$contains": {"input": field("weave_ref"), "substr": literal("call/c1")}}, list("0123")),
        ({"$eq": [field("creator"), literal(None)]}, ["0", "1", "2", "3"]),
        ({"$eq": [field("creator"), literal("ada")]}, []),
        ({"$not": [{"$eq": [field("creator"), literal("ada")]}]}, []),
        (
            {"$or": [{"$eq": [field("id"), literal("0")]}, {"$eq": [score, literal("3")]}]},
            list("02"),
        ),
        ({"$gt": [field("created_at"), literal("2020-01-01T00:00:00Z")]}, list("0123")),
    ]
    for expr, found in expected:
        assert sorted(ids(each, expr)) == found, expr
    by_score = [{"field": "payload.score", "direction": "desc"}]
    assert ids(each, sort_by=by_score) == ["2", "1", "0", "3"]
    assert ids(each, sort_by=[{"field": "id", "direction": "asc"}], limit=2, offset=1) == ["1", "2"]
    cut = query(each, fields=["id", "payload.score"], limit=0)
    assert cut == {"result": [], "total_count": 4}
    assert query(each, fields=["count(*)"])["result"] == [{"count(*)": 4}]
    for bad, status in (
        ({"limit": -1}, 400),
        ({"query": {"$expr": {"$eq": [field("inputs.x"), literal(1)]}}}, 422),
        ({"query": {"$expr": {"$regex": 1}}}, 400),
        ({"query": {"$expr": {"$contains": {"input": score, "substr": literal(3)}}}}, 400),
    ):
        assert each.post("/feedback/query", {"project_id": PROJECT, **bad}).status_code == status


@pytest.mark.parametrize(
    "body",
    [
        fb("wandb.reaction.1", {"emoji": "👍👍"}),
        fb("wandb.reaction.1", {"emoji": "x"}),
        fb("wandb.reaction.1", {}),
        fb("wandb.note.1", {"note": ""}),
        fb("wandb.note.1", {"note": "x" * 1025}),
        fb("wandb.annotation.a", {"value": 1}),
        fb("wandb.runnable.a", {"output": 1}),
        fb("wandb.runnable.a", {"output": 1}, runnable_ref=f"weave:///{PROJECT}/object/b:d"),
        fb("wandb.runnable.a", {"output": 1}, runnable_ref=f"weave:///{PROJECT}/op/a:d"),
        fb("wandb.runnable.a", {}, runnable_ref=f"weave:///{PROJECT}/object/a:d"),
        fb("wandb.agent_monitor", {}, runnable_ref=CALL),
        fb("wandb.agent_user_feedback", {}),
        fb("own", {}, call_ref=CALL),
        fb("own", {}, scorer_tags=["x"]),
        fb("own", {}, queue_id="q"),
        fb("own", {"x": "y" * (1 << 20)}),
        fb("own", {}, creator="a\0b"),
        fb("", {}),
    ],
)
def test_feedback_that_is_not_what_its_type_asks_for(dialect: Dialect, body: Any) -> None:
    dialect.ok("/obj/create", {"obj": {"project_id": PROJECT, "object_id": "x", "val": 1}})
    assert dialect.refused("/feedback/create", body, 400)
    assert query(dialect)["total_count"] == 0


def test_annotations_fit_their_spec(each: Dialect) -> None:
    spec = {"field_schema": {"type": "integer", "minimum": 0}}
    ref = obj(each, "grade", spec, builtin_object_class="AnnotationSpec")
    other = obj(each, "other", {"field_schema": {}})
    good = fb("wandb.annotation.grade", {"value": 3}, annotation_ref=ref)
    each.ok("/feedback/create", good)
    assert "minimum" in each.refused("/feedback/create", {**good, "payload": {"value": -1}}, 400)
    for bad in (
        {"payload": {}},
        {"annotation_ref": other},
        {"annotation_ref": ref.replace(":", "x:", 2)},
        {"feedback_type": "wandb.annotation.other", "annotation_ref": other},
    ):
        assert each.post("/feedback/create", {**good, **bad}).status_code == 400


def test_results_of_scorers(each: Dialect) -> None:
    op = obj(each, "s", {"_type": "CustomWeaveType", "weave_type": {"type": "Op"}}, "op")
    body = fb(
        "wandb.runnable.s", {"output": 0.5}, id="1", runnable_ref=op, call_ref=f"{CALL}9",
        scorer_tags=["good"], scorer_ratings={"_rating_": 0.5},
    )  # fmt: skip
    each.ok("/feedback/create", body)
    (shown,) = query(each)["result"]
    assert (shown["runnable_ref"], shown["call_ref"]) == (op, f"{CALL}9")
    tagged = {"$contains": {"input": field("scorer_tags"), "substr": {"$literal": "good"}}}
    assert ids(each, tagged) == ["1"]
    untagged = {"$contains": {"input": field("scorer_tags"), "substr": {"$literal": "goo"}}}
    assert ids(each, untagged) == []
    rated = {"$gt": [field("scorer_ratings._rating_"), {"$literal": 0.4}]}
    assert ids(each, rated) == ["1"]
    answer = each.ok(
        "/feedback/aggregate",
        {"project_id": PROJECT, "after_ms": 0, "before_ms": 10**13, "group_by": ["scorer_id"]},
    )
    assert answer["buckets"] == [
        {
            "time_bucket_start_ms": None,
            "group": {"scorer_id": "s"},
            "total_count": 1,
            "scored_count": 1,
            "tag_counts": {"good": 1},
            "rating_sums": {"_rating_": 0.5},
            "rating_counts": {"_rating_": 1},
        }
    ]


def test_feedback_is_taken_back_and_replaced(each: Dialect) -> None:
    for id in "123":
        each.ok("/feedback/create", fb("own", {"n": id}, id=id))
    new = {**fb("own", {"n": "new"}), "feedback_id": "1", "id": "4"}
    assert each.ok("/feedback/replace", new)["payload"] == {"n": "new"}
    assert sorted(ids(each)) == ["2", "3", "4"]
    assert each.post("/feedback/replace", {**new, "feedback_id": "none"}).status_code == 404
    bad = {**new, "feedback_id": "2", "feedback_type": "wandb.note.1"}
    assert each.post("/feedback/replace", bad).status_code == 400

    def purge(expr: Any) -> int:
        body = {"project_id": PROJECT, "query": {"$expr": expr}}
        return each.post("/feedback/purge", body).status_code

    is_two = {"$eq": [field("id"), {"$literal": "2"}]}
    assert purge({"$gt": [field("id"), {"$literal": "2"}]}) == 400
    assert purge({"$eq": [field("feedback_type"), {"$literal": "own"}]}) == 400
    assert purge(is_two) == 200
    assert purge({"$or": [is_two, {"$eq": [field("id"), {"$literal": "3"}]}]}) == 200
    assert ids(each) == ["4"]


def test_values_over_time(each: Dialect) -> None:
    for i in range(4):
        each.ok("/feedback/create", fb("own", {"score": i, "ok": i > 1}))
    body = {
        "project_id": PROJECT,
        "start": "2020-01-01T00:00:00Z",
        "end": "2020-01-02T00:00:00Z",
        "metrics": [
            {"json_path": "score", "percentiles": [50]},
            {"json_path": "ok", "value_type": "boolean"},
        ],
    }
    assert each.ok("/feedback/stats", body)["buckets"] == []
    now = each.ok("/feedback/query", {"project_id": PROJECT})["result"][0]["created_at"]
    body |= {"start": now[:10] + "T00:00:00Z", "end": None, "granularity": 2 * 86_400}
    answer = each.ok("/feedback/stats", body)
    assert answer["window_stats"] == {
        "score": {"avg": 1.5, "min": 0.0, "max": 3.0, "p50": 1.5},
        "ok": {"count_true": 2, "count_false": 2},
    }
    assert [bucket["count"] for bucket in answer["buckets"]] == [4]
    assert each.ok("/feedback/payload_schema", body)["paths"] == [
        {"json_path": "ok", "value_type": "boolean"},
        {"json_path": "score", "value_type": "numeric"},
    ]
    for bad in ({"start": "2020-01-01T00:00:00Z"}, {"timezone": "No/Where"}, {"granularity": 1}):
        late = {**body, "start": now[:10] + "T00:00:00Z", "end": now[:10] + "T23:00:00Z", **bad}
        assert each.post("/feedback/stats", late).status_code == 400


def test_prices_of_a_project(each: Dialect) -> None:
    costs = {"own-model": {"prompt_token_cost": 1e-6, "completion_token_cost": 2e-6}}
    created = each.ok("/cost/create", {"project_id": PROJECT, "costs": costs})["ids"]
    ((id, model),) = created
    assert model == "own-model"
    (shown,) = each.ok("/cost/query", {"project_id": PROJECT})["results"]
    assert shown.pop("effective_date").endswith("Z")
    assert shown == {
        "id": id,
        "llm_id": "own-model",
        "provider_id": "default",
        "prompt_token_cost": 1e-6,
        "completion_token_cost": 2e-6,
        "cache_read_input_token_cost": 1e-6,
        "cache_creation_input_token_cost": 1e-6,
        "prompt_token_cost_unit": "USD",
        "completion_token_cost_unit": "USD",
    }
    by_model = {"$eq": [field("llm_id"), {"$literal": "own-model"}]}
    found = {"project_id": PROJECT, "fields": ["id"], "query": {"$expr": by_model}}
    assert each.ok("/cost/query", found) == {"results": [{"id": id}]}
    for bad in (
        {"m": {"prompt_token_cost": -1, "completion_token_cost": 0}},
        {"": {"prompt_token_cost": 1, "completion_token_cost": 0}},
    ):
        assert each.refused("/cost/create", {"project_id": PROJECT, "costs": bad}, 400)
    purge = {"project_id": PROJECT, "query": {"$expr": by_model}}
    assert each.post("/cost/purge", purge).status_code == 400
    some = {"$in": [field("id"), [{"$literal": id}]]}
    assert each.ok("/cost/purge", {"project_id": PROJECT, "query": {"$expr": some}}) == {}
    assert each.ok("/cost/query", {"project_id": PROJECT}) == {"results": []}
