"""Which addresses the server calls."""

from __future__ import annotations

import asyncio

import pytest

from kiseki_server.kit.errors import BadRequest, Forbidden, Unavailable
from kiseki_server.outbound.guard import Guard


def checked(host: str, *found: str, allowed: str = "") -> list[str]:
    async def resolve(name: str, port: int) -> list[str]:
        assert (name, port) == (host.strip("[]").lower(), 443)
        return list(found)

    return asyncio.run(Guard(allowed, resolve).addresses(host, 443))


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.9.9.9", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1",
        "169.254.169.254", "100.64.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255",
        "192.0.2.1", "198.18.0.1",
        "::", "::1", "fe80::1", "fc00::1", "ff02::1", "2001:db8::1",
        "::ffff:127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1", "2002:7f00:1::",
    ],
)  # fmt: skip
def test_what_is_not_on_the_public_internet_is_refused(address: str) -> None:
    for host in ("model.example", address if ":" not in address else f"[{address}]"):
        with pytest.raises(Forbidden, match="not on the public internet") as refused:
            checked(host, address)
        assert "KISEKI_OUTBOUND_HOSTS" in str(refused.value.hint)
    # One such address among others is enough: which of them is called is not ours to say.
    with pytest.raises(Forbidden):
        checked("model.example", "8.8.8.8", address)


def test_public_addresses_and_those_that_are_listed_pass() -> None:
    both = ["8.8.8.8", "2606:4700:4700::1111"]
    assert checked("model.example", *both) == both
    assert checked("8.8.4.4") == ["8.8.4.4"]
    assert checked("[2606:4700:4700::1111]") == ["2606:4700:4700::1111"]
    listed = "LLM.local, 10.1.0.0/16 ,::1"
    assert checked("llm.local", "192.168.0.7", allowed=listed) == ["192.168.0.7"]
    assert checked("other.local", "10.1.2.3", allowed=listed) == ["10.1.2.3"]
    assert checked("[::1]", allowed=listed) == ["::1"]
    for host, address in (("other.local", "10.2.0.1"), ("x.llm.local", "192.168.0.7")):
        with pytest.raises(Forbidden):
            checked(host, address, allowed=listed)


def test_names_without_an_address_and_lists_that_are_none() -> None:
    with pytest.raises(Unavailable, match="has no address"):
        checked("nowhere.example")
    with pytest.raises(BadRequest, match="no network"):
        Guard("10.0.0.0/99")
