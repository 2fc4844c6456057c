"""The promises of the account stores, on every adapter."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from server.tests.conftest import SQL

from kiseki_server.domain.accounts.store import CredentialStore, OrganizationStore, UserStore
from kiseki_server.domain.accounts.types import EntityKind, Membership, Role
from kiseki_server.kit.errors import Conflict
from kiseki_server.kit.transactions import UnitOfWork
from kiseki_server.storage.memory.accounts import (
    AccountTables,
    MemoryCredentialStore,
    MemoryOrganizationStore,
    MemoryUserStore,
)
from kiseki_server.storage.memory.transactions import MemoryTransactions
from kiseki_server.storage.sql.credentials import SqlCredentialStore
from kiseki_server.storage.sql.organizations import SqlOrganizationStore
from kiseki_server.storage.sql.users import SqlUserStore

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@dataclass
class Stores:
    users: UserStore
    credentials: CredentialStore
    organizations: OrganizationStore
    work: UnitOfWork


@pytest.fixture(params=["memory", *SQL])
def stores(request: pytest.FixtureRequest) -> Iterator[Stores]:
    if request.param == "memory":
        tables = AccountTables()
        work = MemoryTransactions()
        found = Stores(
            MemoryUserStore(tables),
            MemoryCredentialStore(tables),
            MemoryOrganizationStore(tables),
            work,
        )
    else:
        database = request.getfixturevalue(f"{request.param}_database")
        found = Stores(
            SqlUserStore(database),
            SqlCredentialStore(database),
            SqlOrganizationStore(database),
            database,
        )
    with found.work.transaction(write=True):
        yield found


def test_a_user_owns_the_entity_of_their_name(stores: Stores) -> None:
    user = stores.users.add("Ada", email="ada@example.org", admin=True, at=NOON)
    assert stores.users.get(user.id) == user
    assert stores.users.named("aDA") == user
    assert stores.users.named("nobody") is None
    entity = stores.users.entity("ADA")
    assert entity is not None
    assert (entity.name, entity.kind, entity.user) == ("Ada", EntityKind.USER, user.id)
    assert stores.users.memberships(user.id) == [Membership(entity, Role.ADMIN)]


def test_a_name_is_taken_by_users_and_teams_alike(stores: Stores) -> None:
    stores.users.add("ada", email=None, admin=False, at=NOON)
    org = stores.organizations.add("acme", NOON)
    stores.organizations.add_team("Research", org.id, NOON)
    with pytest.raises(Conflict, match="`ADA` is taken"):
        stores.organizations.add_team("ADA", org.id, NOON)
    with pytest.raises(Conflict, match="`research` is taken"):
        stores.users.add("research", email=None, admin=False, at=NOON)
    # Organisations have names of their own.
    with pytest.raises(Conflict, match="organisation called `ACME`"):
        stores.organizations.add("ACME", NOON)
    assert stores.users.add("acme", email=None, admin=False, at=NOON).name == "acme"


def test_a_removed_user_leaves_name_roles_and_keys(stores: Stores) -> None:
    user = stores.users.add("ada", email=None, admin=False, at=NOON)
    org = stores.organizations.add("acme", NOON)
    stores.organizations.set_member(org.id, user.id, Role.ADMIN)
    stores.credentials.add_key(user.id, name="k", hash="h", hint="abcd", at=NOON)
    stores.users.remove(user.id, NOON)
    assert stores.users.get(user.id) is None
    assert stores.users.named("ada") is None
    assert stores.users.entity("ada") is None
    assert stores.users.all() == []
    assert stores.users.memberships(user.id) == []
    assert stores.organizations.members([org.id]) == {org.id: []}
    assert stores.credentials.key_hashed("h") is None
    again = stores.users.add("Ada", email=None, admin=False, at=NOON)
    assert again.id != user.id
    assert stores.users.all() == [again]


def test_memberships_come_from_the_organisations_teams(stores: Stores) -> None:
    ada = stores.users.add("ada", email=None, admin=False, at=NOON)
    bob = stores.users.add("bob", email=None, admin=False, at=NOON)
    org = stores.organizations.add("acme", NOON)
    vision = stores.organizations.add_team("vision", org.id, NOON)
    audio = stores.organizations.add_team("Audio", org.id, NOON)
    stores.organizations.set_member(org.id, ada.id, Role.MEMBER)
    stores.organizations.set_member(org.id, ada.id, Role.VIEWER)
    reached = stores.users.memberships(ada.id)
    assert [(m.entity.name, m.role) for m in reached] == [
        ("ada", Role.ADMIN),
        ("Audio", Role.VIEWER),
        ("vision", Role.VIEWER),
    ]
    assert [m.entity.name for m in stores.users.memberships(bob.id)] == ["bob"]
    assert stores.organizations.teams([org.id]) == {org.id: [audio, vision]}
    assert stores.organizations.remove_member(org.id, ada.id)
    assert not stores.organizations.remove_member(org.id, ada.id)
    stores.organizations.set_member(org.id, bob.id, Role.ADMIN)
    stores.organizations.remove_team(vision.id, NOON)
    assert [m.entity.name for m in stores.users.memberships(bob.id)] == ["bob", "Audio"]
    stores.organizations.remove(org.id, NOON)
    assert [m.entity.name for m in stores.users.memberships(bob.id)] == ["bob"]
    assert stores.organizations.all() == []
    assert stores.users.entity("audio") is None
    assert stores.organizations.add_team("audio", stores.organizations.add("acme", NOON).id, NOON)


def test_a_key_is_found_by_its_hash_until_it_is_removed(stores: Stores) -> None:
    ada = stores.users.add("ada", email=None, admin=False, at=NOON)
    bob = stores.users.add("bob", email=None, admin=False, at=NOON)
    first = stores.credentials.add_key(ada.id, name="one", hash="h1", hint="0001", at=NOON)
    second = stores.credentials.add_key(ada.id, name="two", hash="h2", hint="0002", at=NOON)
    with pytest.raises(Conflict):
        stores.credentials.add_key(bob.id, name="three", hash="h1", hint="0001", at=NOON)
    assert stores.credentials.keys(ada.id) == [first, second]
    assert stores.credentials.key_hashed("h1") == (first, ada)
    stores.credentials.touch_key(first.id, NOON + HOUR)
    found = stores.credentials.key_hashed("h1")
    assert found is not None
    assert found[0].last_used_at == NOON + HOUR
    assert not stores.credentials.remove_key(bob.id, first.id)
    assert stores.credentials.remove_key(ada.id, first.id)
    assert stores.credentials.key_hashed("h1") is None
    assert stores.credentials.keys(ada.id) == [second]


def test_a_session_ends_at_its_time(stores: Stores) -> None:
    ada = stores.users.add("ada", email=None, admin=False, at=NOON)
    stores.credentials.add_session(ada.id, "s", at=NOON, expires=NOON + HOUR)
    assert stores.credentials.session_user("s", NOON) == ada
    assert stores.credentials.session_user("s", NOON + HOUR) is None
    assert stores.credentials.session_user("other", NOON) is None
    stores.credentials.remove_session("s")
    assert stores.credentials.session_user("s", NOON) is None


def test_a_signin_token_works_once(stores: Stores) -> None:
    ada = stores.users.add("ada", email=None, admin=False, at=NOON)
    stores.credentials.add_signin_token(ada.id, "t", at=NOON, expires=NOON + HOUR)
    stores.credentials.add_signin_token(ada.id, "late", at=NOON, expires=NOON + HOUR)
    assert stores.credentials.take_signin_token("t", NOON) == ada
    assert stores.credentials.take_signin_token("t", NOON) is None
    assert stores.credentials.take_signin_token("late", NOON + HOUR) is None


def test_the_first_fingerprint_is_kept(stores: Stores) -> None:
    assert stores.credentials.fingerprint("first") == "first"
    assert stores.credentials.fingerprint("second") == "first"


def test_to_forget_a_user_ends_everything_that_proves_them(stores: Stores) -> None:
    ada = stores.users.add("ada", email=None, admin=False, at=NOON)
    stores.credentials.add_key(ada.id, name="k", hash="h", hint="abcd", at=NOON)
    for keys in (False, True):
        stores.credentials.add_session(ada.id, "s", at=NOON, expires=NOON + HOUR)
        stores.credentials.add_signin_token(ada.id, "t", at=NOON, expires=NOON + HOUR)
        stores.credentials.forget(ada.id, keys=keys)
        assert stores.credentials.session_user("s", NOON) is None
        assert stores.credentials.take_signin_token("t", NOON) is None
        assert bool(stores.credentials.keys(ada.id)) is not keys
