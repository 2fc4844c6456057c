"""Models behind the server, asked in our own dialect and in that of the weave client."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from litestar.testing import TestClient
from server.tests.applications import application
from tests.clients.sdk.language_models import language_models

from kiseki_server.app.datadir import ADMIN_KEY
from kiseki_server.app.server import Application
from kiseki_server.app.services import Services
from kiseki_server.outbound.guard import Guard
from kiseki_server.outbound.models import OpenAiModels

PROJECT = "/api/v1/projects/admin/models"
HERE = {"project_id": "admin/models"}
SAID = [{"role": "user", "content": "Which mountain?"}]
Http = TestClient[Application]


@pytest.fixture
def http(services: Services) -> Iterator[Http]:
    key = (services.settings.data_dir / ADMIN_KEY).read_text().strip()
    services.completions._models = OpenAiModels(Guard("127.0.0.1"))
    with TestClient(application(services), base_url="http://127.0.0.1:8080") as client:
        client.headers["Authorization"] = f"Bearer {key}"
        yield client


@pytest.fixture(scope="module")
def stub() -> Iterator[str]:
    with language_models() as url:
        yield f"{url}/v1"


def provide(http: Http, name: str = "stub", **fields: Any) -> Any:
    answer = http.put(f"/api/v1/admin/providers/{name}", json=fields)
    assert answer.status_code == 200, answer.text
    return answer.json()


def lines(answer: Any) -> list[Any]:
    assert answer.status_code == 200, answer.text
    return [json.loads(line) for line in answer.text.splitlines()]


def calls(http: Http) -> list[Any]:
    return [
        http.get(f"{PROJECT}/calls/{row['id']}").json()
        for row in http.get(f"{PROJECT}/calls").json()["items"]
    ]


def test_keys_are_kept_and_never_shown(http: Http, services: Services, stub: str) -> None:
    shown = provide(http, base_url=stub, models=["a", "a", " b "], api_key="sk-hidden")
    assert (shown["models"], shown["has_key"]) == (["a", "b"], True)
    assert "sk-hidden" not in http.get("/api/v1/admin/providers").text
    with services.database.transaction():
        (kept,) = services.stores.providers.all()
    assert b"sk-hidden" not in (kept.key or b"")
    listed = {"items": [{"provider": "stub", "models": ["a", "b"]}]}
    assert http.get("/api/v1/models").json() == listed
    # The key stays where nothing is said of it, but is not sent to another host.
    assert provide(http, base_url=stub)["has_key"]
    moved = http.put("/api/v1/admin/providers/stub", json={"base_url": "https://else.example/v1"})
    assert moved.status_code == 400
    assert "another host" in moved.text
    assert not provide(http, base_url="https://else.example/v1", api_key="")["has_key"]
    assert http.delete("/api/v1/admin/providers/stub").status_code < 300
    assert http.delete("/api/v1/admin/providers/stub").status_code == 404


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("A", {"base_url": "https://a.example"}),
        ("a", {"base_url": "ftp://a.example"}),
        ("a", {"base_url": "https://user:pw@a.example"}),
        ("a", {"base_url": "https://a.example/?x"}),
        ("a", {"base_url": "https://a.example", "headers": {"Authorization": "x"}}),
        ("a", {"base_url": "https://a.example", "headers": {"x": "a\r\nb: c"}}),
        ("a", {"base_url": "https://a.example", "models": ["x" * 300]}),
    ],
)
def test_what_is_no_provider_is_refused(http: Http, name: str, fields: Any) -> None:
    assert http.put(f"/api/v1/admin/providers/{name}", json=fields).status_code == 400


def test_a_model_is_asked_and_the_answer_kept(http: Http, stub: str) -> None:
    provide(http, base_url=stub, api_key="sk-1")
    body = {"model": "stub/gpt-4o-mini", "messages": SAID, "parameters": {"temperature": 0.5}}
    http.post("/api/v1/projects", json={"entity": "admin", "name": "models"})
    first, *pieces = lines(http.post(f"{PROJECT}/completions", json={**body, "replayed": "old"}))
    text = "".join(
        choice["delta"].get("content") or "" for piece in pieces for choice in piece["choices"]
    )
    assert text == "Mount Fuji"
    (call,) = calls(http)
    assert call["id"] == first["call"]["id"]
    assert call["output"]["choices"][0]["message"]["content"] == "Mount Fuji"
    assert call["inputs"]["messages"] == SAID
    assert call["attributes"]["replayed"] == "old"
    (usage,) = call["usage"]
    assert (usage["prompt_tokens"], usage["completion_tokens"]) == (9, 2)
    assert call["status"] == "success"
    row = http.get(f"{PROJECT}/calls").json()["items"][0]
    assert row["cost"] is not None


def test_the_weave_client_asks_models(http: Http, stub: str) -> None:
    provide(http, base_url=stub, models=["gpt-4o-mini"])
    prompt = {"_type": "MessagesPrompt", "_class_name": "MessagesPrompt", "_bases": []}
    prompt["messages"] = [{"role": "system", "content": "You know {what}."}]  # pyright: ignore[reportArgumentType]
    obj = {**HERE, "object_id": "guide", "val": prompt}
    digest = http.post("/traces/obj/create", json={"obj": obj}).json()["digest"]
    inputs = {
        "model": "gpt-4o-mini",
        "messages": SAID,
        "prompt": f"weave:///admin/models/object/guide:{digest}",
        "template_vars": {"what": "mountains"},
        "api_key": "not-to-be-kept",
    }
    found = http.post("/traces/completions/create", json={**HERE, "inputs": inputs}).json()
    assert found["response"]["choices"][0]["message"]["content"] == "Mount Fuji"
    (call,) = calls(http)
    assert call["id"] == found["weave_call_id"]
    assert "api_key" not in call["inputs"]
    custom = {"model": "custom::stub::gpt-4o-mini", "messages": SAID}
    pieces = lines(http.post("/traces/completions/create_stream", json={**HERE, "inputs": custom}))
    assert pieces[0]["_meta"]["weave_call_id"]
    assert pieces[-1]["usage"]["total_tokens"] == 11
    untracked = {**HERE, "inputs": custom, "track_llm_call": False}
    assert "weave_call_id" not in http.post("/traces/completions/create", json=untracked).json()
    assert len(calls(http)) == 2


def test_what_goes_wrong_is_said(http: Http, services: Services, stub: str) -> None:
    asked = {**HERE, "inputs": {"model": "m", "messages": SAID}}

    def error() -> str:
        return http.post("/traces/completions/create", json=asked).json()["response"]["error"]

    assert "No models are set up" in error()
    provide(http, base_url=stub, models=["other"])
    assert "stub/other" in error()
    provide(http, base_url=f"{stub}/nowhere", models=["m"])
    assert error()
    # Nothing on this machine is called unless the administrator lists it.
    services.completions._models = OpenAiModels(Guard())
    assert "not on the public internet" in error()
    body = {"model": "stub/m", "messages": SAID}
    first, failed = lines(http.post(f"{PROJECT}/completions", json=body))
    assert "not on the public internet" in failed["error"]
    call = http.get(f"{PROJECT}/calls/{first['call']['id']}").json()
    assert call["status"] == "error"
    assert "public internet" in call["exception"]
    assert http.post(f"{PROJECT}/completions", json={**body, "model": "x"}).status_code == 404
    services.completions._models = OpenAiModels(Guard("127.0.0.1"))
    provide(http, base_url="http://127.0.0.1:9", models=["m"])
    assert "could not be asked" in error()
