"""Batches over HTTP: what goes in comes out, and what is wrong is explained."""

from __future__ import annotations

import gzip
import math
from collections.abc import Sequence
from typing import Any

import httpx
import msgspec
import pytest
from litestar.testing import TestClient
from server.tests.recording import NOON, batch, logged, start

from kiseki._transport.batches import Origin, empty
from kiseki.wire.batch import Acknowledgement, Batch, RunEnd
from kiseki.wire.records import Console, Record, System
from kiseki_server.app.server import Application
from kiseki_server.app.services import Services
from kiseki_server.kit.errors import StorageFull, Unavailable

Client = TestClient[Application]
INGEST = "/api/v1/ingest"
RUN = "/api/v1/projects/admin/digits/runs/one"
JOURNAL: list[Record] = [
    start(tags=["a"]),
    *(logged(step, loss=1.0 / (step + 1)) for step in range(5)),
    logged(5, loss=math.nan, acc=math.inf, note="x"),
    Console(line=0, time=NOON.timestamp(), error=False, text="hello"),
]


@pytest.fixture(params=["memory", "embedded"])
def services(request: pytest.FixtureRequest, services: Services) -> Services:
    """The server on stores in memory, and on those that it has by default."""
    if request.param == "memory":
        return services
    return request.getfixturevalue("embedded_services")


def send(client: Client, sent: Batch, **headers: str) -> httpx.Response:
    body = msgspec.msgpack.encode(sent)
    if headers.get("content_encoding") == "gzip":
        body = gzip.compress(body)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.post(
        INGEST, content=body, headers={"Content-Type": "application/msgpack", **named}
    )


def acknowledged(answer: httpx.Response) -> Acknowledgement:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/msgpack"
    return msgspec.msgpack.decode(answer.content, type=Acknowledgement)


def problem(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]


def rows(client: Client, run: str = RUN) -> Sequence[Any]:
    return client.get(f"{run}/history", params={"limit": 1000}).json()["items"]


def test_the_first_batch_makes_project_and_run(client: Client) -> None:
    assert acknowledged(send(client, batch(JOURNAL))) == Acknowledgement(
        next=len(JOURNAL), entity="admin", project="digits", run="one", url="/admin/digits/runs/one"
    )
    run = client.get(RUN).json()
    assert (run["state"], run["tags"], run["host"]) == ("running", ["a"], "node-1")
    assert run["started_at"] == "2026-01-02T12:00:00Z"
    assert run["display_name"].endswith("-1")
    assert run["summary"] == {"loss": "NaN", "acc": "Infinity", "note": "x"}
    assert len(rows(client)) == 6
    assert rows(client)[5]["values"] == {"loss": "NaN", "acc": "Infinity", "note": "x"}


def test_gzip_is_taken(client: Client) -> None:
    assert acknowledged(send(client, batch(JOURNAL), content_encoding="gzip")).next == len(JOURNAL)
    assert len(rows(client)) == 6


def test_duplicates_overlaps_gaps_and_disorder(client: Client) -> None:
    acknowledged(send(client, batch(JOURNAL, 0, 3)))
    gap = send(client, batch(JOURNAL, 5))
    assert problem(gap) == (409, "position_gap")
    assert gap.json()["next"] == 3
    assert acknowledged(send(client, batch(JOURNAL, 1, 5))).next == 5
    assert acknowledged(send(client, batch(JOURNAL, 0, 3))).next == 5
    assert acknowledged(send(client, batch(JOURNAL))).next == len(JOURNAL)
    assert [row["step"] for row in rows(client)] == list(range(6))


def test_the_position_can_be_asked_for(client: Client) -> None:
    acknowledged(send(client, batch(JOURNAL, 0, 3)))
    for entity in ("-", "admin"):
        answer = client.get(f"{INGEST}/{entity}/digits/one/writer0001")
        assert acknowledged(answer).next == 3
    for place in ("-/digits/one/other", "-/digits/two/writer0001", "-/other/one/writer0001"):
        assert client.get(f"{INGEST}/{place}").status_code == 404


def test_a_run_that_was_never_started_is_unknown(client: Client) -> None:
    assert problem(send(client, batch(JOURNAL, 1))) == (404, "unknown_run")
    acknowledged(send(client, batch(JOURNAL)))
    assert problem(send(client, batch(JOURNAL, 1, run="two"))) == (404, "unknown_run")
    assert problem(send(client, batch([logged(0, a=1.0)], run="two"))) == (404, "unknown_run")


def test_a_deleted_run_is_gone(client: Client) -> None:
    acknowledged(send(client, batch(JOURNAL, 0, 3)))
    assert client.delete(RUN).status_code == 204
    assert problem(send(client, batch(JOURNAL, 3))) == (410, "gone")
    assert problem(send(client, batch(JOURNAL))) == (410, "gone")
    assert problem(client.get(RUN)) == (410, "gone")


def test_stop_and_end_go_over_the_wire(client: Client) -> None:
    acknowledged(send(client, batch(JOURNAL, 0, 3)))
    assert client.post(f"{RUN}/stop").json()["stop_requested"] is True
    assert acknowledged(send(client, batch(JOURNAL, 3))).stop is True
    origin = Origin(entity="admin", project="digits", run="one", writer="writer0001")
    end = RunEnd(state="killed", time=NOON.timestamp() + 5, exit_code=-15)
    acknowledged(send(client, empty(origin, len(JOURNAL), end=end)))
    run = client.get(RUN).json()
    assert (run["state"], run["exit_code"], run["duration_s"]) == ("killed", -15, 5.0)
    assert problem(client.post(f"{RUN}/stop")) == (409, "conflict")


def test_a_refused_batch_leaves_nothing_behind(client: Client) -> None:
    bad = msgspec.structs.replace(batch(JOURNAL), metrics=[], console=[Console(-1, 0.0, False, "")])
    assert problem(send(client, bad)) == (400, "bad_request")
    assert client.get("/api/v1/projects/admin/digits").status_code == 404


@pytest.mark.parametrize("body", [b"", b"\xc1\xc1", b'{"version": 1}', b"\x91" * 200_000])
def test_what_is_no_batch_is_refused(client: Client, body: bytes) -> None:
    answer = client.post(INGEST, content=body)
    assert problem(answer) == (400, "bad_request")
    assert "batch" in answer.json()["message"] or "nested" in answer.json()["message"]


def test_bad_gzip_and_large_bodies_are_refused(client: Client) -> None:
    headers = {"Content-Encoding": "gzip"}
    broken = client.post(INGEST, content=b"no gzip", headers=headers)
    assert problem(broken) == (400, "bad_request")
    whole = gzip.compress(msgspec.msgpack.encode(batch(JOURNAL)))
    assert problem(client.post(INGEST, content=whole[:-9], headers=headers)) == (400, "bad_request")
    bomb = gzip.compress(bytes(65 << 20))
    assert problem(client.post(INGEST, content=bomb, headers=headers)) == (413, "too_large")
    large = client.post(INGEST, content=bytes((16 << 20) + 1))
    assert problem(large) == (413, "too_large")
    assert "16 MiB" in large.json()["message"]


def test_strangers_cannot_write(client: Client) -> None:
    acknowledged(send(client, batch(JOURNAL)))
    made = client.post("/api/v1/admin/users", json={"name": "eve"}).json()
    eve = {"Authorization": f"Bearer {made['api_key']}"}
    sent = msgspec.structs.replace(batch(JOURNAL), entity="admin")
    body = msgspec.msgpack.encode(sent)
    assert client.post(INGEST, content=body, headers=eve).status_code == 404
    assert client.get(f"{INGEST}/admin/digits/one/writer0001", headers=eve).status_code == 404
    client.patch("/api/v1/projects/admin/digits", json={"visibility": "internal"})
    assert client.get(RUN, headers=eve).status_code == 200
    assert problem(client.post(INGEST, content=body, headers=eve)) == (403, "forbidden")
    nobody = {"Authorization": "Bearer " + "x" * 40}
    assert problem(client.post(INGEST, content=body, headers=nobody)) == (401, "not_signed_in")


def test_a_full_disk_is_told_and_passes(
    client: Client, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    acknowledged(send(client, batch(JOURNAL, 0, 3)))
    with monkeypatch.context() as patched:

        def full(_: object) -> None:
            raise StorageFull

        patched.setattr(services.stores.history, "append", full)
        assert problem(send(client, batch(JOURNAL, 3))) == (507, "storage_full")
    assert acknowledged(send(client, batch(JOURNAL, 3))).next == len(JOURNAL)
    assert len(rows(client)) == 6


def test_a_busy_server_says_when_to_come_again(
    client: Client, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(_: object) -> None:
        raise Unavailable("too much waits")

    monkeypatch.setattr(services.stores.history, "append", busy)
    answer = send(client, batch(JOURNAL))
    assert problem(answer) == (503, "unavailable")
    assert int(answer.headers["retry-after"]) > 0


def test_system_metrics_are_a_stream_of_their_own(client: Client) -> None:
    acknowledged(send(client, batch(JOURNAL)))
    records: list[Record] = [start(), System(0, NOON.timestamp(), {"cpu": 5.0})]
    acknowledged(send(client, batch(records, writer="writer0001.system")))
    answer = client.get(f"{RUN}/history", params={"stream": "system"}).json()
    assert answer == {
        "items": [{"step": 0, "time": "2026-01-02T12:00:00Z", "values": {"cpu": 5.0}}],
        "next": None,
    }
