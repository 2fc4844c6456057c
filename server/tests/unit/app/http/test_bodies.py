"""Bodies are bounded, whatever way they take."""

from __future__ import annotations

import gzip
from collections.abc import Iterator

import pytest
from litestar.testing import TestClient
from server.tests.applications import application

from kiseki_server.app.server import Application
from kiseki_server.app.services import Services
from kiseki_server.app.settings import Settings

PATH = "/api/v1/projects"
MIB = 1 << 20
Client = TestClient[Application]


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return Settings(data_dir=settings.data_dir, body_limit_mb=1, decoded_limit_mb=2)


@pytest.fixture
def client(services: Services, admin_key: str) -> Iterator[Client]:
    with TestClient(application(services), base_url="http://127.0.0.1") as client:
        client.headers.update(
            {"Authorization": f"Bearer {admin_key}", "Content-Type": "application/json"}
        )
        yield client


def project(size: int) -> bytes:
    return b'{"name": "a", "description": "' + b" " * (size - 33) + b'"}' + b" "


def pieces(body: bytes) -> Iterator[bytes]:
    for at in range(0, len(body), 100_000):
        yield body[at : at + 100_000]


def test_the_limit_is_named(client: Client) -> None:
    answer = client.post(PATH, content=project(MIB + 1))
    assert answer.status_code == 413
    assert answer.json() == {
        "error": "too_large",
        "message": "The body is larger than 1 MiB as sent, which is the most accepted here",
    }


def test_the_limit_holds_for_bodies_of_unknown_length(client: Client) -> None:
    answer = client.post(PATH, content=pieces(project(3 * MIB)))
    assert "content-length" not in answer.request.headers
    assert answer.status_code == 413
    assert "1 MiB as sent" in answer.json()["message"]


def test_a_body_at_the_limit_is_read(client: Client) -> None:
    answer = client.post(PATH, content=project(MIB))
    assert answer.status_code == 400
    assert "A description has at most" in answer.json()["message"]


@pytest.mark.parametrize("stream", [False, True])
def test_gzip_is_undone(client: Client, stream: bool) -> None:
    body = gzip.compress(b'{"name": "squeezed"}')
    content = iter([body[:7], body[7:]]) if stream else body
    answer = client.post(PATH, content=content, headers={"Content-Encoding": "gzip"})
    assert answer.status_code == 201, answer.text
    assert answer.json()["name"] == "squeezed"


def test_a_gzip_of_several_members_is_undone(client: Client) -> None:
    body = gzip.compress(b'{"name": ') + gzip.compress(b'"twice"}')
    answer = client.post(PATH, content=body, headers={"Content-Encoding": "gzip"})
    assert answer.json()["name"] == "twice"


def test_a_gzip_bomb_is_stopped(client: Client) -> None:
    bomb = gzip.compress(b" " * (200 * MIB))
    assert len(bomb) < MIB
    answer = client.post(PATH, content=bomb, headers={"Content-Encoding": "gzip"})
    assert answer.status_code == 413
    assert "2 MiB after decompression" in answer.json()["message"]


@pytest.mark.parametrize(
    ("body", "encoding", "message"),
    [
        (b"not gzip", "gzip", "The body is no gzip"),
        (gzip.compress(b'{"name": "cut"}')[:-9], "gzip", "ends in the middle"),
        (gzip.compress(b'{"name": "cut"}')[:-2] + b"xx", "gzip", "The body is no gzip"),
        (b"{}", "br", "`br` are not accepted"),
        (b"{}", "gzip, gzip", "`gzip, gzip` are not accepted"),
    ],
    ids=["no gzip", "cut", "wrong checksum", "brotli", "two layers"],
)
def test_other_encodings_are_explained(
    client: Client, body: bytes, encoding: str, message: str
) -> None:
    answer = client.post(PATH, content=body, headers={"Content-Encoding": encoding})
    assert answer.status_code == 400
    assert message in answer.json()["message"]
