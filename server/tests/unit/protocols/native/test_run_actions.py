"""Runs restored, moved and changed in bulk, and what they have to say."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from litestar.testing import TestClient
from server.tests.applications import application
from server.tests.recording import SetClock, batch, logged, start

from kiseki.wire.records import Config, Console, Record
from kiseki_server.app.compose import compose
from kiseki_server.app.first_start import ensure_administrator
from kiseki_server.app.server import Application
from kiseki_server.app.services import Services
from kiseki_server.app.settings import Settings
from kiseki_server.app.stores import memory_stores

Client = TestClient[Application]
PROJECTS = "/api/v1/projects/admin"
RUNS = f"{PROJECTS}/digits/runs"
THERE = f"{PROJECTS}/letters/runs"
TO = {"entity": "admin", "project": "letters"}


@pytest.fixture(params=["memory", "embedded"])
def services(request: pytest.FixtureRequest, services: Services) -> Services:
    """The server on stores in memory, and on those that it has by default."""
    if request.param == "memory":
        return services
    return request.getfixturevalue("embedded_services")


def record(client: Client, records: list[Record], run: str = "one", **names: str) -> Any:
    body = msgspec.msgpack.encode(batch(records, run=run, **names))
    return client.post("/api/v1/ingest", content=body)


def train(client: Client, *runs: str) -> None:
    client.post("/api/v1/projects", json={"entity": "admin", "name": "letters"})
    for run in runs:
        rows = (logged(s, loss=10.0 - s, note=f"n{s}") for s in range(10))
        printed = Console(line=0, time=0.0, error=False, text="hello")
        begun = [start(tags=["a"]), Config(values={"lr": 0.1}), printed]
        assert record(client, [*begun, *rows], run).status_code == 200
        assert client.patch(f"{RUNS}/{run}", json={"state": "finished"}).status_code == 200


def history(client: Client, runs: str, run: str) -> list[Any]:
    answer = client.get(f"{runs}/{run}/history", params={"limit": 1000})
    assert answer.status_code == 200, answer.text
    return [(row["step"], row["values"]) for row in answer.json()["items"]]


def names(client: Client, runs: str = RUNS, **question: Any) -> list[str]:
    answer = client.post(f"{runs}/search", json=question)
    return sorted(run["id"] for run in answer.json()["items"])


def bulk(client: Client, action: str, runs: list[str], **given: Any) -> Any:
    answer = client.post(f"{RUNS}/bulk", json={"action": action, "runs": runs, **given})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_deleted_run_comes_back_whole(client: Client) -> None:
    train(client, "one")
    before = history(client, RUNS, "one")
    client.delete(f"{RUNS}/one")
    assert names(client) == []
    (gone,) = client.post(f"{RUNS}/search", json={"deleted": True}).json()["items"]
    assert gone["deleted_at"] is not None
    back = client.post(f"{RUNS}/one/restore")
    assert (back.status_code, back.json()["deleted_at"]) == (200, None)
    assert client.post(f"{RUNS}/one/restore").status_code == 200
    assert names(client) == ["one"]
    assert history(client, RUNS, "one") == before
    assert client.post(f"{RUNS}/none/restore").status_code == 404


def test_a_restored_run_has_its_earlier_forms(client: Client) -> None:
    train(client, "one")
    client.post(f"{RUNS}/one/rewind", json={"step": 3})
    client.delete(f"{RUNS}/one")
    assert names(client, archived=True) == []
    client.post(f"{RUNS}/one/restore")
    assert names(client, archived=True) == ["one", "one@1"]


def test_a_run_moves_with_all_that_it_has(client: Client) -> None:
    train(client, "one", "two")
    client.put(f"{RUNS}/one/files/a.txt", content=b"bytes")
    before = client.get(f"{RUNS}/one").json()
    rows = history(client, RUNS, "one")
    assert client.post(f"{RUNS}/one/rewind", json={"step": 9}).status_code == 200
    moved = client.post(f"{RUNS}/one/move", json=TO)
    assert moved.status_code == 200, moved.text
    assert (moved.json()["project"], moved.json()["config"]) == ("letters", before["config"])
    assert client.get(f"{RUNS}/one").status_code == 404
    assert (names(client), names(client, THERE)) == (["two"], ["one"])
    assert names(client, THERE, archived=True) == ["one", "one@1"]
    assert history(client, THERE, "one") == rows
    assert client.get(f"{THERE}/one@1/logs").json()["items"][0]["text"] == "hello"
    assert client.get(f"{THERE}/one/files/a.txt").content == b"bytes"
    # And back, where its rows have been before.
    back = client.post(f"{THERE}/one/move", json={"entity": "admin", "project": "digits"})
    assert back.status_code == 200, back.text
    assert history(client, RUNS, "one") == rows
    assert (names(client), names(client, THERE)) == (["one", "two"], [])
    again = record(client, [start(), logged(10, loss=0.0)], "one", writer="another001")
    assert again.status_code == 200
    assert len(history(client, RUNS, "one")) == 11


def test_a_run_does_not_move_where_its_name_is_taken(client: Client) -> None:
    train(client, "one")
    client.put(f"{THERE}/one", json={})
    client.delete(f"{THERE}/one")
    answer = client.post(f"{RUNS}/one/move", json=TO)
    assert (answer.status_code, answer.json()["error"]) == (409, "conflict")
    assert "has a run `one` already" in answer.json()["message"]
    assert len(history(client, RUNS, "one")) == 10


@pytest.mark.parametrize(
    ("run", "to", "status"),
    [
        ("none", TO, 404),
        ("one", {"entity": "admin", "project": "nothing"}, 404),
        ("one", {"entity": "admin", "project": "digits"}, 400),
        ("running", TO, 409),
    ],
)
def test_a_move_to_nowhere_changes_nothing(
    client: Client, run: str, to: dict[str, str], status: int
) -> None:
    train(client, "one")
    client.put(f"{RUNS}/running", json={})
    assert client.post(f"{RUNS}/{run}/move", json=to).status_code == status
    assert names(client) == ["one", "running"]


def test_many_runs_are_changed_at_once(client: Client) -> None:
    train(client, "one", "two", "three")
    client.put(f"{RUNS}/runs", json={})
    done = bulk(client, "tag", ["one", "two", "one"], add_tags=["b"], remove_tags=["a"])
    assert done == {"done": ["one", "two"], "failed": []}
    assert client.get(f"{RUNS}/two").json()["tags"] == ["b"]
    assert bulk(client, "group", ["one", "two"], group="g")["done"] == ["one", "two"]
    assert bulk(client, "group", ["two"])["done"] == ["two"]
    assert [client.get(f"{RUNS}/{run}").json()["group"] for run in ("one", "two")] == ["g", None]
    stopped = bulk(client, "stop", ["runs", "one"])
    assert (stopped["done"], stopped["failed"][0]["error"]) == (["runs"], "conflict")
    assert bulk(client, "delete", ["one", "none"])["failed"] == [
        {"run": "none", "error": "unknown_run", "message": "`admin/digits` has no run `none`"}
    ]
    assert bulk(client, "restore", ["one"])["done"] == ["one"]
    moved = bulk(client, "move", ["one", "runs", "three"], to=TO)
    assert (moved["done"], [failed["run"] for failed in moved["failed"]]) == (
        ["one", "three"],
        ["runs"],
    )
    assert (names(client), names(client, THERE)) == (["runs", "two"], ["one", "three"])


@pytest.mark.parametrize(
    "body",
    [
        {"runs": [], "action": "delete"},
        {"runs": ["one"], "action": "explode"},
        {"runs": ["one"], "action": "move"},
        {"runs": ["one"], "action": "delete", "to": TO},
        {"runs": ["one"], "action": "group", "add_tags": ["a"]},
        {"runs": ["one"] * 1001, "action": "delete"},
    ],
)
def test_a_bulk_action_that_makes_no_sense_is_refused(client: Client, body: Any) -> None:
    train(client, "one")
    assert client.post(f"{RUNS}/bulk", json=body).status_code == 400
    assert names(client) == ["one"]


def test_alerts_are_kept_and_listed(client: Client) -> None:
    train(client, "one")

    def say(title: str, **given: Any) -> Any:
        answer = client.post(f"{RUNS}/one/alerts", json={"title": title, **given})
        assert answer.status_code == 201, answer.text
        return answer.json()["alert"]

    assert say("low", text="loss", level="warning", wait_s=60)["level"] == "warning"
    assert say("low", text="again", wait_s=60) is None
    assert say("low", text="at once")["text"] == "at once"
    assert say("other", wait_s=60)["text"] == ""
    page = client.get(f"{RUNS}/one/alerts", params={"limit": 2}).json()
    assert [alert["title"] for alert in page["items"]] == ["other", "low"]
    assert page["total"] == 3
    rest = client.get(f"{RUNS}/one/alerts", params={"cursor": page["cursor"]}).json()
    assert ([alert["text"] for alert in rest["items"]], rest["cursor"]) == (["loss"], None)


@pytest.mark.parametrize(
    "body",
    [
        {"title": ""},
        {"title": "x" * 301},
        {"title": "x", "text": "x" * 20_001},
        {"title": "x", "level": "loud"},
        {"title": "x", "wait_s": -1},
        {"title": "a\0b"},
    ],
)
def test_an_alert_that_is_none_is_refused(client: Client, body: Any) -> None:
    train(client, "one")
    assert client.post(f"{RUNS}/one/alerts", json=body).status_code == 400
    assert client.get(f"{RUNS}/one/alerts").json()["items"] == []


def test_the_quiet_time_of_an_alert_ends(settings: Settings) -> None:
    clock = SetClock()
    services = compose(settings, clock=clock, stores=memory_stores())
    ensure_administrator(services)
    admin = (settings.data_dir / "admin.key").read_text().strip()
    with TestClient(application(services), base_url="http://127.0.0.1:8080") as client:
        client.headers["Authorization"] = f"Bearer {admin}"
        client.put(f"{RUNS}/one", json={})
        told: list[bool] = []
        for minutes in (0, 0.9, 0.2, 0.5):
            clock.pass_time(minutes=minutes)
            answer = client.post(f"{RUNS}/one/alerts", json={"title": "t", "wait_s": 60}).json()
            told.append(answer["alert"] is not None)
    assert told == [True, False, True, False]
    services.close()
