"""Secrets that come back, to this server alone."""

from __future__ import annotations

import pytest

from kiseki_server.kit.errors import Conflict
from kiseki_server.kit.vault import Vault


def test_a_text_comes_back_where_it_was_sealed() -> None:
    vault = Vault(b"s" * 32)
    sealed = vault.seal("sk-日本語", "provider a")
    assert b"sk-" not in sealed
    assert vault.seal("sk-日本語", "provider a") != sealed
    assert Vault(b"s" * 32).open(sealed, "provider a") == "sk-日本語"


def test_it_is_refused_elsewhere_changed_and_under_another_secret() -> None:
    vault = Vault(b"s" * 32)
    sealed = vault.seal("key", "provider a")
    changed = sealed[:-1] + bytes([sealed[-1] ^ 1])
    for other, text, place in (
        (vault, sealed, "provider b"),
        (vault, changed, "provider a"),
        (vault, b"", "provider a"),
        (Vault(b"t" * 32), sealed, "provider a"),
    ):
        with pytest.raises(Conflict, match="another secret key"):
            other.open(text, place)
