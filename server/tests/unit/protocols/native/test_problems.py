"""What bad requests are told."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from litestar.testing import TestClient

from kiseki_server.app.server import Application
from kiseki_server.app.services import Services
from kiseki_server.kit import errors

Client = TestClient[Application]
PROJECTS = "/api/v1/projects"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"name": "a",}', "Malformed body: JSON is malformed: trailing comma"),
        (b'{"name": @}', "(byte 9)"),
        (b'{"name": "x', "(byte 11)"),
        (b"", "body"),
        (b"[1]", "Expected `object`, got `array`"),
        (b'{"name": 1}', "name: Expected `str`, got `int`"),
        (b'{"visibility": "public", "name": "a"}', "visibility: Invalid enum value 'public'"),
        (b"{}", "missing required field `name`"),
        (b"\xff\xfe", "Malformed"),
        (b"[" * 100_000, "nested too deeply"),
    ],
)
def test_a_malformed_body_is_told_where(client: Client, body: bytes, message: str) -> None:
    answer = client.post(PROJECTS, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400, answer.text
    problem = answer.json()
    assert problem["error"] == "bad_request"
    assert message in problem["message"]


def test_a_bad_query_parameter_is_named(client: Client) -> None:
    answer = client.get(PROJECTS, params={"limit": "many"})
    assert answer.status_code == 400
    assert answer.json()["message"] == "query.limit: Expected `int`, got `str`"
    for limit in (0, 1001):
        answer = client.get(PROJECTS, params={"limit": limit})
        assert str(limit) in answer.json()["message"]


@pytest.mark.parametrize("path", ["/api", "/api/v1/nothing", "/api/v1/projects/a/b/c/d", "/api/x"])
def test_unknown_addresses_of_the_api_are_problems(client: Client, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert answer.json() == {"error": "not_found", "message": f"There is nothing at {path}"}


def test_a_wrong_method_is_named(client: Client) -> None:
    answer = client.put(PROJECTS, json={})
    assert answer.status_code == 405
    assert answer.json()["message"] == f"PUT is not possible at {PROJECTS}"


def test_a_mistake_of_ours_says_nothing_but_its_id(
    client: Client,
    services: Services,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise LookupError("secret detail")

    monkeypatch.setattr(services.projects, "page", fail)
    answer = client.get(PROJECTS)
    assert answer.status_code == 500
    problem = answer.json()
    id = answer.headers["x-request-id"]
    assert problem["message"] == f"Something went wrong in the server (request {id})"
    assert "secret" not in answer.text
    log = "".join(capsys.readouterr())
    assert "secret detail" in log
    assert id in log


def all_errors() -> list[type[errors.KisekiError]]:
    found, queue = [], [errors.KisekiError]
    while queue:
        kind = queue.pop()
        found.append(kind)
        queue.extend(kind.__subclasses__())
    return found


@pytest.mark.parametrize("kind", all_errors(), ids=lambda kind: kind.__name__)
def test_every_error_of_ours_has_its_status(
    client: Client,
    services: Services,
    monkeypatch: pytest.MonkeyPatch,
    kind: type[errors.KisekiError],
) -> None:
    given: dict[str, Any] = {
        errors.PositionGap: {"next": 7},
        errors.Deleted: {"deleted_at": datetime.now(UTC)},
        errors.MissingDigests: {"digests": ["abc"]},
    }.get(kind, {})
    error = kind("what happened", hint="what to do", **given)

    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(services.projects, "page", fail)
    answer = client.get(PROJECTS)
    assert answer.status_code == kind.status
    told = given if kind is errors.PositionGap else {}
    expected = {"error": kind.code, "message": "what happened", "hint": "what to do", **told}
    assert answer.json() == expected
    assert kind.__doc__
