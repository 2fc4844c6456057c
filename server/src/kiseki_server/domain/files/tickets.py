"""Signed addresses: the right to do one thing with one file for a while.

Clients of foreign dialects transfer files without credentials, so the address itself has to
carry the permission. Whoever asks for a ticket has been authorized before.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal
from urllib.parse import quote, urlencode

from kiseki_server.kit.clock import Clock
from kiseki_server.kit.errors import Forbidden
from kiseki_server.kit.ids import RunId
from kiseki_server.kit.secrets import Hasher

Purpose = Literal["upload", "download"]

LIFETIME: dict[Purpose, timedelta] = {
    "upload": timedelta(hours=24),
    "download": timedelta(hours=1),
}


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a signed address allows."""

    purpose: Purpose
    run: RunId
    path: str


class Tickets:
    """Writes signed addresses and reads them back."""

    def __init__(self, hasher: Hasher, clock: Clock) -> None:
        self._hasher = hasher
        self._clock = clock

    def address(self, ticket: Ticket) -> str:
        """The path and query of an address below the server's own."""
        expires = int((self._clock.now() + LIFETIME[ticket.purpose]).timestamp())
        query = {
            "purpose": ticket.purpose,
            "expires": str(expires),
            "signature": self._signature(ticket, expires),
        }
        return f"/blobs/runs/{ticket.run}/{quote(ticket.path)}?{urlencode(query)}"

    def check(self, ticket: Ticket, expires: int, signature: str) -> None:
        """Accept the signature, or raise.

        Raises:
            Forbidden: The address was made for something else, or its time is over.
        """
        if not self._hasher.matches("ticket", self._text(ticket, expires), signature):
            raise Forbidden(f"This address does not allow the {ticket.purpose} of this file")
        if self._clock.now().timestamp() >= expires:
            raise Forbidden("This address has expired", hint="Ask for a new one, as for the first.")

    def _signature(self, ticket: Ticket, expires: int) -> str:
        return self._hasher.hash("ticket", self._text(ticket, expires))

    @staticmethod
    def _text(ticket: Ticket, expires: int) -> str:
        return f"{ticket.purpose}\n{ticket.run}\n{expires}\n{ticket.path}"
