"""Writes the migration from the newest one to the tables in `schema.py`.

    python tools/migration.py 0002_run_pins "Runs can be pinned"

Read what it wrote: Alembic cannot see a renamed column, and SQLite needs batches.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any, Literal

from alembic import command
from alembic.config import Config

from kiseki_server.storage.sql import types
from kiseki_server.storage.sql.engine import Database
from kiseki_server.storage.sql.migrate import MIGRATIONS, migrate


def render(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """Our own column types by the names under which a migration imports them."""
    if kind != "type":
        return False
    if isinstance(item, types.UtcTime | types.JsonText):
        return f"{type(item).__name__}()"
    if "sqlite" in getattr(item, "_variant_mapping", {}):
        return "BigId"
    return False


def main(revision: str, message: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{folder}/scratch.db")
        migrate(database)
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.set_main_option("file_template", "%%(rev)s")
        with database.transaction(write=True):
            config.attributes.update(connection=database.current(), render_item=render)
            command.revision(config, message, autogenerate=True, rev_id=revision)
        database.close()
    print(f"wrote {MIGRATIONS / 'versions' / Path(revision).with_suffix('.py')}")


if __name__ == "__main__":
    main(*sys.argv[1:])
