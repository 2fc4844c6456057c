"""The promises of the store of lineage, on every adapter."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
import sqlalchemy as sa
from server.tests.conftest import SQL
from server.tests.recording import NOON, RunWorld, memory_world, sql_world

from kiseki_server.domain.lineage.store import Fan, LineageStore
from kiseki_server.domain.lineage.types import Facts, Neighbour, NodeKey, NodeKind, Way
from kiseki_server.storage.memory.lineage import Drawing, MemoryLineage
from kiseki_server.storage.sql import schema
from kiseki_server.storage.sql.engine import Database
from kiseki_server.storage.sql.lineage import SqlLineage

LIMIT = 1000


@dataclass
class World:
    """Makes runs, versions and links, and what joins them."""

    runs: RunWorld
    store: LineageStore
    database: Database | None
    drawing: Drawing = field(default_factory=Drawing)
    numbers: dict[str, int] = field(default_factory=dict)

    def run(self, name: str, *, job: str | None = None, other: bool = False) -> NodeKey:
        project = self.runs.other if other else self.runs.project
        draft = replace(self.runs.draft(name), job_type=job, project=project.id)
        run = self.runs.runs.create(draft)
        key = NodeKey(NodeKind.RUN, run.id)
        self.drawing.facts[key] = Facts(project.id, name, name, job, None, "running", NOON)
        return key

    def version(self, collection: str, *, type: str = "model", state: str = "committed") -> NodeKey:
        """The next version of a collection."""
        index = self._next(f"index of {collection}")
        key = NodeKey(NodeKind.VERSION, self._next("version"))
        project = self.runs.project.id
        title = f"{collection}:v{index}"
        if state != "pending":
            self.drawing.facts[key] = Facts(project, collection, title, type, index, state, NOON)
        home = self._collection(collection, type, "sequence")
        if self.database is not None:
            self._insert(
                schema.artifact_versions, id=key.number, collection_id=home, state=state,
                version_index=index, digest="d", digest_algorithm="md5", metadata={}, tags=[],
                wanted_aliases=[], **self._by(),
            )  # fmt: skip
        self._membership(home, key, index)
        return key

    def link(self, version: NodeKey, collection: str, *, type: str = "model") -> NodeKey:
        """A version's place in a portfolio of the other project."""
        index = self._next(f"index of {collection}")
        home = self._collection(collection, type, "portfolio")
        key = NodeKey(NodeKind.LINK, self._membership(home, version, index))
        facts = Facts(
            self.runs.other.id, collection, f"{collection}:v{index}", type, index, "committed", NOON
        )
        self.drawing.facts[key] = facts
        self.drawing.edges.append((version, key, None))
        return key

    def made(self, run: NodeKey, version: NodeKey) -> None:
        if version in self.drawing.facts:
            self.drawing.edges.append((run, version, None))
        if self.database is not None:
            self._insert(
                schema.artifact_outputs, run_id=run.number, version_id=version.number, at=NOON
            )

    def used(self, run: NodeKey, version: NodeKey, used_as: str | None = None) -> None:
        self.drawing.edges.append((version, run, used_as))
        if self.database is not None:
            self._insert(
                schema.artifact_inputs,
                run_id=run.number, version_id=version.number, used_as=used_as, at=NOON,
            )  # fmt: skip

    def delete(self, run: NodeKey) -> None:
        (found,) = self.runs.runs.get([run.number]).values()  # type: ignore[list-item]
        self.runs.runs.update([(found, replace(found, deleted_at=NOON))])
        del self.drawing.facts[run]
        self.drawing.edges = [edge for edge in self.drawing.edges if run not in edge[:2]]

    def ask(
        self, *, up: Any = (), down: Any = (), most: int = 5, opened: Any = (), limit: int = LIMIT
    ) -> set[Neighbour]:
        found = self.store.neighbours(set(up), set(down), most=most, opened=opened, limit=limit)
        assert len(set(found)) == len(found)
        return set(found)

    def _collection(self, name: str, type: str, kind: str) -> int:
        known = f"collection {name}"
        if known not in self.numbers:
            number = self.numbers[known] = self._next("collection")
            project = (self.runs.project if kind == "sequence" else self.runs.other).id
            if self.database is not None:
                type_id = self._next("type")
                self._insert(
                    schema.artifact_types, id=type_id, project_id=project, created_at=NOON,
                    name=type,
                )  # fmt: skip
                self._insert(
                    schema.artifact_collections, id=number, project_id=project, type_id=type_id,
                    kind=kind, name=name, name_key=name, digest_algorithm="md5", tags=[],
                    **self._by(),
                )  # fmt: skip
        return self.numbers[known]

    def _membership(self, collection: int, version: NodeKey, index: int) -> int:
        number = self._next("membership")
        if self.database is not None:
            self._insert(
                schema.artifact_memberships, id=number, collection_id=collection,
                version_id=version.number, version_index=index, user_id=self.runs.actor.user.id,
                created_at=NOON,
            )  # fmt: skip
        return number

    def _by(self) -> dict[str, Any]:
        return {"user_id": self.runs.actor.user.id, "created_at": NOON, "updated_at": NOON}

    def _next(self, what: str) -> int:
        self.numbers[what] = self.numbers.get(what, -1 if what.startswith("index") else 0) + 1
        return self.numbers[what]

    def _insert(self, table: sa.Table, **values: Any) -> None:
        assert self.database is not None
        self.database.current().execute(sa.insert(table).values(**values))


@pytest.fixture(params=["memory", *SQL])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    if request.param == "memory":
        made = World(memory_world(), None, None)  # type: ignore[arg-type]
        made.store = MemoryLineage(lambda: made.drawing)
    else:
        database: Database = request.getfixturevalue(f"{request.param}_database")
        made = World(sql_world(database), SqlLineage(database), database)
    with made.runs.work.transaction(write=True):
        yield made


def one(
    way: Way,
    near: NodeKey,
    far: NodeKey,
    used_as: str | None = None,
    *,
    alike: int = 1,
    first: int | None = None,
) -> Neighbour:
    return Neighbour(way, near, far, used_as, alike, far.number if first is None else first)


def test_neighbours_lie_with_the_flow_or_against_it(world: World) -> None:
    trainer, tester = world.run("trainer", job="train"), world.run("tester")
    data, model = world.version("data", type="dataset"), world.version("model")
    link = world.link(model, "shelf", type="shown")
    world.used(trainer, data, "train set")
    world.made(trainer, model)
    world.used(tester, model)
    assert world.ask(up=[trainer]) == {one("up", trainer, data, "train set")}
    assert world.ask(down=[trainer]) == {one("down", trainer, model)}
    assert world.ask(up=[model], down=[model]) == {
        one("up", model, trainer),
        one("down", model, tester),
        one("down", model, link),
    }
    assert world.ask(up=[link]) == {one("up", link, model)}
    assert world.ask(down=[link, tester]) == set()
    assert world.ask() == set()


def test_many_that_are_alike_are_counted(world: World) -> None:
    model = world.version("model")
    tests = [world.run(f"t{number}", job="test") for number in range(7)]
    others = [world.run(f"o{number}", job="test", other=True) for number in range(2)]
    alone = world.run("alone")
    for run in (*tests, *others, alone):
        world.used(run, model)
    shown = {one("down", model, run, alike=7, first=tests[0].number) for run in tests}
    few = {one("down", model, run, alike=2, first=others[0].number) for run in others}
    few |= {one("down", model, alone)}
    part = {it for it in shown if it.far in tests[:3]}
    assert world.ask(down=[model], most=3) == part | few
    fan = Fan("down", model, tests[0].number)
    assert world.ask(down=[model], most=3, opened=[fan]) == shown | few
    wrong = [Fan("up", model, tests[0].number), Fan("down", model, tests[1].number)]
    assert world.ask(down=[model], most=3, opened=wrong) == part | few
    assert len(world.ask(down=[model], limit=4)) == 4


def test_what_was_deleted_or_never_committed(world: World) -> None:
    gone, trainer = world.run("gone"), world.run("trainer")
    old = world.version("model", state="deleted")
    pending = world.version("model", state="pending")
    for version in (old, pending):
        world.made(trainer, version)
    world.used(gone, old)
    world.delete(gone)
    assert world.ask(down=[trainer, old]) == {one("down", trainer, old)}
    assert set(world.store.facts([gone, old, pending, trainer])) == {old, trainer}


def test_facts_of_all_kinds(world: World) -> None:
    run, model = world.run("r", job="train"), world.version("model")
    world.version("model")
    link = world.link(model, "shelf", type="shown")
    keys = [run, model, link]
    assert world.store.facts(keys) == {key: world.drawing.facts[key] for key in keys}
    assert world.store.facts([NodeKey(NodeKind.RUN, 1 << 40)]) == {}
    assert world.store.facts([]) == {}
    assert world.store.places([model, run]) == {model: [world.drawing.facts[link]]}
    assert world.store.places([]) == {}


def test_thousands_of_nodes_are_one_question(world: World) -> None:
    run = world.run("r")
    some = [NodeKey(kind, 1 << 40 | n) for kind in NodeKind for n in range(1600)]
    assert world.ask(up=[*some, run], down=[*some, run]) == set()
