"""The migrations build what the schema says, on every SQL database."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from kiseki_server.kit.errors import Conflict
from kiseki_server.storage.sql.engine import Database, create_engine
from kiseki_server.storage.sql.migrate import migrate
from kiseki_server.storage.sql.organizations import SqlOrganizationStore
from kiseki_server.storage.sql.schema import metadata, projects, runs
from kiseki_server.storage.sql.users import SqlUserStore


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


FIRST = "0001_initial"

_ROWS = (
    "INSERT INTO users (id, name, admin, created_at) VALUES (3, 'a', true, :now)",
    (
        "INSERT INTO entities (id, name, name_key, kind, user_id, created_at)"
        " VALUES (5, 'a', 'a', 'user', 3, :now)"
    ),
    (
        "INSERT INTO projects"
        " (id, entity_id, name, name_key, description, visibility, created_at, updated_at)"
        " VALUES (7, 5, 'p', 'p', '', 'private', :now, :now)"
    ),
    (
        "INSERT INTO runs (id, project_id, name, display_name, state, tags, user_id,"
        " config, summary, metrics, environment, client,"
        " created_at, updated_at, started_at, stop_requested)"
        " VALUES (9, 7, 'r', 'r', 'running', '[]', 3,"
        " '{}', '{}', '[]', '{}', '{}', :now, :now, :now, false)"
    ),
)


def _check_upgrade(database: Database) -> None:
    """A database that holds a run is brought from the first version to the newest."""
    migrate(database, FIRST)
    with database.transaction(write=True):
        for row in _ROWS:
            database.current().execute(sa.text(row), {"now": "2026-01-01 00:00:00"})
    migrate(database)
    with database.transaction(write=True):
        connection = database.current()
        assert connection.execute(sa.select(runs.c.id, runs.c.project_id)).all() == [(9, 7)]
        kept = sa.select(projects.c.id, projects.c.kind, projects.c.any_type)
        assert connection.execute(kept).all() == [(7, "project", True)]


def test_organisations_of_earlier_versions_get_their_entity(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'old.db'}")
    try:
        migrate(database, FIRST)
        organization = (
            "INSERT INTO organizations (id, name, name_key, created_at)"
            " VALUES (4, 'Acme', 'acme', :now)"
        )
        with database.transaction(write=True):
            for row in (*_ROWS, organization):
                database.current().execute(sa.text(row), {"now": "2026-01-01 00:00:00"})
        migrate(database)
        store = SqlOrganizationStore(database)
        with database.transaction(write=True):
            assert store.all() == []
            assert store.complete(datetime(2026, 1, 2, tzinfo=UTC))
            assert store.complete(datetime(2026, 1, 3, tzinfo=UTC))
            (acme,) = store.all()
            assert (acme.id, acme.name, acme.entity.name) == (4, "Acme", "Acme-org")
            assert SqlUserStore(database).entity("acme-org") == acme.entity
    finally:
        database.close()


def test_projects_of_earlier_versions_get_an_owner(tmp_path: Path) -> None:
    """A team's: who started its first run. Where nobody did, nobody is known."""
    database = Database(f"sqlite:///{tmp_path / 'old.db'}")
    team = (
        "INSERT INTO users (id, name, admin, created_at) VALUES (4, 'b', false, :now)",
        "INSERT INTO organizations (id, name, name_key, created_at) VALUES (1, 'o', 'o', :now)",
        (
            "INSERT INTO entities (id, name, name_key, kind, org_id, created_at)"
            " VALUES (6, 't', 't', 'team', 1, :now)"
        ),
        *(
            "INSERT INTO projects"
            " (id, entity_id, name, name_key, description, visibility, created_at, updated_at)"
            f" VALUES ({id}, 6, 'p{id}', 'p{id}', '', 'private', :now, :now)"
            for id in (8, 9)
        ),
        *(
            _ROWS[3].replace("(9, 7, 'r'", f"({id}, 8, 'r{id}'").replace(" 3,", f" {user},")
            for id, user in ((10, 4), (11, 3))
        ),
    )
    try:
        migrate(database, FIRST)
        with database.transaction(write=True):
            for row in (*_ROWS, *team):
                database.current().execute(sa.text(row), {"now": "2026-01-01 00:00:00"})
        migrate(database)
        with database.transaction():
            owners = sa.select(projects.c.id, projects.c.owner_id).order_by(projects.c.id)
            assert database.current().execute(owners).all() == [(7, 3), (8, 4), (9, None)]
    finally:
        database.close()


def test_a_database_with_runs_is_upgraded(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'old.db'}")
    try:
        _check_upgrade(database)
        with database.transaction(write=True):
            # A table that was built anew would count from the beginning.
            last = sa.text("SELECT seq FROM sqlite_sequence WHERE name = 'projects'")
            assert database.current().execute(last).scalars().all() == [7]
    finally:
        database.close()


@pytest.mark.postgres
def test_a_postgresql_with_runs_is_upgraded(postgres_url: str) -> None:
    database = Database(_new_database(postgres_url, "upgraded"))
    try:
        _check_upgrade(database)
    finally:
        database.close()


def test_a_database_of_a_newer_version_is_refused(sqlite_database: Database) -> None:
    with sqlite_database.transaction(write=True):
        sqlite_database.current().execute(sa.text("UPDATE alembic_version SET version_num = '99'"))
    with pytest.raises(Conflict, match="newer version of Kiseki"):
        migrate(sqlite_database)


@pytest.mark.postgres
def test_servers_that_start_together_migrate_once(postgres_url: str) -> None:
    url = _new_database(postgres_url, "together")
    databases = [Database(url) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(migrate, databases)) == [None] * 4
    with databases[0].transaction():
        context = MigrationContext.configure(databases[0].current())
        assert compare_metadata(context, metadata) == []
    for database in databases:
        database.close()


def _new_database(postgres_url: str, name: str) -> str:
    """The URL of an empty database of that name."""
    admin = create_engine(postgres_url)
    with admin.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text(f"DROP DATABASE IF EXISTS {name}"))
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    admin.dispose()
    return sa.make_url(postgres_url).set(database=name).render_as_string(hide_password=False)
