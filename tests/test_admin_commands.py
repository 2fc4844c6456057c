"""`kiseki admin`, `login`, `status` and `open` against a real server."""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.processes import ServerProcess, free_port

from kiseki.cli.main import main

Command = Callable[..., Any]


@pytest.fixture(autouse=True)
def environment(
    server_process: ServerProcess, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Commands that know the server and have no key but the one in its data directory."""
    for name in list(os.environ):
        if name.startswith("KISEKI_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("KISEKI_BASE_URL", server_process.url)
    monkeypatch.setenv("KISEKI_DATA_DIR", str(server_process.data_dir))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    # A proxy of the environment is not asked for an address of this machine.
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")


@pytest.fixture
def kiseki(capsys: pytest.CaptureFixture[str]) -> Command:
    """Run a command that succeeds; with `--json` give what it printed."""

    def run(*arguments: str) -> Any:
        code = main(arguments)
        printed = capsys.readouterr()
        assert (code, printed.err) == (0, "")
        return json.loads(printed.out) if "--json" in arguments else printed.out

    return run


@pytest.fixture
def refused(capsys: pytest.CaptureFixture[str]) -> Command:
    """Run a command that fails; gives what it said."""

    def run(*arguments: str) -> str:
        assert main(arguments) == 1
        printed = capsys.readouterr()
        assert printed.out == ""
        assert "Traceback" not in printed.err
        return printed.err

    return run


def test_users_come_and_go(
    server_process: ServerProcess, kiseki: Command, refused: Command
) -> None:
    made = kiseki("admin", "user", "add", "carol", "--email", "c@example.org", "--json")
    assert made.keys() == {"name", "api_key"}
    assert server_process.request("GET", "/session", key=made["api_key"])[0] == 200
    text = kiseki("admin", "user", "add", "dave", "--admin")
    key = re.search(r"kiseki-[0-9a-f]{40}", text)
    assert key is not None
    assert server_process.request("GET", "/admin/users", key=key[0])[0] == 200
    given = kiseki("admin", "user", "add", "erin", "--api-key", "local-any-form", "--json")
    assert given == {"name": "erin"}
    assert server_process.request("GET", "/session", key="local-any-form")[0] == 200
    assert "carol" in kiseki("admin", "user", "list")
    link = kiseki("admin", "user", "link", "carol", "--json")["url"]
    token = link.partition("token=")[2]
    status, session = server_process.request("POST", "/session", {"token": token})
    assert (status, session["user"]["name"]) == (200, "carol")

    assert kiseki("admin", "user", "set-key", "carol", "new-key-of-carol", "--json") == {
        "name": "carol"
    }
    assert server_process.request("GET", "/session", key="new-key-of-carol")[0] == 200
    assert server_process.request("GET", "/session", key=made["api_key"])[0] == 401
    assert kiseki("admin", "user", "remove", "carol", "--json") == {
        "name": "carol",
        "removed": True,
    }
    assert server_process.request("GET", "/session", key="new-key-of-carol")[0] == 401
    assert "There is no user called `carol`" in refused("admin", "user", "remove", "carol")
    assert "hint: use 1 to 64" in refused("admin", "user", "add", "no spaces")


def test_organisations_and_teams_come_and_go(
    server_process: ServerProcess, kiseki: Command, refused: Command
) -> None:
    key = kiseki("admin", "user", "add", "frank", "--json")["api_key"]
    kiseki("admin", "user", "add", "grace")
    assert kiseki("admin", "org", "add", "acme", "--owner", "frank", "--json") == {"name": "acme"}
    assert kiseki("admin", "org", "member", "acme", "grace", "--role", "viewer", "--json") == {
        "name": "acme",
        "user": "grace",
        "role": "viewer",
    }
    team = kiseki("admin", "team", "add", "radar", "--org", "acme", "--owner", "frank", "--json")
    assert team == {"name": "radar"}
    _, session = server_process.request("GET", "/session", key=key)
    assert [entity["name"] for entity in session["entities"]] == ["frank", "radar"]
    kiseki("admin", "user", "add", "ivan")
    member = ("admin", "team", "member", "radar", "ivan", "--role", "member", "--json")
    assert kiseki(*member) == {"name": "radar", "user": "ivan", "role": "member"}
    assert "ivan (guest)" in kiseki("admin", "org", "list")
    kiseki("admin", "team", "remove-member", "radar", "ivan")
    invited = kiseki("admin", "team", "invite", "radar", "judy@example.org", "--json")
    assert (invited["user"], invited["invite"]["email"]) == (None, "judy@example.org")
    judy = kiseki("admin", "user", "add", "judy", "--email", "judy@example.org", "--json")
    _, session = server_process.request("GET", "/session", key=judy["api_key"])
    assert ("radar", "member") in [(e["name"], e["role"]) for e in session["entities"]]
    machine = kiseki("admin", "team", "service-account", "radar", "CI nightly", "--json")
    _, session = server_process.request("GET", "/session", key=machine["api_key"])
    assert (session["user"]["name"], session["default_entity"]) == ("radar-ci-nightly", "radar")
    listed = kiseki("admin", "org", "list", "--json")["items"]
    assert {org["name"]: org["teams"] for org in listed}["acme"] == ["radar"]
    kiseki("admin", "org", "member", "acme", "ivan", "--role", "viewer")
    assert "acme is called apex now" in kiseki("admin", "org", "rename", "acme", "apex")
    kiseki("admin", "org", "rename", "apex", "acme")
    assert "frank (admin), grace (viewer)" in kiseki("admin", "org", "list")
    assert "only administrator" in refused(
        "admin", "org", "member", "acme", "frank", "--role", "viewer"
    )
    assert kiseki("admin", "team", "remove", "radar", "--json")["removed"] is True
    assert kiseki("admin", "org", "remove", "acme", "--json") == {"name": "acme", "removed": True}
    left = kiseki("admin", "org", "list", "--json")["items"]
    assert "acme" not in [org["name"] for org in left]


def test_a_key_without_the_right_is_refused(
    monkeypatch: pytest.MonkeyPatch, kiseki: Command, refused: Command
) -> None:
    key = kiseki("admin", "user", "add", "heidi", "--json")["api_key"]
    monkeypatch.setenv("KISEKI_API_KEY", key)
    assert "Only administrators of this server" in refused("admin", "user", "list")
    monkeypatch.setenv("KISEKI_API_KEY", "wrong-key")
    assert "not known to this server" in refused("admin", "user", "list")


def test_without_a_key_or_a_server_the_command_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, refused: Command
) -> None:
    monkeypatch.setenv("KISEKI_DATA_DIR", str(tmp_path / "nowhere"))
    assert "hint: run `kiseki login" in refused("admin", "user", "list")
    monkeypatch.setenv("KISEKI_API_KEY", "some-key")
    monkeypatch.setenv("KISEKI_BASE_URL", f"http://127.0.0.1:{free_port()}")
    text = refused("admin", "user", "list")
    assert "Cannot reach a server" in text
    assert "hint: start one with `kiseki serve`" in text
    monkeypatch.setenv("KISEKI_BASE_URL", "nonsense")
    assert "nonsense" in refused("status")


def test_login_keeps_a_checked_key(
    server_process: ServerProcess,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    kiseki: Command,
    refused: Command,
) -> None:
    monkeypatch.setenv("KISEKI_DATA_DIR", str(tmp_path / "nowhere"))
    path = tmp_path / "kiseki" / "credentials.json"
    assert "not known" in refused("login", "--key", "a-wrong-key")
    assert not path.exists()
    assert "as admin" in kiseki("login", "--key", server_process.key, server_process.url + "/")
    assert json.loads(path.read_text()) == {server_process.url: server_process.key}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "user     admin" in kiseki("status")


def test_status_tells_server_and_user(
    server_process: ServerProcess,
    monkeypatch: pytest.MonkeyPatch,
    kiseki: Command,
    capsys: pytest.CaptureFixture[str],
) -> None:
    status = kiseki("status", "--json")
    assert (status["ok"], status["base_url"]) == (True, server_process.url)
    assert (status["user"], status["default_entity"]) == ("admin", "admin")
    monkeypatch.setenv("KISEKI_API_KEY", "wrong-key")
    assert main(["status", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["ok"] is False


def test_open_prints_an_address_that_signs_in(
    server_process: ServerProcess, kiseki: Command
) -> None:
    url = kiseki("open", "--print").strip()
    assert url.startswith(f"{server_process.url}/signin?token=")
    token = url.partition("token=")[2]
    status, session = server_process.request("POST", "/session", {"token": token})
    assert (status, session["user"]["name"]) == (200, "admin")


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    text = capsys.readouterr().out
    for name in ("admin", "login", "open", "serve", "status", "sync"):
        assert re.search(rf"^    {name} ", text, re.MULTILINE)
    with pytest.raises(SystemExit) as stopped:
        main(["admin", "org", "member", "acme", "grace", "--role", "boss"])
    assert stopped.value.code == 2
    assert "invalid choice: 'boss'" in capsys.readouterr().err
