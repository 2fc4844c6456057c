"""Feedback about calls and conversations through our own API."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from litestar.testing import TestClient

from kiseki_server.app.datadir import ADMIN_KEY
from kiseki_server.app.server import Application, build_application
from kiseki_server.app.services import Services

NAME = "admin/said"
PROJECT = f"/api/v1/projects/{NAME}"
Http = TestClient[Application]
GRADE = {"type": "string", "enum": ["exact", "substitute"]}


def call(id: str, second: int, **given: Any) -> dict[str, Any]:
    usage = {"gpt-4o": {"prompt_tokens": 1000, "completion_tokens": 100, "requests": 1}}
    return {
        "project_id": NAME,
        "id": id,
        "trace_id": id,
        "op_name": "answer",
        "started_at": f"2026-11-30T12:00:{second:02}Z",
        "ended_at": f"2026-11-30T12:00:{second + 1:02}Z",
        "attributes": {},
        "inputs": {"question": f"number {second}?"},
        "output": "yes",
        "summary": {"usage": usage},
        **given,
    }


@pytest.fixture
def http(services: Services) -> Iterator[Http]:
    key = (services.settings.data_dir / ADMIN_KEY).read_text().strip()
    with TestClient(build_application(services), base_url="http://127.0.0.1:8080") as client:
        client.headers["Authorization"] = f"Bearer {key}"
        turn = {"thread_id": "talk"}
        batch = [
            call("one", 1, **turn, turn_id="one"),
            call("two", 5, **turn, turn_id="two", exception="boom"),
            call(
                "tool", 6, **turn, turn_id="two", trace_id="two", parent_id="two", op_name="search"
            ),
            call("other", 9, thread_id="quiet", turn_id="other", summary={}),
        ]
        answer = client.post(f"/traces/v2/{NAME}/calls/complete", json={"batch": batch})
        assert answer.status_code == 200, answer.text
        spec = {
            "_type": "AnnotationSpec",
            "_class_name": "AnnotationSpec",
            "_bases": ["BaseObject", "BaseModel"],
            "name": "Relevance",
            "description": "How well it fits",
            "field_schema": GRADE,
        }
        sent = {"obj": {"project_id": NAME, "object_id": "relevance", "val": spec}}
        made = client.post("/traces/obj/create", json=sent)
        assert made.status_code == 200, made.text
        yield client


def give(http: Http, status: int = 201, **body: Any) -> Any:
    answer = http.post(f"{PROJECT}/calls/one/feedback", json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


def test_what_people_say_is_listed_and_summed_up(http: Http) -> None:
    give(http, emoji="👍")
    give(http, emoji="👍🏽")
    give(http, note="あとで直す")
    give(http, form="relevance", value="exact")
    last = give(http, form="relevance", value="substitute")
    assert (last["type"], last["name"], last["value"]) == ("annotation", "relevance", "substitute")
    found = http.get(f"{PROJECT}/calls/one/feedback").json()
    assert [one["type"] for one in found["items"]] == ["reaction"] * 2 + ["note"] + [
        "annotation"
    ] * 2
    assert all(one["own"] for one in found["items"])
    (form,) = found["forms"]
    assert (form["name"], form["title"], form["schema"]) == ("relevance", "Relevance", GRADE)
    rows = http.get(f"{PROJECT}/calls", params={"sort": "started_at"}).json()["items"]
    assert rows[0]["feedback"] == {
        "reactions": [{"emoji": "👍", "count": 2}],
        "notes": 1,
        "last_note": "あとで直す",
        "values": {"relevance": "substitute"},
    }
    assert rows[1]["feedback"] is None
    assert rows[0]["cost"] > 0
    removed = http.delete(f"{PROJECT}/feedback/{found['items'][0]['id']}")
    assert removed.status_code == 204
    assert http.delete(f"{PROJECT}/feedback/{found['items'][0]['id']}").status_code == 404
    assert len(http.get(f"{PROJECT}/calls/one/feedback").json()["items"]) == 4


def test_feedback_that_says_nothing_or_does_not_fit_is_refused(http: Http) -> None:
    give(http, 400)
    give(http, 400, emoji="👍", note="both")
    give(http, 400, emoji="thumbs")
    assert "relevance" in give(http, 400, form="relevance", value="wonderful")["message"]
    give(http, 404, form="unknown", value=1)
    assert http.post(f"{PROJECT}/calls/none/feedback", json={"note": "x"}).status_code == 404
    assert http.get(f"{PROJECT}/calls/one/feedback").json()["items"] == []


def test_conversations_tell_what_they_took_and_what_went_wrong(http: Http) -> None:
    quiet, talk = http.get(f"{PROJECT}/threads").json()["items"]
    assert (quiet["id"], quiet["turns"], quiet["errors"], quiet["tokens"]) == ("quiet", 1, 0, 0)
    assert quiet["cost"] is None
    assert (talk["turns"], talk["errors"], talk["tokens"], talk["p50_s"]) == (2, 1, 2200, 1.0)
    assert talk["cost"] > 0
    assert talk["preview"] == '{"question":"number 1?"}'
    turns = http.get(f"{PROJECT}/threads/talk/turns", params={"limit": 1}).json()
    assert [turn["call"] for turn in turns["items"]] == ["one"]
    rest = http.get(f"{PROJECT}/threads/talk/turns", params={"cursor": turns["cursor"]}).json()
    assert ([turn["call"] for turn in rest["items"]], rest["cursor"]) == (["two"], None)
    time = {"start": "2026-11-30T12:00:00Z", "end": "2026-11-30T13:00:00Z"}
    ops = http.get(f"{PROJECT}/calls/reliability", params=time).json()
    assert [(op["op"], op["calls"], op["errors"]) for op in ops] == [
        ("answer", 3, 1),
        ("search", 1, 0),
    ]
    assert (ops[1]["tokens"], ops[1]["p95_s"]) == (1100, 1.0)
