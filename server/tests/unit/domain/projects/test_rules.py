"""Names of projects, and who sees them."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import quote, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiseki_server.domain.accounts.rules import Action
from kiseki_server.domain.accounts.types import Actor, Entity, EntityKind, Membership, Role, User
from kiseki_server.domain.projects import rules
from kiseki_server.domain.projects.types import Project, Visibility
from kiseki_server.kit.errors import BadRequest
from kiseki_server.kit.ids import EntityId, OrgId, ProjectId, UserId

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
TEAM = Entity(EntityId(2), "vision", EntityKind.TEAM, None, OrgId(1))


def project(visibility: Visibility) -> Project:
    return Project(ProjectId(1), TEAM.id, TEAM.name, "digits", "", visibility, NOON, NOON)


def actor(role: Role | None) -> Actor:
    own = Entity(EntityId(1), "ada", EntityKind.USER, UserId(1), None)
    memberships = [Membership(own, Role.ADMIN)]
    if role is not None:
        memberships.append(Membership(TEAM, role))
    return Actor(User(UserId(1), "ada", None, False, NOON), tuple(memberships))


@pytest.mark.parametrize(
    ("visibility", "role", "most"),
    [
        (Visibility.PRIVATE, None, None),
        (Visibility.INTERNAL, None, Action.DOWNLOAD),
        (Visibility.PRIVATE, Role.VIEWER, Action.DOWNLOAD),
        (Visibility.INTERNAL, Role.MEMBER, Action.WRITE),
        (Visibility.PRIVATE, Role.ADMIN, Action.ADMIN),
    ],
)
def test_visibility_and_role_decide(
    visibility: Visibility, role: Role | None, most: Action | None
) -> None:
    assert rules.most(actor(role), project(visibility)) == most


@given(st.text(max_size=140))
def test_an_accepted_name_survives_an_address(name: str) -> None:
    try:
        rules.check_project_name(name)
    except BadRequest:
        return
    path = quote(name, safe="")
    assert unquote(path) == name
    assert "/" not in name
    assert name not in {"", ".", ".."}


@pytest.mark.parametrize("name", ["my project", "数字", "v1.2_a-b", "a=b,c(d)", "é" * 128])
def test_usual_names_are_accepted(name: str) -> None:
    assert rules.check_project_name(name) == name
