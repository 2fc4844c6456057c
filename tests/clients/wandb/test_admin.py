"""Users, teams, service accounts and keys, administered with the real client."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.clients.wandb.conftest import Client
from tests.clients.wandb.environments import NEWEST
from tests.processes import ServerProcess

pytestmark = pytest.mark.clients


@pytest.fixture
def own(own_server: ServerProcess, tmp_path: Path) -> Client:
    """The newest client and a server that nobody else adds users to."""
    return Client(NEWEST, own_server, tmp_path / "client")


def test_a_team_is_made_and_its_members_come_and_go(own: Client) -> None:
    own.server.request("POST", "/admin/users", {"name": "ada", "email": "ada@example.org"})
    found = own.result(
        """
        import json, wandb
        api = wandb.Api()
        team = api.create_team("vision")
        said = [team.invite("ada"), team.invite("ada"), team.invite("nobody")]
        said.append(team.invite("later@example.org", admin=True))
        team = api.team("vision")
        members = [(m.username or m.email, m.admin, m.pending) for m in team.members]
        removed = [m.delete() for m in team.members if m.username != "admin"]
        print(json.dumps({
            "team": [team.name, team.entity_type, team.is_team],
            "said": said,
            "members": members,
            "removed": removed,
            "left": [m.username for m in api.team("vision").members],
            "teams": api.viewer.teams,
        }))
        """
    )
    assert found == {
        "team": ["vision", "team", True],
        "said": [True, False, False, True],
        "members": [
            ["ada", False, False],
            ["admin", True, False],
            ["later@example.org", True, True],
        ],
        "removed": [True, True],
        "left": ["admin"],
        "teams": ["admin", "vision"],
    }


def test_a_service_account_logs_with_its_key(own: Client) -> None:
    found = own.result(
        """
        import json, wandb
        team = wandb.Api().create_team("vision")
        machine = team.create_service_account("CI nightly")
        kept = [m.account_type for m in wandb.Api().team("vision").members]
        print(json.dumps([machine.username, machine.account_type, machine.api_key, kept]))
        """
    )
    name, kind, key, kept = found
    assert (name, kind, kept) == ("vision-ci-nightly", "SERVICE", ["USER", "SERVICE"])
    own.run(
        """
        import wandb
        with wandb.init(project="p", id="r", settings=QUICK) as run:
            run.log({"loss": 1})
            assert run.entity == "vision", run.entity
        """,
        WANDB_API_KEY=key,
    )
    status, run = own.server.request("GET", "/projects/vision/p/runs/r")
    assert (status, run["user"]) == (200, name)


def test_users_are_made_and_found(own: Client) -> None:
    found = own.result(
        """
        import json, wandb
        api = wandb.Api()
        user = api.create_user("Grace.Hopper@example.org")
        api.create_team("vision").invite("grace.hopper")
        again = api.user("grace.hopper@example.org")
        print(json.dumps({
            "made": [user.username, user.email, user.admin],
            "found": [again.username, again.teams],
            "by_name": [user.email for user in api.users("grace.hopper")],
            "nobody": api.user("nobody"),
        }))
        """
    )
    assert found == {
        "made": ["grace.hopper", "Grace.Hopper@example.org", False],
        "found": ["grace.hopper", ["grace.hopper", "vision"]],
        "by_name": ["Grace.Hopper@example.org"],
        "nobody": None,
    }


def test_a_key_is_made_used_and_deleted(own: Client) -> None:
    found = own.result(
        """
        import json, wandb
        user = wandb.Api().viewer
        key = user.generate_api_key("laptop")
        other = wandb.Api(api_key=key).viewer
        again = wandb.Api().user("admin")
        print(json.dumps({
            "key": key,
            "works": other.username,
            "listed": key in again.api_keys,
            "deleted": again.delete_api_key(key),
            "left": len(wandb.Api().user("admin").api_keys),
        }))
        """
    )
    key = found.pop("key")
    assert found == {"works": "admin", "listed": True, "deleted": True, "left": 1}
    assert own.server.request("GET", "/session", key=key)[0] == 401
    keys = own.server.get("/keys")["items"]
    assert key not in json.dumps(keys)


def test_organisations_are_found(own: Client) -> None:
    found = own.result(
        """
        import json, wandb
        org = wandb.Api().organization("default")
        print(json.dumps([org.name, org.org_entity.name, org.org_entity.entity_type]))
        """
    )
    assert found == ["default", "default-org", "organization"]
