"""The connection to the metadata store: SQLite in the data directory, or PostgreSQL by URL."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event, exc

from kiseki_server.kit.errors import BadRequest, StorageFull, Unavailable, Unsupported

WAIT_SECONDS = 15
"""How long a writer waits for the writers before it."""


UNFIT = "A value holds what the database cannot store or compare, such as the character NUL"


class _Block:
    """One open transaction."""

    __slots__ = ("callbacks", "connection", "write")

    def __init__(self, connection: sa.Connection, write: bool) -> None:
        self.connection = connection
        self.write = write
        self.callbacks: list[Callable[[], None]] = []


class Database:
    """Hands out transactions; inside of one, `current` is the connection that stores use.

    On SQLite one writer works at a time: writers of this process queue at a lock, which is fair,
    where SQLite's own waiting polls. Readers never wait.
    """

    def __init__(self, url: str, *, durable_against_power_loss: bool = False) -> None:
        self.engine = create_engine(url, durable_against_power_loss=durable_against_power_loss)
        self.dialect = self.engine.dialect.name
        self._block: ContextVar[_Block | None] = ContextVar("kiseki_transaction", default=None)
        self._writing = threading.Lock() if self.dialect == "sqlite" else None

    def current(self) -> sa.Connection:
        """The connection of the transaction around the caller."""
        block = self._block.get()
        if block is None:
            raise RuntimeError("a store was used outside of a transaction")
        return block.connection

    @contextmanager
    def transaction(self, *, write: bool = False) -> Iterator[None]:
        """Begin a transaction, or join the one around the caller.

        Raises:
            Unavailable: The writers before this one did not finish in time.
            StorageFull: The disk is full; nothing of this transaction is stored.
        """
        outer = self._block.get()
        if outer is not None:
            if write and not outer.write:
                raise RuntimeError("a transaction that only reads cannot begin to write")
            yield
            return
        with self._turn(write), _errors_translated(), self.engine.connect() as connection:
            connection = connection.execution_options(kiseki_write=write)
            with connection.begin():
                block = _Block(connection, write)
                token = self._block.set(block)
                try:
                    yield
                finally:
                    self._block.reset(token)
        for callback in block.callbacks:
            callback()

    def on_commit(self, callback: Callable[[], None]) -> None:
        """Call back after the transaction around the caller is committed."""
        block = self._block.get()
        if block is None:
            raise RuntimeError("there is no transaction to wait for")
        block.callbacks.append(callback)

    def ping(self) -> None:
        """Raise unless the database answers."""
        with self.transaction():
            self.current().execute(sa.text("SELECT 1"))

    def close(self) -> None:
        self.engine.dispose()

    @contextmanager
    def _turn(self, write: bool) -> Iterator[None]:
        if not write or self._writing is None:
            yield
            return
        if not self._writing.acquire(timeout=WAIT_SECONDS):
            raise Unavailable(f"The database was busy writing for {WAIT_SECONDS} seconds")
        try:
            yield
        finally:
            self._writing.release()


def create_engine(url: str, *, durable_against_power_loss: bool = False) -> sa.Engine:
    """An engine set up for the way in which `Database` uses it."""
    try:
        parsed = sa.make_url(url)
    except exc.ArgumentError:
        raise BadRequest(
            "The database URL cannot be read", hint="write postgresql://USER:PASSWORD@HOST/NAME"
        ) from None
    if parsed.drivername in {"postgres", "postgresql"}:
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername == "postgresql+psycopg":
        try:
            engine = sa.create_engine(parsed, pool_size=16, max_overflow=32, pool_pre_ping=True)
        except ModuleNotFoundError:
            raise Unsupported(
                "PostgreSQL needs a driver that is not installed",
                hint="pip install 'kiseki-server[postgres]'",
            ) from None
        event.listen(engine, "handle_error", _refuse_unfit_values)
        return engine
    if parsed.drivername != "sqlite":
        raise BadRequest(
            f"`{parsed.drivername}` is no database that Kiseki can use",
            hint="write postgresql://USER:PASSWORD@HOST/NAME, or nothing for SQLite",
        )
    engine = sa.create_engine(
        parsed,
        pool_size=16,
        max_overflow=64,
        connect_args={"timeout": WAIT_SECONDS, "check_same_thread": False},
    )
    synchronous = "FULL" if durable_against_power_loss else "NORMAL"

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _record: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        for pragma in (
            "journal_mode = WAL",
            f"synchronous = {synchronous}",
            "foreign_keys = ON",
            "temp_store = MEMORY",
            "cache_size = -16000",
        ):
            connection.execute(f"PRAGMA {pragma}").close()

    @event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        write = connection.get_execution_options().get("kiseki_write", True)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

    return engine


def _refuse_unfit_values(context: sa.engine.ExceptionContext) -> None:
    """At the statement, since a query of GraphQL goes on after one of its fields has failed."""
    if isinstance(context.sqlalchemy_exception, exc.DataError):
        raise BadRequest(UNFIT) from context.original_exception


@contextmanager
def _errors_translated() -> Iterator[None]:
    try:
        yield
    except exc.DBAPIError as error:
        text = str(error.orig)
        if "disk is full" in text or "No space left on device" in text:
            raise StorageFull from error
        if "database is locked" in text:
            raise Unavailable("Another process keeps the database locked") from error
        if isinstance(error, exc.DataError):
            raise BadRequest(UNFIT) from error
        if error.connection_invalidated or isinstance(error, exc.OperationalError):
            raise Unavailable("The metadata database does not answer") from error
        raise
    except exc.TimeoutError as error:
        raise Unavailable("Every connection to the metadata database is in use") from error
