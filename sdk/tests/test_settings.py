"""Settings, and where a key comes from."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest

from kiseki import settings as module
from kiseki.errors import SettingError
from kiseki.settings import (
    Settings,
    api_key,
    credentials_path,
    is_loopback,
    load_settings,
    read_credentials,
    store_credentials,
)

LOCAL = "http://127.0.0.1:8080"
REMOTE = "https://kiseki.example.com"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("KISEKI_API_KEY", "KISEKI_BASE_URL", "KISEKI_DATA_DIR", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def test_the_environment_is_read_by_type() -> None:
    environ = {
        "KISEKI_BASE_URL": f"{REMOTE}/",
        "KISEKI_SILENT": "true",
        "KISEKI_FSYNC": "0",
        "KISEKI_TAGS": "a, b",
        "KISEKI_FINISH_TIMEOUT": "3",
        "KISEKI_SEGMENT_BYTES": "65536",
        "KISEKI_MODE": "offline",
        "KISEKI_NOTES": "null",
        "KISEKI_NAME": "",
        "KISEKI_UNKNOWN": "x",
    }
    assert load_settings({}, environ) == Settings(
        base_url=REMOTE,
        silent=True,
        fsync=False,
        tags=["a", "b"],
        finish_timeout=3.0,
        segment_bytes=65536,
        mode="offline",
        notes="null",
    )


@pytest.mark.parametrize(
    ("given", "environ", "message"),
    [
        (
            {},
            {"KISEKI_FINISH_TIMEOUT": "soon"},
            "_TIMEOUT is 'soon': expected `float`",
        ),
        ({}, {"KISEKI_MODE": "on"}, "KISEKI_MODE is 'on': invalid enum value"),
        ({"silent": "maybe"}, {}, "the setting silent is 'maybe': expected `bool`"),
        ({"base_url": "ftp://x"}, {}, "base_url is an address such as .*, not 'ftp://x'"),
        ({"finish_timout": 1}, {}, "There is no setting 'finish_timout'"),
    ],
)
def test_a_wrong_setting_is_named(given: Any, environ: dict[str, str], message: str) -> None:
    with pytest.raises(SettingError, match=message):
        load_settings(given, environ)


def test_a_wrong_key_is_not_shown() -> None:
    with pytest.raises(SettingError) as caught:
        load_settings({"api_key": ["secret"]}, {})
    assert "secret" not in str(caught.value)
    assert "secret" not in repr(Settings(api_key="secret"))


def test_every_setting_has_a_sentence() -> None:
    import ast

    tree = ast.parse(Path(module.__file__).read_text())
    (body,) = [n.body for n in tree.body if isinstance(n, ast.ClassDef) and n.name == "Settings"]
    fields = [n for n in body if isinstance(n, ast.AnnAssign)]
    assert len(fields) == len(Settings.__struct_fields__)
    for field in fields:
        after = body[body.index(field) + 1]
        assert isinstance(after, ast.Expr)
        assert isinstance(after.value, ast.Constant)


def test_the_order_in_which_a_key_is_looked_for(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert api_key(LOCAL) is None
    (home / ".kiseki").mkdir()
    (home / ".kiseki" / "admin.key").write_text("local\n")
    assert api_key(LOCAL) == "local"
    assert api_key(REMOTE) is None
    monkeypatch.setenv("KISEKI_DATA_DIR", str(home / "elsewhere"))
    assert api_key(LOCAL) is None
    store_credentials(LOCAL, "stored")
    assert api_key(LOCAL + "/") == "stored"
    monkeypatch.setenv("KISEKI_API_KEY", "environment")
    assert api_key(LOCAL) == "environment"
    assert api_key(LOCAL, "given") == "given"


def test_credentials_are_kept_for_their_owner_alone(home: Path) -> None:
    path = store_credentials(REMOTE + "/", "one")
    store_credentials(LOCAL, "two")
    assert path == credentials_path() == home / ".config/kiseki/credentials.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read_credentials() == {REMOTE: "one", LOCAL: "two"}
    store_credentials(REMOTE, None)
    assert read_credentials() == {LOCAL: "two"}


def test_a_damaged_credentials_file_is_named(home: Path) -> None:
    store_credentials(REMOTE, "one").write_text("{")
    with pytest.raises(SettingError, match=r"credentials\.json cannot be read"):
        api_key(REMOTE)


@pytest.mark.parametrize(
    ("address", "loopback"),
    [
        ("http://127.0.0.1:8080", True),
        ("http://127.1.2.3", True),
        ("http://localhost/x", True),
        ("http://[::1]:8080", True),
        ("http://me@localhost", True),
        ("http://127.0.0.1.example.com", False),
        ("http://localhost.example.com", False),
        ("http://localhost@example.com", False),
        ("http://10.0.0.1", False),
        ("http://[::2]", False),
    ],
)
def test_which_addresses_are_this_machine(address: str, loopback: bool) -> None:
    assert is_loopback(address) is loopback
