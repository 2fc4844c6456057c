"""Whatever is sent to a route, it is answered: by its own words, never by a mistake of ours.

Routes come from the table of `test_authorization`, their parameters from the description of the
API: a route that is added is tried at once.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from server.tests.unit.app.test_authorization import (
    ANY,
    BY_CREDENTIAL,
    ENDLESS,
    TABLE,
    Client,
    client,
    filled,
    populated,
)

from kiseki_server.app.services import Services

__all__ = ["client", "populated"]

ROOT = Path(__file__).resolve().parents[4]
PATHS: dict[str, Any] = json.loads((ROOT / "schemas" / "openapi.json").read_text())["paths"]

NAMES = [
    "\0",
    "\n",
    "a\x1bb",
    "..",
    ".",
    "../../x",
    "a/b",
    "\\",
    "x" * 5_000,
    "\ud7ff\U0010ffff",
    "%",
    " ",
]
VALUES = ["", "\0", "-1", "0", "9" * 30, "1e400", "NaN", "x" * 5_000, "(((", "[1,", '{"a":1}', "🧪"]
EVERYWHERE = {"entity", "project", "cursor", "limit"}
"""Read by the same lines for nearly every route: tried with some of them."""
BODIES = [
    b"",
    b"\0",
    b"{",
    b"null",
    b"[]",
    b'"x"',
    b"{}",
    b'{"a": 1}',
    b"[" * 100_000,
    b'{"a":' * 50_000,
    b'{"a": "\\ud800"}',
    b"\xff\xfe",
    b'{"limit": 1e400, "runs": {"a": null}, "name": 5, "keys": "x"}',
]
ROUTES = [name for name in BY_CREDENTIAL if name not in ENDLESS]
SOME = set(ROUTES[::12])
"""Routes that stand for all where the same lines of ours read a value."""
FIELD = re.compile(r"\{(\w+)\}")


def fill(name: str) -> dict[str, str]:
    """What stands for the parts of the route's path in the table."""
    template, path = name.partition(" ")[2], TABLE[name].path
    pattern = FIELD.sub(lambda part: f"(?P<{part[1]}>.+?)", template.replace(".", r"\."))
    matched = re.fullmatch(pattern, path)
    assert matched is not None, (template, path)
    return matched.groupdict()


def sound(answer: Any, what: str) -> None:
    assert answer.status_code < 500, f"{what}: {answer.status_code} {answer.text[:300]}"
    assert answer.status_code < 400 or len(answer.content) < 20_000, what


@pytest.fixture
def services(embedded_services: Services) -> Services:
    """On the engines, which are pickier than stores in memory."""
    return embedded_services


@pytest.fixture
def root(client: Client, populated: dict[str, int]) -> Client:
    assert populated
    client.headers["Authorization"] = "Bearer key-root"
    return client


@pytest.mark.parametrize("name", [name for name in ROUTES if "{" in name])
def test_no_name_in_an_address_breaks_it(root: Client, name: str) -> None:
    method, _, template = name.partition(" ")
    request, parts = TABLE[name], fill(name)
    for part in parts:
        if part in EVERYWHERE and name not in SOME:
            continue
        for bad in NAMES:
            address = template
            for each, value in parts.items():
                given = quote(bad, safe="") if each == part else value
                address = address.replace("{" + each + "}", given)
            answer = root.request(
                method, address, json=request.json, content=request.content, params=request.params
            )
            sound(answer, f"{part}={bad[:20]!r}")


@pytest.mark.parametrize("name", [n for n in ROUTES if not n.startswith(("GET", "DELETE"))])
def test_no_body_breaks_it(root: Client, name: str) -> None:
    method = name.partition(" ")[0]
    request = TABLE[name]
    path = filled(request.path, **ANY)
    for body in BODIES:
        answer = root.request(method, path, content=body, params=request.params)
        sound(answer, repr(body[:30]))
    for packed in (b"\x1f\x8bxx", gzip.compress(b"{}")[:-5]):
        answer = root.request(
            method,
            path,
            content=packed,
            params=request.params,
            headers={"Content-Encoding": "gzip"},
        )
        sound(answer, "gzip")
        if request.json is not None or request.content is not None:
            assert answer.status_code == 400, answer.text


def parameters() -> Iterator[tuple[str, str]]:
    for name in ROUTES:
        method, _, template = name.partition(" ")
        operation = PATHS.get(template, {}).get(method.lower())
        for parameter in (operation or {}).get("parameters", []):
            if parameter["in"] == "query" and (parameter["name"] not in EVERYWHERE or name in SOME):
                yield name, parameter["name"]


@pytest.mark.parametrize(("name", "parameter"), list(parameters()))
def test_no_parameter_breaks_it(root: Client, name: str, parameter: str) -> None:
    request = TABLE[name]
    for bad in VALUES:
        answer = root.request(
            name.partition(" ")[0],
            request.path.replace("{own_key}", "1"),
            json=request.json,
            content=request.content,
            params={**request.params, parameter: bad},
        )
        sound(answer, f"{parameter}={bad[:20]!r}")
