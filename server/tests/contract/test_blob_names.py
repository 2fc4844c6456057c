"""The promises of the count of names of blobs, on every adapter."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from server.tests.conftest import SQL

from kiseki_server.domain.files.store import BlobNames
from kiseki_server.domain.files.types import Blob, Named
from kiseki_server.kit.errors import Unavailable
from kiseki_server.storage.memory.files import MemoryBlobNames
from kiseki_server.storage.sql.blob_names import SqlBlobNames

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


@pytest.fixture(params=["memory", *SQL])
def names(request: pytest.FixtureRequest) -> Iterator[BlobNames]:
    if request.param == "memory":
        yield MemoryBlobNames()
        return
    database = request.getfixturevalue(f"{request.param}_database")
    with database.transaction(write=True):
        yield SqlBlobNames(database)


def reserve(names: BlobNames, *digests: str, at: datetime = NOON) -> None:
    for digest in digests:
        names.reserve([Blob(digest, len(digest), "md5")], at)


def test_a_name_counts_as_often_as_it_comes(names: BlobNames) -> None:
    reserve(names, "one", "other")
    names.add(["one", "other", "one"])
    names.drop(["one"])
    assert names.get(["one", "other", "none"]) == {"one": Named(3, 1), "other": Named(5, 1)}


def test_what_loses_its_last_name_is_forgotten_at_once(names: BlobNames) -> None:
    reserve(names, "gone", "kept")
    names.add(["gone", "kept", "kept"])
    names.drop(["gone", "kept"])
    assert list(names.forget(NOON - timedelta(days=1))) == ["gone"]
    assert list(names.forget(NOON - timedelta(days=1))) == []


def test_what_never_got_a_name_stays_for_a_while(names: BlobNames) -> None:
    reserve(names, "early")
    reserve(names, "late", at=NOON + timedelta(hours=1))
    assert list(names.forget(NOON + timedelta(minutes=1))) == ["early"]
    assert list(names.forget(NOON + timedelta(hours=2))) == ["late"]


def test_an_upload_of_the_same_bytes_keeps_them(names: BlobNames) -> None:
    reserve(names, "again")
    names.add(["again"])
    reserve(names, "again", at=NOON + timedelta(hours=1))
    names.drop(["again"])
    assert list(names.forget(NOON + timedelta(minutes=1))) == []
    names.add(["again"])
    assert names.get(["again"]) == {"again": Named(5, 1)}


def test_many_are_reserved_at_once(names: BlobNames) -> None:
    blobs = [Blob(digest, len(digest), "md5") for digest in ("b", "a", "b", "ccc")]
    names.reserve(blobs, NOON)
    names.reserve([], NOON)
    names.add(["a", "b", "ccc"])
    assert names.get(["a", "b", "ccc"]) == {"a": Named(1, 1), "b": Named(1, 1), "ccc": Named(3, 1)}


def test_freed_bytes_cannot_be_named(names: BlobNames) -> None:
    reserve(names, "gone", "here")
    names.forget(NOON + timedelta(hours=1), limit=1)
    left = names.get(["gone", "here"])
    assert len(left) == 1
    with pytest.raises(Unavailable, match="send them again"):
        names.add(["gone", "here"])
