"""Registries with the real client: made, changed, shared, searched, linked to and used."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.clients.wandb.conftest import Client
from tests.clients.wandb.environments import NEWEST
from tests.processes import ServerProcess

pytestmark = pytest.mark.clients


@pytest.fixture
def own(own_server: ServerProcess, tmp_path: Path) -> Client:
    """The newest client and a server whose only organisation is `default`."""
    return Client(NEWEST, own_server, tmp_path / "client")


def test_a_registry_is_made_changed_and_deleted(own: Client) -> None:
    found = own.result(
        """
        import json, wandb
        api = wandb.Api()
        made = api.create_registry(
            "models", visibility="restricted", description="first", artifact_types=["model"]
        )
        said = {"made": [made.name, made.full_name, made.visibility, made.description,
                         made.allow_all_artifact_types, list(made.artifact_types),
                         made.organization, made.entity]}
        try:
            api.create_registry("models", visibility="organization")
        except ValueError as error:
            said["twice"] = str(error)
        made.description = "second"
        made.visibility = "organization"
        made.artifact_types.append("dataset")
        made.name = "shipped"
        made.save()
        again = api.registry("shipped")
        said["changed"] = [again.name, again.description, again.visibility,
                           sorted(again.artifact_types), again.id == made.id]
        try:
            api.registry("models")
        except Exception as error:
            said["renamed"] = type(error).__name__
        any_type = api.create_registry("anything", visibility="organization")
        said["any"] = any_type.allow_all_artifact_types
        again.delete()
        said["left"] = [each.name for each in api.registries()]
        print(json.dumps(said))
        """
    )
    assert found == {
        "made": [
            "models",
            "wandb-registry-models",
            "restricted",
            "first",
            False,
            ["model"],
            "default",
            "default-org",
        ],
        "twice": "Registry 'models' already exists in organization 'default', "
        "please use a different name.",
        "changed": ["shipped", "second", "organization", ["dataset", "model"], True],
        "renamed": "ValueError",
        "any": True,
        "left": ["anything"],
    }


def test_registries_are_found_by_filters_and_in_order(own: Client) -> None:
    found = own.result(
        """
        import json, wandb
        api = wandb.Api()
        for name in ("b-data", "a-models", "c-models"):
            api.create_registry(name, visibility="organization", description="of " + name)

        def names(filter=None, **more):
            return [each.name for each in api.registries(filter=filter, **more)]

        print(json.dumps({
            "all": names(),
            "one": names({"name": "b-data"}),
            "regex": names({"name": {"$regex": "models"}}),
            "either": names({"$or": [{"name": "b-data"}, {"description": "of c-models"}]}),
            "none": names({"name": "nothing"}),
            "ordered": names(order="-created_at"),
            "paged": names(per_page=1),
        }))
        """
    )
    assert found == {
        "all": ["a-models", "b-data", "c-models"],
        "one": ["b-data"],
        "regex": ["a-models", "c-models"],
        "either": ["b-data", "c-models"],
        "none": [],
        "ordered": ["c-models", "a-models", "b-data"],
        "paged": ["a-models", "b-data", "c-models"],
    }


def test_members_decide_who_sees_a_restricted_registry(own: Client) -> None:
    _, ada = own.server.request("POST", "/admin/users", {"name": "ada"})
    own.server.request("POST", "/teams", {"name": "vision"})
    found = own.result(
        """
        import json, os, wandb
        api = wandb.Api()
        registry = api.create_registry("models", visibility="restricted")
        theirs = lambda: [each.name for each in wandb.Api(api_key=os.environ["ADA"]).registries()]
        said = {"before": theirs()}
        user, team = api.user("ada"), api.team("vision")
        registry.add_members(user, team)
        said["after"] = theirs()
        roles = lambda: [
            *((each.user.username, each.role) for each in registry.user_members()),
            *((each.team.name, each.role) for each in registry.team_members()),
        ]
        said["first"] = roles()
        registry.update_member(user, role="admin")
        registry.update_member(team, role="member")
        said["second"] = roles()
        registry.remove_members(user, team)
        said["third"] = roles()
        said["end"] = theirs()
        print(json.dumps(said))
        """,
        ADA=ada["api_key"],
    )
    assert found == {
        "before": [],
        "after": ["models"],
        "first": [["ada", "viewer"], ["vision", "viewer"]],
        "second": [["ada", "admin"], ["vision", "member"]],
        "third": [],
        "end": [],
    }
