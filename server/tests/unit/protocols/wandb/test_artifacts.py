"""Lists of files by signed address, and the commit that goes by them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from server.tests.artifacts import md5, md5_hex
from server.tests.unit.protocols.wandb.conftest import Dialect

from kiseki_server.app.services import Services

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
