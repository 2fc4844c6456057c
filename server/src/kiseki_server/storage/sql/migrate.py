"""Brings a database to the schema of this version."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from kiseki_server.kit.errors import Conflict
from kiseki_server.storage.sql.engine import Database

MIGRATIONS = Path(__file__).parent / "migrations"

_LOCK = 0x6B697365  # one number for all servers that share a PostgreSQL


def migrate(database: Database, target: str = "head") -> None:
    """Run the migrations that the database lacks up to ``target``, all of them or none.

    Raises:
        Conflict: A newer version of Kiseki has written the database.
    """
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    scripts = ScriptDirectory.from_config(config)
    known = {script.revision for script in scripts.walk_revisions()}
    with database.transaction(write=True):
        connection = database.current()
        if database.dialect == "postgresql":
            connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        found = MigrationContext.configure(connection).get_current_heads()
        if not known.issuperset(found):
            raise Conflict(
                f"The database was written by a newer version of Kiseki (schema {found[0]})",
                hint="install that version, or start with another data directory",
            )
        if set(found) == set(scripts.get_heads()):
            return
        config.attributes["connection"] = connection
        command.upgrade(config, target)
