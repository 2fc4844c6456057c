"""Several Parquet files as one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from kiseki_server.domain.exports.columns import as_text


def unite(parts: Sequence[Path], target: Path) -> Path:
    """Write the rows of all parts into one file, in their order.

    A column that a part lacks is null there. One that has different types in several parts
    becomes text: what is no text yet, its JSON.
    """
    files: list[Any] = [pq.ParquetFile(part) for part in parts]
    schema = _schema([file.schema_arrow for file in files])
    with pq.ParquetWriter(target, schema, compression="zstd") as writer:
        for file in files:
            for batch in file.iter_batches():
                writer.write_batch(_fit(batch, schema))
            file.close()
    return target


def _schema(schemas: Sequence[Any]) -> Any:
    types: dict[str, Any] = {}
    for schema in schemas:
        for field in schema:
            known = types.setdefault(field.name, field.type)
            if known != field.type:
                types[field.name] = pa.string()
    return pa.schema([pa.field(name, kind) for name, kind in types.items()])


def _fit(batch: Any, schema: Any) -> Any:
    present = set(batch.schema.names)
    arrays: list[Any] = []
    for field in schema:
        if field.name not in present:
            arrays.append(pa.nulls(batch.num_rows, field.type))
            continue
        column = batch.column(field.name)
        if column.type != field.type:
            texts = [None if v is None else as_text(v) for v in column.to_pylist()]
            column = pa.array(texts, pa.string())
        arrays.append(column)
    made: Any = pa.RecordBatch
    return made.from_arrays(arrays, schema=schema)
