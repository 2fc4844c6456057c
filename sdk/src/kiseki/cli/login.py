"""``kiseki login``: keep an API key for a server."""

from __future__ import annotations

import argparse
import getpass
import sys
from typing import Any

from kiseki import settings
from kiseki.cli.api import Api, CommandError


def register(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "login",
        help="keep an API key for a server",
        description="Check an API key and keep it in the credentials file, readable by you alone.",
    )
    parser.add_argument(
        "base_url",
        nargs="?",
        metavar="BASE_URL",
        help="address of the server (default: KISEKI_BASE_URL, else http://127.0.0.1:8080)",
    )
    parser.add_argument("--key", help="the API key (default: ask for it)")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Check the key with the server before it is kept."""
    base_url = (arguments.base_url or settings.base_url()).rstrip("/")
    if "://" not in base_url:
        base_url = f"http://{base_url}"
    key = arguments.key or _ask(base_url)
    if not key:
        raise CommandError("No API key was given", hint=f"make one at {base_url}/authorize")
    session = Api(base_url, key).call("GET", "/session")
    path = settings.store_credentials(base_url, key)
    print(f"Signed in to {base_url} as {session['user']['name']}; the key is kept in {path}")
    return 0


def _ask(base_url: str) -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().strip()
    print(f"Your API key is at {base_url}/authorize")
    return getpass.getpass("Paste it here (it is not shown): ").strip()
