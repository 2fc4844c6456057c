"""Names of run files, in the metadata store."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from kiseki_server.domain.files.store import BlobNames
from kiseki_server.domain.files.types import FilePage, RunFile
from kiseki_server.kit.ids import RunId
from kiseki_server.storage.sql.engine import Database
from kiseki_server.storage.sql.schema import run_files


class SqlRunFiles:
    """A `RunFileStore` over the table ``run_files``."""

    def __init__(self, database: Database, names: BlobNames) -> None:
        self._database = database
        self._names = names
        # Paths compare by their bytes, whatever the database's locale.
        collation = "BINARY" if database.dialect == "sqlite" else "C"
        self._path = run_files.c.path.collate(collation)

    def put(self, files: Sequence[RunFile]) -> None:
        connection = self._database.current()
        for file in files:
            self.delete(file.run, [file.path])
            connection.execute(
                sa.insert(run_files).values(
                    run_id=file.run,
                    path=file.path,
                    digest=file.digest,
                    size=file.size,
                    md5=file.md5,
                    media_type=file.media_type,
                    updated_at=file.updated_at,
                )
            )
            self._names.add([file.digest])

    def get(self, run: RunId, paths: Sequence[str]) -> Sequence[RunFile]:
        found: list[RunFile] = []
        unique = sorted(set(paths), key=str.encode)
        for start in range(0, len(unique), 500):
            chosen = run_files.c.path.in_(unique[start : start + 500])
            query = sa.select(run_files).where(run_files.c.run_id == run, chosen)
            rows = self._database.current().execute(query.order_by(self._path))
            found.extend(_file(row) for row in rows)
        return found

    def page(
        self,
        run: RunId,
        *,
        like: str | None = None,
        after: str | None = None,
        limit: int = 1000,
    ) -> FilePage:
        query = sa.select(run_files).where(run_files.c.run_id == run)
        if like is not None:
            query = query.where(self._like(like))
        if after is not None:
            query = query.where(self._path > after)
        query = query.order_by(self._path).limit(limit + 1)
        files = [_file(row) for row in self._database.current().execute(query)]
        shown = tuple(files[:limit])
        return FilePage(shown, shown[-1].path if len(files) > limit else None)

    def count(self, run: RunId) -> int:
        query = sa.select(sa.func.count()).where(run_files.c.run_id == run)
        return self._database.current().execute(query).scalar_one()

    def copy(self, source: RunId, target: RunId, *, under: str = "") -> None:
        connection = self._database.current()
        theirs = run_files.alias()
        taken = sa.select(theirs.c.path).where(theirs.c.run_id == target)
        columns = [column.name for column in run_files.columns if column.name != "run_id"]
        found = sa.select(sa.literal(target), *(run_files.c[name] for name in columns)).where(
            run_files.c.run_id == source,
            sa.func.substr(run_files.c.path, 1, len(under)) == under,
            run_files.c.path.not_in(taken),
        )
        insert = sa.insert(run_files).from_select(["run_id", *columns], found)
        digests = connection.execute(insert.returning(run_files.c.digest)).scalars()
        self._names.add(list(digests))

    def delete(self, run: RunId, paths: Sequence[str]) -> int:
        gone = 0
        unique = sorted(set(paths))
        for start in range(0, len(unique), 500):
            chosen = run_files.c.path.in_(unique[start : start + 500])
            gone += self._drop(run_files.c.run_id == run, chosen)
        return gone

    def delete_runs(self, runs: Sequence[RunId]) -> None:
        for start in range(0, len(runs), 500):
            self._drop(run_files.c.run_id.in_(runs[start : start + 500]))

    def _drop(self, *conditions: sa.ColumnElement[bool]) -> int:
        gone = sa.delete(run_files).where(*conditions).returning(run_files.c.digest)
        digests = list(self._database.current().execute(gone).scalars())
        self._names.drop(digests)
        return len(digests)

    def _like(self, pattern: str) -> sa.ColumnElement[bool]:
        if self._database.dialect != "sqlite":
            return run_files.c.path.like(pattern.replace("\\", "\\\\"))
        # SQLite's LIKE ignores case; its GLOB does not, but has other signs.
        signs = {"%": "*", "_": "?", "*": "[*]", "?": "[?]", "[": "[[]"}
        glob = "".join(signs.get(character, character) for character in pattern)
        return run_files.c.path.op("GLOB", is_comparison=True)(glob)


def _file(row: sa.Row[Any]) -> RunFile:
    return RunFile(
        run=RunId(row.run_id),
        path=row.path,
        digest=row.digest,
        size=row.size,
        md5=row.md5,
        media_type=row.media_type,
        updated_at=row.updated_at,
    )
