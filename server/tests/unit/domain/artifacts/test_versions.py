"""How versions come, are found and go."""

from __future__ import annotations

import pytest
from server.tests.artifacts import ArtifactWorld, digest_of, listed, md5
from server.tests.recording import SetClock

from kiseki_server.domain.artifacts.types import (
    TTL_OFF,
    Entry,
    EntryList,
    ManifestKind,
    NewFile,
    Part,
    VersionChange,
    VersionState,
)
from kiseki_server.kit.errors import BadRequest, Conflict, NotFound

FILES = {"a.txt": b"one", "sub/b.bin": b"two" * 1000}


def test_a_version_holds_its_files(world: ArtifactWorld) -> None:
    logged = world.log("cats", FILES, aliases=("best",), metadata={"n": 2}, description="cats")
    assert (logged.index, logged.aliases) == (0, ("best", "latest"))
    version = logged.version
    assert (version.state, version.index) == (VersionState.COMMITTED, 0)
    assert (version.size, version.file_count) == (3003, 2)
    assert (version.metadata, version.description) == ({"n": 2}, "cats")
    assert world.paths(version) == ["a.txt", "sub/b.bin"]
    assert world.read(version, "sub/b.bin") == b"two" * 1000


def test_names_find_versions(world: ArtifactWorld) -> None:
    first = world.log("cats", FILES, aliases=("best",))
    second = world.log("cats", {"a.txt": b"other"})
    for name in ("cats", "cats:latest", "cats:v1", f"cats:{second.version.digest}"):
        assert world.resolve(name).version.id == second.version.id
    for name in ("cats:v0", "cats:best", f"cats:{first.version.digest}"):
        assert world.resolve(name).version.id == first.version.id
    with pytest.raises(NotFound, match="no version `worst`"):
        world.resolve("cats:worst")
    with pytest.raises(NotFound, match="no artifact `dogs`"):
        world.resolve("dogs:latest")


def test_the_same_content_again_is_the_same_version(world: ArtifactWorld) -> None:
    first = world.log("cats", FILES)
    run = world.run("second")
    created = world.create("cats", FILES, aliases=("best",), run=run.id)
    assert created.version.id == first.version.id
    assert world.resolve("cats:best").index == 0
    with world.services.database.transaction():
        assert [edge.version for edge in world.service.outputs(run.id)] == [first.version.id]


def test_bytes_that_are_here_are_not_sent_again(world: ArtifactWorld) -> None:
    world.log("cats", FILES)
    before = world.stored()
    files = {**FILES, "c.txt": b"three"}
    created = world.create("dogs", files)
    assert world.send(created.version, files) == ["c.txt"]
    assert world.send(created.version, files) == []
    committed = world.commit(created.version.id, listed(files))
    assert world.read(committed.version, "a.txt") == b"one"
    assert world.stored() == before + 2  # the new file, and the list of files


def test_a_second_commit_changes_nothing(world: ArtifactWorld) -> None:
    logged = world.log("cats", FILES)
    assert world.commit(logged.version.id, []) == logged


def test_what_has_not_come_is_named_at_the_commit(world: ArtifactWorld) -> None:
    created = world.create("cats", FILES)
    world.send(created.version, {"a.txt": FILES["a.txt"]})
    with pytest.raises(Conflict, match=r"1 files have not come: `sub/b.bin`"):
        world.commit(created.version.id, listed(FILES))
    world.send(created.version, FILES)
    assert world.commit(created.version.id, listed(FILES)).index == 0


def test_a_wrong_size_is_refused(world: ArtifactWorld) -> None:
    created = world.create("cats", FILES)
    world.send(created.version, FILES)
    entries = [Entry("a.txt", md5(b"one"), 4, None)]
    with pytest.raises(BadRequest, match="listed with 4 bytes and has 3"):
        world.commit(created.version.id, entries)


def test_other_bytes_than_announced_are_refused(world: ArtifactWorld) -> None:
    created = world.create("cats", FILES)
    with world.service.arrive(created.version.id, "a.txt", md5(b"one"), 3) as arrival:
        arrival.write(b"two")
        with pytest.raises(BadRequest, match="as announced"):
            arrival.finish()


@pytest.mark.parametrize("path", ["../a", "/a", "a/../b", "a\\b", "a\0b", "con", "a//b", "a/"])
def test_paths_that_leave_their_folder_are_refused(world: ArtifactWorld, path: str) -> None:
    created = world.create("cats", FILES)
    with pytest.raises(BadRequest), world.services.database.transaction(write=True):
        world.service.announce(created.version, [NewFile(path, md5(b""), 0)])
    with pytest.raises(BadRequest):
        world.commit(created.version.id, [Entry(path, "x", 0, None, reference="s3://b/k")])


def test_two_unicode_forms_of_one_name_are_refused(world: ArtifactWorld) -> None:
    created = world.create("cats", FILES)
    entries = [Entry(path, "x", 0, None, reference="s3://b/k") for path in ("\u00e9", "e\u0301")]
    with pytest.raises(BadRequest, match="two Unicode forms"):
        world.commit(created.version.id, entries)


@pytest.mark.parametrize("alias", ["a/b", "a:b", "v3", "", " a", "a\n", "x" * 129])
def test_aliases_with_illegal_characters_are_refused(world: ArtifactWorld, alias: str) -> None:
    with pytest.raises(BadRequest):
        world.create("cats", FILES, aliases=(alias,))


def test_a_collection_keeps_its_type(world: ArtifactWorld) -> None:
    world.log("cats", FILES)
    with pytest.raises(Conflict, match="of the type `dataset`, not `model`"):
        world.create("cats", FILES, type="model")


def test_references_have_no_bytes(world: ArtifactWorld) -> None:
    created = world.create("cats", FILES)
    reference = Entry("far", "etag", 7, None, reference="s3://bucket/key", extra={"etag": "x"})
    version = world.commit(created.version.id, [reference]).version
    assert (version.size, version.file_count) == (7, 1)
    with world.services.database.transaction():
        assert world.service.entry(version, "far") == reference
        with pytest.raises(BadRequest, match="reference to s3://bucket/key"):
            world.service.read(reference)


def test_an_increment_is_laid_over_its_base(world: ArtifactWorld) -> None:
    base = world.log("cats", FILES)
    change = {"a.txt": b"changed", "c.txt": b"new"}
    created = world.create("cats", change, base=base.version.id)
    world.send(created.version, change)
    done = world.commit(created.version.id, listed(change), ManifestKind.INCREMENTAL)
    assert world.paths(done.version) == ["a.txt", "c.txt", "sub/b.bin"]
    assert world.read(done.version, "a.txt") == b"changed"
    assert world.read(done.version, "sub/b.bin") == FILES["sub/b.bin"]


def test_several_writers_fill_one_version(world: ArtifactWorld) -> None:
    parts = [{f"part{number}": b"%d" % number} for number in range(3)]
    made = [world.create("cats", part, distributed_id="together") for part in parts]
    assert len({created.version.id for created in made}) == 1
    for created, part in zip(made, parts, strict=True):
        world.send(created.version, part)
    lists = [EntryList(ManifestKind.PATCH, listed(part)) for part in parts]
    done = world.service.commit(made[0].version.id, world.actor, lists)
    assert world.paths(done.version) == ["part0", "part1", "part2"]
    again = world.create("cats", parts[0], distributed_id="together")
    assert again.version.state is VersionState.COMMITTED


def test_a_pending_version_goes_on_with_what_it_has(world: ArtifactWorld) -> None:
    first = world.create(
        "cats", FILES, client_id="c", description="first", metadata={"a": 1}, aliases=("x",)
    )
    second = world.create("cats", FILES, client_id="c")
    assert second.version.id == first.version.id
    world.send(second.version, FILES)
    done = world.commit(second.version.id, listed(FILES))
    assert (done.version.description, done.version.metadata) == ("first", {"a": 1})
    assert done.aliases == ("latest", "x")


def test_a_file_comes_in_parts(world: ArtifactWorld) -> None:
    data = [b"a" * 1000, b"b" * 1000, b"c"]
    whole = {"big": b"".join(data)}
    created = world.create("cats", whole)
    parts = tuple(Part(number, md5(part)) for number, part in enumerate(data, start=1))
    with world.services.database.transaction(write=True):
        (plan,) = world.service.announce(
            created.version, [NewFile("big", md5(whole["big"]), 2001, parts)]
        )
    assert plan.action == "parts"
    assert plan.upload is not None
    for part, piece in zip(parts[:2], data[:2], strict=True):
        with world.service.arrive_part(plan.upload, part.number, part.md5) as arrival:
            arrival.write(piece)
            arrival.finish()
    with pytest.raises(BadRequest, match=r"1 of 3 parts .* number 3"):
        world.service.complete_parts(created.version.id, plan.upload, parts)
    with world.service.arrive_part(plan.upload, 3, parts[2].md5) as arrival:
        arrival.write(data[2])
        arrival.finish()
    with pytest.raises(BadRequest, match="not those announced"):
        world.service.complete_parts(created.version.id, plan.upload, parts[:2])
    for _ in range(2):  # the answer to the first may have been lost
        world.service.complete_parts(created.version.id, plan.upload, parts)
    done = world.commit(created.version.id, listed(whole))
    assert world.read(done.version, "big") == whole["big"]
    assert world.stored() == 2  # the file and the list; no part is left


def test_deleting_frees_what_nothing_else_names(world: ArtifactWorld) -> None:
    shared = world.log("cats", {"a": b"shared", "b": b"alone" * 100})
    world.log("dogs", {"a": b"shared"})
    with world.services.database.transaction(write=True):
        freed = world.service.preview([shared.version])
        manifest = world.services.stores.blob_names.get([shared.version.manifest or ""])
        own = next(iter(manifest.values())).size
        assert (freed.versions, freed.bytes) == (1, 500 + own)
        with pytest.raises(Conflict, match="cats:latest"):
            world.service.delete_version(shared.version, world.actor, with_aliases=False)
        world.service.delete_version(shared.version, world.actor, with_aliases=True)
    assert world.stored() == 2
    with pytest.raises(NotFound):
        world.resolve("cats:v0")
    assert world.log("cats", {"a": b"third"}).index == 1


def test_latest_falls_back_when_the_newest_goes(world: ArtifactWorld) -> None:
    first = world.log("cats", {"a": b"1"})
    second = world.log("cats", {"a": b"2"})
    with world.services.database.transaction(write=True):
        world.service.delete_version(second.version, world.actor, with_aliases=True)
    assert world.resolve("cats:latest").version.id == first.version.id


def test_deleted_bytes_are_not_skipped_at_the_next_upload(world: ArtifactWorld) -> None:
    first = world.log("cats", FILES)
    with world.services.database.transaction(write=True):
        world.service.delete_version(first.version, world.actor, with_aliases=True)
    world.services.files.collect()
    created = world.create("dogs", FILES)
    assert world.send(created.version, FILES) == list(FILES)
    assert world.read(world.commit(created.version.id, listed(FILES)).version, "a.txt") == b"one"


def test_bytes_announced_as_here_stay_until_the_commit(world: ArtifactWorld) -> None:
    first = world.log("cats", FILES)
    created = world.create("dogs", FILES)
    assert world.send(created.version, FILES) == []
    with world.services.database.transaction(write=True):
        world.service.delete_version(first.version, world.actor, with_aliases=True)
    world.services.files.collect()
    assert world.read(world.commit(created.version.id, listed(FILES)).version, "a.txt") == b"one"


def test_versions_live_as_long_as_they_were_given(world: ArtifactWorld, clock: SetClock) -> None:
    world.log("cats", FILES, ttl=3600)
    endless = world.log("dogs", {"a": b"kept"}, ttl=3600)
    with world.services.database.transaction(write=True):
        world.service.change(endless.version, VersionChange(ttl=TTL_OFF), world.actor)
    clock.pass_time(minutes=59)
    assert world.service.expire() == 0
    clock.pass_time(minutes=2)
    assert world.service.expire() == 1
    with pytest.raises(NotFound):
        world.resolve("cats:v0")
    assert world.resolve("dogs:v0").version.expires_at is None


def test_uploads_that_were_given_up_leave_nothing(world: ArtifactWorld, clock: SetClock) -> None:
    created = world.create("cats", FILES)
    world.send(created.version, FILES)
    assert world.stored() == 2
    clock.pass_time(days=8)
    assert world.service.expire() == 1
    assert world.stored() == 0


def test_a_deleted_project_frees_its_bytes(world: ArtifactWorld) -> None:
    world.log("cats", FILES)
    with world.services.database.transaction(write=True):
        world.services.projects.delete(world.actor, world.project)
    assert world.service.expire() == 1
    assert world.stored() == 0


def test_pages_of_files_go_by_prefix(world: ArtifactWorld) -> None:
    files = {f"{folder}/{number}": b"x" for folder in ("a", "b", "ab") for number in range(3)}
    version = world.log("cats", files).version
    with world.services.database.transaction():
        page = world.service.entries(version, prefix="a/", limit=2)
        assert [entry.path for entry in page.items] == ["a/0", "a/1"]
        assert (page.after, page.total) == ("a/1", 3)
        rest = world.service.entries(version, prefix="a/", after=page.after, limit=2)
        assert ([entry.path for entry in rest.items], rest.after) == (["a/2"], None)
        assert world.service.entry_by_digest(version, "9dd4e461268c8034f5c8564e155c67a6")
        assert world.service.entry_by_digest(version, "00") is None


def test_digests_of_versions_differ_by_content() -> None:
    assert digest_of({"a": b"1"}) != digest_of({"a": b"2"})
