"""Every route that the client may ask for, and what the document says of it."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

import pytest
from tests.clients.environments import NoClient
from tests.clients.weave.environments import NEWEST, SUPPORTED, python
from tests.processes import ServerProcess
from weave_compatibility import DOCUMENT, VERSIONS, Route, asked, render, standing

pytestmark = pytest.mark.clients

NOWHERE = Route("/no/such/route", "POST")


@pytest.fixture(scope="module")
def routes() -> list[Route]:
    try:
        return asked(python(NEWEST).parents[1])
    except NoClient as reason:
        pytest.skip(f"the client cannot be installed: {reason}")


def test_the_document_says_what_becomes_of_every_route(routes: list[Route]) -> None:
    assert VERSIONS == SUPPORTED
    assert len(routes) == 127  # as many as a plain search finds
    assert DOCUMENT.read_text(encoding="utf-8") == render(routes)


def test_the_server_answers_as_the_document_says(
    routes: list[Route], server_process: ServerProcess
) -> None:
    unknown = ask(server_process, NOWHERE)
    assert unknown[0] == 404
    for route in routes:
        status, told = ask(server_process, route)
        expected, feature = standing(route)
        if expected == "refused":
            assert (status, told["reason"]) == (501, f"{feature}: Kiseki does not have this yet")
        else:
            assert status in {200, 400, 404, 422}, (route, status, told)
            assert (status, told) != unknown, route


def ask(server: ServerProcess, route: Route) -> tuple[int, Any]:
    """The answer to a request without anything in it."""
    request = urllib.request.Request(
        f"{server.url}/traces{route.path.replace('{', '').replace('}', '')}",
        method=route.method,
        data=b"{}" if route.method in {"POST", "PUT"} else None,
        headers={"Authorization": f"Bearer {server.key}", "Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())
