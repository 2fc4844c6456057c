"""Numbers in addresses."""

from __future__ import annotations

from kiseki_server.kit.errors import BadRequest


def number_of(number: int) -> int:
    """A number that can be an id.

    Raises:
        BadRequest: It is negative or longer than 64 bits.
    """
    if not 0 <= number < 2**63:
        raise BadRequest(f"{number} is no id of this server")
    return number
