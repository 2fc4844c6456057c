"""Finished calls are handed out at least once, whatever happens to workers and to the server."""

from __future__ import annotations

from datetime import timedelta

import pytest
from server.tests.recording import SetClock

from kiseki_server.app.services import Services
from kiseki_server.domain.calls.feed import CallFeed, Handed
from kiseki_server.kit.errors import BadRequest
from kiseki_server.kit.ids import ProjectId

from .conftest import PROJECT, Dialect
from .test_calls import end, send, start, whole


@pytest.fixture(params=["memory", "embedded"])
def world(request: pytest.FixtureRequest) -> tuple[Services, Dialect]:
    memory = request.param == "memory"
    services = request.getfixturevalue("services" if memory else "embedded_services")
    return services, request.getfixturevalue("dialect" if memory else "embedded")


def ids(handed: Handed | None) -> list[str]:
    return [] if handed is None else [call.id for call in handed.calls]


def test_finished_calls_are_handed_out(world: tuple[Services, Dialect]) -> None:
    services, dialect = world
    send(dialect, whole("before"))
    with services.database.transaction():
        found = services.stores.projects.find(*PROJECT.split("/"))
    assert found is not None
    project: ProjectId = found.id
    clock = SetClock()

    def feed() -> CallFeed:
        """As after a start of the server."""
        stores = services.stores
        return CallFeed(stores.calls, stores.leases, services.database, clock)

    with pytest.raises(BadRequest, match="no consumer"):
        feed().take(project, "scorer")
    feed().subscribe(project, "scorer")
    feed().subscribe(project, "all", from_start=True)
    assert feed().take(project, "scorer") is None
    dialect.ok("/call/start", {"start": start("open")})
    send(dialect, whole("a"), whole("b"), whole("c"))
    first = feed().take(project, "scorer", limit=2)
    second = feed().take(project, "scorer", limit=2)
    assert (ids(first), ids(second)) == (["a", "b"], ["c"])
    assert first is not None
    assert second is not None
    assert feed().take(project, "scorer") is None  # they are being worked on
    assert feed().done(first.lease)
    dialect.ok("/call/end", {"end": end("open")})
    clock.pass_time(minutes=6)  # the worker of the second has died
    again = feed().take(project, "scorer")
    assert ids(again) == ["c"]
    assert again is not None
    assert again.lease.attempts == 2
    assert not feed().done(second.lease)  # too late: it is another's now
    assert feed().done(again.lease)
    ended = feed().take(project, "scorer", lease=timedelta(hours=1))
    assert ids(ended) == ["open"]
    # What is sent again unchanged is not new; what has changed is.
    send(dialect, whole("a"), whole("b", output="other"))
    assert ids(feed().take(project, "scorer")) == ["b"]
    feed().subscribe(project, "scorer")
    assert feed().take(project, "scorer") is None
    # Deleted calls are not handed out, and consumers do not know of each other.
    dialect.ok("/calls/delete", {"project_id": PROJECT, "call_ids": ["c"]})
    assert sorted(ids(feed().take(project, "all"))) == ["a", "b", "before", "open"]
    feed().unsubscribe(project, "all")
    with pytest.raises(BadRequest, match="no consumer"):
        feed().take(project, "all")
    with pytest.raises(BadRequest, match="limit"):
        feed().take(project, "scorer", limit=0)
