"""The command ``kiseki``. The server's wheel adds ``kiseki serve`` to it."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Callable, Sequence
from importlib import metadata
from typing import Any

from kiseki.errors import Error

_OWN = ("login", "status", "open", "sync", "admin")
_GROUP = "kiseki.commands"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    parser = build_parser()
    parsed = parser.parse_args(arguments)
    try:
        code: int = parsed.run(parsed)
        sys.stdout.flush()
        return code
    except Error as error:
        print(f"error: {error.message}", file=sys.stderr)
        if error.hint:
            print(f"\nhint: {error.hint}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        # Whoever read the output has enough; Python would complain at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130


def build_parser() -> argparse.ArgumentParser:
    """All commands, those of installed extensions included."""
    parser = argparse.ArgumentParser(
        prog="kiseki",
        description="Track training runs: log in microseconds, lose nothing, look anywhere.",
    )
    parser.add_argument(
        "--version", action="version", version=f"kiseki {metadata.version('kiseki')}"
    )
    commands = parser.add_subparsers(title="commands", required=True, dest="command")
    for register in _commands():
        register(commands)
    return parser


def _commands() -> list[Callable[[Any], None]]:
    own = [importlib.import_module(f"kiseki.cli.{name}").register for name in _OWN]
    # By name: an editable and a built wheel may both announce the same command.
    points = {point.name: point for point in metadata.entry_points(group=_GROUP)}
    return own + [points[name].load() for name in sorted(points)]


if __name__ == "__main__":
    sys.exit(main())
