"""How many names each blob has, in the metadata store."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from kiseki_server.domain.files.types import Blob, Named
from kiseki_server.kit.errors import Unavailable
from kiseki_server.storage.sql.chunks import chunks
from kiseki_server.storage.sql.engine import Database
from kiseki_server.storage.sql.schema import artifact_contents
from kiseki_server.storage.sql.schema import blobs as table

_NAMED = datetime(1970, 1, 1, tzinfo=UTC)
"""Stands as the time of a blob's reservation once it has got its name."""


class SqlBlobNames:
    """`BlobNames` over the table ``blobs``."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._insert: Any = sqlite.insert if database.dialect == "sqlite" else postgresql.insert

    def reserve(self, blobs: Sequence[Blob], at: datetime) -> None:
        rows = [
            {"digest": digest, "size": size, "refs": 0, "created_at": at}
            # In an order that keeps transactions from deadlocks.
            for digest, size in sorted({blob.digest: blob.size for blob in blobs}.items())
        ]
        if rows:
            insert = self._insert(table)
            again = {"created_at": insert.excluded.created_at}
            self._database.current().execute(
                insert.on_conflict_do_update(index_elements=["digest"], set_=again), rows
            )

    def add(self, digests: Iterable[str]) -> None:
        for chunk, step in _alike(digests):
            found = self._database.current().execute(
                sa.update(table)
                .where(table.c.digest.in_(chunk))
                .values(refs=table.c.refs + step, created_at=_NAMED)
            )
            if found.rowcount != len(chunk):
                raise Unavailable(
                    "Bytes that were stored have been freed before they got a name; send them again"
                )

    def drop(self, digests: Iterable[str]) -> None:
        for chunk, step in _alike(digests):
            self._database.current().execute(
                sa.update(table).where(table.c.digest.in_(chunk)).values(refs=table.c.refs - step)
            )

    def get(self, digests: Collection[str]) -> Mapping[str, Named]:
        found: dict[str, Named] = {}
        for chunk in chunks(sorted(set(digests))):
            query = sa.select(table.c.digest, table.c.size, table.c.refs)
            for row in self._database.current().execute(query.where(table.c.digest.in_(chunk))):
                found[row.digest] = Named(row.size, row.refs)
        return found

    def forget(self, before: datetime, *, limit: int = 500) -> Sequence[str]:
        connection = self._database.current()
        nameless = sa.and_(table.c.refs == 0, table.c.created_at < before)
        query = sa.select(table.c.digest).where(nameless).order_by(table.c.created_at)
        query = query.limit(limit).with_for_update()  # without effect on SQLite
        digests = list(connection.execute(query).scalars())
        connection.execute(
            sa.delete(artifact_contents).where(artifact_contents.c.blob.in_(digests))
        )
        connection.execute(sa.delete(table).where(table.c.digest.in_(digests)))
        return digests


def _alike(digests: Iterable[str]) -> Iterator[tuple[Sequence[str], int]]:
    """Digests that come equally often, in an order that keeps transactions from deadlocks."""
    groups: dict[int, list[str]] = {}
    for digest, times in sorted(Counter(digests).items()):
        groups.setdefault(times, []).append(digest)
    for times, group in sorted(groups.items()):
        for chunk in chunks(group):
            yield chunk, times
