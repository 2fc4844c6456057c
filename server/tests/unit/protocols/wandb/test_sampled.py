"""Samples of long histories."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from server.tests.unit.protocols.wandb.conftest import Dialect

from kiseki_server.domain.history.types import RunRef
from kiseki_server.kit.errors import BadRequest
from kiseki_server.kit.ids import ProjectId, RunId
from kiseki_server.protocols.wandb import rows, sampled
from kiseki_server.protocols.wandb.sampled import Sampler, Spec
from kiseki_server.storage.memory.history import MemoryHistoryStore

ROWS = 12_000


@pytest.fixture(scope="module")
def store() -> MemoryHistoryStore:
    """Every step has `a` and the time, every third `b`, and one of them text."""
    lines: list[str] = []
    for step in range(ROWS):
        row: dict[str, Any] = {"_step": 2 * step, "_timestamp": 1_700_000_000 + step}
        row |= {"_runtime": float(step), "a": step}
        if step % 3 == 0:
            row["b"] = "text" if step == 6 else step / 2
        lines.append(json.dumps(row))
    append = rows.history(
        RunRef(ProjectId(1), RunId(1)), "wandb", 0, lines, now=0, take_steps=lambda _: 0
    )
    assert append is not None
    store = MemoryHistoryStore()
    store.append([append])
    return store


@pytest.fixture
def sampler(store: MemoryHistoryStore, dialect: Dialect, services: Any) -> Sampler:
    dialect.upsert()
    with services.database.transaction():
        project = services.stores.projects.find("admin", "p")
        run = services.stores.runs.find(project.id, "r1")
    return Sampler(store, replace(run, id=RunId(1), project=ProjectId(1)))


def test_a_sample_is_even_and_holds_both_ends(sampler: Sampler) -> None:
    found = sampler.sample(Spec(("_step", "a"), samples=5))
    assert [row["a"] for row in found] == [0, 3000, 6000, 8999, 11999]
    assert all(row["_step"] == 2 * row["a"] for row in found)


def test_only_rows_with_all_keys_count(sampler: Sampler) -> None:
    found = sampler.sample(Spec(("a", "b", "_runtime"), samples=100_000))
    assert len(found) == ROWS // 3
    assert found[2] == {"a": 6, "b": "text", "_runtime": 6}
    assert sampler.sample(Spec(("a", "none"))) == []


def test_a_range_includes_both_of_its_ends(sampler: Sampler) -> None:
    found = sampler.sample(Spec(("_step", "a"), low=10, high=14))
    assert [row["_step"] for row in found] == [10, 12, 14]


def test_whole_rows_of_a_long_history_are_sampled_too(sampler: Sampler) -> None:
    assert sampled._FEW < ROWS
    found = sampler.evenly(4)
    assert [row["a"] for row in found] == [0, 4000, 7999, 11999]
    assert "b" not in found[1]
    assert len(sampler.evenly(ROWS)) == ROWS
    assert sampler.page(4, 7, 10)[0]["a"] == 2
    assert sampler.last() == {
        "_step": 2 * ROWS - 2,
        "_timestamp": 1_700_000_000.0 + ROWS - 1,
        "_runtime": ROWS - 1,
        "a": ROWS - 1,
    }


def test_pages_of_old_clients_end_before_their_last_step() -> None:
    old = Spec.parse('{"keys": ["a"], "minStep": 1000, "maxStep": 2000, "samples": 1000}')
    assert (old.low, old.high) == (1000, 1999)
    new = Spec.parse('{"keys": ["a"], "minStep": 1000, "maxStep": 1999, "samples": 1000}')
    assert (new.low, new.high) == (1000, 1999)


@pytest.mark.parametrize(
    "spec",
    ["[]", "{", '{"keys": "a"}', '{"keys": [1]}', '{"samples": -1}', '{"samples": 1000000}',
     '{"minStep": "x"}', '{"maxStep": 1.5}'],
)  # fmt: skip
def test_specifications_are_checked(spec: str) -> None:
    with pytest.raises(BadRequest):
        Spec.parse(spec)
