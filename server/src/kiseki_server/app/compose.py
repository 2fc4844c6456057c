"""The composition root: the one place that knows which adapters exist."""

from __future__ import annotations

from datetime import timedelta

from kiseki_server.app.datadir import SECRET
from kiseki_server.app.services import Services
from kiseki_server.app.settings import Settings
from kiseki_server.domain.accounts.credentials import Credentials
from kiseki_server.domain.accounts.service import AccountService
from kiseki_server.domain.projects.service import ProjectService
from kiseki_server.kit.clock import Clock, SystemClock
from kiseki_server.kit.secrets import Hasher, secret_from_file
from kiseki_server.storage.sql.credentials import SqlCredentialStore
from kiseki_server.storage.sql.engine import Database
from kiseki_server.storage.sql.migrate import migrate
from kiseki_server.storage.sql.organizations import SqlOrganizationStore
from kiseki_server.storage.sql.projects import SqlProjectStore
from kiseki_server.storage.sql.users import SqlUserStore


def compose(settings: Settings, *, clock: Clock | None = None) -> Services:
    """Open the stores that the settings name and build the services on them."""
    clock = clock or SystemClock()
    url = settings.database_url or f"sqlite:///{settings.data_dir / 'kiseki.db'}"
    database = Database(url, durable_against_power_loss=settings.durability == "power")
    migrate(database)
    credentials = Credentials(
        SqlCredentialStore(database),
        Hasher(secret_from_file(settings.data_dir / SECRET)),
        clock,
        session_lifetime=timedelta(days=settings.session_days),
    )
    accounts = AccountService(
        SqlUserStore(database), SqlOrganizationStore(database), credentials, clock
    )
    projects = ProjectService(SqlProjectStore(database), accounts, clock)
    services = Services(
        settings=settings,
        clock=clock,
        database=database,
        accounts=accounts,
        credentials=credentials,
        projects=projects,
    )
    services.checks["metadata database"] = database.ping
    services.on_close.append(database.close)
    return services
