"""Everything that the server consists of, built once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from kiseki_server.app.settings import Settings
from kiseki_server.domain.accounts.credentials import Credentials
from kiseki_server.domain.accounts.service import AccountService
from kiseki_server.domain.projects.service import ProjectService
from kiseki_server.kit.clock import Clock
from kiseki_server.kit.transactions import UnitOfWork


@dataclass(slots=True, kw_only=True)
class Services:
    """The stores' services, with what happens around their life.

    `start`, `stop_streams` and `close` run the hooks that `compose` has put in: work in the
    background begins and ends with them.
    """

    settings: Settings
    clock: Clock
    database: UnitOfWork
    accounts: AccountService
    credentials: Credentials
    projects: ProjectService
    checks: dict[str, Callable[[], None]] = field(default_factory=dict)
    """What must answer before the server is ready, by name."""
    on_start: list[Callable[[], None]] = field(default_factory=list)
    on_signal: list[Callable[[], None]] = field(default_factory=list)
    on_close: list[Callable[[], None]] = field(default_factory=list)

    def start(self) -> None:
        """Begin the work in the background."""
        for hook in self.on_start:
            hook()

    def stop_streams(self) -> None:
        """End what would keep connections open for ever."""
        for hook in self.on_signal:
            hook()

    def close(self) -> None:
        """Finish what was accepted and close the stores, the last opened first."""
        while self.on_close:
            self.on_close.pop()()
