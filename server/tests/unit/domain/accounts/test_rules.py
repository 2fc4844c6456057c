"""Roles and names."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiseki_server.domain.accounts import rules
from kiseki_server.domain.accounts.rules import Action
from kiseki_server.domain.accounts.types import (
    Actor,
    Entity,
    EntityKind,
    Membership,
    Role,
    User,
)
from kiseki_server.kit.errors import BadRequest, Conflict
from kiseki_server.kit.ids import EntityId, OrgId, UserId

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
OWN = Entity(EntityId(1), "ada", EntityKind.USER, UserId(1), None)
TEAM = Entity(EntityId(2), "vision", EntityKind.TEAM, None, OrgId(1))
OTHER = EntityId(3)


def actor(role: Role | None = None, *, admin: bool = False) -> Actor:
    user = User(UserId(1), "ada", None, admin, NOON)
    own = Membership(OWN, Role.ADMIN)
    return Actor(user, (own, Membership(TEAM, role)) if role else (own,))


@pytest.mark.parametrize(
    ("role", "allowed"),
    [
        (None, []),
        (Role.VIEWER, [Action.READ, Action.DOWNLOAD]),
        (Role.MEMBER, [Action.READ, Action.DOWNLOAD, Action.WRITE]),
        (Role.ADMIN, list(Action)),
    ],
)
def test_a_role_allows_what_it_says(role: Role | None, allowed: list[Action]) -> None:
    somebody = actor(role)
    assert [action for action in Action if rules.may(somebody, TEAM.id, action)] == allowed
    assert all(rules.may(somebody, OWN.id, action) for action in Action)
    assert not any(rules.may(somebody, OTHER, action) for action in Action)


def test_an_administrator_of_the_server_may_do_everything() -> None:
    assert all(rules.may(actor(admin=True), OTHER, action) for action in Action)


def test_an_actors_own_entity_is_the_default() -> None:
    assert actor(Role.VIEWER).default_entity == OWN


@given(st.text(max_size=80))
def test_a_name_is_accepted_or_explained(text: str) -> None:
    if re.fullmatch(r"[A-Za-z0-9_.\-]{1,64}", text) is None or not text.strip("."):
        with pytest.raises(BadRequest, match="cannot be the name of a user") as refusal:
            rules.check_name(text, "a user")
        assert refusal.value.hint
    elif text.lower() not in rules.RESERVED:
        assert rules.check_name(text, "a user") == text


@pytest.mark.parametrize("word", sorted(rules.RESERVED))
def test_words_of_addresses_are_no_names(word: str) -> None:
    with pytest.raises(Conflict, match="reserved"):
        rules.check_name(word.upper(), "a user")


@given(st.from_regex(r"[A-Za-z0-9_.\-]{1,64}", fullmatch=True))
def test_names_that_compare_equal_differ_in_case_alone(name: str) -> None:
    assert rules.compared(name) == rules.compared(name.upper()) == rules.compared(name.swapcase())


@given(st.text(max_size=300))
def test_a_given_key_fits_into_a_header_or_is_explained(key: str) -> None:
    if 8 <= len(key) <= 256 and re.fullmatch("[!-~]*", key):
        assert rules.check_api_key(key) == key
    else:
        with pytest.raises(BadRequest, match="API key"):
            rules.check_api_key(key)


@pytest.mark.parametrize("email", [None, "", "  "])
def test_no_address_is_none(email: str | None) -> None:
    assert rules.check_email(email) is None


@pytest.mark.parametrize("email", ["a", "@b", "a@", "a b@c", "a@b@c", "a@b\n"])
def test_an_address_that_is_none_is_refused(email: str) -> None:
    if email.strip() == "a@b":
        assert rules.check_email(email) == "a@b"
    else:
        with pytest.raises(BadRequest, match="is no e-mail address"):
            rules.check_email(email)
