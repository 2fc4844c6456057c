"""The dialect spoken by hand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from litestar.testing import TestClient
from server.tests.applications import application

from kiseki_server.app.datadir import ADMIN_KEY
from kiseki_server.app.server import Application
from kiseki_server.app.services import Services

PROJECT = "admin/p"


@dataclass
class Dialect:
    """A client with the administrator's key."""

    http: TestClient[Application]

    def post(self, path: str, body: Any = None, **options: Any) -> Any:
        """The answer, whatever it is; a body of bytes is sent as it is."""
        if isinstance(body, bytes):
            return self.http.post(f"/traces{path}", content=body, **options)
        return self.http.post(f"/traces{path}", json=body, **options)

    def ok(self, path: str, body: Any = None, **options: Any) -> Any:
        """The JSON of an answer that must be a success."""
        answer = self.post(path, body, **options)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def refused(self, path: str, body: Any, status: int, **options: Any) -> str:
        """The reason why a request was not accepted."""
        answer = self.post(path, body, **options)
        assert answer.status_code == status, answer.text[:2000]
        assert len(answer.text) < 2_000
        return answer.json()["reason"]


def _dialect(services: Services) -> Iterator[Dialect]:
    key = (services.settings.data_dir / ADMIN_KEY).read_text().strip()
    app = application(services)
    with TestClient(app, base_url="http://127.0.0.1:8080") as client:
        client.headers["Authorization"] = f"Bearer {key}"
        yield Dialect(client)


@pytest.fixture
def dialect(services: Services) -> Iterator[Dialect]:
    """On stores in memory."""
    yield from _dialect(services)


@pytest.fixture
def embedded(embedded_services: Services) -> Iterator[Dialect]:
    """The same on SQLite and the embedded engine."""
    yield from _dialect(embedded_services)


@pytest.fixture(params=["memory", "embedded"])
def each(request: pytest.FixtureRequest) -> Dialect:
    """On each set of stores."""
    return request.getfixturevalue("dialect" if request.param == "memory" else "embedded")
