"""Artifacts that are read while they are still being uploaded. One thread serves everything here:
a request that held it while it waits would never get its answer."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from server.tests.artifacts import ArtifactWorld, listed
from server.tests.unit.protocols.wandb.conftest import Dialect

from kiseki_server.app.services import Services
from kiseki_server.app.settings import Settings
from kiseki_server.protocols.wandb import on_the_way

BY_NAME = """
query Q($name: String!) { project(name: "tables", entityName: "admin") {
  artifactCollectionMembership(name: $name) { versionIndex }
} }
"""
BY_NAME_ONCE = """
query Q($name: String!) { project(name: "tables", entityName: "admin") {
  artifact(name: $name, enableTracking: true) { versionIndex }
} }
"""
BEFORE_LOGGING = """
query Q($name: String!) { project(name: "tables", entityName: "admin") {
  artifact(name: $name) { artifactType { name } }
} }
"""
FILES = {"t.table.json": b"{}"}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, threads=1)


@pytest.fixture
def world(dialect: Dialect, services: Services) -> ArtifactWorld:
    dialect.upsert("r-1", "tables", state="running")
    return ArtifactWorld.of(services, "tables")


@pytest.fixture
def waits(services: Services, monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Set once a request has begun to wait."""
    begun = threading.Event()
    subscribe = services.live.subscribe

    def watched(*arguments: Any, **more: Any) -> Any:
        begun.set()
        return subscribe(*arguments, **more)

    monkeypatch.setattr(type(services.live), "subscribe", lambda _, *a, **m: watched(*a, **m))
    monkeypatch.setattr(on_the_way, "PATIENCE", 60.0)
    return begun


def index(answer: Any) -> int | None:
    (found,) = answer["project"].values()
    return None if found is None else found["versionIndex"]


@pytest.mark.parametrize("query", [BY_NAME, BY_NAME_ONCE])
def test_a_table_of_a_running_run_is_read_right_after_it_was_logged(
    dialect: Dialect, world: ArtifactWorld, waits: threading.Event, query: str
) -> None:
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(dialect.data, query, name="run-r-1-t:latest")
        assert waits.wait(30)
        assert dialect.data("{ viewer { id } }")  # others are served meanwhile
        world.log("run-r-1-t", FILES, type="run_table")
        assert index(asked.result(30)) == 0


def test_a_version_that_is_being_uploaded_is_waited_for(
    dialect: Dialect, world: ArtifactWorld, waits: threading.Event
) -> None:
    world.log("run-r-1-t", FILES, type="run_table")
    world.log("data", FILES)
    more = {**FILES, "more": b"1"}
    drafts = {
        name: world.create(name, more, type=kind).version
        for name, kind in (("run-r-1-t", "run_table"), ("data", "dataset"))
    }
    assert index(dialect.data(BY_NAME, name="data:latest")) == 0  # what there is will do
    assert not waits.is_set()
    with ThreadPoolExecutor(2) as pool:
        table = pool.submit(dialect.data, BY_NAME, name="run-r-1-t:latest")
        second = pool.submit(dialect.data, BY_NAME, name="data:v1")
        assert waits.wait(30)
        for draft in drafts.values():
            world.send(draft, more)
            world.commit(draft.id, listed(more))
        assert (index(table.result(30)), index(second.result(30))) == (1, 1)


@pytest.mark.parametrize(
    ("query", "name"),
    [
        (BEFORE_LOGGING, "run-r-1-t:latest"),
        (BY_NAME, "run-r-2-t:latest"),
        (BY_NAME, "run-:latest"),
        (BY_NAME, "nothing:latest"),
    ],
)
def test_nothing_else_is_waited_for(
    dialect: Dialect, world: ArtifactWorld, waits: threading.Event, query: str, name: str
) -> None:
    dialect.upsert("r-2", "tables")
    dialect.stream("r-2", "tables", complete=True, exitcode=0)
    assert list(dialect.data(query, name=name)["project"].values()) == [None]
    assert not waits.is_set()


def test_patience_ends(
    dialect: Dialect,
    world: ArtifactWorld,
    waits: threading.Event,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(on_the_way, "PATIENCE", 0.0)
    assert index(dialect.data(BY_NAME, name="run-r-1-t:latest")) is None
    assert waits.is_set()
