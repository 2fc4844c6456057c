"""Objects through our own API: lists, versions, values, rows, and what is published."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from litestar.testing import TestClient

from kiseki_server.app.datadir import ADMIN_KEY
from kiseki_server.app.server import Application, build_application
from kiseki_server.app.services import Services

PROJECT = "/api/v1/projects/admin/assets"
NAME = "admin/assets"
Http = TestClient[Application]


def typed(*bases: str, **fields: Any) -> dict[str, Any]:
    return {
        "_type": bases[0],
        "_class_name": bases[0],
        "_bases": [*bases[1:], "Object", "BaseModel"],
        **fields,
    }


def op(file: str) -> dict[str, Any]:
    return {
        "_type": "CustomWeaveType",
        "weave_type": {"type": "Op"},
        "files": {"obj.py": file},
    }


def weave(http: Http, path: str, **body: Any) -> Any:
    answer = http.post(f"/traces{path}", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def publish(http: Http, name: str, value: Any) -> str:
    sent = {"project_id": NAME, "object_id": name, "val": value}
    return weave(http, "/obj/create", obj=sent)["digest"]


def call(id: str, ref: str, **inputs: Any) -> dict[str, Any]:
    return {
        "project_id": NAME,
        "id": id,
        "trace_id": id,
        "op_name": ref,
        "started_at": "2026-11-30T12:00:00Z",
        "ended_at": "2026-11-30T12:00:01Z",
        "attributes": {},
        "inputs": inputs,
        "output": None,
        "summary": {},
    }


@pytest.fixture
def http(services: Services) -> Iterator[Http]:
    key = (services.settings.data_dir / ADMIN_KEY).read_text().strip()
    with TestClient(build_application(services), base_url="http://127.0.0.1:8080") as client:
        client.headers["Authorization"] = f"Bearer {key}"
        client.post("/api/v1/projects", json={"entity": "admin", "name": "assets"})
        yield client


@pytest.fixture
def world(http: Http) -> dict[str, str]:
    """Two versions of an op with calls, a model, a prompt and a dataset; digests by name."""
    files = [
        http.post(
            "/traces/file/create",
            data={"project_id": NAME},
            files={"file": ("obj.py", f"def answer(): return {n}".encode())},
        ).json()["digest"]
        for n in (1, 2)
    ]
    digests = {"op0": publish(http, "answer", op(files[0]))}
    digests["op1"] = publish(http, "answer", op(files[1]))
    digests["model"] = publish(http, "writer", typed("Writer", "Model", style="dry"))
    digests["prompt"] = publish(http, "greeting", typed("StringPrompt", "Prompt", content="Hi {x}"))
    table = {"project_id": NAME, "rows": [{"q": n, "a": f"{n}"} for n in range(5)]}
    digests["table"] = weave(http, "/table/create", table=table)["digest"]
    rows = f"weave:///{NAME}/table/{digests['table']}"
    digests["data"] = publish(http, "questions", typed("Dataset", name="questions", rows=rows))
    digests["plain"] = publish(http, "notes", {"a": 1})
    refs = {n: f"weave:///{NAME}/op/answer:{digests[f'op{n}']}" for n in (0, 1)}
    model = f"weave:///{NAME}/object/writer:{digests['model']}"
    batch = [call("a", refs[0]), call("b", refs[1], self=model), call("c", refs[1], self=model)]
    answer = http.post(f"/traces/v2/{NAME}/calls/complete", json={"batch": batch})
    assert answer.status_code == 200, answer.text
    return digests


def get(http: Http, path: str, status: int = 200, **params: Any) -> Any:
    answer = http.get(f"{PROJECT}{path}", params=params)
    assert answer.status_code == status, answer.text
    return answer.json()


def test_objects_are_listed_by_category_with_versions_and_calls(
    http: Http, world: dict[str, str]
) -> None:
    page = get(http, "/objects", sort="name")
    shown = {
        one["name"]: (one["category"], one["versions"], one["calls"], one["newest"]["index"])
        for one in page["items"]
    }
    assert shown == {
        "answer": ("op", 2, 3, 1),
        "greeting": ("prompt", 1, None, 0),
        "notes": ("other", 1, None, 0),
        "questions": ("dataset", 1, None, 0),
        "writer": ("model", 1, 2, 0),
    }
    assert list(shown) == sorted(shown)
    assert page["total"] == 5
    counts = {"op": 1, "model": 1, "prompt": 1, "dataset": 1, "other": 1}
    assert page["counts"] == {**dict.fromkeys(("scorer", "evaluation"), 0), **counts}
    models = get(http, "/objects", category="model", search="RIT")
    assert [one["name"] for one in models["items"]] == ["writer"]
    assert (models["total"], models["counts"]["op"]) == (1, 0)
    names: list[str] = []
    cursor = None
    while True:
        page = get(
            http, "/objects", limit=2, sort="-name", **({"cursor": cursor} if cursor else {})
        )
        names += [one["name"] for one in page["items"]]
        if (cursor := page["cursor"]) is None:
            break
    assert names == sorted(shown, reverse=True)
    assert "sorted by" in get(http, "/objects", 400, sort="size")["message"]


def test_versions_tell_their_code_calls_and_marks(http: Http, world: dict[str, str]) -> None:
    versions = get(http, "/objects/op/answer/versions")
    assert [(one["index"], one["calls"], one["latest"]) for one in versions["items"]] == [
        (1, 2, True),
        (0, 1, False),
    ]
    first = get(http, "/objects/op/answer/versions/v0")
    assert first["ref"] == f"weave:///{NAME}/op/answer:{world['op0']}"
    (file,) = first["files"]
    code = http.get(f"{PROJECT}/objects/files/{file['digest']}", params={"name": "obj.py"})
    assert code.text == "def answer(): return 1"
    assert "attachment" in code.headers["content-disposition"]
    of = {"ref": first["ref"]}
    assert [one["id"] for one in get(http, "/calls", **of)["items"]] == ["a"]
    every = {"ref": f"weave:///{NAME}/op/answer:*"}
    assert get(http, "/calls/count", **every) == {"total": 3}
    model = get(http, "/objects/object/writer/versions/latest")
    assert get(http, "/calls/count", ref=model["ref"]) == {"total": 2}
    get(http, "/calls", 400, ref="weave:///admin/assets/call/a")
    marked = http.patch(
        f"{PROJECT}/objects/op/answer/versions/v0", json={"tags": ["old"], "aliases": ["prod"]}
    ).json()
    assert (marked["tags"], marked["aliases"]) == (["old"], ["prod"])
    moved = http.patch(
        f"{PROJECT}/objects/op/answer/versions/v1", json={"aliases": ["latest", "prod"]}
    ).json()
    assert moved["aliases"] == ["latest", "prod"]
    assert get(http, "/objects/op/answer/versions/prod")["index"] == 1
    assert get(http, "/objects/op/answer/versions/v0")["tags"] == ["old"]
    assert http.delete(f"{PROJECT}/objects/op/answer/versions/v1").status_code == 204
    assert [one["index"] for one in get(http, "/objects/op/answer/versions")["items"]] == [0]
    get(http, "/objects/op/nothing/versions", 404)
    get(http, "/objects/object/answer/versions/v0", 404)
    get(http, "/objects/thing/answer/versions/v0", 400)


def test_edited_rows_become_a_version(http: Http, world: dict[str, str]) -> None:
    before = get(http, "/objects/object/questions/versions/latest")
    assert (before["table"], before["rows"]) == (world["table"], 5)
    edits: dict[str, Any] = {
        "base": before["digest"],
        "after": before["digest"],
        "replaced": {"1": {"q": 1, "a": "one", "from": f"weave:///{NAME}/call/a"}},
        "removed": [0, 4],
        "added": [{"q": 9, "a": "nine"}],
    }
    path = f"{PROJECT}/datasets/questions/versions"
    made = http.post(path, json=edits)
    assert made.status_code == 201, made.text
    after = made.json()
    assert (after["index"], after["rows"], after["category"]) == (1, 4, "dataset")
    rows = get(http, f"/tables/{after['table']}/rows", limit=3)
    assert [row["value"]["q"] for row in rows["items"]] == [1, 2, 3]
    assert rows["items"][0]["value"]["from"] == f"weave:///{NAME}/call/a"
    rest = get(http, f"/tables/{after['table']}/rows", cursor=rows["cursor"])
    assert [(row["index"], row["value"]) for row in rest["items"]] == [(3, {"q": 9, "a": "nine"})]
    assert (rest["total"], rest["cursor"]) == (4, None)
    stale = http.post(path, json=edits)
    assert stale.status_code == 409
    assert "v1" in stale.json()["message"]
    outside = http.post(path, json={"base": after["digest"], "removed": [7]})
    assert outside.status_code == 400
    assert get(http, "/objects/object/questions/versions/latest")["index"] == 1
    older = http.post(path, json={"base": before["digest"], "removed": [0]}).json()
    assert (older["index"], older["rows"]) == (2, 4)


def test_a_dataset_begins_with_rows_and_a_name_is_taken_once(http: Http) -> None:
    path = f"{PROJECT}/datasets/fresh/versions"
    made = http.post(path, json={"added": [{"q": 1}], "description": "From traces"})
    assert made.json()["value"]["description"] == "From traces"
    assert made.json()["value"]["rows"].startswith(f"weave:///{NAME}/table/")
    assert http.post(path, json={"added": []}).status_code == 400
    read = weave(http, "/obj/read", project_id=NAME, object_id="fresh", digest="latest")["obj"]
    assert (read["base_object_class"], read["version_index"]) == ("Dataset", 0)
    bad = http.post(f"{PROJECT}/datasets/a%20b/versions", json={"added": []})
    assert bad.status_code == 422
    get(http, f"/tables/{'0' * 64}/rows", 404)


def test_a_prompt_is_published_on_top_of_the_version_that_was_seen(
    http: Http, world: dict[str, str]
) -> None:
    path = f"{PROJECT}/objects"
    name = {"name": "greeting"}
    seen = get(http, "/objects/object/greeting/versions/latest")
    value = {**seen["value"], "content": "Good morning {x}"}
    made = http.post(path, json={**name, "value": value, "after": seen["digest"]}).json()
    assert (made["index"], made["category"]) == (1, "prompt")
    stale = {**name, "value": {**value, "content": "No"}, "after": seen["digest"]}
    late = http.post(path, json=stale)
    assert late.status_code == 409
    assert http.post(path, json={"name": "x", "value": op("x")}).status_code == 400
