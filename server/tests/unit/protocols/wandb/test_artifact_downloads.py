"""Files of artifacts with credentials, in every form in which clients ask for them."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from server.tests.artifacts import ArtifactWorld, md5_hex
from server.tests.unit.protocols.wandb.conftest import Dialect

from kiseki_server.app.services import Services
from kiseki_server.domain.artifacts.types import Membership
from kiseki_server.kit.errors import NotFound
from kiseki_server.protocols.wandb.artifact_downloads import Place, place
from kiseki_server.protocols.wandb.identifiers import artifact_id

HEX = md5_hex(b"first")


@pytest.fixture
def world(services: Services) -> ArtifactWorld:
    return ArtifactWorld.of(services, "downloads")


@pytest.fixture
def first(world: ArtifactWorld) -> Membership:
    """A version whose files the newest one does not have."""
    logged = world.log("pets あ", {"deep/a b.txt": b"first"})
    world.log("pets あ", {"other.txt": b"second"})
    return logged


FORMS = {
    "version and birth": "admin/downloads/{name}/{id}/{id}/{hex}/a b.txt",
    "version alone": "admin/downloads/{name}/{id}//{hex}/a b.txt",
    "birth": "admin/downloads/{name}/{id}/{hex}/a b.txt",
    "neither": "admin/downloads/{name}//{hex}/a b.txt",
    "neither, the empty place dropped": "admin/downloads/{name}/{hex}/a b.txt",
    "a birth of another server": "admin/downloads/{name}/QXJ0aWZhY3Q6OTk=/{hex}/a b.txt",
    "birth, before there were names": "admin/{id}/{hex}",
}


@pytest.mark.parametrize("form", FORMS)
def test_a_file_is_found(dialect: Dialect, first: Membership, form: str) -> None:
    id = artifact_id(first.version.id)
    path = FORMS[form].format(name="pets あ", id=id, hex=HEX)
    answer = dialect.http.get(f"/artifactsV2/default/{quote(path)}")
    assert (answer.status_code, answer.content) == (200, b"first"), answer.text
    part = dialect.http.get(f"/artifactsV2/default/{quote(path)}", headers={"Range": "bytes=1-2"})
    assert (part.status_code, part.content) == (206, b"ir")


@pytest.mark.parametrize(
    "path",
    [
        "admin/downloads/pets あ//{other}/a.txt",
        "admin/downloads/nothing//{hex}/a.txt",
        "admin/nothing/pets あ//{hex}/a.txt",
        "admin/downloads/pets あ/../{hex}/a.txt",
        "admin",
        "",
    ],
)
def test_what_is_not_there_is_said(dialect: Dialect, first: Membership, path: str) -> None:
    filled = quote(path.format(hex=HEX, other=md5_hex(b"other")))
    answer = dialect.http.get(f"/artifactsV2/default/{filled}")
    assert answer.status_code == 404, answer.text
    if path:
        assert answer.json()["errors"][0]["message"]


def test_a_digest_opens_no_artifact_of_somebody_else(
    dialect: Dialect, services: Services, world: ArtifactWorld, first: Membership
) -> None:
    with services.database.transaction(write=True):
        user, _ = services.accounts.add_user(world.actor, "eve", api_key="key-of-eve")
        eve = services.accounts.actor(user)
        own = services.projects.ensure(eve, None, "own")
    ArtifactWorld(services, eve, own).log("pets", {"mine.txt": b"mine"})
    id = artifact_id(first.version.id)
    for path in (
        f"admin/downloads/pets あ/{id}/{id}/{HEX}/a.txt",
        f"eve/own/pets/{id}/{HEX}/a.txt",
        f"eve/own/pets//{HEX}/a.txt",
        f"eve/{id}/{HEX}",
    ):
        answer = dialect.http.get(
            f"/artifactsV2/default/{quote(path)}", headers={"Authorization": "Bearer key-of-eve"}
        )
        assert answer.status_code == 404, path


def test_ids_may_be_empty() -> None:
    full = Place("e", HEX, "p", "c", "v", "b")
    assert place(f"/default/e/p/c/v/b/{HEX}/n") == full
    assert place(f"/default/e/p/c/v//{HEX}/n") == Place("e", HEX, "p", "c", "v")
    assert place(f"/default/e/p/c//{HEX}/n") == Place("e", HEX, "p", "c")
    with pytest.raises(NotFound):
        place(f"/default/e/p/c/v/b/more/{HEX}/n")
