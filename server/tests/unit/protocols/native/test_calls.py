"""Calls through our own API."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from litestar.testing import TestClient
from server.tests.applications import application

from kiseki_server.app.datadir import ADMIN_KEY
from kiseki_server.app.server import Application
from kiseki_server.app.services import Services

PROJECT = "/api/v1/projects/admin/calls"
Http = TestClient[Application]


def call(id: str, second: int, **given: Any) -> dict[str, Any]:
    return {
        "project_id": "admin/calls",
        "id": id,
        "trace_id": "t",
        "op_name": "weave:///admin/calls/op/answer:abc",
        "started_at": f"2026-11-30T12:00:{second:02}Z",
        "ended_at": f"2026-11-30T12:00:{second:02}.500Z",
        "attributes": {},
        "inputs": {"n": second, "model": "ab"[second % 2], "a b": {"c.d": 1}},
        "output": "x" * 500,
        "summary": {"usage": {"m": {"prompt_tokens": 3, "completion_tokens": 1, "requests": 1}}},
        **given,
    }


@pytest.fixture
def http(services: Services) -> Iterator[Http]:
    key = (services.settings.data_dir / ADMIN_KEY).read_text().strip()
    with TestClient(application(services), base_url="http://127.0.0.1:8080") as client:
        client.headers["Authorization"] = f"Bearer {key}"
        batch = [
            call("root", 0, display_name="Root"),
            call("one", 1, parent_id="root", exception="boom"),
            call("two", 2, parent_id="root", inputs={"ref": "weave:///admin/calls/call/one"}),
            call("talk", 3, trace_id="u", thread_id="th", turn_id="talk"),
        ]
        client.post("/traces/v2/admin/calls/calls/complete", json={"batch": batch})
        yield client


def get(http: Http, path: str, status: int = 200, **params: Any) -> Any:
    answer = http.get(f"{PROJECT}{path}", params=params)
    assert answer.status_code == status, answer.text
    return answer.json()


def ids(http: Http, **params: Any) -> list[str]:
    return [item["id"] for item in get(http, "/calls", **params)["items"]]


def test_lists_are_newest_first_filtered_and_paged(http: Http) -> None:
    assert ids(http) == ["talk", "two", "one", "root"]
    assert ids(http, filter="inputs.n >= 1 and inputs.n < 3") == ["one"]
    assert ids(http, filter='status = "error" or name = "Root"') == ["one", "root"]
    assert ids(http, roots=True, sort="started_at") == ["root", "talk"]
    assert ids(http, since="2026-11-30T12:00:01Z", until="2026-11-30T12:00:03Z") == ["two", "one"]
    for sort, expected in (
        (None, ["talk", "two", "one", "root"]),
        ("started_at", ["root", "one", "two", "talk"]),
        ("-inputs.n", ["talk", "one", "root", "two"]),
    ):
        found: list[str] = []
        cursor = None
        while True:
            params = {"limit": 1, "sort": sort, "cursor": cursor}
            page = get(http, "/calls", **{k: v for k, v in params.items() if v is not None})
            found += [item["id"] for item in page["items"]]
            cursor = page["cursor"]
            if cursor is None:
                break
        assert found == expected
    assert get(http, "/calls/count", filter="latency > 0.4") == {"total": 4}


def test_a_row_and_a_call(http: Http) -> None:
    row = get(http, "/calls", filter='id = "two"')["items"][0]
    assert row["op"] == "weave:///admin/calls/op/answer:abc"
    assert row["inputs_preview"] == '{"ref":"weave:///admin/calls/call/one"}'
    assert len(row["output_preview"]) == 400
    assert (row["latency_s"], row["status"], row["source"]) == (0.5, "success", "weave")
    assert row["usage"][0]["total_tokens"] == 4
    whole = get(http, "/calls/two")
    assert whole["inputs"] == {"ref": "weave:///admin/calls/call/one"}
    assert whole["output"] == "x" * 500
    get(http, "/calls/none", 404)


def test_a_trace_is_a_tree_by_parents(http: Http) -> None:
    trace = get(http, "/traces/t")
    assert [(c["id"], c["parent_id"]) for c in trace["calls"]] == [
        ("root", None),
        ("one", "root"),
        ("two", "root"),
    ]
    assert trace["truncated"] is False
    get(http, "/traces/none", 404)


def test_what_the_page_shows_of_all_calls(http: Http) -> None:
    timeline = get(
        http,
        "/calls/timeline",
        start="2026-11-30T12:00:00Z",
        end="2026-11-30T12:00:04Z",
        buckets=2,
    )
    assert timeline["step_s"] == 2
    assert [(b["calls"], b["errors"], b["p50_s"]) for b in timeline["buckets"]] == [
        (2, 1, 0.5),
        (2, 0, 0.5),
    ]
    assert [(t["model"], t["total_tokens"]) for t in timeline["tokens"]] == [("m", 8), ("m", 8)]
    facets = get(http, "/calls/facets", field=["op", "inputs.model"])
    assert facets == [
        {"field": "op", "values": [{"value": "answer", "calls": 4}]},
        {
            "field": "inputs.model",
            "values": [{"value": "b", "calls": 2}, {"value": "a", "calls": 1}],
        },
    ]
    fields = get(http, "/calls/fields")["fields"]
    assert 'inputs."a b"."c.d"' in fields
    assert ids(http, filter='inputs."a b"."c.d" = 1') == ["talk", "one", "root"]
    threads = get(http, "/threads")
    assert [(t["id"], t["turns"], t["p50_s"]) for t in threads["items"]] == [("th", 1, 0.5)]


def test_calls_are_renamed_and_deleted(http: Http) -> None:
    answer = http.patch(f"{PROJECT}/calls/one", json={"name": "Eins"})
    assert answer.json()["name"] == "Eins"
    gone = http.delete(f"{PROJECT}/calls", params={"id": ["root", "none"]})
    assert gone.json() == {"calls": 3}
    assert ids(http) == ["talk"]
    assert http.delete(f"{PROJECT}/calls", params={"id": ["root"]}).status_code == 404


@pytest.mark.parametrize(
    ("path", "params"),
    [
        ("/calls", {"filter": "secret = 1"}),
        ("/calls", {"sort": "secret"}),
        ("/calls", {"limit": 0}),
        ("/calls", {"cursor": "x"}),
        ("/calls/facets", {"field": "nothing"}),
        ("/calls/timeline", {"start": "2026-11-30T12:00:00Z", "end": "2026-11-30T12:00:00Z"}),
    ],
)
def test_questions_that_make_no_sense(http: Http, path: str, params: dict[str, Any]) -> None:
    get(http, path, 400, **params)
