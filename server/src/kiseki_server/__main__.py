"""``python -m kiseki_server serve``: the command without the SDK's entry point."""

from __future__ import annotations

import argparse
import sys

from kiseki_server.cli import serve


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m kiseki_server")
    serve.register(parser.add_subparsers(required=True, metavar="COMMAND"))
    arguments = parser.parse_args()
    return arguments.run(arguments)


if __name__ == "__main__":
    sys.exit(main())
