"""Datasets: rows with versions."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, cast

from kiseki.errors import ValueTypeError
from kiseki.evals.objects import Object, stored
from kiseki.tracing.digests import table_digest, value_digest
from kiseki.tracing.sink import Sink
from kiseki.tracing.values import to_json
from kiseki.wire.traced import REF, Rows, Table

_RECORD_BYTES = 4 << 20


class Dataset(Object):
    """Rows, each a map. An unchanged dataset is the same version."""

    rows: list[dict[str, Any]]

    def __init__(
        self,
        rows: Iterable[Mapping[str, Any]] = (),
        *,
        name: str | None = None,
        description: str | None = None,
    ) -> None:
        """Make a dataset of a list of maps, or of anything that gives maps."""
        self._fill({"name": name, "description": description, "rows": _checked(rows)})

    @classmethod
    def from_pandas(cls, frame: Any, *, name: str | None = None) -> Dataset:
        """A dataset of a dataframe's rows."""
        return cls(frame.to_dict(orient="records"), name=name)

    def row_digests(self, sink: Sink | None) -> list[str]:
        """The digest of each row, by which results of several evaluations are put beside each
        other."""
        return [value_digest(row) for row in self._stored_rows(sink)]

    def value(self, sink: Sink) -> dict[str, Any]:
        rows = self._stored_rows(sink)
        digests = [value_digest(row) for row in rows]
        table = table_digest(digests)

        def write() -> None:
            for chunk in _chunks(rows):
                sink.write(Rows(b"[" + b",".join(chunk) + b"]"))
            sink.write(Table(table, digests))

        sink.once("table", table, write)
        return {
            "_type": "Dataset",
            "name": self.name,
            "description": self.description,
            "rows": f"{REF}table/{table}",
            "_class_name": "Dataset",
            "_bases": ["Object", "BaseModel"],
        }

    def _stored_rows(self, sink: Sink | None) -> list[Any]:
        """Rows as they are published: plain, without secrets, or as digests without content."""
        if sink is None:
            return [json.loads(to_json(row)) for row in self.rows]
        rows = [json.loads(sink.privacy.published(to_json(stored(row, sink)))) for row in self.rows]
        return rows if sink.content else [{"_kiseki": value_digest(row)} for row in rows]

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> dict[str, Any]:
        return self.rows[index]

    def __repr__(self) -> str:
        return f"<Dataset {self.object_name}, {len(self)} rows>"


def _checked(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for place, row in enumerate(rows):
        if not isinstance(row, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]
            kind = cast("type[Any]", type(row))
            raise ValueTypeError(f"Row {place} of the dataset is a {kind.__name__} and no map")
        found.append({str(key): value for key, value in row.items()})
    return found


def _chunks(rows: list[Any]) -> Iterator[list[bytes]]:
    chunk: list[bytes] = []
    size = 0
    for row in rows:
        data = to_json(row)
        if chunk and size + len(data) > _RECORD_BYTES:
            yield chunk
            chunk, size = [], 0
        chunk.append(data)
        size += len(data)
    if chunk:
        yield chunk
