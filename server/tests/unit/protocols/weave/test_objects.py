"""Objects over the wire."""

from __future__ import annotations

import json
from typing import Any

import pytest
from server.tests.unit.protocols.weave.conftest import PROJECT, Dialect

from kiseki_server.domain.objects import digests
from kiseki_server.domain.objects.refs import STORED

BASES = ["Prompt", "Object", "BaseModel"]


def create(dialect: Dialect, name: str, val: Any, project: str = PROJECT, **more: Any) -> str:
    body = {"obj": {"project_id": project, "object_id": name, "val": val, **more}}
    answer = dialect.ok("/obj/create", body)
    assert answer["object_id"] == name
    return answer["digest"]


def get(dialect: Dialect, name: str, digest: str = "latest", **more: Any) -> Any:
    body = {"project_id": PROJECT, "object_id": name, "digest": digest, **more}
    return dialect.ok("/obj/read", body)["obj"]


def names(dialect: Dialect, filter: Any = None, **more: Any) -> list[str]:
    found = dialect.ok("/objs/query", {"project_id": PROJECT, "filter": filter, **more})["objs"]
    return [f"{one['object_id']}:v{one['version_index']}" for one in found]


def test_a_version_is_read_back_as_it_was_sent(each: Dialect) -> None:
    val = {"z": [1, 1.0, None, True], "a": {"text": "héllo\0", "big": 10**30}, "__proto__": "x"}
    digest = create(each, "thing", val)
    assert digest == digests.value_digest(val)
    shown = get(each, "thing", digest)
    assert repr(shown["val"]) == repr(val)
    assert shown.pop("created_at").endswith("Z")
    assert shown == {
        "project_id": PROJECT,
        "object_id": "thing",
        "deleted_at": None,
        "digest": digest,
        "version_index": 0,
        "is_latest": 1,
        "kind": "object",
        "base_object_class": None,
        "leaf_object_class": None,
        "val": val,
        "wb_user_id": "admin",
        "size_bytes": len(json.dumps(val, separators=(",", ":"), ensure_ascii=False).encode()),
    }


def test_a_version_is_named_by_index_digest_alias_and_latest(each: Dialect) -> None:
    one, two = create(each, "thing", 1), create(each, "thing", 2)
    assert [get(each, "thing", name)["val"] for name in ("v0", "v1", one, two)] == [1, 2, 1, 2]
    assert get(each, "thing")["val"] == 2
    body = {"project_id": PROJECT, "digest": "v0", "aliases": ["prod"]}
    assert each.http.put("/traces/objs/thing/aliases", json=body).json() == {}
    shown = get(each, "thing", "prod", include_tags_and_aliases=True)
    assert (shown["val"], shown["aliases"], shown["tags"]) == (1, ["prod"], [])
    assert create(each, "thing", 1) == one
    shown = get(each, "thing", metadata_only=True, include_tags_and_aliases=True)
    assert (shown["val"], shown["version_index"]) == ({}, 0)
    assert shown["aliases"] == ["latest", "prod"]


def test_a_large_value_comes_back_whole(each: Dialect) -> None:
    val = {"text": "あ" * 100_000}
    create(each, "large", val)
    assert get(each, "large")["val"] == val
    assert names(each, metadata_only=True) == ["large:v0"]


def test_what_is_not_there_and_what_was_deleted(each: Dialect) -> None:
    reason = each.refused("/obj/read", {"project_id": PROJECT, "object_id": "x"}, 404)
    assert "admin/p" in reason
    one, two = create(each, "thing", 1), create(each, "thing", 2)
    delete = {"project_id": PROJECT, "object_id": "thing"}
    assert each.ok("/obj/delete", {**delete, "digests": ["latest"]}) == {
        "num_deleted": 1,
        "deleted_versions": [{"digest": two, "base_object_class": None, "leaf_object_class": None}],
    }
    for version in (two, "v1"):
        body = {"project_id": PROJECT, "object_id": "thing", "digest": version}
        answer = each.post("/obj/read", body)
        assert (answer.status_code, "deleted_at" in answer.json()) == (404, True)
    assert get(each, "thing")["digest"] == one
    assert each.post("/obj/delete", {**delete, "digests": [one, two]}).status_code == 404
    assert get(each, "thing")["digest"] == one
    assert each.ok("/obj/delete", delete)["num_deleted"] == 1
    answer = each.post("/obj/read", {"project_id": PROJECT, "object_id": "thing"})
    assert (answer.status_code, "deleted_at" in answer.json()) == (404, False)
    assert each.post("/obj/delete", delete).status_code == 404
    assert each.post("/obj/delete", {**delete, "digests": ["v0"] * 101}).status_code == 400


def test_lists_of_objects(each: Dialect) -> None:
    op = {"_type": "CustomWeaveType", "weave_type": {"type": "Op"}, "files": {"obj.py": "x"}}
    create(each, "f", op)
    create(each, "p", {"_class_name": "StringPrompt", "_bases": BASES, "content": "a"})
    create(each, "p", {"_class_name": "StringPrompt", "_bases": BASES, "content": "b"})
    create(each, "n", 3)
    assert names(each) == ["f:v0", "p:v0", "p:v1", "n:v0"]
    assert names(each, {"is_op": True}) == ["f:v0"]
    assert names(each, {"latest_only": True, "is_op": False}) == ["p:v1", "n:v0"]
    assert names(each, {"base_object_classes": ["Prompt"], "object_ids": []}) == ["p:v0", "p:v1"]
    assert names(each, {"exclude_base_object_classes": ["Prompt"]}) == ["f:v0", "n:v0"]
    assert names(each, {"leaf_object_classes": ["StringPrompt"], "aliases": ["latest"]}) == ["p:v1"]
    by_name = [{"field": "object_id", "direction": "desc"}, {"field": "other", "direction": "asc"}]
    assert names(each, sort_by=by_name, limit=2, offset=1) == ["p:v1", "n:v0"]
    assert each.post("/objs/query", {"project_id": PROJECT, "limit": -1}).status_code == 400


def test_tags_and_aliases(each: Dialect) -> None:
    digest = create(each, "thing", 1)
    path = f"/traces/objs/thing/versions/{digest}/tags"
    body = {"project_id": PROJECT, "tags": ["b", "a"]}
    assert each.http.put(path, json=body).json() == {}
    assert each.http.post(f"{path}/remove", json={**body, "tags": ["b", "c"]}).json() == {}
    assert get(each, "thing", include_tags_and_aliases=True)["tags"] == ["a"]
    project = {"project_id": PROJECT}
    assert each.http.get("/traces/tags", params=project).json() == {"tags": ["a"]}
    aliases = {"project_id": PROJECT, "digest": digest, "aliases": ["prod"]}
    assert each.http.put("/traces/objs/thing/aliases", json=aliases).status_code == 200
    known = each.http.get("/traces/aliases", params=project).json()
    assert known == {"aliases": ["latest", "prod"]}
    assert each.http.post("/traces/objs/thing/aliases/remove", json=aliases).json() == {}
    assert each.http.get("/traces/aliases", params=project).json() == {"aliases": ["latest"]}
    missing = path.replace(digest, "v7")
    assert each.http.put(missing, json=body).status_code == 404
    for bad in ({"tags": ["a/b"]}, {"tags": [""]}):
        assert each.http.put(path, json={**body, **bad}).status_code == 400
    for bad in ({"aliases": ["latest"]}, {"aliases": ["v3"]}, {"digest": None}):
        answer = each.http.put("/traces/objs/thing/aliases", json={**aliases, **bad})
        assert answer.status_code == 400


def test_references_are_stored_by_number_and_shown_by_name(each: Dialect) -> None:
    ref = f"weave:///{PROJECT}/object/a:b"
    number = project_number(each)
    digest = create(each, "holder", {"ref": ref, "text": json.dumps([ref])})
    stored = f"{STORED}{number}/object/a:b"
    assert digest == digests.value_digest({"ref": stored, "text": json.dumps([stored])})
    assert get(each, "holder")["val"] == {"ref": ref, "text": json.dumps([ref])}
    assert create(each, "holder", {"ref": stored, "text": json.dumps([stored])}) == digest


def project_number(dialect: Dialect) -> str:
    create(dialect, "first", 0)
    info = dialect.ok("/service/projects_info", {"project_ids": [PROJECT]})
    return info[0]["internal_project_id"]


def test_references_to_what_the_caller_cannot_see(each: Dialect) -> None:
    unknown = f"{STORED}999999999999/object/a:b"
    body = {"obj": {"project_id": PROJECT, "object_id": "x", "val": [unknown]}}
    assert "may use" in each.refused("/obj/create", body, 400)
    foreign = "weave:///nobody/nothing/object/a:b"
    create(each, "x", [foreign, "weave:///", "weave:///a"])
    assert get(each, "x")["val"] == [foreign, "weave:///", "weave:///a"]


def test_expected_digests(each: Dialect) -> None:
    val = {"a": 1.0}
    create(each, "x", val, expected_digest=digests.value_digest(val))
    body = {"obj": {"project_id": PROJECT, "object_id": "x", "val": 1, "expected_digest": "no"}}
    answer = each.post("/obj/create", body)
    assert (answer.status_code, answer.headers["x-should-retry"]) == (409, "false")


def test_a_name_belongs_to_one_class(each: Dialect) -> None:
    one = {"_class_name": "A", "_bases": ["Object", "BaseModel"]}
    create(each, "x", one)
    other = {"obj": {"project_id": PROJECT, "object_id": "x", "val": {**one, "_class_name": "B"}}}
    assert "another name" in each.refused("/obj/create", other, 400)
    each.ok("/obj/delete", {"project_id": PROJECT, "object_id": "x"})
    each.ok("/obj/create", other)


def test_classes_that_the_server_knows(each: Dialect) -> None:
    sent = {"base_url": "https://models.example/v1", "api_key_name": "K"}
    create(each, "models", sent, builtin_object_class="Provider")
    shown = get(each, "models")
    assert (shown["base_object_class"], shown["leaf_object_class"]) == ("Provider", "Provider")
    assert shown["val"] == {
        "_type": "Provider",
        "name": None,
        "description": None,
        **sent,
        "extra_headers": {},
        "return_type": "openai",
        "_class_name": "Provider",
        "_bases": ["BaseObject", "BaseModel"],
    }
    for bad in ({"builtin_object_class": "Nothing"}, {"set_base_object_class": "Leaderboard"}):
        body = {"obj": {"project_id": PROJECT, "object_id": "y", "val": sent, **bad}}
        assert each.post("/obj/create", body).status_code == 400


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"object_id": "a/b"}, 422),
        ({"object_id": ""}, 422),
        ({"object_id": "x" * 129}, 422),
        ({"object_id": 3}, 422),
        ({"project_id": "nothing"}, 400),
        ({"project_id": "nobody/p"}, 404),
        ({"val": json.loads("[" * 300 + "]" * 300)}, 413),
    ],
)
def test_bad_objects(dialect: Dialect, change: Any, status: int) -> None:
    body = {"obj": {"project_id": PROJECT, "object_id": "x", "val": 1, **change}}
    assert dialect.refused("/obj/create", body, status)
    assert dialect.refused("/obj/create", {"obj": 3}, 422)


def test_half_a_character_in_a_value(dialect: Dialect) -> None:
    body = rb'{"obj":{"project_id":"admin/p","object_id":"x","val":["\ud83d","\ud83d\ude00"]}}'
    dialect.ok("/obj/create", body)
    assert get(dialect, "x")["val"] == ["\ufffd", "\U0001f600"]
