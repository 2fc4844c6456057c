"""Projects as a whole: their names, and roles in single ones."""

from __future__ import annotations

from typing import Any

from server.tests.unit.protocols.wandb.conftest import Dialect

from kiseki_server.app.services import Services

UPSERT = "mutation U($input: UpsertModelInput!) { upsertModel(input: $input) { project { id } } }"
DELETE = "mutation D($id: String!) { deleteModel(input: {id: $id}) { success } }"


def test_a_project_is_renamed_and_deleted(dialect: Dialect) -> None:
    id = dialect.data(UPSERT, input={"name": "p"})["upsertModel"]["project"]["id"]
    rename = """mutation { renameProject(input: {
      entityName: "admin", oldProjectName: "p", newProjectName: "q"
    }) { project { id } inserted } }"""
    renamed = dialect.data(rename)["renameProject"]
    assert renamed == {"project": {"id": id}, "inserted": False}
    assert dialect.data(DELETE, id=id)["deleteModel"] == {"success": True}
    assert dialect.data('{ project(entityName: "admin", name: "q") { id } }') == {"project": None}
    assert dialect.post(DELETE, id=id).status_code == 404


def test_the_same_word_leaves_a_projects_visibility_as_it_is(
    dialect: Dialect, services: Services
) -> None:
    dialect.data('mutation { createTeam(input: {teamName: "vision"}) { entity { id } } }')
    body = {"entity": "vision", "name": "p", "visibility": "organization"}
    assert dialect.http.post("/api/v1/projects", json=body).status_code == 201
    given = {"entityName": "vision", "name": "p", "access": "ENTITY_READ"}
    dialect.data(UPSERT, input=given)
    with services.database.transaction():
        project = services.stores.projects.find("vision", "p")
    assert project is not None
    assert project.visibility == "organization"


def test_a_project_of_a_team_names_who_made_it(dialect: Dialect, services: Services) -> None:
    """As much of them as the reader may know: others on the server know the name alone."""
    team = 'mutation { createTeam(input: {teamName: "makers"}) { entity { id } } }'
    dialect.data(team)
    body = {"entity": "makers", "name": "p", "visibility": "internal"}
    assert dialect.http.post("/api/v1/projects", json=body).status_code == 201
    query = """{ project(entityName: "makers", name: "p") {
      user { name username email } } }"""
    shown = dialect.data(query)["project"]["user"]
    assert shown["username"] == "admin"
    with services.database.transaction(write=True):
        services.accounts.create_user("no-maker")
    key = dialect.http.put("/api/v1/admin/users/no-maker/key", json={"api_key": "k" * 40})
    assert key.status_code < 300, key.text
    dialect.http.headers["Authorization"] = f"Bearer {'k' * 40}"
    assert dialect.data(query)["project"]["user"] == {
        "name": "admin",
        "username": "admin",
        "email": None,
    }


def test_members_get_roles(dialect: Dialect, services: Services) -> None:
    id = dialect.data(UPSERT, input={"name": "p"})["upsertModel"]["project"]["id"]
    with services.database.transaction(write=True):
        services.accounts.create_user("ada")
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
        query = """{ project(entityName: "admin", name: "p") {
          members { username role { name } } teamMembers { team { name } role { name } } } }"""
        shown = dialect.data(query)["project"]
        return [
            *((each["username"], each["role"]["name"]) for each in shown["members"]),
            *((each["team"]["name"], each["role"]["name"]) for each in shown["teamMembers"]),
        ]

    assert change("createProjectMembers", **both) == 200
    assert members() == [("ada", "viewer"), ("vision", "viewer")]
    assert change("updateProjectMember", userId=user, userProjectRole="member") == 200
    assert change("updateProjectTeamMember", teamId=team, teamProjectRole="admin") == 200
    assert change("updateProjectMember", userId=user, userProjectRole="boss") == 400
    assert change("updateProjectMember", userId=team, userProjectRole="admin") == 404
    # Whoever is a member keeps their role.
    assert change("createProjectMembers", **both) == 200
    assert members() == [("ada", "member"), ("vision", "admin")]
    assert change("deleteProjectMembers", **both) == 200
    assert members() == []
    assert change("deleteProjectMembers", **both) == 404
