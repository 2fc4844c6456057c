"""Texts that the server must be able to read again, and nobody who reads its database."""

from __future__ import annotations

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from kiseki_server.kit.errors import Conflict

_NONCE, _MARK = 12, 4


class Vault:
    """AES-256-GCM (NIST SP 800-38D) under a key that HKDF (RFC 5869) makes of the server's secret.

    A sealed text begins with four bytes that tell one secret from another, so that a changed
    secret is said and not taken for a broken database.
    """

    def __init__(self, secret: bytes) -> None:
        made = HKDF(algorithm=SHA256(), length=32 + _MARK, salt=None, info=b"kiseki vault 1")
        key = made.derive(secret)
        self._cipher, self._mark = AESGCM(key[:32]), key[32:]

    def seal(self, text: str, place: str) -> bytes:
        """Encrypt; what is sealed for one place cannot be opened as that of another."""
        nonce = os.urandom(_NONCE)
        return self._mark + nonce + self._cipher.encrypt(nonce, text.encode(), place.encode())

    def open(self, sealed: bytes, place: str) -> str:
        """The text again.

        Raises:
            Conflict: It was sealed under another secret, or for another place.
        """
        mark, nonce = sealed[:_MARK], sealed[_MARK : _MARK + _NONCE]
        try:
            if mark != self._mark:
                raise InvalidTag
            return self._cipher.decrypt(nonce, sealed[_MARK + _NONCE :], place.encode()).decode()
        except InvalidTag:
            raise Conflict(
                f"The secret of {place} cannot be read: it was kept under another secret key",
                hint="set KISEKI_SECRET_KEY to the key of before, or enter the secret again",
            ) from None
