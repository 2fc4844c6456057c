"""Calls of our own SDK, as batches bring them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from litestar.testing import TestClient
from server.tests.recording import NOON, start

from kiseki._transport.batches import Origin, build, empty, encode
from kiseki.wire import traced
from kiseki.wire.batch import RunEnd
from kiseki.wire.traced import CallEnd, CallStart, Traced
from kiseki_server.app.server import Application
from kiseki_server.app.services import Services
from kiseki_server.domain.objects.digests import bytes_digest, table_digest, value_digest
from kiseki_server.protocols.weave.call_bodies import iso

Client = TestClient[Application]
PROJECT = "/api/v1/projects/admin/own"
BEGAN = int(NOON.timestamp() * 1e6)


@pytest.fixture(params=["memory", "embedded"])
def services(request: pytest.FixtureRequest, services: Services) -> Services:
    """The server on stores in memory, and on those that it has by default."""
    if request.param == "memory":
        return services
    return request.getfixturevalue("embedded_services")


def send(client: Client, records: Sequence[Traced], writer: str = "w") -> Any:
    journal = [start(), *records]
    built = build(
        Origin("admin", "own", "one", writer), 0, [msgspec.msgpack.encode(r) for r in journal]
    )
    assert built.taken == len(journal)
    assert not built.oddities
    return client.post(
        "/api/v1/ingest",
        content=encode(built.batch),
        headers={"Content-Type": "application/msgpack"},
    )


def begun(id: str, **changes: Any) -> CallStart:
    fields = {
        "id": id, "trace": "t", "parent": None, "op": "plain", "started": BEGAN,
        "inputs": b'{"x":1}', "attributes": b"{}",
    }  # fmt: skip
    return CallStart(**{**fields, **changes})


def ended(id: str, output: bytes = b"2", **changes: Any) -> CallEnd:
    return CallEnd(
        id, BEGAN + 1500, output, b'{"status_counts":{"success":1,"error":0}}', **changes
    )


def test_starts_and_ends_are_calls_of_the_run_however_often_they_come(client: Client) -> None:
    records = [
        begun("root", step=3, thread="talk", turn="root"),
        begun("child", parent="root", started=BEGAN + 5),
        ended("child", exception="ValueError: no", output=b"null"),
        ended("root", step=4, output=b'[1.5,NaN,"\xe5\xaf\x8c\xe5\xa3\xab"]'),
        begun("open", trace="u", started=BEGAN + 9),
    ]
    for writer in ("w", "w", "again"):
        assert send(client, records, writer).status_code == 200
    root, child, unfinished = (
        client.get(f"{PROJECT}/calls/{id}").json() for id in ("root", "child", "open")
    )
    assert client.get(f"{PROJECT}/calls/count").json() == {"total": 3}
    assert (root["run"], root["run_step"], root["source"]) == ("one", 3, "kiseki")
    assert (root["thread_id"], root["turn_id"], root["output"]) == (
        "talk",
        "root",
        [1.5, "NaN", "富士"],
    )
    assert (root["latency_s"], root["inputs"], root["op_name"]) == (0.0015, {"x": 1}, "plain")
    assert (child["parent_id"], child["status"], child["exception"]) == (
        "root",
        "error",
        "ValueError: no",
    )
    assert unfinished["status"] == "running"
    # The half of a call that comes in a later batch.
    assert send(client, [ended("open")], "later").status_code == 200
    assert client.get(f"{PROJECT}/calls/open").json()["output"] == 2


def test_what_calls_name_comes_with_them(client: Client) -> None:
    code = b"def f(x):\n    return x\n"
    op = {"_type": "CustomWeaveType", "weave_type": {"type": "Op"}}
    op["files"] = {"obj.py": bytes_digest(code)}  # pyright: ignore[reportArgumentType]
    rows = [{"x": 1}, {"x": 2.5}]
    order = [value_digest(row) for row in rows]
    ref = f"{traced.REF}op/f:{value_digest(op)}"
    dataset = {"_type": "Dataset", "rows": f"{traced.REF}table/{table_digest(order)}", "maker": ref}
    records = [
        traced.Content(bytes_digest(code), code),
        traced.Object("f", value_digest(op), json.dumps(op).encode()),
        traced.Rows(json.dumps(rows).encode()),
        traced.Table(table_digest(order), order),
        traced.Object("data", value_digest(dataset), json.dumps(dataset).encode()),
        begun("one", op=ref, inputs=json.dumps({"data": f"{traced.REF}object/data:*"}).encode()),
        ended("one"),
        traced.Feedback("f1", "one", "wandb.reaction.1", b'{"emoji":"\xf0\x9f\x91\x8d"}', 1.8e9),
        traced.Feedback("f2", "one", "wandb.runnable.f", b'{"output":1}', 1.8e9, ref, "one"),
        traced.Rename("one", "shown"),
    ]
    for writer in ("w", "again"):
        answer = send(client, records, writer)
        assert answer.status_code == 200, answer.text
    call = client.get(f"{PROJECT}/calls/one").json()
    assert (call["op_name"], call["op_digest"], call["name"]) == ("f", value_digest(op), "shown")
    assert call["inputs"]["data"].endswith("admin/own/object/data:*")

    def weave(route: str, **body: Any) -> Any:
        done = client.post(f"/traces{route}", json={"project_id": "admin/own", **body})
        assert done.status_code == 200, done.text
        return done

    # The weave client finds the same things, under the digests that the SDK computed.
    digest = value_digest(dataset)
    found = weave("/obj/read", object_id="data", digest=digest).json()["obj"]
    assert (found["version_index"], found["val"]["maker"]) == (
        0,
        f"weave:///admin/own/op/f:{value_digest(op)}",
    )
    table = found["val"]["rows"].rpartition("/")[2]
    page = weave("/table/query", digest=table).json()["rows"]
    assert [row["val"] for row in page] == rows
    assert weave("/file/content", digest=bytes_digest(code)).content == code
    feedback = weave("/feedback/query", fields=["feedback_type"]).json()["result"]
    assert [each["feedback_type"] for each in feedback] == ["wandb.reaction.1", "wandb.runnable.f"]


def test_calls_under_way_end_with_their_run(client: Client) -> None:
    assert send(client, [begun("left"), begun("done"), ended("done")]).status_code == 200
    assert client.get(f"{PROJECT}/calls/left").json()["status"] == "running"
    crash = empty(Origin("admin", "own", "one", "w"), 4)
    crash.end = RunEnd(state="crashed", time=NOON.timestamp() + 60)
    answer = client.post("/api/v1/ingest", content=encode(crash))
    assert answer.status_code == 200, answer.text
    left = client.get(f"{PROJECT}/calls/left").json()
    assert (left["status"], left["latency_s"]) == ("error", 60.0)
    assert "the program ended" in left["exception"]
    assert client.get(f"{PROJECT}/calls/done").json()["status"] == "success"
    # The end that somebody knows after all.
    assert send(client, [ended("left")], "later").status_code == 200
    assert client.get(f"{PROJECT}/calls/left").json()["status"] == "success"


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (begun("a/b"), "id of a call"),
        (begun("a", inputs=b"[1]"), "must begin with `{`"),
        (begun("a", inputs=b'{"x":'), "no JSON"),
        (begun("a", inputs=b"[" * 100_000), "no JSON"),
        (begun("a", op=""), "op of a call"),
        (ended("a", output=b"\xff"), "no JSON"),
        (traced.Object("x y/", "d", b"{}"), "digest"),
        (traced.Content("0" * 43, b"x"), "digest"),
        (traced.Table(hashlib.sha256(b"").hexdigest(), ["x"]), "digest"),
        (traced.Feedback("f", "c", "wandb.note.1", b"{}", 0.0), "note"),
    ],
)
def test_bad_records_are_refused_with_a_reason(client: Client, record: Traced, said: str) -> None:
    answer = send(client, [record])
    assert answer.status_code in {400, 409, 422}
    assert said in answer.json()["message"]


def test_calls_are_kept_for_as_long_as_the_project_says(client: Client) -> None:
    assert send(client, [begun("before"), ended("before")]).status_code == 200
    place = {"project_id": "admin/own"}
    kept = client.post("/traces/project/ttl_settings/update", json={**place, "retention_days": 30})
    assert kept.status_code == 200
    late = BEGAN + 1_000
    assert send(client, [begun("after", started=late)], "later").status_code == 200
    assert send(client, [ended("after")], "last").status_code == 200
    lines = client.post("/traces/calls/stream_query", json=place).text.splitlines()
    ends = {call["id"]: call["expire_at"] for call in map(json.loads, lines)}
    month = 30 * 86_400_000_000
    assert ends == {"before": None, "after": iso(late + month)}
