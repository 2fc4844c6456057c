"""Registries: who sees and changes them, what they accept, and what is found in them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from litestar.testing import TestClient

from kiseki_server.app.server import Application

Client = TestClient[Application]
Call = Callable[..., Any]
ORG = "/orgs/default"
MODELS = f"{ORG}/registries/models"


@pytest.fixture
def call(client: Client) -> Call:
    """Call a route as somebody (``secret-<name>``), or as the administrator. `ada` is a member of
    the organisation, `bob` a guest with the team `vision`, `eve` a guest."""

    def call(method: str, path: str, body: Any = None, *, by: str | None = None) -> Any:
        headers = {"Authorization": f"Bearer secret-{by}"} if by else {}
        answer = client.request(method, f"/api/v1{path}", json=body, headers=headers)
        return answer.json() if answer.status_code < 300 and answer.content else answer.status_code

    for name in ("ada", "bob", "eve"):
        call("POST", "/admin/users", {"name": name, "api_key": f"secret-{name}"})
    call("PUT", "/admin/orgs/default/members/ada", {"role": "member"})
    call("POST", "/teams", {"name": "vision", "admin": "bob"})
    return call


def test_a_registry_is_made_changed_and_deleted(call: Call) -> None:
    made = call("POST", f"{ORG}/registries", {"name": "models", "types": ["model"]}, by="ada")
    assert {k: v for k, v in made.items() if not k.endswith("_at")} == {
        "name": "models",
        "entity": "default-org",
        "project": "wandb-registry-models",
        "description": "",
        "visibility": "organization",
        "any_type": False,
        "types": ["model"],
        "protected_aliases": [],
        "can_write": True,
    }
    assert call("POST", f"{ORG}/registries", {"name": "models"}, by="ada") == 409
    change = {"description": "what we ship", "add_types": ["dataset"], "visibility": "private"}
    changed = call("PATCH", MODELS, change, by="ada")
    assert (changed["description"], changed["types"]) == ("what we ship", ["dataset", "model"])
    assert changed["visibility"] == "private"
    renamed = call("PATCH", MODELS, {"name": "wandb-registry-shipped"}, by="ada")
    assert (renamed["name"], renamed["project"]) == ("shipped", "wandb-registry-shipped")
    assert call("GET", MODELS, by="ada") == 404
    shipped = f"{ORG}/registries/shipped"
    assert call("PATCH", shipped, {"any_type": True, "add_types": ["x"]}, by="ada") == 400
    assert call("DELETE", shipped, by="ada") == 204
    assert call("GET", f"{ORG}/registries", by="ada")["items"] == []
    for name in ("", "a/b", "a:b", "x" * 200):
        assert call("POST", f"{ORG}/registries", {"name": name}, by="ada") == 400


def test_only_members_of_the_organisation_make_registries(call: Call) -> None:
    assert call("POST", f"{ORG}/registries", {"name": "mine"}, by="bob") == 403
    assert call("POST", "/orgs/nothing/registries", {"name": "mine"}, by="ada") == 404
    call("POST", "/admin/orgs", {"name": "acme", "owner": "ada"})
    assert call("GET", "/orgs/acme/registries", by="bob") == 404
    assert call("GET", "/orgs/acme/registries", by="ada")["items"] == []


def test_a_private_registry_is_for_its_members(call: Call) -> None:
    call("POST", f"{ORG}/registries", {"name": "models", "visibility": "private"})
    for name in ("ada", "bob", "eve"):
        assert call("GET", MODELS, by=name) == 404
        assert call("GET", f"{ORG}/registries", by=name)["items"] == []
        assert call("GET", f"{ORG}/actions", by=name)["items"] == []
        assert call("GET", f"{MODELS}/members", by=name) == 404
    members = f"{MODELS}/members"
    assert call("PUT", f"{members}/teams/vision", {"role": "viewer"}) == 204
    assert call("GET", MODELS, by="bob")["can_write"] is False
    assert call("GET", MODELS, by="eve") == 404
    assert call("PUT", f"{members}/users/eve", {"role": "restricted_viewer"}) == 204
    assert call("GET", MODELS, by="eve")["can_write"] is False
    assert call("PUT", f"{members}/users/bob", {"role": "member"}) == 204
    assert call("GET", MODELS, by="bob")["can_write"] is True
    assert call("PATCH", MODELS, {"description": "mine"}, by="bob") == 403
    assert call("GET", members, by="eve")["items"] == [
        {"kind": "team", "name": "vision", "role": "viewer"},
        {"kind": "user", "name": "eve", "role": "restricted_viewer"},
        {"kind": "user", "name": "bob", "role": "member"},
    ]
    assert call("DELETE", f"{members}/users/bob", by="eve") == 403
    assert call("DELETE", f"{members}/users/eve", by="eve") == 204
    assert call("GET", MODELS, by="eve") == 404
    assert call("DELETE", f"{members}/users/eve") == 404
    assert call("PUT", f"{members}/users/nobody", {"role": "admin"}) == 404
    assert call("PUT", f"{members}/teams/eve", {"role": "admin"}) == 404
    assert call("PUT", f"{members}/users/eve", {"role": "boss"}) == 400


def test_a_registry_open_to_the_organisation_is_read_by_guests(call: Call) -> None:
    call("POST", f"{ORG}/registries", {"name": "models"})
    assert call("GET", MODELS, by="eve")["can_write"] is False
    assert call("GET", MODELS, by="ada")["can_write"] is True
    assert call("PATCH", MODELS, {"description": "mine"}, by="ada") == 403
    call("DELETE", "/admin/orgs/default/members/eve")
    assert call("GET", MODELS, by="eve") == 404
    assert call("PUT", f"{MODELS}/members/users/eve", {"role": "viewer"}) == 400


def test_registries_hold_no_runs_and_are_no_projects_of_the_list(call: Call) -> None:
    call("POST", f"{ORG}/registries", {"name": "models"})
    project = "/projects/default-org/wandb-registry-models"
    assert call("PUT", f"{project}/runs/r", {}) == 400
    assert call("GET", "/projects")["items"] == []
    assert call("PATCH", project, {"name": "other"}) == 400


def test_protected_aliases_are_said_by_administrators(call: Call) -> None:
    call("POST", f"{ORG}/registries", {"name": "models"})
    info = call("PUT", f"{MODELS}/protected-aliases", {"aliases": ["production"]})
    assert info["protected_aliases"] == ["production"]
    assert call("PUT", f"{MODELS}/protected-aliases", {"aliases": []}, by="ada") == 403
    assert call("PUT", f"{MODELS}/protected-aliases", {"aliases": ["a/b"]}) == 400
    assert call("GET", MODELS, by="eve")["protected_aliases"] == ["production"]


def test_a_text_is_found_in_names_and_descriptions(call: Call) -> None:
    call("POST", f"{ORG}/registries", {"name": "models", "description": "Vision nets"})
    call("POST", f"{ORG}/registries", {"name": "secret-vision", "visibility": "private"})

    def found(text: str, by: str | None = None) -> list[tuple[str, str]]:
        hits = call("GET", f"{ORG}/registry-search?q={text}", by=by)["items"]
        return [(hit["registry"], hit["field"]) for hit in hits]

    assert found("VISION", "eve") == [("models", "description")]
    assert ("secret-vision", "name") in found("vision")
    assert found("nothing") == found("%20") == []


def test_filters_choose_registries(call: Call) -> None:
    for name in ("c-models", "a-models", "b-data"):
        call("POST", f"{ORG}/registries", {"name": name})

    def found(text: str, by: str = "eve") -> list[str]:
        path = f"{ORG}/registries?{urlencode({'registry_filter': text})}"
        return [item["name"] for item in call("GET", path, by=by)["items"]]

    assert found("") == ["a-models", "b-data", "c-models"]
    assert found('name ~ "models$" and not name ~ "registry-a"') == ["c-models"]
    assert found('visibility = "private"') == []
    assert call("GET", f"{ORG}/registries?registry_filter=colour%20%3D%201") == 400
    page = call("GET", f"{ORG}/registries?limit=2")
    assert ([item["name"] for item in page["items"]], page["total"]) == (["a-models", "b-data"], 3)
    last = call("GET", f"{ORG}/registries?limit=2&cursor={page['cursor']}")
    assert ([item["name"] for item in last["items"]], last["cursor"]) == (["c-models"], None)


def test_who_did_what_is_kept(call: Call) -> None:
    call("POST", f"{ORG}/registries", {"name": "models"}, by="ada")
    call("PATCH", MODELS, {"description": "new"}, by="ada")
    call("PUT", f"{MODELS}/members/users/eve", {"role": "viewer"}, by="ada")
    call("DELETE", f"{MODELS}/members/users/eve", by="eve")
    items = call("GET", f"{ORG}/actions?registry=models", by="eve")["items"]
    assert [(item["action"], item["user"], item["details"]) for item in items] == [
        ("member.removed", "eve", {"member": "eve"}),
        ("member.changed", "ada", {"member": "eve", "role": "viewer"}),
        ("registry.changed", "ada", {"description": "new"}),
        ("registry.created", "ada", {}),
    ]
    older = call("GET", f"{ORG}/actions?before={items[1]['id']}&limit=1", by="eve")["items"]
    assert [item["action"] for item in older] == ["registry.changed"]
