"""Lists of files by signed address, and the commit that goes by them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from server.tests.artifacts import md5
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
