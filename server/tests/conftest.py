"""What tests of the server share: databases, and a server composed in this process."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from litestar.testing import TestClient
from server.tests.applications import application
from server.tests.postgres import NoPostgres, private_postgres

from kiseki_server.app.compose import compose
from kiseki_server.app.datadir import ADMIN_KEY
from kiseki_server.app.first_start import ensure_administrator
from kiseki_server.app.server import Application
from kiseki_server.app.services import Services
from kiseki_server.app.settings import Settings
from kiseki_server.app.stores import memory_stores, open_stores
from kiseki_server.storage.columnar.engine import ClientPool, open_engine
from kiseki_server.storage.sql.engine import Database, create_engine
from kiseki_server.storage.sql.migrate import migrate
from kiseki_server.storage.sql.schema import metadata

SQL = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]
"""Parameters of a test that runs on every SQL database; the fixture is named
``<parameter>_database``."""


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The URL of a PostgreSQL, started for this test process."""
    with ExitStack() as stack:
        try:
            url = stack.enter_context(private_postgres())
        except NoPostgres as reason:
            pytest.skip(str(reason))
        yield url


@pytest.fixture(scope="session")
def sql_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite database to copy."""
    path = tmp_path_factory.mktemp("sql") / "template.db"
    database = Database(f"sqlite:///{path}")
    migrate(database)
    database.close()
    return path


@pytest.fixture
def sqlite_url(sql_template: Path, tmp_path: Path) -> str:
    """An empty, migrated SQLite database."""
    path = tmp_path / "test.db"
    path.write_bytes(sql_template.read_bytes())
    return f"sqlite:///{path}"


@pytest.fixture(scope="session")
def migrated_postgres(postgres_url: str) -> str:
    """A migrated PostgreSQL."""
    database = Database(postgres_url)
    migrate(database)
    database.close()
    return postgres_url


@pytest.fixture
def sqlite_database(sqlite_url: str) -> Iterator[Database]:
    """An empty SQLite database."""
    database = Database(sqlite_url)
    yield database
    database.close()


@pytest.fixture
def postgresql_database(migrated_postgres: str) -> Iterator[Database]:
    """An empty PostgreSQL database."""
    engine = create_engine(migrated_postgres)
    names = ", ".join(table.name for table in metadata.sorted_tables)
    with engine.begin() as connection:
        connection.execute(sa.text(f"TRUNCATE {names} RESTART IDENTITY CASCADE"))
    engine.dispose()
    database = Database(migrated_postgres)
    yield database
    database.close()


@pytest.fixture(params=SQL)
def sql(request: pytest.FixtureRequest) -> Database:
    """An empty database of each kind."""
    return request.getfixturevalue(f"{request.param}_database")


@pytest.fixture(scope="session")
def chdb_pool(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClientPool]:
    """The one embedded engine that a process may have open; tests use projects of their own."""
    pool = open_engine(tmp_path_factory.mktemp("chdb"), memory_bytes=1 << 30, connections=4)
    yield pool
    pool.close()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings with a data directory of the test's own, and quick commits."""
    folder = tmp_path / "data"
    folder.mkdir()
    return Settings(data_dir=folder, commit_interval_ms=1)


@pytest.fixture
def services(settings: Settings) -> Iterator[Services]:
    """Everything composed on stores in memory, with the administrator `admin`.

    Work in the background runs only below a `client`.
    """
    services = compose(settings, stores=memory_stores())
    ensure_administrator(services)
    yield services
    services.close()


@pytest.fixture
def embedded_services(
    settings: Settings, sqlite_url: str, chdb_pool: ClientPool
) -> Iterator[Services]:
    """Everything composed on SQLite and the embedded engine, with the administrator `admin`."""
    settings = replace(settings, database_url=sqlite_url)
    stores = open_stores(settings, engine=chdb_pool)
    with stores.work.transaction(write=True):
        # The engine is shared: numbers of projects and runs must be nobody else's.
        for table in ("projects", "runs"):
            stores.work.current().execute(  # pyright: ignore[reportAttributeAccessIssue]
                sa.text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :seq)"),
                {"name": table, "seq": secrets.randbelow(1 << 50)},
            )
    services = compose(settings, stores=stores)
    ensure_administrator(services)
    yield services
    services.close()


@pytest.fixture
def admin_key(services: Services) -> str:
    """The administrator's key."""
    return (services.settings.data_dir / ADMIN_KEY).read_text().strip()


@pytest.fixture
def client(services: Services, admin_key: str) -> Iterator[TestClient[Application]]:
    """An HTTP client of the composed server, with the administrator's key."""
    with TestClient(application(services), base_url="http://127.0.0.1:8080") as client:
        client.headers["Authorization"] = f"Bearer {admin_key}"
        yield client
