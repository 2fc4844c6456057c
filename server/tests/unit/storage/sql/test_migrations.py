"""The migrations build what the schema says, on every SQL database."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from kiseki_server.kit.errors import Conflict
from kiseki_server.storage.sql.engine import Database, create_engine
from kiseki_server.storage.sql.migrate import migrate
from kiseki_server.storage.sql.schema import metadata


def test_migrations_and_schema_agree(sql: Database) -> None:
    with sql.transaction():
        context = MigrationContext.configure(sql.current(), opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_constraints_of_the_schema_hold(sql: Database) -> None:
    insert = sa.text(
        "INSERT INTO entities (name, name_key, kind, created_at) VALUES ('a', 'a', 'user', :now)"
    )
    with (
        pytest.raises(sa.exc.IntegrityError, match="one_owner"),
        sql.transaction(write=True),
    ):
        sql.current().execute(insert, {"now": "2026-01-01 00:00:00"})


def test_a_migrated_database_is_left_alone(sql: Database) -> None:
    with sql.transaction(write=True):
        sql.current().execute(
            sa.text("INSERT INTO organizations (name, name_key, created_at) VALUES ('a','a',:now)"),
            {"now": "2026-01-01 00:00:00"},
        )
    migrate(sql)
    with sql.transaction():
        count = sql.current().execute(sa.text("SELECT count(*) FROM organizations")).scalar_one()
    assert count == 1


def test_a_database_of_a_newer_version_is_refused(sqlite_database: Database) -> None:
    with sqlite_database.transaction(write=True):
        sqlite_database.current().execute(sa.text("UPDATE alembic_version SET version_num = '99'"))
    with pytest.raises(Conflict, match="newer version of Kiseki"):
        migrate(sqlite_database)


@pytest.mark.postgres
def test_servers_that_start_together_migrate_once(postgres_url: str) -> None:
    admin = create_engine(postgres_url)
    with admin.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text("DROP DATABASE IF EXISTS together"))
        connection.execute(sa.text("CREATE DATABASE together"))
    admin.dispose()
    url = sa.make_url(postgres_url).set(database="together").render_as_string(hide_password=False)
    databases = [Database(url) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(migrate, databases)) == [None] * 4
    with databases[0].transaction():
        context = MigrationContext.configure(databases[0].current())
        assert compare_metadata(context, metadata) == []
    for database in databases:
        database.close()
