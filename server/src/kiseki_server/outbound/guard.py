"""Which addresses the server may call.

What users write into a form or an object must not lead the server to itself, to its neighbours or
to the metadata of a cloud: only addresses of the public internet may be called, and those that the
administrator lists.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

from kiseki_server.kit.errors import BadRequest, Forbidden, Unavailable

Address = IPv4Address | IPv6Address
Resolve = Callable[[str, int], Awaitable[list[str]]]

_NAT64 = IPv6Network("64:ff9b::/96")


class Guard:
    """Decides on hosts, by the addresses that their names stand for now.

    Args:
        allowed: Host names, addresses and networks, separated by commas, that may be called
            although they are not public.

    Raises:
        BadRequest: A network is none.
    """

    def __init__(self, allowed: str | None = None, resolve: Resolve | None = None) -> None:
        self._resolve = resolve or _resolved
        self._hosts: set[str] = set()
        self._networks = [
            network
            for text in (allowed or "").split(",")
            if (network := self._network(text.strip().lower().strip("[]"))) is not None
        ]

    def _network(self, text: str):
        if not text:
            return None
        try:
            return ip_network(text)
        except ValueError:
            if "/" in text:
                raise BadRequest(f"`{text[:100]}` is no network that could be called") from None
            self._hosts.add(text)
            return None

    async def addresses(self, host: str, port: int) -> list[str]:
        """The addresses of a host, if all of them may be called.

        Raises:
            Forbidden: One of them may not.
            Unavailable: The name stands for none.
        """
        bare = host.strip("[]").lower()
        try:
            found = [str(ip_address(bare))]
        except ValueError:
            found = await self._resolve(bare, port)
        if not found:
            raise Unavailable(f"`{host[:200]}` has no address")
        for address in found:
            if not self._may(bare, ip_address(address.partition("%")[0])):
                raise Forbidden(
                    f"`{host[:200]}` is not on the public internet; this server does not call it",
                    hint="the administrator can list it in KISEKI_OUTBOUND_HOSTS",
                )
        return found

    def _may(self, host: str, address: Address) -> bool:
        return (
            host in self._hosts
            or any(address in network for network in self._networks)
            or is_public(address)
        )


def is_public(address: Address) -> bool:
    """Whether an address belongs to the public internet, whatever it is wrapped in."""
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if address.teredo is not None:
            inner = address.teredo[1]
        if address in _NAT64:
            inner = IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
    return address.is_global and not address.is_multicast and not address.is_reserved


async def _resolved(host: str, port: int) -> list[str]:
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))
