"""``kiseki open``: the web pages, signed in."""

from __future__ import annotations

import argparse
import webbrowser
from typing import Any

from kiseki.cli.api import Api


def register(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "open",
        help="open the web pages, signed in",
        description="Make an address that signs you in once, within 15 minutes, and open it.",
    )
    parser.add_argument("--print", action="store_true", help="print the address, open no browser")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the address, so that it can be opened by hand too."""
    url: str = Api().call("POST", "/session/link")["url"]
    print(url)
    if not arguments.print:
        webbrowser.open(url)
    return 0
