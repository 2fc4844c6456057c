"""Many small files at the same time: what was acknowledged outlives `kill -9`."""

from __future__ import annotations

import base64
import hashlib
import os
import threading
import urllib.request
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from tests.processes import ServerProcess

PLACE = "/projects/admin/small/artifacts"
FILES = 300


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    """A server that the test may kill."""
    server = ServerProcess(tmp_path)
    try:
        yield server.start()
    finally:
        server.kill()


def test_acknowledged_files_are_there_after_a_kill(server: ServerProcess) -> None:
    contents = {f"{number % 7}/{number:03}": os.urandom(1000) for number in range(FILES)}
    contents["twice"] = contents["1/001"]
    entries = [
        {"path": path, "digest": _md5(content), "size": len(content)}
        for path, content in contents.items()
    ]
    body = {"type": "data", "collection": "many", "digest": "d"}
    version = _post(server, f"{PLACE}/versions", body)["id"]
    place = f"/artifacts/versions/{version}"
    wanted = _wanted(server, place, entries)
    assert wanted.keys() == contents.keys()

    done: set[str] = set()
    enough = threading.Event()

    def send(path: str) -> None:
        try:
            _put(server, wanted[path], contents[path])
        except OSError:
            return
        done.add(path)
        if len(done) >= FILES // 3:
            enough.set()

    with ThreadPoolExecutor(24) as pool:
        sending = [pool.submit(send, path) for path in contents]
        assert enough.wait(60)
        server.kill()
    assert all(future.exception() is None for future in sending)
    assert len(done) < len(contents)

    server.start()
    missing = _wanted(server, place, entries)
    assert not done & missing.keys()
    for path, url in missing.items():
        _put(server, url, contents[path])
    _post(server, f"{place}/commit", {"entries": entries})
    where = f"{PLACE}/collections/many/versions/v0/files?addresses=true&limit=1000"
    listed = server.get(where)["items"]
    assert {file["path"]: _get(server, file["url"]) for file in listed} == contents


def _wanted(server: ServerProcess, place: str, entries: list[Any]) -> Mapping[str, str]:
    planned = _post(server, f"{place}/files", {"files": entries})["files"]
    return {file["path"]: file["url"] for file in planned if file["url"] is not None}


def _post(server: ServerProcess, path: str, body: Any) -> Any:
    status, answer = server.request("POST", path, body)
    assert status < 300, answer
    return answer


def _put(server: ServerProcess, url: str, content: bytes) -> None:
    request = urllib.request.Request(server.url + url, data=content, method="PUT")
    urllib.request.urlopen(request, timeout=60).close()


def _get(server: ServerProcess, url: str) -> bytes:
    with urllib.request.urlopen(server.url + url, timeout=60) as answer:
        return answer.read()


def _md5(content: bytes) -> str:
    return base64.b64encode(hashlib.md5(content).digest()).decode()
