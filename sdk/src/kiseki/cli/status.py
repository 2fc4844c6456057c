"""``kiseki status``: which server, and who one is there."""

from __future__ import annotations

import argparse
from typing import Any

import msgspec

from kiseki.cli.api import Api, CommandError


def register(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "status",
        help="tell which server is used, and as whom",
        description="Tell which server runs are sent to, whether it answers, and who you are.",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the state; the exit code is 1 when no run could be sent."""
    api = Api()
    found: dict[str, Any] = {"base_url": api.base_url, "ok": False}
    try:
        session = api.call("GET", "/session")
    except CommandError as error:
        found |= {"problem": error.message, "hint": error.hint}
    else:
        found |= {
            "ok": True,
            "version": session["server"]["version"],
            "user": session["user"]["name"],
            "default_entity": session["default_entity"],
            "entities": [entity["name"] for entity in session["entities"]],
        }
    if arguments.json:
        print(msgspec.json.encode(found).decode())
        return 0 if found["ok"] else 1
    print(f"server   {found['base_url']}")
    if found["ok"]:
        print(f"version  {found['version']}")
        print(f"user     {found['user']}")
        print(f"entities {', '.join(found['entities'])}")
        return 0
    print(f"problem  {found['problem']}")
    if found["hint"]:
        print(f"hint     {found['hint']}")
    return 1
