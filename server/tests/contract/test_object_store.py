"""The promises of a store of objects, on every adapter."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from server.tests.conftest import SQL

from kiseki_server.domain.files.store import BlobNames
from kiseki_server.domain.files.types import Blob
from kiseki_server.domain.objects.store import ObjectStore
from kiseki_server.domain.objects.types import Draft, Kind, ObjectFilter, ObjectVersion, Order
from kiseki_server.domain.projects.types import Visibility
from kiseki_server.kit.ids import ProjectId
from kiseki_server.storage.memory.files import MemoryBlobNames
from kiseki_server.storage.memory.objects import MemoryObjectStore
from kiseki_server.storage.sql.blob_names import SqlBlobNames
from kiseki_server.storage.sql.objects import SqlObjectStore
from kiseki_server.storage.sql.projects import SqlProjectStore
from kiseki_server.storage.sql.users import SqlUserStore

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


@dataclass
class World:
    """A store with two projects in it; every version is a minute younger than the one before."""

    store: ObjectStore
    names: BlobNames
    one: ProjectId
    two: ProjectId
    minutes: list[int] = field(default_factory=lambda: [0])

    def now(self) -> datetime:
        self.minutes[0] += 1
        return NOON + timedelta(minutes=self.minutes[0])

    def put(self, name: str, digest: str, **more: Any) -> ObjectVersion:
        values: dict[str, Any] = {
            "project": self.one,
            "kind": Kind.OBJECT,
            "base_class": None,
            "leaf_class": None,
            "text": f'"{digest}"',
            "blob": None,
            "size": len(digest) + 2,
            "user": "ada",
            "at": self.now(),
        }
        return self.store.put(Draft(name=name, digest=digest, **{**values, **more}))

    def find(self, filter: ObjectFilter | None = None, **more: Any) -> list[str]:
        found = self.store.find(self.one, filter or ObjectFilter(), **more)
        return [f"{one.name}:v{one.index}" for one in found]


@pytest.fixture(params=["memory", *SQL])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    if request.param == "memory":
        memory = MemoryBlobNames()
        yield World(MemoryObjectStore(memory), memory, ProjectId(1), ProjectId(2))
        return
    database = request.getfixturevalue(f"{request.param}_database")
    names = SqlBlobNames(database)
    with database.transaction(write=True):
        users = SqlUserStore(database)
        users.add("ada", email=None, admin=False, at=NOON)
        entity = users.entity("ada")
        assert entity is not None
        made = [
            SqlProjectStore(database).add(
                entity.id, name, description="", visibility=Visibility.PRIVATE, at=NOON
            )[0]
            for name in ("one", "two")
        ]
        yield World(SqlObjectStore(database, names), names, made[0].id, made[1].id)


def test_versions_count_by_name_and_kind(world: World) -> None:
    first = world.put("a", "x", base_class="Dataset", leaf_class="Mine")
    second = world.put("a", "y")
    world.put("a", "x", kind=Kind.OP)
    world.put("b", "x")
    world.put("a", "z", project=world.two)
    assert world.find() == ["a:v0", "a:v1", "a:v0", "b:v0"]
    assert (first.index, first.latest, first.text) == (0, True, '"x"')
    shown = world.store.find(world.one, ObjectFilter(names=("a",), kind=Kind.OBJECT))
    assert [one.latest for one in shown] == [False, True]
    assert (shown[0].base_class, shown[0].leaf_class) == ("Dataset", "Mine")
    assert shown[1] == second


def test_the_same_content_again_becomes_the_latest(world: World) -> None:
    first = world.put("a", "x")
    world.put("a", "y")
    again = world.put("a", "x", user="bob")
    assert (again.id, again.index, again.user) == (first.id, 0, "ada")
    assert again.created_at == first.created_at
    assert world.find(ObjectFilter(latest=True)) == ["a:v0"]
    assert world.put("a", "z").index == 2


def test_a_deleted_version_leaves_its_place_and_can_come_back(world: World) -> None:
    first = world.put("a", "x")
    second = world.put("a", "y")
    world.store.delete([second], NOON)
    assert world.find(ObjectFilter(latest=True)) == ["a:v0"]
    (gone,) = world.store.find(world.one, ObjectFilter(digests=("y",), deleted=True))
    assert (gone.text, gone.deleted_at, gone.latest) == (None, NOON, False)
    world.store.delete([first], NOON)
    assert world.find() == []
    assert world.find(ObjectFilter(latest=True, deleted=True)) == []
    back = world.put("a", "y", user="bob")
    assert (back.index, back.text, back.latest, back.user) == (1, '"y"', True, "bob")
    assert back.deleted_at is None
    assert world.put("a", "z").index == 2


def test_the_newest_survivor_becomes_the_latest(world: World) -> None:
    world.put("a", "x")
    world.put("a", "y")
    latest = world.put("a", "z")
    old = world.put("a", "x")
    world.store.delete([old], NOON)
    assert world.find(ObjectFilter(latest=True)) == [f"a:v{latest.index}"]


def test_blobs_are_named_as_long_as_a_version_lives(world: World) -> None:
    def names(digest: str) -> int:
        return world.names.get([digest])[digest].names

    world.names.reserve([Blob("b" * 64, 9, "md5")], NOON)
    large = {"text": None, "blob": "b" * 64}
    version = world.put("a", "x", **large)
    world.put("a", "x", **large)
    world.put("b", "x", **large)
    assert names("b" * 64) == 2
    world.store.delete([version], NOON)
    world.store.delete([version], NOON)
    assert names("b" * 64) == 1
    world.put("a", "x", **large)
    assert names("b" * 64) == 2


def test_filters_narrow_down(world: World) -> None:
    world.put("a", "x", base_class="Dataset", leaf_class="Dataset")
    tagged = world.put("b", "y", base_class="Model", leaf_class="Mine", kind=Kind.OP)
    world.put("c", "z")
    world.store.add_tags(tagged.id, ["good", "new"])
    world.store.set_aliases(tagged, ["prod"])
    expected: dict[ObjectFilter, list[str]] = {
        ObjectFilter(kind=Kind.OP): ["b:v0"],
        ObjectFilter(names=("a", "c", "none")): ["a:v0", "c:v0"],
        ObjectFilter(digests=("z",)): ["c:v0"],
        ObjectFilter(indexes=(1,)): [],
        ObjectFilter(base_classes=("Model", "Dataset")): ["a:v0", "b:v0"],
        ObjectFilter(without_base_classes=("Model",)): ["a:v0", "c:v0"],
        ObjectFilter(leaf_classes=("Mine",)): ["b:v0"],
        ObjectFilter(tags=("new", "none")): ["b:v0"],
        ObjectFilter(aliases=("prod",)): ["b:v0"],
        ObjectFilter(aliases=("prod", "latest"), names=("a", "b")): ["a:v0", "b:v0"],
        ObjectFilter(tags=("good",), aliases=("none",)): [],
        ObjectFilter(search="B"): ["b:v0"],
        ObjectFilter(search="%"): [],
    }
    assert {filter: world.find(filter) for filter in expected} == expected


def test_names_are_counted(world: World) -> None:
    world.put("a", "x", base_class="Dataset")
    gone = world.put("a", "y", base_class="Dataset")
    world.put("b", "x")
    world.put("a", "x", kind=Kind.OP)
    world.put("a", "z", project=world.two)
    assert world.store.census(world.one, ObjectFilter(latest=True)) == {
        (Kind.OBJECT, "Dataset"): 1,
        (Kind.OBJECT, None): 1,
        (Kind.OP, None): 1,
    }
    assert world.store.census(world.one, ObjectFilter(names=("a",), kind=Kind.OBJECT)) == {
        (Kind.OBJECT, "Dataset"): 2
    }
    assert world.store.counts(world.one, ["a", "none"]) == {
        (Kind.OBJECT, "a"): 2,
        (Kind.OP, "a"): 1,
    }
    world.store.delete([gone], NOON)
    assert world.store.counts(world.one, ["a", "b"])[Kind.OBJECT, "a"] == 1


def test_lists_are_sorted_and_cut(world: World) -> None:
    for name in ("b", "a", "B", "é"):
        world.put(name, "x")
        world.put(name, "y")
    by_name = [Order("name", descending=True)]
    assert world.find(order=by_name) == [
        f"{name}:v{index}" for name in ("é", "b", "a", "B") for index in (0, 1)
    ]
    assert world.find(order=[Order("created_at", descending=True)], limit=2) == ["é:v1", "é:v0"]
    assert world.find(limit=2, offset=1) == ["b:v1", "a:v0"]
    assert world.find(offset=7) == ["é:v1"]
    found = world.store.find(world.one, ObjectFilter(), values=False)
    assert {one.text for one in found} == {None}


def test_tags_and_aliases(world: World) -> None:
    first, second = world.put("a", "x"), world.put("a", "y")
    world.store.add_tags(first.id, ["b", "a"])
    world.store.add_tags(first.id, ["a", "c"])
    world.store.remove_tags(first.id, ["b", "none"])
    assert world.store.tags([first.id, second.id]) == {first.id: ["a", "c"]}
    world.store.set_aliases(first, ["prod", "best"])
    world.store.set_aliases(second, ["prod"])
    assert world.store.aliases([first.id, second.id]) == {first.id: ["best"], second.id: ["prod"]}
    assert world.store.all_tags(world.one) == ["a", "c"]
    assert world.store.all_aliases(world.one) == ["best", "prod"]
    assert world.store.all_tags(world.two) == []
    world.store.remove_aliases(world.one, "a", ["best", "none"])
    assert world.store.all_aliases(world.one) == ["prod"]
    world.store.delete([second], NOON)
    assert world.store.all_aliases(world.one) == []


def test_the_size_is_that_of_what_lives(world: World) -> None:
    first = world.put("a", "x")
    world.put("a", "yy")
    assert world.store.size(world.one) == 3 + 4
    world.store.delete([first], NOON)
    assert world.store.size(world.one) == 4
    assert world.store.size(world.two) == 0
