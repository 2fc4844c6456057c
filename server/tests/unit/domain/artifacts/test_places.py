"""Aliases, links, collections, access and use by runs."""

from __future__ import annotations

import pytest
from server.tests.artifacts import ArtifactWorld

from kiseki_server.domain.accounts.rules import Action
from kiseki_server.domain.accounts.types import Actor, Membership, Role
from kiseki_server.domain.artifacts.types import CollectionChange, VersionChange
from kiseki_server.domain.filters.tree import Compare, Contains, Field, SortKey
from kiseki_server.domain.projects.types import Project
from kiseki_server.kit.errors import BadRequest, Conflict, Forbidden, NotFound

FILES = {"a.txt": b"one"}


def other(world: ArtifactWorld) -> Project:
    with world.services.database.transaction(write=True):
        return world.services.projects.ensure(world.actor, None, "other")


def stranger(world: ArtifactWorld) -> Actor:
    """A user with nothing but a name."""
    stores = world.services.stores
    with world.services.database.transaction(write=True):
        user = stores.users.add("eve", email=None, admin=False, at=world.services.clock.now())
        entity = stores.users.entity("eve")
        assert entity is not None
        return Actor(user, (Membership(entity, Role.ADMIN),))


def test_an_alias_is_on_one_version_at_a_time(world: ArtifactWorld) -> None:
    first, second = world.log("cats", FILES), world.log("cats", {"a": b"2"})
    with world.services.database.transaction(write=True):
        world.service.add_aliases(first, ["best"], world.actor)
        world.service.add_aliases(second, ["best"], world.actor)
    assert world.resolve("cats:best").index == 1
    assert world.resolve("cats:v0").aliases == ()
    with world.services.database.transaction(write=True):
        second = world.resolve("cats:v1")
        world.service.remove_aliases(second, ["best", "none"], world.actor)
    assert world.resolve("cats:v1").aliases == ("latest",)


def test_protected_aliases_are_moved_by_administrators_alone(world: ArtifactWorld) -> None:
    logged = world.log("cats", FILES)
    at = world.project
    with world.services.database.transaction(write=True):
        world.services.stores.collections.protect(at.id, ["production"])
        world.service.add_aliases(logged, ["production"], world.actor)
        own = world.services.accounts.entity(world.actor, None, Action.READ)
        writer = Actor(
            stranger(world).user,
            (Membership(own, Role.MEMBER),),
        )
        marked = world.resolve("cats:production")
        with pytest.raises(Forbidden):
            world.service.remove_aliases(marked, ["production"], writer)
        with pytest.raises(Forbidden):
            world.service.delete_version(marked.version, writer, with_aliases=True)
        with pytest.raises(Forbidden):
            world.service.delete_collection(marked.collection, writer)
        world.service.add_aliases(marked, ["free"], writer)


def test_a_link_shows_a_version_elsewhere(world: ArtifactWorld) -> None:
    logged, at = world.log("cats", FILES), other(world)
    with world.services.database.transaction(write=True):
        link = world.service.link(logged.version, at, "shown", ["best"], world.actor)
        again = world.service.link(logged.version, at, "shown", [], world.actor)
        assert (link.index, again.index, again.aliases) == (0, 0, ("best", "latest"))
        assert world.service.resolve(at, "shown:best").version == logged.version
        found = world.service.memberships_of(world.actor, logged.version)
        assert [place.collection.name for place in found] == ["cats", "shown"]
        world.service.unlink(again, world.actor)
        with pytest.raises(NotFound):
            world.service.resolve(at, "shown:v0")
        assert world.service.link(logged.version, at, "shown", [], world.actor).index == 1
        with pytest.raises(BadRequest, match="where it was made"):
            world.service.unlink(world.service.resolve(world.project, "cats"), world.actor)


def test_links_are_of_one_type_and_make_no_versions(world: ArtifactWorld) -> None:
    logged, at = world.log("cats", FILES), other(world)
    model = world.log("net", {"w": b"w"}, type="model")
    with world.services.database.transaction(write=True):
        world.service.link(logged.version, at, "shown", [], world.actor)
        with pytest.raises(Conflict, match="of the type `dataset`, not `model`"):
            world.service.link(model.version, at, "shown", [], world.actor)
        with pytest.raises(Conflict, match="makes versions of its own"):
            world.service.link(logged.version, world.project, "net", [], world.actor)
    assert world.resolve("net").index == 0


def test_a_link_of_a_version_to_come_is_seen_from_its_commit_on(world: ArtifactWorld) -> None:
    created, at = world.create("cats", FILES), other(world)
    with world.services.database.transaction(write=True):
        world.service.link(created.version, at, "shown", ["soon"], world.actor)
        with pytest.raises(NotFound):
            world.service.resolve(at, "shown:soon")
    world.log("cats", FILES)
    with world.services.database.transaction():
        assert world.service.resolve(at, "shown:soon").aliases == ("latest", "soon")


def test_a_linked_version_is_read_where_it_is_linked(world: ArtifactWorld) -> None:
    logged, eve = world.log("cats", FILES), stranger(world)
    with world.services.database.transaction(write=True):
        with pytest.raises(NotFound):
            world.service.version(eve, logged.version.id)
        shown = world.services.projects.ensure(eve, None, "mine")
        world.service.link(logged.version, shown, "shown", [], world.actor)
        assert world.service.version(eve, logged.version.id, Action.DOWNLOAD) == logged.version
        places = world.service.memberships_of(eve, logged.version)
        assert [place.collection.name for place in places] == ["shown"]
        with pytest.raises(NotFound):
            world.service.version(eve, logged.version.id, Action.WRITE)


def test_deleting_a_version_takes_its_links(world: ArtifactWorld) -> None:
    first, second, at = world.log("cats", FILES), world.log("cats", {"a": b"2"}), other(world)
    with world.services.database.transaction(write=True):
        world.service.link(first.version, at, "shown", [], world.actor)
        world.service.link(second.version, at, "shown", [], world.actor)
        world.service.delete_version(second.version, world.actor, with_aliases=True)
        assert world.service.resolve(at, "shown:latest").version.id == first.version.id


def test_deleting_a_collection_frees_its_name_and_bytes(world: ArtifactWorld) -> None:
    logged = world.log("cats", FILES)
    world.log("cats", {"a": b"2"})
    at = other(world)
    with world.services.database.transaction(write=True):
        link = world.service.link(logged.version, at, "shown", [], world.actor)
        assert world.service.preview(world.service.versions_of(link.collection)).versions == 0
        world.service.delete_collection(logged.collection, world.actor)
        assert world.service.collection(world.project, "cats") is None
        assert world.service.memberships(link.collection).items == ()
    assert world.stored() == 0
    assert world.log("cats", FILES, type="model").index == 0


def test_a_collection_is_renamed_described_and_tagged(world: ArtifactWorld) -> None:
    collection = world.log("cats", FILES).collection
    world.log("dogs", FILES)
    with world.services.database.transaction(write=True):
        change = CollectionChange(name="felines", description="all", add_tags=("a b", "c"))
        changed = world.service.change_collection(collection, change, world.actor)
        assert (changed.name, changed.description, changed.tags) == ("felines", "all", ("a b", "c"))
        change = CollectionChange(remove_tags=("c",), type="model")
        changed = world.service.change_collection(changed, change, world.actor)
        assert (changed.tags, changed.type) == (("a b",), "model")
        assert world.service.collection(world.project, "felines") == changed
        with pytest.raises(Conflict, match="`dogs` already"):
            world.service.change_collection(changed, CollectionChange(name="dogs"), world.actor)
        change = CollectionChange(add_tags=("a/b",))
        with pytest.raises(BadRequest, match="cannot be a tag"):
            world.service.change_collection(changed, change, world.actor)


def test_versions_are_described_and_tagged(world: ArtifactWorld) -> None:
    version = world.log("cats", FILES).version
    with world.services.database.transaction(write=True):
        change = VersionChange(description="d", metadata={"a": [1]}, add_tags=("t",))
        world.service.change(version, change, world.actor)
    found = world.resolve("cats").version
    assert (found.description, found.metadata, found.tags) == ("d", {"a": [1]}, ("t",))


def test_lists_are_filtered_and_sorted(world: ArtifactWorld) -> None:
    for name, loss in (("b", 0.2), ("a", 0.1), ("c", 0.3)):
        world.log(name, {"f": name.encode()}, metadata={"loss": loss}, type="model")
    for number in range(5):
        world.log("many", {"f": b"%d" % number}, metadata={"n": number})
    with world.services.database.transaction():
        page = world.service.collections(world.project, type="model", limit=2)
        assert [one.name for one in page.items] == ["a", "b"]
        rest = world.service.collections(world.project, type="model", limit=2, cursor=page.cursor)
        assert ([one.name for one in rest.items], rest.cursor, rest.total) == (["c"], None, 3)
        found = world.service.collections(world.project, filter=Contains(Field(("name",)), "AN"))
        assert [one.name for one in found.items] == ["many"]
        many = found.items[0]
        assert [one.index for one in world.service.memberships(many, limit=2).items] == [4, 3]
        bright = Compare(Field(("metadata", "n")), ">=", 2)
        order = (SortKey(Field(("metadata", "n"))),)
        pages = world.service.memberships(many, filter=bright, order=order, limit=2)
        assert ([one.index for one in pages.items], pages.total) == ([2, 3], 3)
        more = world.service.memberships(
            many, filter=bright, order=order, limit=2, cursor=pages.cursor
        )
        assert [one.index for one in more.items] == [4]
        with pytest.raises(BadRequest, match="no field `weight` of versions"):
            world.service.memberships(many, filter=Compare(Field(("weight",)), "=", 1))


def test_runs_know_what_they_made_and_used(world: ArtifactWorld) -> None:
    maker, user = world.run("maker"), world.run("user")
    version = world.log("cats", FILES, run=maker.id).version
    with world.services.database.transaction(write=True):
        world.service.use(user.id, version, world.actor)
        world.service.use(user.id, version, world.actor, used_as="train")
        (edge,) = world.service.inputs(user.id)
        assert (edge.version, edge.used_as) == (version.id, "train")
        assert [edge.run for edge in world.service.users_of(version)] == [user.id]
        assert [edge.run for edge in world.service.makers_of(version)] == [maker.id]
        actions = world.service.actions("version", version.id)
        assert [one.action for one in actions] == ["artifact.used", "artifact.committed"]
        world.services.stores.edges.remove_runs([user.id])
        assert world.service.inputs(user.id) == []


def test_whoever_waits_is_told_of_a_commit(world: ArtifactWorld) -> None:
    told: list[int] = []
    world.service.ground.on_commit.append(lambda version: told.append(version.id))
    assert told == [world.log("cats", FILES).version.id]
