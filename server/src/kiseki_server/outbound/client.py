"""The one way out: HTTP to addresses that the guard has let pass."""

from __future__ import annotations

import httpx

from kiseki_server.outbound.guard import Guard

_PORTS = {"http": 80, "https": 443}


class GuardedTransport(httpx.AsyncBaseTransport):
    """Connects to the very address that was checked: a name may stand for another one later."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._inner = httpx.AsyncHTTPTransport()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        host = request.url.host
        port = request.url.port or _PORTS[request.url.scheme]
        address = (await self._guard.addresses(host, port))[0]
        # The certificate and the host header are still those of the name.
        request.extensions = {**request.extensions, "sni_hostname": host}
        request.url = request.url.copy_with(host=address)
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        await self._inner.aclose()


def client(guard: Guard, *, read_s: float) -> httpx.AsyncClient:
    """A client without redirects, proxies or anything else from the environment."""
    return httpx.AsyncClient(
        transport=GuardedTransport(guard),
        timeout=httpx.Timeout(read_s, connect=10),
        follow_redirects=False,
        trust_env=False,
    )
