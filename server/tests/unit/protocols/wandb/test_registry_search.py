"""What registries hold, found by the client's filters across all of them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from server.tests.artifacts import ArtifactWorld
from server.tests.unit.protocols.wandb.conftest import Dialect

from kiseki_server.app.services import Services
from kiseki_server.domain.artifacts import reading
from kiseki_server.domain.artifacts.types import CollectionChange
from kiseki_server.domain.projects.types import Visibility

COLLECTIONS = """
query Q($registry: JSONString, $collection: JSONString, $cursor: String, $first: Int,
  $order: String, $types: [ArtifactCollectionType!] = [PORTFOLIO]) {
  organization(name: "default") { orgEntity { found: artifactCollections(
    projectFilters: $registry, filters: $collection, after: $cursor, first: $first,
    order: $order, collectionTypes: $types
  ) { totalCount pageInfo { endCursor hasNextPage }
      edges { node { name project { name } tags { edges { node { name } } } } } } } }
}
"""
VERSIONS = """
query Q($registry: JSONString, $collection: JSONString, $version: JSONString, $cursor: String,
  $first: Int, $order: String) {
  organization(name: "default") { orgEntity { found: artifactMemberships(
    projectFilters: $registry, collectionFilters: $collection, filters: $version,
    after: $cursor, first: $first, order: $order
  ) { pageInfo { endCursor hasNextPage }
      edges { node { id versionIndex artifactCollection { name } artifact { id } } } } } }
}
"""


@pytest.fixture
def world(dialect: Dialect, services: Services) -> ArtifactWorld:
    """Two registries: `data` with `cats` (v0 to v2) and `dogs` (v0), `models` with `cats` (v0)."""
    world = ArtifactWorld.of(services, "made")
    assert dialect
    with services.database.transaction(write=True):
        org = services.accounts.organization(world.actor, "default")
        data = services.registries.create(world.actor, org, "data")
        models = services.registries.create(world.actor, org, "models")
    for number in range(3):
        world.log("cats", {"n": str(number).encode()}, metadata={"deep": {"n": number}})
    world.log("dogs", {"d": b"d"}, tags=("good",), description="of dogs")
    with services.database.transaction(write=True):
        for index, place, name, aliases in (
            ("cats:v0", data, "cats", ["old"]),
            ("cats:v1", data, "cats", []),
            ("cats:v2", data, "cats", ["best"]),
            ("dogs:v0", data, "dogs", ["best"]),
            ("cats:v2", models, "cats", []),
        ):
            version = services.artifacts.resolve(world.project, index).version
            services.artifacts.link(version, place, name, aliases, world.actor)
        dogs = services.artifacts.collection(data, "dogs")
        assert dogs is not None
        change = CollectionChange(description="pets", add_tags=("small",))
        services.artifacts.change_collection(dogs, change, world.actor)
    return world


def found(dialect: Dialect, query: str, **given: Any) -> Any:
    texts = {key: json.dumps(v) if isinstance(v, dict) else v for key, v in given.items()}
    return dialect.data(query, **texts)["organization"]["orgEntity"]["found"]


def collections(dialect: Dialect, **given: Any) -> list[str]:
    nodes = [edge["node"] for edge in found(dialect, COLLECTIONS, **given)["edges"]]
    return [f"{one['project']['name'].rpartition('-')[2]}/{one['name']}" for one in nodes]


def versions(dialect: Dialect, **given: Any) -> list[str]:
    nodes = [edge["node"] for edge in found(dialect, VERSIONS, **given)["edges"]]
    return [f"{one['artifactCollection']['name']}:v{one['versionIndex']}" for one in nodes]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, ["data/cats", "data/dogs", "models/cats"]),
        ({"registry": {"name": "wandb-registry-models"}}, ["models/cats"]),
        ({"collection": {"name": {"$regex": "^do"}}}, ["data/dogs"]),
        ({"collection": {"tag": "small", "description": "pets"}}, ["data/dogs"]),
        ({"collection": {"name": "cats", "created_at": {"$gt": "2999-01-01"}}}, []),
        ({"order": "-name"}, ["data/dogs", "data/cats", "models/cats"]),
        ({"types": ["SEQUENCE"]}, []),
    ],
)
def test_collections_are_found(
    dialect: Dialect, world: ArtifactWorld, given: Any, expected: list[str]
) -> None:
    assert collections(dialect, **given) == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, ["cats:v2", "cats:v1", "cats:v0", "dogs:v0", "cats:v0"]),
        ({"registry": {"name": "wandb-registry-models"}}, ["cats:v0"]),
        ({"collection": {"name": "dogs"}}, ["dogs:v0"]),
        ({"version": {"alias": "best"}}, ["cats:v2", "dogs:v0"]),
        ({"version": {"tag": "good"}}, ["dogs:v0"]),
        ({"version": {"version": "v1"}}, ["cats:v1"]),
        ({"version": {"version": {"$in": ["v1", 2]}}}, ["cats:v2", "cats:v1"]),
        ({"version": {"metadata.deep.n": {"$lt": 2}}}, ["cats:v1", "cats:v0"]),
        ({"version": {"alias": "best"}, "order": "created_at"}, ["cats:v2", "dogs:v0"]),
        ({"order": "+version_index", "collection": {"name": "cats"},
          "registry": {"name": {"$regex": "data$"}}}, ["cats:v0", "cats:v1", "cats:v2"]),
    ],
)  # fmt: skip
def test_versions_are_found(
    dialect: Dialect, world: ArtifactWorld, given: Any, expected: list[str]
) -> None:
    assert versions(dialect, **given) == expected


@pytest.mark.parametrize(
    ("query", "more"),
    [
        (COLLECTIONS, {}),
        (COLLECTIONS, {"order": "-name"}),
        (COLLECTIONS, {"collection": {"name": {"$in": ["cats", "dogs"]}}}),
        (COLLECTIONS, {"collection": {"name": {"$regex": "s$"}}}),
        (VERSIONS, {}),
        (VERSIONS, {"order": "-created_at"}),
        (VERSIONS, {"version": {"version": {"$gte": 0}}}),
    ],
)
@pytest.mark.parametrize("first", [1, 2, 4])
@pytest.mark.parametrize("piece", [1, 500])
def test_pages_leave_nothing_out(
    dialect: Dialect,
    world: ArtifactWorld,
    monkeypatch: pytest.MonkeyPatch,
    query: str,
    more: Any,
    first: int,
    piece: int,
) -> None:
    monkeypatch.setattr(reading, "_PIECE", piece)
    whole = found(dialect, query, **more)
    assert whole["pageInfo"]["hasNextPage"] is False
    pages: list[Any] = []
    cursor = None
    while True:
        page = found(dialect, query, first=first, cursor=cursor, **more)
        pages += page["edges"]
        cursor = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
        assert len(page["edges"]) == first
    assert [each["node"] for each in pages] == [each["node"] for each in whole["edges"]]


def test_ids_of_the_client_choose_too(dialect: Dialect, world: ArtifactWorld) -> None:
    (edge,) = found(dialect, VERSIONS, version={"tag": "good"})["edges"]
    assert versions(dialect, version={"id": edge["node"]["artifact"]["id"]}) == ["dogs:v0"]


@pytest.mark.parametrize("argument", ["registry", "collection", "version"])
def test_fields_that_are_not_there_are_named(
    dialect: Dialect, world: ArtifactWorld, argument: str
) -> None:
    answer = dialect.post(VERSIONS, **{argument: '{"colour": 1}'})
    assert "`colour`" in answer.json()["errors"][0]["message"]


def test_what_a_registry_keeps_to_its_members_is_not_found(
    dialect: Dialect, services: Services, world: ArtifactWorld
) -> None:
    with services.database.transaction(write=True):
        org = services.accounts.organization(world.actor, "default")
        hidden = services.registries.create(
            world.actor, org, "hidden", visibility=Visibility.PRIVATE
        )
        version = services.artifacts.resolve(world.project, "dogs:v0").version
        services.artifacts.link(version, hidden, "secret", [], world.actor)
        services.accounts.add_user(world.actor, "ada", api_key="key-of-ada")
    assert "hidden/secret" in collections(dialect)
    dialect.http.headers["Authorization"] = "Bearer key-of-ada"
    assert collections(dialect) == ["data/cats", "data/dogs", "models/cats"]
    assert "secret:v0" not in versions(dialect)
    assert versions(dialect, collection={"name": "secret"}) == []


def test_a_page_reads_no_more_collections_than_it_shows(
    dialect: Dialect, services: Services, world: ArtifactWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "_PIECE", 1)
    store = services.artifacts.ground.collections
    read: list[str] = []
    page = store.page

    def noted(*args: Any, **more: Any) -> Any:
        found = page(*args, **more)
        read.extend(one.name for one in found)
        return found

    monkeypatch.setattr(store, "page", noted)
    assert collections(dialect, first=1) == ["data/cats"]
    assert read == ["cats", "dogs"]
    read.clear()
    assert collections(dialect, collection={"name": "dogs"}) == ["data/dogs"]
    assert set(read) == {"dogs"}
    assert found(dialect, COLLECTIONS, first=1)["totalCount"] == 3
