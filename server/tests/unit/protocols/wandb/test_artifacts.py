"""Lists of files by signed address, and the commit that goes by them."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from server.tests.artifacts import ArtifactWorld, md5, md5_hex
from server.tests.unit.protocols.wandb.conftest import Dialect

from kiseki_server.app.services import Services
from kiseki_server.domain.files.tickets import LIFETIME
from kiseki_server.protocols.wandb.identifiers import artifact_id

CREATE = """
mutation { createArtifact(input: {entityName: "admin", projectName: "hand", digest: "d",
  artifactTypeName: "dataset", artifactCollectionName: "data"}) { artifact { id state } } }
"""
MANIFEST = """
mutation M($id: ID!, $digest: String!) { createArtifactManifest(input: {entityName: "admin",
  projectName: "hand", name: "m", artifactID: $id, digest: $digest
}) { artifactManifest { file { uploadUrl } } } }
"""
COMMIT = "mutation M($id: ID!) { commitArtifact(input: {artifactID: $id}) { artifact { digest } } }"


def listed(contents: dict[str, Any]) -> bytes:
    return json.dumps({"version": 1, "contents": contents}).encode()


def pending(dialect: Dialect, data: bytes) -> tuple[str, str]:
    """A new version, and where its list of files goes."""
    id = dialect.data(CREATE)["createArtifact"]["artifact"]["id"]
    made = dialect.data(MANIFEST, id=id, digest=md5(data))["createArtifactManifest"]
    return id, made["artifactManifest"]["file"]["uploadUrl"]


def test_a_version_whose_bytes_have_not_come_is_not_committed(dialect: Dialect) -> None:
    data = listed({"a.txt": {"digest": md5(b"a")}})
    id, url = pending(dialect, data)
    assert dialect.http.put(url, content=data).status_code == 200
    answer = dialect.post(COMMIT, id=id)
    assert answer.status_code == 400
    assert "a.txt" in answer.json()["errors"][0]["message"]


def test_a_version_is_committed_outside_of_the_documents_transaction(
    dialect: Dialect, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = listed({"far": {"digest": "etag", "ref": "s3://bucket/far"}})
    id, url = pending(dialect, data)
    assert dialect.http.put(url, content=data).status_code == 200
    seen: list[bool] = []
    receive = services.receiver.receive

    def watched(*arguments: Any) -> Any:
        with pytest.raises(RuntimeError, match="no transaction"):
            services.database.on_commit(lambda: None)
        seen.append(True)
        return receive(*arguments)

    monkeypatch.setattr(services.receiver, "receive", watched)
    assert dialect.data(COMMIT, id=id)["commitArtifact"]["artifact"]["digest"] == "d"
    assert seen == [True]


def test_what_fails_beside_a_commit_leaves_it_whole(embedded_dialect: Dialect) -> None:
    data = listed({"far": {"digest": "etag", "ref": "s3://bucket/far"}})
    id, url = pending(embedded_dialect, data)
    assert embedded_dialect.http.put(url, content=data).status_code == 200
    both = """
    mutation M($id: ID!) {
      ...C
      deleteRun(input: {id: "nothing"}) { clientMutationId }
    }
    fragment C on Mutation { commitArtifact(input: {artifactID: $id}) { artifact { id } } }
    """
    assert embedded_dialect.post(both, id=id).status_code == 404
    query = "query Q($id: ID!) { artifact(id: $id) { state fileCount } }"
    state = embedded_dialect.data(query, id=id)["artifact"]
    assert state == {"state": "COMMITTED", "fileCount": 1}


def test_a_commit_that_is_left_out_does_not_happen(dialect: Dialect) -> None:
    data = listed({"far": {"digest": "etag", "ref": "s3://bucket/far"}})
    id, url = pending(dialect, data)
    assert dialect.http.put(url, content=data).status_code == 200
    skipped = COMMIT.replace("{ artifact", "@skip(if: true) { artifact")
    assert dialect.data(skipped, id=id) == {}
    query = "query Q($id: ID!) { artifact(id: $id) { state } }"
    assert dialect.data(query, id=id)["artifact"]["state"] == "PENDING"


def test_another_list_than_the_announced_one_is_refused(dialect: Dialect) -> None:
    _, url = pending(dialect, listed({}))
    assert dialect.http.put(url, content=listed({"x": {"digest": "d"}})).status_code == 400
    forged = url.replace("signature=", "signature=0")
    assert dialect.http.put(forged, content=listed({})).status_code == 403


def test_a_list_of_references_alone_is_committed(dialect: Dialect) -> None:
    data = listed({"far": {"digest": "etag", "ref": "s3://bucket/far"}})
    id, url = pending(dialect, data)
    assert dialect.http.put(url, content=data).status_code == 200
    assert dialect.data(COMMIT, id=id)["commitArtifact"]["artifact"]["digest"] == "d"
    query = '{ artifact(id: "%s") { files { edges { node { name directUrl } } } } }'
    (edge,) = dialect.data(query % id)["artifact"]["files"]["edges"]
    assert edge["node"] == {"name": "far", "directUrl": "s3://bucket/far"}


FILES = """
mutation M($files: [CreateArtifactFileSpecInput!]!) {
  createArtifactFiles(input: {artifactFiles: $files}) { files { edges { node {
    uploadUrl uploadHeaders storagePath artifact { id }
    uploadMultipartUrls { uploadID uploadUrlParts { partNumber uploadUrl } }
  } } } }
}
"""
COMPLETE = """
mutation M($id: ID!, $path: String!, $upload: String!, $parts: [UploadPartsInput!]!) {
  completeMultipartUploadArtifact(input: {completeMultipartAction: Complete, artifactID: $id,
    storagePath: $path, uploadID: $upload, completedParts: $parts}) { digest }
}
"""


def in_parts(dialect: Dialect, pieces: list[bytes]) -> tuple[str, dict[str, Any]]:
    """A pending version with a file announced in parts."""
    whole = b"".join(pieces)
    id, url = pending(dialect, data := listed({"big": {"digest": md5(whole)}}))
    assert dialect.http.put(url, content=data).status_code == 200
    parts = [{"partNumber": n, "hexMD5": md5_hex(piece)} for n, piece in enumerate(pieces, 1)]
    new = {"artifactID": id, "name": "big", "md5": md5(whole), "uploadPartsInput": parts}
    (edge,) = dialect.data(FILES, files=[new])["createArtifactFiles"]["files"]["edges"]
    assert edge["node"]["artifact"] == {"id": id}
    return id, edge["node"]


def complete(dialect: Dialect, id: str, node: dict[str, Any], etags: list[str]) -> Any:
    upload = node["uploadMultipartUrls"]["uploadID"]
    parts = [{"partNumber": n, "hexMD5": etag} for n, etag in enumerate(etags, 1)]
    return dialect.post(COMPLETE, id=id, path=node["storagePath"], upload=upload, parts=parts)


def test_a_file_comes_in_parts(dialect: Dialect) -> None:
    pieces = [b"a" * 1000, b"b" * 1000, b"c"]
    id, node = in_parts(dialect, pieces)
    sent: list[str] = []
    for part, piece in zip(node["uploadMultipartUrls"]["uploadUrlParts"], pieces, strict=True):
        headers = {"Content-MD5": md5(piece), "Content-Type": ""}
        answer = dialect.http.put(part["uploadUrl"], content=piece, headers=headers)
        assert answer.status_code == 200
        sent.append(answer.headers["ETag"])
    digests = [complete(dialect, id, node, sent).json() for _ in range(2)]
    shown = {"data": {"completeMultipartUploadArtifact": {"digest": md5(b"".join(pieces))}}}
    assert digests == [shown, shown]
    assert dialect.data(COMMIT, id=id)
    query = "query Q($id: ID!) { artifact(id: $id) { files { edges { node { directUrl } } } } }"
    (edge,) = dialect.data(query, id=id)["artifact"]["files"]["edges"]
    assert dialect.http.get(edge["node"]["directUrl"]).content == b"".join(pieces)


def test_who_asks_again_waits_for_the_file_that_is_being_made(
    dialect: Dialect, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client does so every half minute; the file is made once."""
    pieces = [b"a" * 1000, b"b" * 1000]
    id, node = in_parts(dialect, pieces)
    for part, piece in zip(node["uploadMultipartUrls"]["uploadUrlParts"], pieces, strict=True):
        assert dialect.http.put(part["uploadUrl"], content=piece).status_code == 200
    blobs = services.artifacts.ground.blobs
    read, begun, going_on = blobs.read, threading.Event(), threading.Event()
    asked: list[str] = []

    def slowly(digest: str, *rest: Any) -> Any:
        asked.append(digest)
        begun.set()
        assert going_on.wait(60)
        return read(digest, *rest)

    monkeypatch.setattr(blobs, "read", slowly)
    right = [md5_hex(piece) for piece in pieces]
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(complete, dialect, id, node, right)
        assert begun.wait(60)
        again = pool.submit(complete, dialect, id, node, right)
        going_on.set()
        assert [first.result(60).status_code, again.result(60).status_code] == [200, 200]
    assert len(asked) == len(pieces)


def test_parts_that_are_missing_or_wrong_are_refused(dialect: Dialect) -> None:
    pieces = [b"a" * 1000, b"b" * 1000]
    id, node = in_parts(dialect, pieces)
    right = [md5_hex(piece) for piece in pieces]
    first, second = node["uploadMultipartUrls"]["uploadUrlParts"]
    assert dialect.http.put(first["uploadUrl"], content=pieces[0]).status_code == 200
    early = complete(dialect, id, node, right)
    assert early.status_code == 400
    assert "number 2" in early.json()["errors"][0]["message"]
    assert dialect.http.put(second["uploadUrl"], content=b"x" * 1000).status_code == 400
    moved = second["uploadUrl"].replace("/2?", "/1?")
    assert dialect.http.put(moved, content=pieces[1]).status_code == 403
    assert dialect.http.put(second["uploadUrl"], content=pieces[1]).status_code == 200
    for etags in (right[::-1], right[:1], ["no digest", right[1]], [right[0], md5_hex(b"x")]):
        wrong = complete(dialect, id, node, etags)
        assert wrong.status_code == 400, etags
        assert wrong.json()["errors"][0]["message"]
    unknown = {**node, "uploadMultipartUrls": {"uploadID": "nothing"}}
    assert complete(dialect, id, unknown, right).status_code == 404
    assert complete(dialect, id, node, right).status_code == 200


def test_a_file_in_parts_may_come_in_one_piece(dialect: Dialect) -> None:
    id, node = in_parts(dialect, [b"a", b"b"])
    assert dialect.http.put(node["uploadUrl"], content=b"ab").status_code == 200
    assert dialect.data(COMMIT, id=id)


def test_an_address_of_a_file_is_good_for_that_file_and_for_a_time(
    dialect: Dialect, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = ArtifactWorld.of(services, "hand").log("pair", {"a.txt": b"a", "b.txt": b"b"})
    query = "query Q($id: ID!) { artifact(id: $id) { files { edges { node { directUrl } } } } }"

    def addresses() -> list[str]:
        found = dialect.data(query, id=artifact_id(made.version.id))["artifact"]["files"]["edges"]
        return [edge["node"]["directUrl"] for edge in found]

    first, second = addresses()
    nobody = {"Authorization": ""}
    assert dialect.http.get(first, headers=nobody).content == b"a"
    assert dialect.http.get(second, headers=nobody).content == b"b"
    for wrong in (
        first.replace("a.txt", "b.txt"),
        first.replace("a.txt", "x/../b.txt"),
        first.replace("expires=", "expires=9"),
    ):
        answer = dialect.http.get(wrong, headers=nobody)
        assert answer.status_code in (400, 403), wrong
        assert answer.content != b"b"
    assert dialect.http.put(first, content=b"x", headers=nobody).status_code in (400, 403)
    monkeypatch.setitem(LIFETIME, "download", timedelta(seconds=-1))
    late = dialect.http.get(addresses()[0], headers=nobody)
    assert late.status_code == 403
    assert "expired" in late.text


@pytest.mark.parametrize("path", ["../a", "/a", "a//b", "a/./b", "a\0b", "CON", "", "a\\..\\b"])
def test_paths_that_lead_elsewhere_are_refused(dialect: Dialect, path: str) -> None:
    data = listed({path: {"digest": "etag", "ref": "s3://bucket/far"}})
    id, url = pending(dialect, data)
    assert dialect.http.put(url, content=data).status_code == 200
    refused = dialect.post(COMMIT, id=id)
    assert refused.status_code == 400, refused.text
    new = {"artifactID": id, "name": path, "md5": md5(b"a")}
    assert dialect.post(FILES, files=[new]).status_code == 400


@pytest.mark.parametrize("alias", ["a/b", "a:b", "v3", "", "a\n", "x" * 129])
def test_aliases_that_cannot_be_are_refused(dialect: Dialect, alias: str) -> None:
    create = CREATE.replace("mutation {", "mutation M($alias: String!) {").replace(
        'digest: "d"',
        'digest: "d", aliases: [{artifactCollectionName: "data", alias: $alias}]',
    )
    answer = dialect.post(create, alias=alias)
    assert answer.status_code == 400, answer.text
    assert "alias" in answer.json()["errors"][0]["message"]


def test_a_body_that_is_not_what_was_announced_is_refused(dialect: Dialect) -> None:
    id, url = pending(dialect, data := listed({"a": {"digest": md5(b"right"), "size": 5}}))
    assert dialect.http.put(url, content=data).status_code == 200
    new = {"artifactID": id, "name": "a", "md5": md5(b"right")}
    (edge,) = dialect.data(FILES, files=[new])["createArtifactFiles"]["files"]["edges"]
    for wrong in (b"wrong", b"right and more", b""):
        answer = dialect.http.put(edge["node"]["uploadUrl"], content=wrong)
        assert answer.status_code == 400, answer.text
        assert dialect.post(COMMIT, id=id).status_code == 400
    assert dialect.http.put(edge["node"]["uploadUrl"], content=b"right").status_code == 200
    assert dialect.data(COMMIT, id=id)


def test_a_wrong_size_in_the_list_is_refused(dialect: Dialect) -> None:
    id, url = pending(dialect, data := listed({"a": {"digest": md5(b"right"), "size": 6}}))
    assert dialect.http.put(url, content=data).status_code == 200
    new = {"artifactID": id, "name": "a", "md5": md5(b"right")}
    (edge,) = dialect.data(FILES, files=[new])["createArtifactFiles"]["files"]["edges"]
    assert dialect.http.put(edge["node"]["uploadUrl"], content=b"right").status_code == 200
    refused = dialect.post(COMMIT, id=id)
    assert refused.status_code == 400
    assert "6 bytes and has 5" in refused.json()["errors"][0]["message"]
