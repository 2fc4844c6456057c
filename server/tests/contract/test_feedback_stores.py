"""The promises of the stores of feedback and of prices, on every adapter."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from server.tests.conftest import SQL

from kiseki_server.domain.costs.store import PriceStore
from kiseki_server.domain.costs.types import Price
from kiseki_server.domain.feedback.store import FeedbackStore
from kiseki_server.domain.feedback.types import Agent, Feedback, FeedbackFilter, Scores
from kiseki_server.domain.projects.types import Visibility
from kiseki_server.kit.ids import ProjectId
from kiseki_server.storage.memory.feedback import MemoryFeedbackStore
from kiseki_server.storage.memory.prices import MemoryPriceStore
from kiseki_server.storage.sql.feedback import SqlFeedbackStore
from kiseki_server.storage.sql.prices import SqlPriceStore
from kiseki_server.storage.sql.projects import SqlProjectStore
from kiseki_server.storage.sql.users import SqlUserStore

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
World = tuple[FeedbackStore, PriceStore, ProjectId]


@pytest.fixture(params=["memory", *SQL])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    if request.param == "memory":
        yield MemoryFeedbackStore(), MemoryPriceStore(), ProjectId(1)
        return
    database = request.getfixturevalue(f"{request.param}_database")
    with database.transaction(write=True):
        users = SqlUserStore(database)
        users.add("ada", email=None, admin=False, at=NOON)
        entity = users.entity("ada")
        assert entity is not None
        project, _ = SqlProjectStore(database).add(
            entity.id, "p", description="", visibility=Visibility.PRIVATE, at=NOON
        )
        yield SqlFeedbackStore(database), SqlPriceStore(database), project.id


def said(project: ProjectId, id: str, *, minute: int = 0, **more: Any) -> Feedback:
    values: dict[str, Any] = {"ref": "r", "type": "t", "payload": {"a": [1, 1.0, "é"]}}
    at = NOON + timedelta(minutes=minute)
    return Feedback(id=id, project=project, user="ada", created_at=at, **{**values, **more})


def test_feedback_comes_back_whole_and_in_order(world: World) -> None:
    store, _, project = world
    scores = Scores(tags=("good", "new"), ratings={"x": 0.5}, tag_reasons={"good": "so"})
    full = said(
        project, "b", minute=1, scores=scores, agent=Agent(name="bot", status="OK"),
        creator="c", annotation_ref="1", runnable_ref="2", call_ref="3", trigger_ref="4",
    )  # fmt: skip
    early, late = said(project, "c"), said(project, "a", minute=2)
    store.put([late, full, early])
    assert store.find(project, FeedbackFilter()) == [early, full, late]
    assert store.find(ProjectId(project + 1), FeedbackFilter()) == []


def test_the_same_id_again_takes_the_place(world: World) -> None:
    store, _, project = world
    store.put([said(project, "a")])
    again = said(project, "a", minute=3, payload={"b": 1})
    store.put([again])
    assert store.find(project, FeedbackFilter()) == [again]


def test_feedback_is_found_by_what_is_known_of_it(world: World) -> None:
    store, _, project = world
    many = [said(project, f"{i:04}", minute=i, ref=f"r{i % 3}", type=f"t{i % 2}") for i in range(9)]
    store.put(many)
    minute = timedelta(minutes=1)
    found = {
        FeedbackFilter(ids=("0003", "none")): [3],
        FeedbackFilter(ids=()): [],
        FeedbackFilter(refs=("r0",)): [0, 3, 6],
        FeedbackFilter(types=("t1",), refs=("r1", "r2")): [1, 5, 7],
        FeedbackFilter(since=NOON + 2 * minute, before=NOON + 4 * minute): [2, 3],
        FeedbackFilter(ids=tuple(f"{i:04}" for i in range(1200)), refs=("r1",)): [1, 4, 7],
    }
    for filter, expected in found.items():
        assert [int(each.id) for each in store.find(project, filter)] == expected
    assert store.delete(project, ["0000", "0001", "0001", "none"]) == 2
    assert len(store.find(project, FeedbackFilter())) == 7
    assert store.delete(ProjectId(project + 1), ["0002"]) == 0


def test_prices(world: World) -> None:
    _, store, project = world

    def price(id: str, **more: Any) -> Price:
        values: dict[str, Any] = {"model": "m", "provider": "p", "prompt": 1e-6, "completion": 0.0}
        return Price(
            id=id, project=project, effective_at=NOON, created_at=NOON, created_by="ada",
            **{**values, **more},
        )  # fmt: skip

    one, two = price("1"), price("2", cache_read=0.0, cache_creation=2e-7, prompt_unit="EUR")
    store.add([two, one])
    store.add([])
    assert store.of(project) == [one, two]
    assert store.of(ProjectId(project + 1)) == []
    assert store.delete(ProjectId(project + 1), ["1"]) == 0
    assert store.delete(project, ["1", "none"]) == 1
    assert store.of(project) == [two]
