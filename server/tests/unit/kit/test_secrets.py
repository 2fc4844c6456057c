"""Keys, hashes and files that hold them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kiseki_server.kit.secrets import Hasher, new_api_key, secret_from_file, write_private


def test_a_key_has_the_form_that_clients_expect() -> None:
    keys = {new_api_key() for _ in range(100)}
    assert len(keys) == 100
    assert all(re.fullmatch("kiseki-[0-9a-f]{40}", key) for key in keys)


def test_a_hash_depends_on_purpose_and_secret() -> None:
    one, other = Hasher(b"1" * 32), Hasher(b"2" * 32)
    hashes = {one.hash("key", "x"), one.hash("session", "x"), other.hash("key", "x")}
    assert len(hashes) == 3
    assert one.hash("key", "x") == one.hash("key", "x")
    assert one.matches("key", "x", one.hash("key", "x"))
    assert not one.matches("key", "y", one.hash("key", "x"))
    assert one.hash("key", "\udcff")  # a header may hold any byte
    with pytest.raises(ValueError, match="at least 32 bytes"):
        Hasher(b"short")


def test_a_secret_is_made_once_and_private(tmp_path: Path) -> None:
    path = tmp_path / "secret.key"
    secret = secret_from_file(path)
    assert len(secret) == 32
    assert secret_from_file(path) == secret
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_private_file_replaces_an_open_one(tmp_path: Path) -> None:
    path = tmp_path / "admin.key"
    path.write_text("old")
    path.chmod(0o644)
    write_private(path, "new")
    assert path.read_text() == "new"
    assert path.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["admin.key"]
