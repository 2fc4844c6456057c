"""Runs and what they logged, over HTTP."""

from __future__ import annotations

import math
import struct
from typing import Any

import msgspec
import pyarrow as pa
import pytest
from litestar.testing import TestClient
from server.tests.recording import NOON, batch, logged, start

from kiseki.wire.records import Config, Console, Record
from kiseki_server.app.server import Application
from kiseki_server.app.services import Services

Client = TestClient[Application]
PROJECT = "/api/v1/projects/admin/digits"
RUN = f"{PROJECT}/runs/one"
ARROW = {"Accept": "application/vnd.apache.arrow.stream"}


@pytest.fixture(params=["memory", "embedded"])
def services(request: pytest.FixtureRequest, services: Services) -> Services:
    """The server on stores in memory, and on those that it has by default."""
    if request.param == "memory":
        return services
    return request.getfixturevalue("embedded_services")


def record(client: Client, records: list[Record], run: str = "one") -> None:
    body = msgspec.msgpack.encode(batch(records, run=run))
    answer = client.post("/api/v1/ingest", content=body)
    assert answer.status_code == 200, answer.text


def train(client: Client, run: str, lr: float, steps: int = 10) -> None:
    rows = (logged(s, loss=lr * s, **{"val/acc": s / 10}) for s in range(steps))
    record(client, [start(), Config(values={"lr": lr}), *rows], run)


def arrow(content: bytes) -> pa.Table:
    return pa.ipc.open_stream(content).read_all()


def search(client: Client, **question: Any) -> list[str]:
    answer = client.post(f"{PROJECT}/runs/search", json=question)
    assert answer.status_code == 200, answer.text
    return [run["id"] for run in answer.json()["items"]]


def test_a_run_is_put_changed_and_cleared(client: Client) -> None:
    made = client.put(RUN, json={"config": {"lr": 0.1}, "tags": ["a"], "group": "g"})
    assert made.status_code == 200
    run = made.json()
    assert (run["id"], run["entity"], run["project"], run["user"]) == (
        "one",
        "admin",
        "digits",
        "admin",
    )
    assert (run["state"], run["config"], run["group"]) == ("running", {"lr": 0.1}, "g")
    assert client.get(RUN).json() == run
    changed = client.patch(
        RUN,
        json={
            "display_name": "first try",
            "group": None,
            "notes": "**good**",
            "config": {"depth": 3},
            "metrics": [{"name": "loss", "summary": ["min"], "goal": "minimize"}],
            "state": "finished",
        },
    ).json()
    assert (changed["display_name"], changed["group"], changed["notes"]) == (
        "first try",
        None,
        "**good**",
    )
    assert changed["config"] == {"lr": 0.1, "depth": 3}
    assert changed["metrics"] == [
        {
            "name": "loss",
            "step_metric": None,
            "step_sync": None,
            "hidden": None,
            "summary": ["min"],
            "goal": "minimize",
        }
    ]
    assert changed["finished_at"] is not None
    again = client.put(RUN, json={"state": "running"}).json()
    assert (again["display_name"], again["finished_at"]) == ("first try", None)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"display_name": ""}, "display name is empty"),
        ({"tags": [""]}, "tag"),
        ({"state": "dancing"}, "state"),
        ({"state": "pending"}, "pending"),
        ({"config": 3}, "config"),
        ({"exit_code": 1 << 40}, "exit code"),
    ],
)
def test_bad_fields_are_explained(client: Client, body: dict[str, Any], message: str) -> None:
    client.put(RUN, json={})
    answer = client.patch(RUN, json=body)
    assert answer.status_code in (400, 409)
    assert message in answer.json()["message"]


def test_run_ids_are_checked(client: Client) -> None:
    client.post("/api/v1/projects", json={"name": "digits"})
    for name in ("a:b", "a%23b", "x" * 129):
        answer = client.put(f"{PROJECT}/runs/{name}", json={})
        assert (answer.status_code, answer.json()["error"]) == (400, "bad_request")
    unknown = client.get(f"{PROJECT}/runs/nope")
    assert (unknown.status_code, unknown.json()["error"]) == (404, "unknown_run")
    assert "admin/digits" in client.get(RUN).json()["message"]


def test_runs_are_found_and_sorted(client: Client) -> None:
    for name, lr in (("a", 0.1), ("b", 0.3), ("c", 0.2)):
        train(client, name, lr)
    by_lr = {"sort": [{"field": "config.lr", "descending": True}]}
    assert search(client, **by_lr) == ["b", "c", "a"]
    assert search(client, filter="config.lr > 0.15 and summary.loss exists", **by_lr) == ["b", "c"]
    assert search(client, filter='name in ["a", "c"] and state = "running"') == ["c", "a"]
    client.patch(f"{PROJECT}/runs/a", json={"tags": ["best"]})
    assert search(client, filter='tags contains "best"') == ["a"]
    client.delete(f"{PROJECT}/runs/a")
    assert search(client, **by_lr) == ["b", "c"]
    assert search(client, deleted=True, **by_lr) == ["b", "c", "a"]
    fields = client.get(f"{PROJECT}/runs/fields", params={"root": "summary"}).json()
    assert fields == {"items": ["loss", "val/acc"]}


def test_search_goes_in_pages(client: Client) -> None:
    for n in range(5):
        client.put(f"{PROJECT}/runs/run-{n}", json={"config": {"n": n}})
    question: dict[str, Any] = {"sort": [{"field": "config.n"}], "limit": 2}
    seen: list[str] = []
    while True:
        page = client.post(f"{PROJECT}/runs/search", json=question).json()
        assert page["total"] == 5
        seen += [run["id"] for run in page["items"]]
        if page["cursor"] is None:
            break
        question["cursor"] = page["cursor"]
    assert seen == [f"run-{n}" for n in range(5)]


@pytest.mark.parametrize(
    ("question", "message"),
    [
        ({"filter": "config.lr >"}, "position 12"),
        ({"filter": "nope = 1"}, "no field `nope`"),
        ({"filter": 'name ~ "(?=x)"'}, "regular expression"),
        ({"sort": [{"field": "nope"}]}, "no field `nope`"),
        ({"limit": 0}, "`limit`"),
        ({"cursor": "nonsense"}, "cursor"),
    ],
)
def test_a_bad_search_is_explained(client: Client, question: dict[str, Any], message: str) -> None:
    client.put(RUN, json={})
    answer = client.post(f"{PROJECT}/runs/search", json=question)
    assert answer.status_code == 400
    assert message in answer.json()["message"]


def test_keys_come_in_pages(client: Client) -> None:
    record(client, [start(), logged(0, **{f"k{n}": 1.0 for n in range(5)}, text="x")])
    train(client, "two", 0.1)
    page = client.get(f"{RUN}/keys", params={"limit": 4}).json()
    assert [item["key"] for item in page["items"]] == ["k0", "k1", "k2", "k3"]
    assert page["after"] == "k3"
    rest = client.get(f"{RUN}/keys", params={"after": "k3"}).json()
    assert rest == {
        "items": [
            {"key": "k4", "numeric": True, "other": False, "runs": 1},
            {"key": "text", "numeric": False, "other": True, "runs": 1},
        ],
        "after": None,
    }
    both = client.post(f"{PROJECT}/keys", json={"runs": ["one", "two"], "regex": "^(k0|loss)$"})
    assert [item["key"] for item in both.json()["items"]] == ["k0", "loss"]
    missing = client.post(f"{PROJECT}/keys", json={"runs": ["one", "nope"]})
    assert (missing.status_code, missing.json()["error"]) == (404, "unknown_run")


def test_statistics(client: Client) -> None:
    record(client, [start(), logged(0, a=1.0, b=5.0), logged(1, a=3.0), logged(2, a=math.nan)])
    answer = client.get(f"{RUN}/stats", params={"key": "a"}).json()
    assert answer == {
        "items": [
            {
                "key": "a",
                "count": 3,
                "nonfinite": 1,
                "min": 1.0,
                "max": 3.0,
                "mean": 2.0,
                "first": 1.0,
                "last": "NaN",
                "last_step": 2,
                "last_time": "2026-01-02T12:00:02Z",
            }
        ]
    }
    every = client.get(f"{RUN}/stats").json()["items"]
    assert [item["key"] for item in every] == ["a", "b"]


def test_rows_go_in_pages_and_as_arrow(client: Client) -> None:
    record(client, [start(), *(logged(2 * s, a=float(s), b="x") for s in range(5))])
    params: dict[str, Any] = {"limit": 2}
    pages: list[list[int]] = []
    while True:
        page = client.get(f"{RUN}/history", params=params).json()
        pages.append([row["step"] for row in page["items"]])
        if page["next"] is None:
            break
        params["low"] = page["next"]
    assert pages == [[0, 2], [4, 6], [8]]
    some = client.get(f"{RUN}/history", params={"key": "a", "low": 3, "high": 6}).json()["items"]
    assert [row["values"] for row in some] == [{"a": 2.0}, {"a": 3.0}]
    answer = client.get(f"{RUN}/history", params={"limit": 2}, headers=ARROW)
    table = arrow(answer.content)
    assert table.schema.metadata == {b"next": b"4"}
    assert table.column("step").to_pylist() == [0, 0, 2, 2]
    assert table.column("key").to_pylist() == ["a", "b", "a", "b"]
    bad = client.get(f"{RUN}/history", params={"limit": 0})
    assert (bad.status_code, bad.json()["error"]) == (400, "bad_request")


def test_series_as_arrow_and_as_json(client: Client) -> None:
    train(client, "one", 1.0)
    train(client, "two", 2.0)
    question: dict[str, Any] = {"runs": ["two", "one"], "keys": ["loss"], "buckets": 2}
    answer = client.post(f"{PROJECT}/series", json=question)
    assert answer.headers["content-type"] == ARROW["Accept"]
    table = arrow(answer.content)
    assert table.schema.metadata == {b"low": b"0.0", b"high": b"9.0"}
    assert table.schema.field("run").type == pa.dictionary(pa.int32(), pa.string())
    rows = {(row["run"], row["bucket"]): row for row in table.to_pylist()}
    assert rows["two", 1] == {
        "run": "two",
        "key": "loss",
        "bucket": 1,
        "x_first": 5.0,
        "x_last": 9.0,
        "min": 10.0,
        "max": 18.0,
        "mean": 14.0,
        "last": 18.0,
        "count": 5,
        "nonfinite": 0,
    }
    as_json = client.post(
        f"{PROJECT}/series", json=question, headers={"Accept": "application/json"}
    ).json()
    assert (as_json["low"], as_json["high"]) == (0.0, 9.0)
    assert as_json["columns"]["last"] == table.column("last").to_pylist()
    assert as_json["columns"]["run"] == table.column("run").to_pylist()
    nothing = arrow(client.post(f"{PROJECT}/series", json={**question, "keys": ["no"]}).content)
    assert (nothing.num_rows, nothing.schema.names) == (0, table.schema.names)


def test_series_over_time_are_in_milliseconds_and_seconds(client: Client) -> None:
    train(client, "one", 1.0)
    began = NOON.timestamp() * 1000
    question: dict[str, Any] = {"runs": ["one"], "keys": ["loss"], "buckets": 1, "x": "time"}
    table = arrow(client.post(f"{PROJECT}/series", json=question).content)
    assert table.column("x_last").to_pylist() == [began + 9000]
    assert float(table.schema.metadata[b"high"]) == began + 9000
    zoomed = {**question, "low": began + 2000, "high": began + 4000}
    table = arrow(client.post(f"{PROJECT}/series", json=zoomed).content)
    assert table.column("count").to_pylist() == [3]
    table = arrow(client.post(f"{PROJECT}/series", json={**question, "x": "relative"}).content)
    assert table.column("x_last").to_pylist() == [9.0]
    by_key = {**question, "x_key": "val/acc", "low": 0.25}
    table = arrow(client.post(f"{PROJECT}/series", json=by_key).content)
    assert table.column("x_first").to_pylist() == [0.3]


def test_several_series_questions_come_in_frames(client: Client) -> None:
    train(client, "one", 1.0)
    train(client, "two", 2.0)
    queries = [
        {"id": 7, "runs": ["one"], "keys": ["loss"], "buckets": 1},
        {"id": 9, "runs": ["one", "two"], "keys": ["val/acc"], "buckets": 1},
    ]
    answer = client.post(f"{PROJECT}/series/batch", json={"queries": queries})
    assert answer.headers["content-type"] == "application/x-kiseki-frames"
    content, frames = answer.content, {}
    while content:
        length, id = struct.unpack_from("<II", content)
        frames[id] = arrow(content[8 : 8 + length]).column("last").to_pylist()
        content = content[8 + length :]
    assert frames == {7: [9.0], 9: [0.9, 0.9]}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"buckets": 0}, "buckets"),
        ({"x": "y"}, "x"),
        ({"runs": ["nope"]}, "no run `nope`"),
        ({"keys": [str(n) for n in range(20_001)]}, "too much"),
    ],
)
def test_bad_series_questions_are_explained(
    client: Client, change: dict[str, Any], message: str
) -> None:
    train(client, "one", 1.0)
    question = {"runs": ["one"], "keys": ["loss"], "buckets": 10, **change}
    answer = client.post(f"{PROJECT}/series", json=question)
    assert answer.status_code in (400, 404)
    assert message in answer.json()["message"]


def test_output_is_read_from_both_ends(client: Client) -> None:
    lines = [
        Console(line=n, time=NOON.timestamp() + n, error=n % 2 == 1, text=f"line {n}")
        for n in range(10)
    ]
    record(client, [start(label="rank 0"), *lines])

    def read(**params: Any) -> tuple[list[str], int, list[str]]:
        page = client.get(f"{RUN}/logs", params=params).json()
        items = page["items"]
        return [i["text"] for i in items], page["total"], [i["cursor"] for i in items]

    first, total, cursors = read(limit=3)
    assert (first, total) == (["line 0", "line 1", "line 2"], 10)
    assert read(limit=2, after=cursors[2])[0] == ["line 3", "line 4"]
    assert read(limit=2, before="end")[0] == ["line 8", "line 9"]
    assert read(limit=2, before=cursors[2])[0] == ["line 0", "line 1"]
    assert read(search="[89]$")[:2] == (["line 8", "line 9"], 2)
    assert read(level="error", limit=1)[:2] == (["line 1"], 5)
    item = client.get(f"{RUN}/logs", params={"limit": 1}).json()["items"][0]
    assert item == {
        "cursor": cursors[0],
        "time": "2026-01-02T12:00:00Z",
        "level": "info",
        "label": "rank 0",
        "number": 0,
        "text": "line 0",
    }
    for bad in ({"after": "x"}, {"limit": 0}, {"search": "("}, {"after": "end", "before": "end"}):
        assert client.get(f"{RUN}/logs", params=bad).status_code == 400
