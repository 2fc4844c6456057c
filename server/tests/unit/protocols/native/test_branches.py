"""Forks and rewinds over our API."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from litestar.testing import TestClient
from server.tests.recording import batch, logged, start

from kiseki.wire.records import Config, Record
from kiseki_server.app.server import Application
from kiseki_server.app.services import Services
from kiseki_server.domain.history.copy_queue import Copy
from kiseki_server.domain.history.types import RunRef, Stream
from kiseki_server.kit.errors import Unavailable

Client = TestClient[Application]
PROJECT = "/api/v1/projects/admin/digits"
RUNS = f"{PROJECT}/runs"


@pytest.fixture(params=["memory", "embedded"])
def services(request: pytest.FixtureRequest, services: Services) -> Services:
    """The server on stores in memory, and on those that it has by default."""
    if request.param == "memory":
        return services
    return request.getfixturevalue("embedded_services")


def record(client: Client, records: list[Record], run: str = "one", **names: str) -> None:
    body = msgspec.msgpack.encode(batch(records, run=run, **names))
    answer = client.post("/api/v1/ingest", content=body)
    assert answer.status_code == 200, answer.text


def train(client: Client, run: str = "one", steps: int = 10) -> None:
    rows = (logged(s, loss=10.0 - s, **{"val/acc": s / 10}) for s in range(steps))
    record(client, [start(tags=["a"]), Config(values={"lr": 0.1}), *rows], run)
    assert client.patch(f"{RUNS}/{run}", json={"state": "finished"}).status_code == 200


def steps(client: Client, run: str) -> list[int]:
    answer = client.get(f"{RUNS}/{run}/history", params={"limit": 1000})
    assert answer.status_code == 200, answer.text
    return [row["step"] for row in answer.json()["items"]]


def names(client: Client, **question: Any) -> list[str]:
    answer = client.post(f"{RUNS}/search", json=question)
    return [run["id"] for run in answer.json()["items"]]


def test_a_fork_waits_for_its_client_and_goes_on(client: Client) -> None:
    train(client)
    answer = client.post(f"{RUNS}/one/fork", json={"step": 5, "name": "two"})
    assert answer.status_code == 201, answer.text
    fork = answer.json()
    assert (fork["id"], fork["state"], fork["branch"]) == (
        "two",
        "pending",
        {"run": "one", "step": 5},
    )
    assert (fork["config"], fork["tags"]) == ({"lr": 0.1}, ["a"])
    assert fork["summary"] == {"loss": 5.0, "val/acc": 0.5}
    assert steps(client, "two") == list(range(6))
    record(client, [start(), logged(6, loss=-1.0)], "two", writer="another001")
    assert client.get(f"{RUNS}/two").json()["state"] == "running"
    assert client.get(f"{RUNS}/two").json()["summary"] == {"loss": -1.0, "val/acc": 0.5}
    assert steps(client, "two") == list(range(7))
    near = client.get(f"{RUNS}/one/branches").json()
    assert (near["parent"], [run["id"] for run in near["forks"]]) == (None, ["two"])


def test_a_name_is_made_up_for_a_fork_and_given_once(client: Client) -> None:
    train(client)
    made = client.post(f"{RUNS}/one/fork", json={"step": 0}).json()
    assert len(made["id"]) == 8
    again = client.post(f"{RUNS}/one/fork", json={"step": 0, "name": made["id"]})
    assert (again.status_code, again.json()["error"]) == (409, "conflict")


@pytest.mark.parametrize(
    ("run", "asked", "status"),
    [
        ("none", {"step": 1}, 404),
        ("one", {"step": 10}, 400),
        ("one", {"step": -1}, 400),
        ("one", {"step": 1, "name": "one"}, 400),
        ("one", {"step": 1, "name": "a/b"}, 400),
        ("gone", {"step": 1}, 410),
    ],
)
def test_a_fork_of_nothing_is_refused(
    client: Client, run: str, asked: dict[str, Any], status: int
) -> None:
    train(client)
    train(client, "gone")
    client.delete(f"{RUNS}/gone")
    answer = client.post(f"{RUNS}/{run}/fork", json=asked)
    assert answer.status_code == status, answer.text
    assert names(client) == ["one"]


def test_a_rewound_run_hides_what_it_was(client: Client) -> None:
    train(client)
    with_file = client.put(f"{RUNS}/one/files/media/a.txt", content=b"bytes")
    assert with_file.status_code < 300
    answer = client.post(f"{RUNS}/one/rewind", json={"step": 3})
    assert answer.status_code == 200, answer.text
    run = answer.json()
    assert (run["id"], run["summary"]["loss"], run["branch"]["step"]) == ("one", 7.0, 3)
    assert client.get(f"{RUNS}/one/files/media/a.txt").content == b"bytes"
    assert names(client) == ["one"]
    assert sorted(names(client, archived=True)) == ["one", "one@1"]
    assert steps(client, "one@1") == list(range(10))
    counted = client.get("/api/v1/projects", params={"entity": "admin"}).json()["items"]
    assert [project["runs"] for project in counted if project["name"] == "digits"] == [1]
    assert client.delete(f"{RUNS}/one").status_code == 204
    assert client.get(f"{RUNS}/one@1").status_code == 410


def test_a_run_that_runs_is_not_rewound(client: Client) -> None:
    record(client, [start(), logged(0, loss=1.0)])
    answer = client.post(f"{RUNS}/one/rewind", json={"step": 0})
    assert (answer.status_code, answer.json()["hint"]) == (409, "Stop it first.")
    assert names(client, archived=True) == ["one"]


def test_a_copy_that_was_cut_is_finished(
    client: Client, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    train(client)

    def refuse(arrival: object) -> None:
        raise Unavailable("The server was killed here")

    with monkeypatch.context() as patch:
        patch.setattr(services.ingest, "submit", refuse)
        assert client.post(f"{RUNS}/one/fork", json={"step": 5, "name": "two"}).status_code == 503
    assert steps(client, "two") == []
    train(client, "one", 0)
    assert services.branching.finish_all() == 1
    assert steps(client, "two") == list(range(6))
    assert client.get(f"{RUNS}/two").json()["summary"] == {"loss": 5.0, "val/acc": 0.5}
    assert services.branching.finish_all() == 0


def test_a_copy_whose_run_was_deleted_is_given_up(client: Client, services: Services) -> None:
    train(client)
    client.post(f"{RUNS}/one/fork", json={"step": 5, "name": "two"})
    client.delete(f"{RUNS}/two")
    with services.database.transaction(write=True):
        projects = services.stores.projects.find("admin", "digits")
        assert projects is not None
        one, two = (services.stores.runs.find(projects.id, name) for name in ("one", "two"))
        assert one is not None
        assert two is not None
        services.stores.history.delete([RunRef(two.project, two.id)])
        services.stores.copies.add(Copy(two.id, one.id, 5))
    assert services.branching.finish_all() == 1
    assert services.stores.history.extent(RunRef(two.project, two.id), Stream.HISTORY) is None
