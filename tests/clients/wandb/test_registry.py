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


FILL = """
import json, wandb
api = wandb.Api()
api.create_registry("models", visibility="organization", artifact_types=["model"])
api.create_registry("data", visibility="organization")
run = wandb.init(project="made", id="r1", settings=QUICK)
for number in range(2):
    artifact = wandb.Artifact("net", "model", metadata={"score": number})
    with artifact.new_file("weights.txt") as file:
        file.write(f"weights {number}")
    run.log_artifact(artifact).wait()
    run.link_artifact(artifact, "wandb-registry-models/nets", aliases=[f"a{number}"])
dataset = wandb.Artifact("pets", "dataset")
with dataset.new_file("pets.txt") as file:
    file.write("pets")
run.log_artifact(dataset).wait()
said = {}
try:
    dataset.link("wandb-registry-models/pets")
except Exception as error:
    said["wrong type"] = "does not take artifacts of the type `dataset`" in str(error)
dataset.link("wandb-registry-data/pets")
run.finish()
"""


def test_versions_are_linked_to_registries_found_and_used(own: Client) -> None:
    found = own.result(
        FILL
        + """
run = wandb.init(project="used", id="r2", settings=QUICK)
used = run.use_artifact("wandb-registry-models/nets:a0")
with open(used.download(root="got", skip_cache=True) + "/weights.txt") as file:
    said["used"] = [used.name, used.source_name, used.is_link, file.read()]
run.finish()

def names(things):
    return [each.name for each in things]

registries = api.registries()
nets = registries.collections({"name": "nets"})
said["collections"] = names(registries.collections())
said["of one"] = names(api.registries(filter={"name": "data"}).collections())
said["versions"] = names(nets.versions())
said["by alias"] = names(registries.versions({"alias": "a1"}))
said["by metadata"] = names(registries.versions({"metadata.score": {"$lt": 1}}))
said["paged"] = names(registries.versions(per_page=1))
said["ordered"] = names(registries.collections(order="name"))
said["users"] = [each.id for each in api.artifact("made/net:v0").used_by()]
linked = api.artifact("wandb-registry-models/nets:a1")
said["linked"] = sorted(linked.aliases)
linked.unlink()
said["after"] = names(registries.versions())
print(json.dumps(said))
"""
    )
    assert found == {
        "wrong type": True,
        "used": ["nets:a0", "net:v0", True, "weights 0"],
        "collections": ["pets", "nets"],
        "of one": ["pets"],
        "versions": ["nets:v1", "nets:v0"],
        "by alias": ["nets:v1"],
        "by metadata": ["nets:v0"],
        "paged": ["pets:v0", "nets:v1", "nets:v0"],
        "ordered": ["nets", "pets"],
        "users": ["r2"],
        "linked": ["a1", "latest"],
        "after": ["pets:v0", "nets:v0"],
    }


def test_roles_in_a_registry_say_who_moves_which_alias(own: Client) -> None:
    """Of a member of the organisation, whose role in a restricted registry grows."""
    _, ada = own.server.request("POST", "/admin/users", {"name": "ada"})
    own.run(
        """
        import os, wandb
        api = wandb.Api()
        registry = api.create_registry("models", visibility="restricted")
        with wandb.init(project="made", id="r1", settings=QUICK) as run:
            for number in range(2):
                artifact = wandb.Artifact("net", "model")
                with artifact.new_file("weights.txt") as file:
                    file.write(f"weights {number}")
                run.log_artifact(artifact).wait()
                run.link_artifact(artifact, "wandb-registry-models/nets")
        registry.add_members(api.user("ada"))
        """
    )
    protected = {"aliases": ["production"]}
    path = "/orgs/default/registries/wandb-registry-models/protected-aliases"
    assert own.server.request("PUT", path, protected)[0] == 200
    found = own.result(
        """
        import json, os, wandb
        admin = wandb.Api(api_key=os.environ["ADMIN"])
        name = "wandb-registry-models/nets"
        said = {}

        def tried(what, alias, version):
            artifact = wandb.Api().artifact(f"{name}:{version}")
            getattr(artifact.aliases, what)(alias)
            try:
                artifact.save()
            except Exception as error:
                return str(error)
            return sorted(wandb.Api().artifact(f"{name}:{version}").aliases)

        for role in ("viewer", "member", "admin"):
            admin.registry("models").update_member(admin.user("ada"), role=role)
            said[role] = [tried("append", role, "v0"), tried("append", "production", "v0")]
        said["moved"] = tried("append", "production", "v1")
        admin.registry("models").update_member(admin.user("ada"), role="member")
        said["kept"] = tried("remove", "production", "v1")
        said["seen"] = wandb.Api().artifact(f"{name}:production").version
        admin.registry("models").remove_members(admin.user("ada"))
        try:
            said["out"] = wandb.Api().artifact(f"{name}:v0").version
        except Exception as error:
            said["out"] = type(error).__name__
        print(json.dumps(said))
        """,
        WANDB_API_KEY=ada["api_key"],
        ADMIN=own.server.key,
    )
    assert all("may not" in text or "protected" in text for text in found["viewer"])
    for text in (found["member"][1], found["kept"]):
        assert "`production` is protected" in text
    assert found["member"][0] == ["member"]
    assert found["admin"] == [["admin", "member"], ["admin", "member", "production"]]
    assert found["moved"] == ["latest", "production"]
    assert found["seen"] == "v1"
    assert "Error" in found["out"]
