"""Writes schemas/openapi.json from the routes of the server.

python tools/gen_openapi.py            write it
python tools/gen_openapi.py --check    fail when it is not up to date
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from kiseki_server.app.compose import compose
from kiseki_server.app.openapi import document
from kiseki_server.app.server import build_application
from kiseki_server.app.settings import Settings
from kiseki_server.app.stores import memory_stores

SCHEMA = Path(__file__).parent.parent / "schemas" / "openapi.json"


def generate() -> str:
    """The document as text."""
    with tempfile.TemporaryDirectory() as folder:
        services = compose(Settings(data_dir=Path(folder)), stores=memory_stores())
        described = document(build_application(services))
        services.close()
    return json.dumps(described, indent=2, ensure_ascii=False) + "\n"


def main(arguments: list[str]) -> int:
    text = generate()
    if arguments == ["--check"]:
        if SCHEMA.exists() and SCHEMA.read_text() == text:
            return 0
        print(f"{SCHEMA} is not up to date\n\nhint: run `make gen`", file=sys.stderr)
        return 1
    SCHEMA.parent.mkdir(exist_ok=True)
    SCHEMA.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
