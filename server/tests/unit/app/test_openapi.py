"""The description of our API is true, complete and kept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from litestar.testing import TestClient
from server.tests.applications import application

from kiseki_server.app.openapi import document
from kiseki_server.app.server import Application
from kiseki_server.app.services import Services

SCHEMA = Path(__file__).parents[4] / "schemas" / "openapi.json"


def operations(described: dict[str, Any]) -> list[dict[str, Any]]:
    return [operation for path in described["paths"].values() for operation in path.values()]


def test_the_kept_document_is_up_to_date(services: Services) -> None:
    described = document(application(services))
    assert json.loads(SCHEMA.read_text()) == described, "run `make gen`"


def test_the_server_shows_the_same_document(client: TestClient[Application]) -> None:
    assert client.get("/api/schema/openapi.json").json() == json.loads(SCHEMA.read_text())


def test_every_operation_is_explained(services: Services) -> None:
    found = operations(document(application(services)))
    assert len(found) > 30
    for operation in found:
        assert operation["summary"].endswith("."), operation["operationId"]
        assert "default" in operation["responses"]
        success = [code for code in operation["responses"] if code.startswith("2")]
        assert len(success) == 1


def test_every_reference_leads_somewhere(services: Services) -> None:
    described = document(application(services))
    text = json.dumps(described)
    named = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert named <= set(described["components"]["schemas"])
