"""Write `docs/reference/weave-compatibility.md`: what the weave client may ask, and what it gets.

    python tools/weave_compatibility.py

It reads the client that the tests have installed.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from kiseki_server.protocols import weave
from kiseki_server.protocols.otlp import routes as otlp
from kiseki_server.protocols.weave.bodies import LIMIT
from kiseki_server.protocols.weave.later import LATER
from kiseki_server.protocols.weave.service import OLDEST_CLIENT

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "docs" / "reference" / "weave-compatibility.md"
VERSIONS = ("0.54.0", "0.52.43", "0.51.59")
"""Of the clients that the tests run, the newest first."""
NEWEST, *_OTHERS = VERSIONS

_PLACE = "/v2/{entity}/{project}"
_METHODS = {"_get": "GET", "_post": "POST", "_put": "PUT", "_patch": "PATCH", "_delete": "DELETE"}
_PART = re.compile(r"\{[^}]*\}")


class Route(NamedTuple):
    """What a client asks: a method, and a path with names in braces."""

    path: str
    method: str


HIDDEN = (
    Route(f"{_PLACE}/call/start", "POST"),
    Route(f"{_PLACE}/call/end", "POST"),
    Route("/agents/otel/v1/traces", "POST"),
    Route("/dataset_sources/link_delete", "POST"),
    Route("/link_to_registry", "POST"),
)
"""What the client sends beside what its generated part has a method for."""
OLD = (
    Route("/actions/execute_batch", "POST"),
    Route("/calls/query", "POST"),
    Route("/files/content", "POST"),
    Route("/files/create", "POST"),
)
"""What older clients send."""
FIXED = {
    Route("/project/ingest_sampling_settings/read", "POST"): "always that all calls are kept",
    Route("/project/sensitive_data_settings", "GET"): "always `off`: clients redact before sending",
}
"""Settings that Kiseki does not have, by what is answered."""

HEAD = """# What the `weave` client may ask

<!-- Written by tools/weave_compatibility.py; a test compares the two, and asks a server. -->

The client runs unmodified against Kiseki: the tests run programs with {newest}, and a smaller set
with {others}. Clients before {oldest} are told that they are too old. The routes of
{newest}, {count} in all with those of older clients, stand below the path `/traces`, and at the
server's own address as well (`WF_TRACE_SERVER_URL`).

- **served**: does what the client asks for.
- **fixed**: the same answer for everybody, because Kiseki has no such setting.
- **refused**: answered with status 501 and one sentence that names the feature. The client does
  not try again, but for `dataset_sources/link_delete`, which it tries three times.

A body may have {limit} MiB, packed (gzip) and unpacked, that of `table/create_from_digests` 64
MiB; a file as much as the setting `--file-limit-mb` says. What is beyond is refused
with status 413.

| route | | |
| --- | --- | --- |
"""
TAIL = """
Within a route that is served, refused are `filters` of `eval_results/query`: the page that compares
evaluations has them, and `/api/v1/projects/…/comparison/rows`.
"""


def main() -> None:
    client = ROOT / ".clients" / f"weave-{NEWEST}"
    if not client.is_dir():
        sys.exit(
            f"The client {NEWEST} is not installed\n\n"
            "hint: pytest tests/clients/weave/test_routes.py installs it"
        )
    DOCUMENT.write_text(render(asked(client)), encoding="utf-8")


def asked(environment: Path) -> list[Route]:
    """Every route that a client may ask for, without doubles, in order."""
    return sorted({*_generated(environment), *HIDDEN, *OLD})


def render(routes: Iterable[Route]) -> str:
    """The document for a client with these routes."""
    routes = list(routes)
    lines = [f"| `{it.method} {it.path}` | {' | '.join(standing(it))} |" for it in routes]
    head = HEAD.format(
        newest=NEWEST,
        others=" and ".join(_OTHERS),
        oldest=OLDEST_CLIENT,
        count=len(routes),
        limit=LIMIT >> 20,
    )
    return head + "\n".join(lines) + "\n" + TAIL


def standing(route: Route) -> tuple[str, str]:
    """What becomes of a route, and why.

    Raises:
        LookupError: Kiseki knows no such route.
    """
    known = _shape(route.method, route.path)
    for feature, refused in LATER.items():
        if known in {_shape(*each) for each in refused}:
            return "refused", feature
    if known not in _served():
        raise LookupError(f"{route.method} {route.path}")
    return ("fixed", FIXED[route]) if route in FIXED else ("served", "")


def _served() -> set[tuple[str, str]]:
    spans = {("POST", path.removeprefix(weave.PREFIX)) for each in otlp for path in each.paths}
    return {_shape(*each) for each in weave.addresses() | spans}


def _shape(method: str, path: str) -> tuple[str, str]:
    """The same for paths that differ in the names of their parts."""
    return method, _PART.sub("{}", path)


def _generated(environment: Path) -> Iterator[Route]:
    """The routes that the client's generated part has methods for."""
    (folder,) = environment.glob("lib/*/site-packages/weave/vendor/weave_server_sdk/resources")
    for file in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(
                    func=ast.Attribute(attr=name),
                    args=[
                        ast.Constant(value=str(path))
                        | ast.Call(args=[ast.Constant(value=str(path)), *_]),
                        *_,
                    ],
                ) if name in _METHODS:
                    yield Route(path, _METHODS[name])
                case _:
                    pass


if __name__ == "__main__":
    main()
