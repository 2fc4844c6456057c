"""Annotation queues, in both dialects."""

from __future__ import annotations

import json
from typing import Any

from .conftest import PROJECT, Dialect
from .test_calls import expression, ids, send, whole

HERE = {"project_id": PROJECT}


def queue(dialect: Dialect, name: str = "first", **more: Any) -> str:
    return dialect.ok("/annotation_queues", {**HERE, "name": name, "scorer_refs": [], **more})["id"]


def items(dialect: Dialect, queue: str, **more: Any) -> list[dict[str, Any]]:
    return dialect.ok(f"/annotation_queues/{queue}/items/query", {**HERE, **more})["items"]


def test_queues_are_made_found_changed_and_deleted(each: Dialect) -> None:
    scorer = f"weave:///{PROJECT}/object/Good:{'x' * 43}"
    first = queue(each, scorer_refs=[scorer], description="For Ada")
    second = queue(each, "Second one")
    found = each.http.get(f"/traces/annotation_queues/{first}", params=HERE).json()["queue"]
    assert (found["name"], found["description"]) == ("first", "For Ada")
    assert (found["scorer_refs"], found["created_by"]) == ([scorer], "admin")

    def names(**more: Any) -> list[str]:
        answer = each.post("/annotation_queues/query", {**HERE, **more})
        return [json.loads(line)["name"] for line in answer.text.splitlines()]

    assert names() == ["first", "Second one"]
    assert names(name="SECOND") == ["Second one"]
    assert names(sort_by=[{"field": "name", "direction": "desc"}], limit=1) == ["first"]
    assert each.post("/annotation_queues/query", {**HERE, "limit": -1}).status_code == 400
    changed = each.http.put(f"/traces/annotation_queues/{first}", json={**HERE, "name": "new"})
    assert changed.json()["queue"]["scorer_refs"] == [scorer]
    gone = each.http.delete(f"/traces/annotation_queues/{second}", params=HERE).json()["queue"]
    assert gone["deleted_at"]
    missing = each.http.get(f"/traces/annotation_queues/{second}", params=HERE)
    assert (missing.status_code, bool(missing.json()["deleted_at"])) == (404, True)
    assert names() == ["new"]
    each.refused("/annotation_queues", {**HERE, "name": " ", "scorer_refs": []}, 400)


def test_annotators_work_through_a_queue(each: Dialect) -> None:
    send(each, *(whole(id, inputs={"n": id}) for id in "abcd"))
    id, other = queue(each), queue(each, "other")
    added = each.ok(
        f"/annotation_queues/{id}/items",
        {**HERE, "call_ids": ["a", "b", "b", "none"], "display_fields": ["inputs.n"]},
    )
    assert added == {"added_count": 2, "duplicates": 0}
    more = {**HERE, "call_ids": ["b", "c"], "display_fields": []}
    assert each.ok(f"/annotation_queues/{id}/items", more) == {"added_count": 1, "duplicates": 1}
    each.ok(f"/annotation_queues/{other}/items", {**HERE, "call_ids": ["d"], "display_fields": []})
    a, b, c = items(each, id, include_position=True)
    assert [a["call_id"], b["call_id"], c["position_in_queue"]] == ["a", "b", 3]
    assert (a["annotation_state"], a["display_fields"]) == ("unstarted", ["inputs.n"])

    def progress(item: dict[str, Any], state: str) -> Any:
        path = f"/annotation_queues/{id}/items/{item['id']}/progress"
        return each.post(path, {**HERE, "annotation_state": state})

    assert progress(a, "in_progress").json()["item"]["annotator_user_id"] == "admin"
    assert progress(a, "in_progress").status_code == 200
    assert progress(a, "completed").json()["item"]["annotation_state"] == "completed"
    assert progress(a, "in_progress").status_code == 400
    assert progress(b, "skipped").status_code == 200
    assert progress(c, "unstarted").status_code == 200
    assert progress(c, "lost").status_code == 422
    assert progress({"id": "none"}, "skipped").status_code == 404
    open_ones = {"annotation_states": ["unstarted", "in_progress"]}
    assert [it["call_id"] for it in items(each, id, filter=open_ones)] == ["c"]
    assert [it["call_id"] for it in items(each, id, filter={"call_id": "b"})] == ["b"]
    counted = each.ok("/annotation_queues/stats", {**HERE, "queue_ids": [id, "none"]})
    assert counted == {"stats": [{"queue_id": id, "total_items": 3, "completed_items": 2}]}
    # The queue is a field of calls.
    of_queue = {"$eq": [{"$getField": "annotation_queue_items.queue_id"}, {"$literal": id}]}
    assert ids(each, **expression(of_queue)) == ["a", "b", "c"]
    assert ids(each, **expression({"$not": [of_queue]})) == ["d"]
    each.http.delete(f"/traces/annotation_queues/{id}", params=HERE)
    assert ids(each, **expression(of_queue)) == []
    each.refused(f"/annotation_queues/{id}/items/query", HERE, 404)


def test_what_came_out_of_a_queue(each: Dialect) -> None:
    send(each, *(whole(id, inputs={"q": id}, output=id * 2) for id in "abcd"))
    spec = {
        "_type": "AnnotationSpec",
        "_class_name": "AnnotationSpec",
        "_bases": ["BaseObject", "BaseModel"],
        "name": "good",
        "field_schema": {"type": "string"},
    }
    published = {"project_id": PROJECT, "object_id": "good", "val": spec}
    digest = each.ok("/obj/create", {"obj": published})["digest"]
    ref = f"weave:///{PROJECT}/object/good:{digest}"
    path = f"/api/v1/projects/{PROJECT}/queues"
    made = each.http.post(path, json={"name": "judge", "scorers": [ref]})
    assert made.status_code == 201, made.text
    id = made.json()["id"]
    assert made.json()["scorers"] == [ref]
    added = each.http.post(f"{path}/{id}/items", json={"calls": list("abcd")})
    assert added.json() == {"added": 4, "duplicates": 0}

    def say(call: str, person: str, value: str, queue_id: str = id) -> Any:
        body = {
            **HERE,
            "weave_ref": f"weave:///{PROJECT}/call/{call}",
            "feedback_type": "wandb.annotation.good",
            "annotation_ref": ref,
            "payload": {"value": value},
            "creator": person,
            "queue_id": queue_id,
        }
        return each.post("/feedback/create", body)

    assert "no annotation queue" in say("a", "ada", "yes", "none").json()["reason"]
    for person, column in (("ada", "yynn"), ("bo", "yyny"), ("cy", "y...")):
        for call, sign in zip("abcd", column, strict=True):
            if sign != ".":
                assert say(call, person, {"y": "yes", "n": "no"}[sign]).status_code == 200
    results = each.http.get(f"{path}/{id}/results").json()
    (agreement,) = results["agreement"]
    assert (agreement["name"], agreement["annotators"], agreement["items"]) == ("good", 3, 4)
    assert agreement["pairs"][0] == {"first": "ada", "second": "bo", "items": 4, "kappa": 0.5}
    assert 0 < agreement["alpha"] < 1
    assert results["rows"][0] == {
        "inputs": {"q": "a"},
        "output": "aa",
        "annotations": {"good": "yes"},
        "call": f"weave:///{PROJECT}/call/a",
    }
    listed = each.http.get(f"{path}/{id}/items", params={"limit": 3}).json()
    assert (len(listed["items"]), listed["total"]) == (3, 4)
    rest = each.http.get(f"{path}/{id}/items", params={"cursor": listed["cursor"]}).json()
    assert [item["call"] for item in rest["items"]] == ["d"]
    item = rest["items"][0]["id"]
    state = each.http.put(f"{path}/{id}/items/{item}/state", json={"state": "completed"})
    assert state.json()["states"] == [{"user": "admin", "state": "completed"}]
    mine = each.http.get(f"{path}/{id}/items", params={"mine": True, "states": "completed"}).json()
    assert [each["id"] for each in mine["items"]] == [item]
    (shown,) = each.http.get(path).json()
    assert (shown["items"], shown["completed"]) == (4, 1)
    assert shown["annotators"] == [
        {"user": "admin", "in_progress": 0, "completed": 1, "skipped": 0}
    ]
    assert each.http.patch(f"{path}/{id}", json={"name": "n"}).json()["name"] == "n"
    assert each.http.delete(f"{path}/{id}").status_code == 204
    assert each.http.get(f"{path}/{id}").status_code == 404
