"""Registries, as the client makes, changes, finds and shares them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from server.tests.unit.protocols.wandb.conftest import Dialect

from kiseki_server.app.services import Services

UPSERT = """
mutation UpsertRegistry($input: UpsertModelInput!) {
  upsertModel(input: $input) { inserted project {
    id name access description allowAllArtifactTypes: allowAllArtifactTypesInRegistry
    entity { name organization { name } }
    artifactTypes(includeAll: true) { edges { node { name } } }
  } }
}
"""
LIST = """
query FetchRegistries($organization: String!, $filters: JSONString, $order: String) {
  organization(name: $organization) { orgEntity {
    projects(filters: $filters, order: $order) { edges { node { name } } }
  } }
}
"""
DELETE = "mutation D($id: String!) { deleteModel(input: {id: $id}) { success } }"
NAME = "wandb-registry-models"


def upsert(dialect: Dialect, **given: Any) -> Any:
    given = {"entityName": "default-org", "name": NAME, **given}
    return dialect.data(UPSERT, input=given)["upsertModel"]


def names(dialect: Dialect, filters: Any = None, order: str | None = None) -> list[str]:
    text = None if filters is None else json.dumps(filters)
    found = dialect.data(LIST, organization="default", filters=text, order=order)
    edges = found["organization"]["orgEntity"]["projects"]["edges"]
    return [edge["node"]["name"].removeprefix("wandb-registry-") for edge in edges]


def test_an_upsert_makes_a_registry_and_then_changes_it(dialect: Dialect) -> None:
    types = [{"name": "model"}]
    made = upsert(dialect, access="RESTRICTED", artifactTypes=types, description="first")
    project = made["project"]
    id = project.pop("id")
    assert (made["inserted"], project) == (
        True,
        {
            "name": NAME,
            "access": "RESTRICTED",
            "description": "first",
            "allowAllArtifactTypes": False,
            "entity": {"name": "default-org", "organization": {"name": "default"}},
            "artifactTypes": {"edges": [{"node": {"name": "model"}}]},
        },
    )
    again = upsert(dialect, access="PRIVATE", allowAllArtifactTypesInRegistry=True)
    changed = again["project"]
    assert (again["inserted"], changed["id"], changed["description"]) == (False, id, "first")
    assert (changed["access"], changed["allowAllArtifactTypes"]) == ("PRIVATE", True)
    for wrong in (
        {"access": "USER_READ"},
        {"artifactTypes": [{"name": "dataset"}]},
        {"name": "no-registry"},
    ):
        given = {"entityName": "default-org", "name": NAME, **wrong}
        assert dialect.post(UPSERT, input=given).status_code == 400, wrong


def test_a_registry_keeps_its_id_when_it_is_renamed(dialect: Dialect) -> None:
    id = upsert(dialect)["project"]["id"]
    rename = """mutation { renameProject(input: {
      entityName: "default-org", oldProjectName: "wandb-registry-models",
      newProjectName: "wandb-registry-shipped"}) { inserted project { id name } } }"""
    assert dialect.data(rename)["renameProject"] == {
        "inserted": False,
        "project": {"id": id, "name": "wandb-registry-shipped"},
    }
    assert dialect.data(DELETE, id=id)["deleteModel"] == {"success": True}
    assert names(dialect) == []
    assert dialect.post(DELETE, id=id).status_code == 404


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"name": "wandb-registry-b"}, ["b"]),
        ({"name": {"$regex": "registry-(a|c)"}}, ["a", "c"]),
        ({"$or": [{"name": {"$in": ["wandb-registry-a"]}}, {"description": "of c"}]}, ["a", "c"]),
        ({"name": {"$nin": ["wandb-registry-a"]}, "created_at": {"$gt": "2020-01-01"}}, ["b", "c"]),
    ],
)
def test_filters_choose_registries(dialect: Dialect, filters: Any, expected: list[str]) -> None:
    for name in "cab":
        upsert(dialect, name=f"wandb-registry-{name}", description=f"of {name}")
    assert names(dialect) == ["a", "b", "c"]
    assert names(dialect, order="-name") == ["c", "b", "a"]
    assert names(dialect, filters) == expected


def test_a_registry_is_found_by_the_ids_that_the_client_has(dialect: Dialect) -> None:
    upsert(dialect, name="wandb-registry-other")
    id = upsert(dialect)["project"]["id"]
    assert names(dialect, {"id": id}) == ["models"]
    unknown = dialect.post(LIST, organization="default", filters='{"colour": 1}')
    assert "cannot be filtered or ordered by `colour`" in unknown.text
    assert dialect.data(LIST, organization="nothing") == {"organization": None}


def test_members_get_roles(dialect: Dialect, services: Services) -> None:
    id = upsert(dialect, access="RESTRICTED")["project"]["id"]
    with services.database.transaction(write=True):
        root = services.accounts.actor(services.accounts.create_user("ada", admin=False))
        assert root.organizations
    create_team = 'mutation { createTeam(input: {teamName: "vision"}) { entity { id } } }'
    team = dialect.data(create_team)["createTeam"]["entity"]["id"]
    found = dialect.data('{ users(query: "ada") { edges { node { id } } } }')
    user = found["users"]["edges"][0]["node"]["id"]
    both = {"projectId": id, "userIds": [user], "teamIds": [team]}

    def change(name: str, **given: Any) -> int:
        type = name[:1].upper() + name[1:] + "Input"
        mutation = f"mutation M($input: {type}!) {{ {name}(input: $input) {{ success }} }}"
        return dialect.post(mutation, input={"projectId": id, **given}).status_code

    def members() -> list[tuple[str, str]]:
        query = (
            "query M($name: String!) { project(entityName: %s, name: $name) {"
            " members { username role { name } } teamMembers { team { name } role { name } } } }"
        )
        shown = dialect.data(query % '"default-org"', name=NAME)["project"]
        return [
            *((each["username"], each["role"]["name"]) for each in shown["members"]),
            *((each["team"]["name"], each["role"]["name"]) for each in shown["teamMembers"]),
        ]

    assert change("createProjectMembers", **both) == 200
    assert members() == [("ada", "viewer"), ("vision", "viewer")]
    assert change("updateProjectMember", userId=user, userProjectRole="restricted_viewer") == 200
    assert change("updateProjectTeamMember", teamId=team, teamProjectRole="admin") == 200
    assert change("updateProjectMember", userId=user, userProjectRole="boss") == 400
    assert change("updateProjectMember", userId=team, userProjectRole="admin") == 404
    # Whoever is a member keeps their role.
    assert change("createProjectMembers", **both) == 200
    assert members() == [("ada", "restricted_viewer"), ("vision", "admin")]
    assert change("deleteProjectMembers", **both) == 200
    assert members() == []
    assert change("deleteProjectMembers", **both) == 404
