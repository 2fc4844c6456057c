"""The promises of the stores of artifacts that no use-case shows, on every adapter."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from server.tests.conftest import SQL

from kiseki_server.domain.artifacts.store import (
    ActionLog,
    CollectionStore,
    MembershipStore,
    VersionStore,
)
from kiseki_server.domain.artifacts.types import (
    Collection,
    CollectionKind,
    Standing,
    Version,
    VersionState,
)
from kiseki_server.domain.projects.types import Visibility
from kiseki_server.kit.errors import Conflict
from kiseki_server.kit.ids import ProjectId, UserId, VersionId
from kiseki_server.storage.memory.artifact_uploads import MemoryActionLog
from kiseki_server.storage.memory.artifacts import (
    ArtifactTables,
    MemoryCollectionStore,
    MemoryMembershipStore,
    MemoryVersionStore,
)
from kiseki_server.storage.sql.artifact_collections import SqlCollectionStore
from kiseki_server.storage.sql.artifact_edges import SqlActionLog
from kiseki_server.storage.sql.artifact_memberships import SqlMembershipStore
from kiseki_server.storage.sql.artifact_versions import SqlVersionStore
from kiseki_server.storage.sql.projects import SqlProjectStore
from kiseki_server.storage.sql.users import SqlUserStore

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


@dataclass
class Stores:
    collections: CollectionStore
    versions: VersionStore
    memberships: MembershipStore
    actions: ActionLog
    one: ProjectId
    two: ProjectId
    user: UserId

    def collection(self, name: str, kind: CollectionKind = CollectionKind.SEQUENCE) -> Collection:
        self.collections.ensure_type(self.one, "model", NOON)
        return self.collections.add(self.one, kind, "model", name, user=self.user, at=NOON)

    def version(
        self, collection: Collection, state: VersionState = VersionState.COMMITTED
    ) -> Version:
        """A new version; a committed one stands in its collection."""
        index = None
        if state is VersionState.COMMITTED:
            index = self.collections.next_index(collection.id)
        made = self.versions.add(
            Version(
                id=VersionId(0),
                collection=collection.id,
                state=state,
                index=index,
                digest="d",
                digest_algorithm="md5",
                client_id=None,
                distributed_id=None,
                base=None,
                description=None,
                metadata={"nan": [1, "a"]},
                tags=("t",),
                wanted_aliases=(),
                ttl=-1,
                size=0,
                file_count=0,
                manifest=None,
                history_step=None,
                user=self.user,
                created_at=NOON,
                updated_at=NOON,
                committed_at=None,
                expires_at=None,
            )
        )
        if index is not None:
            self.memberships.join(collection.id, made.id, index, user=self.user, at=NOON)
        return made


@pytest.fixture(params=["memory", *SQL])
def stores(request: pytest.FixtureRequest) -> Iterator[Stores]:
    if request.param == "memory":
        tables = ArtifactTables()
        yield Stores(
            MemoryCollectionStore(tables),
            MemoryVersionStore(tables),
            MemoryMembershipStore(tables),
            MemoryActionLog(),
            ProjectId(1),
            ProjectId(2),
            UserId(3),
        )
        return
    database = request.getfixturevalue(f"{request.param}_database")
    with database.transaction(write=True):
        users = SqlUserStore(database)
        ada = users.add("ada", email=None, admin=False, at=NOON)
        entity = users.entity("ada")
        assert entity is not None
        one, two = (
            SqlProjectStore(database)
            .add(entity.id, name, description="", visibility=Visibility.PRIVATE, at=NOON)[0]
            .id
            for name in ("one", "two")
        )
        collections, versions = SqlCollectionStore(database), SqlVersionStore(database)
        memberships = SqlMembershipStore(database, collections, versions)
        yield Stores(collections, versions, memberships, SqlActionLog(database), one, two, ada.id)


def test_collections_come_in_pieces_by_name(stores: Stores) -> None:
    for name in ("b", "a", "Z", "é", "c"):
        stores.collection(name)
    stores.collections.delete(stores.collection("gone").id, NOON)

    def names(**how: Any) -> list[str]:
        return [one.name for one in stores.collections.page(stores.one, **how)]

    assert names(limit=9) == ["Z", "a", "b", "c", "é"]
    assert names(after="a", limit=2) == ["b", "c"]
    assert names(names=["c", "Z", "nothing", "gone"], limit=9) == ["Z", "c"]
    assert names(names=["c", "Z"], after="Z", limit=9) == ["c"]
    assert stores.collections.page(stores.two, limit=9) == []
    assert stores.collections.count([stores.one, stores.two]) == 5
    assert stores.collections.count([]) == 0


def test_types_are_there_once_and_by_name(stores: Stores) -> None:
    for name in ("model", "dataset", "model"):
        stores.collections.ensure_type(stores.one, name, NOON)
    described = stores.collections.ensure_type(stores.one, "model", NOON, "weights")
    assert described.description == "weights"
    assert stores.collections.ensure_type(stores.one, "model", NOON) == described
    assert [known.name for known in stores.collections.types(stores.one)] == ["dataset", "model"]
    assert stores.collections.types(stores.two) == []


def test_protected_aliases_replace_those_before(stores: Stores) -> None:
    collections, one, two = stores.collections, stores.one, stores.two
    assert collections.protected(one) == frozenset()
    collections.protect(one, ["production", "staging", "production"])
    assert collections.protected(one) == {"production", "staging"}
    collections.protect(one, ["production"])
    assert (collections.protected(one), collections.protected(two)) == ({"production"}, frozenset())
    collections.protect(one, [])
    assert collections.protected(one) == frozenset()


def test_actions_come_the_latest_first(stores: Stores) -> None:
    for number, place in enumerate((stores.one, stores.two, stores.one)):
        at = NOON + timedelta(hours=number)
        details = {"n": number}
        stores.actions.append(place, f"a.{number}", user=stores.user, at=at, details=details)

    def seen(*projects: ProjectId, limit: int = 9, before: int | None = None) -> list[int]:
        found = stores.actions.actions("project", projects, limit=limit, before=before)
        assert all(action.user == stores.user for action in found)
        return [action.details["n"] for action in found]

    assert seen(stores.one, stores.two) == [2, 1, 0]
    assert seen(stores.one) == [2, 0]
    assert seen() == []
    assert seen(stores.one, stores.two, limit=2) == [2, 1]
    second = stores.actions.actions("project", [stores.one, stores.two], limit=2)[1]
    assert seen(stores.one, stores.two, before=second.id) == [0]


def test_actions_are_found_by_what_they_were_done_to(stores: Stores) -> None:
    cats = stores.collection("cats")
    version = stores.version(cats)
    for what in (None, version.id):
        stores.actions.append(
            stores.one, "a", user=None, at=NOON, details={}, collection=cats.id, version=what
        )
    assert len(stores.actions.actions("collection", [cats.id], limit=9)) == 2
    assert [a.version for a in stores.actions.actions("version", [version.id], limit=9)] == [
        version.id
    ]


def test_a_name_is_taken_until_its_collection_is_deleted(stores: Stores) -> None:
    cats = stores.collection("cats")
    with pytest.raises(Conflict, match="`cats` already"):
        stores.collection("cats", CollectionKind.PORTFOLIO)
    stores.collections.delete(cats.id, NOON)
    again = stores.collection("cats")
    assert again.id != cats.id
    assert stores.collections.get([cats.id, again.id]) == {again.id: again}
    assert stores.collections.find(stores.two, "cats") is None


def test_a_version_comes_back_as_it_was_written(stores: Stores) -> None:
    made = stores.version(stores.collection("cats"))
    changed = replace(
        made,
        description="d",
        metadata={"loss": float("inf")},
        tags=(),
        ttl=5,
        expires_at=NOON,
        client_id="c",
    )
    stores.versions.update(changed)
    assert stores.versions.get([made.id]) == {made.id: changed}
    assert list(stores.versions.by_client("c")) == [changed]
    assert list(stores.versions.expired(NOON + timedelta(seconds=1), 9)) == [changed]
    assert list(stores.versions.expired(NOON, 9)) == []


def test_a_pending_version_is_coming_until_it_is_old(stores: Stores) -> None:
    cats = stores.collection("cats")
    stores.version(cats)
    assert not stores.versions.is_coming(cats.id, NOON - timedelta(hours=1))
    stores.version(cats, VersionState.PENDING)
    assert stores.versions.is_coming(cats.id, NOON)
    assert not stores.versions.is_coming(cats.id, NOON + timedelta(seconds=1))


def test_pages_of_versions_go_both_ways(stores: Stores) -> None:
    cats = stores.collection("cats")
    for _ in range(5):
        stores.version(cats)
    pending = stores.version(cats, VersionState.PENDING)
    stores.memberships.join(
        cats.id, pending.id, stores.collections.next_index(cats.id), user=stores.user, at=NOON
    )

    def indexes(after: int | None = None, *, newest_first: bool = True) -> list[int]:
        page = stores.memberships.page(cats.id, newest_first=newest_first, after=after, limit=3)
        return [one.index for one in page]

    assert (indexes(), indexes(2)) == ([4, 3, 2], [1, 0])
    assert (indexes(newest_first=False), indexes(2, newest_first=False)) == ([0, 1, 2], [3, 4])
    assert stores.memberships.standings([cats.id]) == {cats.id: Standing(5, 4)}
    assert stores.memberships.newest([cats.id])[cats.id].index == 4
    assert stores.memberships.find(cats.id, index=5) is None
    hidden = stores.memberships.find(cats.id, version=pending.id)
    assert hidden is not None


def test_aliases_leave_with_their_membership(stores: Stores) -> None:
    cats = stores.collection("cats")
    version = stores.version(cats)
    place = stores.memberships.find(cats.id, version=version.id)
    assert place is not None
    stores.memberships.put_aliases(place, ["best", "latest"])
    assert stores.memberships.aliases(cats.id) == ["best", "latest"]
    stores.memberships.leave([place.id])
    assert stores.memberships.aliases(cats.id) == []
    assert stores.memberships.find(cats.id, alias="best") is None
