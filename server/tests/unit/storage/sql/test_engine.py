"""Transactions: what they promise to stores and to whoever opens them."""

from __future__ import annotations

import threading
from contextlib import suppress
from pathlib import Path

import pytest
import sqlalchemy as sa

from kiseki_server.kit.errors import BadRequest, Unavailable
from kiseki_server.storage.sql.engine import Database

INSERT = sa.text(
    "INSERT INTO organizations (name, name_key, created_at)"
    " VALUES (:name, :name, '2026-01-01 00:00:00')"
)
COUNT = sa.text("SELECT count(*) FROM organizations")


def add(database: Database, name: str) -> None:
    database.current().execute(INSERT, {"name": name})


def count(database: Database) -> int:
    with database.transaction():
        return database.current().execute(COUNT).scalar_one()


def test_a_block_that_raises_leaves_nothing(sql: Database) -> None:
    with suppress(LookupError), sql.transaction(write=True):
        add(sql, "a")
        raise LookupError
    assert count(sql) == 0


def test_an_inner_block_joins_the_outer_one(sql: Database) -> None:
    with suppress(LookupError), sql.transaction(write=True):
        with sql.transaction(write=True):
            add(sql, "a")
        with sql.transaction():
            assert sql.current().execute(COUNT).scalar_one() == 1
        raise LookupError
    assert count(sql) == 0


def test_a_reader_cannot_begin_to_write(sql: Database) -> None:
    with (
        sql.transaction(),
        pytest.raises(RuntimeError, match="only reads"),
        sql.transaction(write=True),
    ):
        pass


def test_stores_need_a_transaction(sql: Database) -> None:
    with pytest.raises(RuntimeError, match="outside of a transaction"):
        sql.current()


def test_callbacks_come_after_the_commit_and_not_after_a_rollback(sql: Database) -> None:
    seen: list[int] = []
    with sql.transaction(write=True):
        add(sql, "a")
        with sql.transaction(write=True):
            sql.on_commit(lambda: seen.append(count(sql)))
        assert seen == []
    assert seen == [1]
    with suppress(LookupError), sql.transaction(write=True):
        sql.on_commit(lambda: seen.append(-1))
        raise LookupError
    assert seen == [1]


def test_writers_of_many_threads_take_turns(sql: Database) -> None:
    failures: list[BaseException] = []

    def write(thread: int) -> None:
        try:
            for number in range(20):
                with sql.transaction(write=True):
                    add(sql, f"{thread}-{number}")
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert count(sql) == 160


def test_readers_do_not_wait_for_a_writer(sql: Database) -> None:
    with sql.transaction(write=True):
        add(sql, "a")
        seen: list[int] = []
        reader = threading.Thread(target=lambda: seen.append(count(sql)))
        reader.start()
        reader.join(30)
        assert seen == [0]


def test_a_value_that_the_database_refuses_is_a_bad_request(sql: Database) -> None:
    query = sa.text("SELECT count(*) FROM organizations WHERE name = :name")
    try:
        with sql.transaction():
            count = sql.current().execute(query, {"name": "a\0b"}).scalar_one()
        assert (sql.dialect, count) == ("sqlite", 0)
    except BadRequest:
        assert sql.dialect == "postgresql"


def test_a_lost_server_is_unavailable() -> None:
    database = Database("postgresql://nobody@127.0.0.1:1/none?connect_timeout=1")
    with pytest.raises(Unavailable, match="does not answer"):
        database.ping()
    database.close()


def test_power_loss_is_survived_on_request(tmp_path: Path) -> None:
    found: dict[bool, int] = {}
    for durable in (False, True):
        database = Database(
            f"sqlite:///{tmp_path / f'{durable}.db'}", durable_against_power_loss=durable
        )
        with database.transaction():
            found[durable] = database.current().execute(sa.text("PRAGMA synchronous")).scalar_one()
        database.close()
    assert found == {False: 1, True: 2}
