"""The server answers to its own names only."""

from __future__ import annotations

from dataclasses import replace

import pytest
from litestar.testing import TestClient

from kiseki_server.app.compose import compose
from kiseki_server.app.server import build_application
from kiseki_server.app.settings import Settings
from kiseki_server.app.stores import memory_stores


def status(settings: Settings, host: str) -> int:
    app = build_application(compose(settings, stores=memory_stores()))
    with TestClient(app, base_url="http://127.0.0.1:8080") as client:
        answer = client.get("/health", headers={"Host": host})
        if answer.status_code == 403:
            assert answer.json()["error"] == "forbidden"
            assert host[:100] in answer.json()["message"]
        return answer.status_code


@pytest.mark.parametrize(
    "host",
    ["localhost", "localhost:8080", "127.0.0.1:9", "[::1]:8080", "LocalHost", "a.localhost:1"],
)
def test_names_of_this_machine_are_accepted(settings: Settings, host: str) -> None:
    assert status(settings, host) == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8080",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "evil@localhost",
        "localhost/evil",
        "localhost:nope",
        "[::1",
        "",
    ],
)
def test_foreign_names_are_refused_on_loopback(settings: Settings, host: str) -> None:
    assert status(settings, host) == 403


def test_further_names_are_accepted_when_the_settings_say_so(settings: Settings) -> None:
    named = replace(settings, allowed_hosts="lab.example, Other.example")
    assert status(named, "lab.example:8080") == 200
    assert status(named, "other.example") == 200
    assert status(named, "evil.example") == 403
    based = replace(settings, base_url="https://kiseki.example/")
    assert status(based, "kiseki.example") == 200


def test_a_server_on_the_network_checks_only_names_it_was_given(settings: Settings) -> None:
    assert status(replace(settings, host="0.0.0.0"), "any.example") == 200
    named = replace(settings, host="0.0.0.0", allowed_hosts="lab.example")
    assert status(named, "any.example") == 403
    assert status(named, "lab.example") == 200
