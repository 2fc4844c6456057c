"""Large inputs and outputs: short where calls are, whole for who reads them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from server.tests.recording import SetClock

from kiseki_server.app.services import Services
from kiseki_server.domain.calls.bodies import LARGE, CallBodies, short
from kiseki_server.domain.calls.store import CallQuery
from kiseki_server.domain.calls.types import Call
from kiseki_server.kit.ids import ProjectId
from kiseki_server.kit.json import from_text, to_text

from .conftest import PROJECT, Dialect
from .test_calls import end, expression, ids, read, send, start, whole

TEXT = "word ü " * (LARGE // 5)


@pytest.fixture(params=["memory", "embedded"])
def world(request: pytest.FixtureRequest) -> tuple[Services, Dialect]:
    memory = request.param == "memory"
    services = request.getfixturevalue("services" if memory else "embedded_services")
    return services, request.getfixturevalue("dialect" if memory else "embedded")


def project_of(services: Services) -> ProjectId:
    with services.database.transaction():
        found = services.stores.projects.find(*PROJECT.split("/"))
    assert found is not None
    return found.id


def named(services: Services, clock: Any = None) -> set[str]:
    later = (clock or services.clock).now() + timedelta(hours=2)
    with services.database.transaction():
        return {name.call for name in services.stores.call_bodies.older(later, None)}


def test_large_bodies_come_back_whole(world: tuple[Services, Dialect]) -> None:
    services, dialect = world
    inputs = {"model": "m", "x": 7, "text": TEXT, "list": list(range(1000)), "é": {"a.b": 1.0}}
    send(dialect, whole("a", inputs=inputs, output=[TEXT, {"k": 1}]), whole("b"))
    dialect.ok("/call/end", {"end": end("c", output=TEXT)})
    dialect.ok("/call/start", {"start": start("c", inputs={"text": TEXT[::-1]})})
    a, b, c = read(dialect)
    assert (a["inputs"], a["output"]) == (inputs, [TEXT, {"k": 1}])
    assert b["inputs"] == {"x": 1}
    assert (c["inputs"], c["output"]) == ({"text": TEXT[::-1]}, TEXT)
    single = dialect.ok("/call/read", {"project_id": PROJECT, "id": "a"})["call"]
    assert single["inputs"] == inputs
    detail = dialect.http.get(f"/api/v1/projects/{PROJECT}/calls/a").json()
    assert detail["inputs"] == inputs
    # What a list works on is short, and as large as it came in its figures.
    query = CallQuery(project=project_of(services), limit=9)
    kept = services.stores.calls.page(query)
    assert max(len(call.inputs) + len(call.output) for call in kept) < 40_000
    (sized,) = read(dialect, filter={"call_ids": ["a"]}, include_storage_size=True)
    assert sized["storage_size_bytes"] > 2 * len(TEXT.encode())
    # Conditions see what is short, and the beginnings of what is long.
    by_model = {"$eq": [{"$getField": "inputs.model"}, {"$literal": "m"}]}
    assert ids(dialect, **expression(by_model)) == ["a"]
    by_number = {"$gt": [{"$getField": "inputs.x"}, {"$literal": 6}]}
    assert ids(dialect, **expression(by_number)) == ["a"]
    part = {"$contains": {"input": {"$getField": "inputs.text"}, "substr": {"$literal": "word"}}}
    assert "a" in ids(dialect, **expression(part))
    # Sent again, it is the same call with the same bytes.
    send(dialect, whole("a", inputs=inputs, output=[TEXT, {"k": 1}]))
    assert [call["id"] for call in read(dialect)] == ["a", "b", "c"]
    assert named(services) == {"a", "c"}


def test_large_bodies_go_with_their_calls(world: tuple[Services, Dialect]) -> None:
    services, dialect = world
    send(dialect, whole("a", inputs={"text": TEXT}), whole("b", inputs={"text": TEXT}))
    project = project_of(services)
    (body,) = services.stores.calls.find(project, ["a"])["a"].large
    assert body.size > LARGE
    dialect.ok("/calls/delete", {"project_id": PROJECT, "call_ids": ["a"]})
    services.files.collect(timedelta(0))
    assert read(dialect)[0]["inputs"] == {"text": TEXT}  # b has the same bytes
    dialect.ok("/calls/delete", {"project_id": PROJECT, "call_ids": ["b"]})
    services.files.collect(timedelta(0))
    assert not services.stores.blobs.has(body.blob)
    assert named(services) == set()


def test_what_a_crash_leaves_is_let_go(world: tuple[Services, Dialect]) -> None:
    services, dialect = world
    send(dialect, whole("kept", inputs={"text": TEXT}))
    dialect.ok("/call/end", {"end": end("waiting", output=TEXT)})
    project = project_of(services)
    clock = SetClock()
    clock.time = services.clock.now()
    stores = services.stores
    bodies = CallBodies(
        stores.call_bodies, stores.blobs, services.receiver, services.database, clock
    )
    kept = stores.calls.find(project, ["kept"])["kept"]
    lost = Call(
        id="lost",
        project=project,
        trace_id="t",
        op="op",
        op_name="op",
        started_at=kept.started_at,
        source=kept.source,
        inputs=to_text({"text": TEXT + "!"}),
    )
    # Its bytes are there and named; the server dies before the call is stored.
    bodies.shortened([lost])
    assert bodies.sweep(stores.calls) == 0  # it may be on its way
    clock.pass_time(hours=2)
    assert named(services) == {"kept", "waiting", "lost"}
    assert bodies.sweep(stores.calls) == 1
    assert named(services) == {"kept", "waiting"}
    assert dialect.ok("/project/stats", {"project_id": PROJECT})["trace_storage_size_bytes"] > LARGE
    assert read(dialect)[0]["inputs"] == {"text": TEXT}


def test_a_short_form_has_the_shape_of_the_whole() -> None:
    value = {
        "text": "x" * 5_000,
        "list": [{"n": n} for n in range(500)],
        "deep": {"a": {"b": {"c": 1}}},
        "k" * 5_000: 1,
    }
    found = from_text(short(to_text(value)))
    assert found["text"] == "x" * 1_000 + "…"
    assert found["list"] == [{"n": n} for n in range(50)]
    assert found["deep"] == value["deep"]
    assert len(found) == 3
    wide = {str(n): "y" * 900 for n in range(400)}
    assert len(short(to_text(wide))) <= 16_384
    assert short('"' + "z" * 40_000 + '"').startswith('"zzz')
