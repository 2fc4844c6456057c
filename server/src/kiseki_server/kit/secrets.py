"""Tokens, and what the server keeps of them."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from pathlib import Path


def new_api_key() -> str:
    """A key as this server makes them: ``kiseki-`` and 40 hexadecimal digits."""
    return f"kiseki-{secrets.token_hex(20)}"


def new_token() -> str:
    """A random token for a URL or a cookie."""
    return secrets.token_urlsafe(32)


class Hasher:
    """Turns tokens into what may be stored: HMAC-SHA256 under a secret of this server.

    Somebody who reads the database learns no token, and without the secret cannot even test
    guesses.
    """

    def __init__(self, secret: bytes) -> None:
        if len(secret) < 32:
            raise ValueError("the server's secret needs at least 32 bytes")
        self._secret = secret

    def hash(self, purpose: str, token: str) -> str:
        """The hash of a token; hashes of different purposes never meet."""
        message = f"{purpose}\0{token}".encode("utf-8", "surrogatepass")
        return hmac.new(self._secret, message, hashlib.sha256).hexdigest()

    def matches(self, purpose: str, token: str, expected: str) -> bool:
        """Compare in constant time."""
        return hmac.compare_digest(self.hash(purpose, token), expected)


def write_private(path: Path, text: str) -> None:
    """Put text into a file that only its owner may read, in one step."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        os.fchmod(descriptor, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def secret_from_file(path: Path) -> bytes:
    """The server's secret, made on first use."""
    try:
        text = path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        text = secrets.token_hex(32)
        write_private(path, text + "\n")
    return bytes.fromhex(text)
