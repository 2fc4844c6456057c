"""Artifacts through our API, as the SDK and the UI use it."""

from __future__ import annotations

import base64
from typing import Any

import pytest
import xxhash
from litestar.testing import TestClient
from server.tests.artifacts import digest_of, md5

from kiseki_server.app.server import Application

Client = TestClient[Application]
P = "/api/v1/projects/admin/vision"
FILES = {"a.txt": b"one", "sub/b c.bin": b"two" * 1000}


def create(client: Client, name: str, files: dict[str, bytes], **more: Any) -> dict[str, Any]:
    draft = {"type": "dataset", "collection": name, "digest": digest_of(files), **more}
    answer = client.post(f"{P}/artifacts/versions", json=draft)
    assert answer.status_code == 200, answer.text
    return answer.json()


def announce(client: Client, id: int, files: dict[str, bytes]) -> list[dict[str, Any]]:
    listed = [{"path": p, "digest": md5(d), "size": len(d)} for p, d in files.items()]
    answer = client.post(f"/api/v1/artifacts/versions/{id}/files", json={"files": listed})
    assert answer.status_code == 200, answer.text
    return answer.json()["files"]


def commit(client: Client, id: int, files: dict[str, bytes], kind: str = "full") -> Any:
    entries = [{"path": p, "digest": md5(d), "size": len(d)} for p, d in files.items()]
    return client.post(
        f"/api/v1/artifacts/versions/{id}/commit", json={"kind": kind, "entries": entries}
    )


def log(client: Client, name: str, files: dict[str, bytes], **more: Any) -> dict[str, Any]:
    """A committed version of these files."""
    made = create(client, name, files, **more)
    for planned in announce(client, made["id"], files):
        if planned["url"] is not None:
            sent = client.put(planned["url"], content=files[planned["path"]])
            assert sent.status_code == 200, sent.text
    answer = commit(client, made["id"], files)
    assert answer.status_code == 200, answer.text
    return answer.json()


def get(client: Client, path: str, **params: Any) -> Any:
    answer = client.get(f"{P}{path}", params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_version_is_logged_found_and_read(client: Client) -> None:
    logged = log(client, "cats", FILES, aliases=["best"], metadata={"n": 2}, tags=["gold"])
    assert (logged["index"], logged["aliases"]) == (0, ["best", "latest"])
    for ref in ("v0", "best", "latest", logged["digest"]):
        assert get(client, f"/artifacts/collections/cats/versions/{ref}") == logged
    files = get(client, "/artifacts/collections/cats/versions/v0/files")
    assert [file["path"] for file in files["items"]] == list(FILES)
    answer = client.get(f"{P}/artifacts/collections/cats/versions/v0/files/sub/b%20c.bin")
    assert answer.content == FILES["sub/b c.bin"]
    part = client.get(
        f"{P}/artifacts/collections/cats/versions/v0/files/a.txt", headers={"Range": "bytes=1-"}
    )
    assert (part.status_code, part.content) == (206, b"ne")
    assert [one["name"] for one in get(client, "/artifacts/types")["items"]] == ["dataset"]


def test_files_are_listed_with_addresses_when_these_are_asked_for(client: Client) -> None:
    large = bytes(range(256)) * 2000
    log(client, "cats", {**FILES, "large": large})
    where = "/artifacts/collections/cats/versions/v0/files"
    assert {file["url"] for file in get(client, where)["items"]} == {None}
    listed = get(client, where, addresses=True)["items"]
    del client.headers["Authorization"]
    found = {file["path"]: client.get(file["url"]) for file in listed}
    assert {path: answer.content for path, answer in found.items()} == {**FILES, "large": large}
    assert {answer.headers["Content-Length"] for answer in found.values()} == {
        str(len(content)) for content in (*FILES.values(), large)
    }
    assert client.get(listed[0]["url"].replace("/a.txt?", "/large?")).status_code == 403


def test_only_what_is_not_there_is_sent(client: Client) -> None:
    log(client, "cats", FILES)
    more = {**FILES, "c": b"three"}
    made = create(client, "dogs", more)
    urls = {file["path"]: file["url"] for file in announce(client, made["id"], more)}
    assert [path for path, url in urls.items() if url] == ["c"]
    same = create(client, "cats", FILES)
    assert (same["state"], same["index"]) == ("committed", 0)


def test_a_signed_address_takes_its_own_bytes_alone(client: Client) -> None:
    made = create(client, "cats", FILES)
    first, second = announce(client, made["id"], FILES)
    other = client.put(first["url"], content=b"other")
    assert (other.status_code, other.json()["error"]) == (400, "bad_request")
    moved = first["url"].replace("/a.txt?", "/b.txt?")
    assert client.put(moved, content=b"one").status_code == 403
    assert client.put(second["url"], content=FILES["sub/b c.bin"]).status_code == 200
    assert commit(client, made["id"], FILES).status_code == 409
    assert client.put(first["url"], content=b"one").status_code == 200
    assert commit(client, made["id"], FILES).status_code == 200
    late = client.put(first["url"], content=b"one")
    assert (late.status_code, "committed" in late.json()["message"]) == (409, True)


def test_a_file_comes_in_parts(client: Client) -> None:
    pieces = [b"a" * 100, b"b" * 100, b"c"]
    files = {"big": b"".join(pieces)}
    made = create(client, "cats", files)
    parts = [{"number": n, "md5": md5(piece)} for n, piece in enumerate(pieces, start=1)]
    new = {"path": "big", "digest": md5(files["big"]), "size": 201, "parts": parts}
    place = f"/api/v1/artifacts/versions/{made['id']}"
    (planned,) = client.post(f"{place}/files", json={"files": [new]}).json()["files"]
    for address in planned["parts"][:2]:
        sent = client.put(address["url"], content=pieces[address["number"] - 1])
        assert sent.status_code == 200
    complete = f"{place}/multipart/{planned['upload_id']}"
    early = client.post(complete, json={"parts": parts})
    assert (early.status_code, "number 3" in early.json()["message"]) == (400, True)
    assert client.put(planned["parts"][2]["url"], content=b"x").status_code == 400
    assert client.put(planned["parts"][2]["url"], content=b"c").status_code == 200
    assert client.post(complete, json={"parts": parts}).status_code == 204
    assert commit(client, made["id"], files).json()["size"] == 201


def test_lists_are_filtered_and_paged(client: Client) -> None:
    for number in range(3):
        log(client, "cats", {"a": b"%d" % number}, metadata={"loss": number / 10})
    log(client, "dogs", {"a": b"dog"}, tags=["gold"])
    page = get(client, "/artifacts/collections", limit=1)
    assert ([one["name"] for one in page["items"]], page["total"]) == (["cats"], 2)
    assert (page["items"][0]["versions"], page["items"][0]["newest"]) == (3, 2)
    rest = get(client, "/artifacts/collections", limit=1, cursor=page["cursor"])
    assert ([one["name"] for one in rest["items"]], rest["cursor"]) == (["dogs"], None)
    found = get(client, "/artifacts/collections", search="DOG")
    assert [one["name"] for one in found["items"]] == ["dogs"]
    versions = get(
        client, "/artifacts/collections/cats/versions", version_filter="metadata.loss < 0.15"
    )
    assert [one["index"] for one in versions["items"]] == [1, 0]
    unknown = client.get(f"{P}/artifacts/collections", params={"collection_filter": "weight = 1"})
    assert (unknown.status_code, "weight" in unknown.json()["message"]) == (400, True)


def test_what_a_deletion_frees_is_said_before(client: Client) -> None:
    log(client, "cats", FILES)
    place = f"{P}/artifacts/collections/cats/versions/v0"
    dry = client.delete(place, params={"dry_run": "true"}).json()
    assert (dry["versions"], dry["done"]) == (1, False)
    assert dry["bytes"] > 3003
    refused = client.delete(place)
    assert (refused.status_code, "cats:latest" in refused.json()["message"]) == (409, True)
    done = client.delete(place, params={"with_aliases": "true"}).json()
    assert done == {**dry, "done": True}
    assert client.get(place).status_code == 404


def test_links_aliases_and_changes(client: Client) -> None:
    logged = log(client, "cats", FILES)
    place = f"{P}/artifacts/collections/cats"
    assert client.put(f"{place}/versions/v0/aliases/best").json()["aliases"] == ["best", "latest"]
    assert client.delete(f"{place}/versions/v0/aliases/best").json()["aliases"] == ["latest"]
    assert client.put(f"{place}/versions/v0/aliases/v7").status_code == 400
    changed = client.patch(f"{place}/versions/v0", json={"description": "d", "add_tags": ["t"]})
    assert (changed.json()["description"], changed.json()["tags"]) == ("d", ["t"])
    link = {"entity": "admin", "project": "vision", "collection": "shown", "aliases": ["x"]}
    linked = client.post(f"/api/v1/artifacts/versions/{logged['id']}/links", json=link).json()
    assert (linked["collection"], linked["index"], linked["id"]) == ("shown", 0, logged["id"])
    assert client.delete(f"{place}/versions/v0/link").status_code == 400
    shown = f"{P}/artifacts/collections/shown/versions/v0"
    assert client.delete(f"{shown}/link").status_code == 204
    assert client.get(shown).status_code == 404
    assert client.patch(place, json={"name": "felines"}).json()["name"] == "felines"
    actions = get(client, "/artifacts/collections/felines/actions")["items"]
    assert [one["action"] for one in actions][:2] == ["collection.changed", "artifact.changed"]
    assert {one["user"] for one in actions} == {"admin"}


def test_a_version_says_where_it_was_made_and_by_which_run(client: Client) -> None:
    run = client.put(f"{P}/runs/maker", json={"display_name": "the maker"})
    assert run.status_code in (200, 201)
    log(client, "cats", {"a": b"0"})
    logged = log(client, "cats", {"a": b"1"}, run="maker")
    made_by = {"entity": "admin", "project": "vision", "run": "maker", "title": "the maker"}
    assert (logged["made_by"], logged["source"]) == (made_by, None)
    link = {"entity": "admin", "project": "vision", "collection": "shown"}
    client.post(f"/api/v1/artifacts/versions/{logged['id']}/links", json=link)
    shown = get(client, "/artifacts/collections/shown/versions")["items"][0]
    home = {"entity": "admin", "project": "vision", "collection": "cats"}
    assert shown["source"] == {**home, "type": "dataset", "index": 1}
    assert (shown["project"], shown["index"], shown["made_by"]) == ("vision", 0, made_by)


def test_collections_come_in_the_order_that_is_asked_for(client: Client) -> None:
    for name in ("b", "a", "c"):
        log(client, name, {"a": name.encode() * (1 + ord(name))}, aliases=["best"])
    found = get(client, "/artifacts/collections", sort="-created_at")["items"]
    assert [one["name"] for one in found] == ["c", "a", "b"]
    assert (found[0]["newest_size"], found[0]["newest_aliases"]) == (100, ["best", "latest"])
    assert client.get(f"{P}/artifacts/collections", params={"sort": "fame"}).status_code == 400


def test_lineage_goes_from_run_to_run(client: Client) -> None:
    for run in ("maker", "user"):
        assert client.put(f"{P}/runs/{run}", json={}).status_code in (200, 201)
    logged = log(client, "cats", FILES, run="maker")
    used = {"version": logged["id"], "used_as": "train"}
    assert client.post(f"{P}/runs/user/inputs", json=used).status_code == 200
    assert [one["id"] for one in get(client, "/runs/user/inputs")["items"]] == [logged["id"]]
    assert [one["id"] for one in get(client, "/runs/maker/outputs")["items"]] == [logged["id"]]
    graph = get(client, "/lineage", run="maker", direction="down")
    titles = {node["id"]: node["name"] for node in graph["nodes"]}
    assert sorted(titles.values()) == ["cats", "maker", "user"]
    flow = [(titles[e["source"]], titles[e["target"]], e["used_as"]) for e in graph["edges"]]
    assert flow == [("maker", "cats", None), ("cats", "user", "train")]
    assert get(client, "/lineage", version="cats:v0", depth=1)["truncated"] is False
    assert client.get(f"{P}/lineage").status_code == 400


@pytest.mark.parametrize("path", ["../a", "/a", "a\\b", "con"])
def test_paths_that_leave_their_folder_are_refused(client: Client, path: str) -> None:
    made = create(client, "cats", FILES)
    file = {"path": path, "digest": md5(b""), "size": 0}
    answer = client.post(f"/api/v1/artifacts/versions/{made['id']}/files", json={"files": [file]})
    assert answer.status_code == 400


def test_digests_are_of_either_kind(client: Client) -> None:
    data = b"fast"
    digest = base64.b64encode(xxhash.xxh3_128(data).digest()).decode()
    draft = {"type": "dataset", "collection": "fast", "digest": "d", "digest_algorithm": "xxh128"}
    id = client.post(f"{P}/artifacts/versions", json=draft).json()["id"]
    place = f"/api/v1/artifacts/versions/{id}"
    file = {"path": "a", "digest": digest, "size": 4}
    (planned,) = client.post(f"{place}/files", json={"files": [file]}).json()["files"]
    assert client.put(planned["url"], content=b"slow").status_code == 400
    assert client.put(planned["url"], content=data).status_code == 200
    assert client.post(f"{place}/commit", json={"entries": [file]}).status_code == 200
