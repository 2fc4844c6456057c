"""``kiseki serve``."""

from __future__ import annotations

import argparse
import os
import sys
from importlib.abc import MetaPathFinder
from typing import Any

from kiseki_server.app.settings import describe


class _WithoutPandas(MetaPathFinder):
    """Makes pandas look absent.

    The libraries of the columnar engine import it at the first query where it is installed, and
    chDB installs it. Nothing here uses it, and it would take 50 MB and a quarter of a second.
    """

    def find_spec(self, fullname: str, path: object, target: object = None) -> None:
        if fullname == "pandas":
            raise ModuleNotFoundError("The server does without pandas", name="pandas")


def register(subparsers: Any) -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser(
        "serve",
        help="start the server",
        description="Start the Kiseki server. Every option can also be given by the environment "
        "variable that stands beside it.",
        formatter_class=argparse.HelpFormatter,
    )
    for option in describe():
        default = "" if option.default is None else f", default {option.default}"
        parser.add_argument(
            option.flag,
            dest=option.name,
            metavar="|".join(option.choices) or option.type.__name__.upper(),
            help=f"{option.help} [{option.variable}{default}]".replace("%", "%%"),
        )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Serve; the exit code is 1 when the server cannot start."""
    sys.meta_path.insert(0, _WithoutPandas())
    # The server's libraries take a second to import, which `kiseki --help` should not wait for.
    from kiseki_server.app.process import serve
    from kiseki_server.app.settings import Settings
    from kiseki_server.kit.errors import KisekiError

    try:
        serve(Settings.load(vars(arguments), os.environ))
    except KisekiError as error:
        print(f"Cannot start: {error.message}", file=sys.stderr)
        reason = str(error.__cause__ or "").strip()
        if reason:
            print(f"\nreason: {reason.splitlines()[0]}", file=sys.stderr)
        if error.hint:
            print(f"\nhint: {error.hint}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0
