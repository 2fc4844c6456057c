"""Lists of an artifact's files in the client's form."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kiseki_server.domain.artifacts.types import Entry
from kiseki_server.kit.errors import BadRequest
from kiseki_server.kit.ids import VersionId
from kiseki_server.protocols.wandb import artifact_manifests, identifiers


def written(**contents: Any) -> bytes:
    return json.dumps(
        {
            "version": 1,
            "storagePolicy": "wandb-storage-policy-v1",
            "storagePolicyConfig": {"storageLayout": "V2"},
            "contents": contents,
        }
    ).encode()


def test_a_list_returns_as_it_was_written_but_for_local_paths() -> None:
    birth = identifiers.artifact_id(VersionId(3))
    file = {"digest": "U2oFa3EOlLFhae/Rekplew==", "size": 5, "birthArtifactID": birth}
    reference = {"digest": "etag", "size": 2, "ref": "s3://b/k", "extra": {"versionID": "7"}}
    data = written(
        **{
            "f.txt": {**file, "local_path": "/home/me/f.txt", "skip_cache": False, "extra": {}},
            "ref/あ": reference,
        }
    )
    entries = artifact_manifests.read(data)
    assert entries == [
        Entry(
            path="f.txt",
            digest="U2oFa3EOlLFhae/Rekplew==",
            size=5,
            blob=None,
            birth=VersionId(3),
        ),
        Entry(
            path="ref/あ",
            digest="etag",
            size=2,
            blob=None,
            reference="s3://b/k",
            extra={"versionID": "7"},
        ),
    ]
    again = json.loads(b"".join(artifact_manifests.write(entries)))
    assert again == json.loads(written(**{"f.txt": file, "ref/あ": reference}))


def test_long_and_empty_lists_are_whole() -> None:
    assert json.loads(b"".join(artifact_manifests.write([])))["contents"] == {}
    many = [Entry(path=f"{n:05}", digest="d", size=n, blob=None) for n in range(2500)]
    pieces = list(artifact_manifests.write(many))
    assert len(pieces) > 2
    contents = json.loads(b"".join(pieces))["contents"]
    assert contents == {f"{n:05}": {"digest": "d", "size": n} for n in range(2500)}


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "cannot be read"),
        (b"[]", "cannot be read"),
        (b"\xff", "cannot be read"),
        (b'{"version": 1}', "contents"),
        (b"[" * 100_000, "cannot be read"),
        (written(f={"size": 5}), "digest"),
        (written(f={"digest": "d", "size": -5}), "-5 bytes"),
        (written(f={"digest": "d", "size": 2**70}), "bytes"),
        (written(f={"digest": "d", "size": "5"}), "$.contents[...].size"),
        (written().replace(b'"version": 1', b'"version": 2'), "version 2"),
    ],
)
def test_what_is_no_list_is_refused(data: bytes, told: str) -> None:
    with pytest.raises(BadRequest) as refused:
        artifact_manifests.read(data)
    assert told in refused.value.message


def test_the_birth_of_another_server_is_left_out() -> None:
    (entry,) = artifact_manifests.read(written(f={"digest": "d", "birthArtifactID": "zzz"}))
    assert entry.birth is None
