"""The Arrow tables that history queries answer with."""

from __future__ import annotations

import pyarrow as pa

SERIES = pa.schema(
    [
        pa.field("run", pa.uint64(), nullable=False),
        pa.field("key", pa.string(), nullable=False),
        pa.field("bucket", pa.uint32(), nullable=False),
        pa.field("x_first", pa.float64(), nullable=False),
        pa.field("x_last", pa.float64(), nullable=False),
        pa.field("min", pa.float64()),
        pa.field("max", pa.float64()),
        pa.field("mean", pa.float64()),
        pa.field("last", pa.float64(), nullable=False),
        pa.field("count", pa.uint64(), nullable=False),
        pa.field("nonfinite", pa.uint64(), nullable=False),
    ]
)

ROWS = pa.schema(
    [
        pa.field("step", pa.int64(), nullable=False),
        pa.field("time", pa.timestamp("us", tz="UTC"), nullable=False),
        pa.field("key", pa.string(), nullable=False),
        pa.field("value", pa.float64()),
        pa.field("json", pa.string()),
    ]
)


def with_range(table: pa.Table, low: float, high: float) -> pa.Table:
    """The table with the x range in its metadata, or as it is when it has no rows."""
    if table.num_rows == 0:
        return table
    # Adding zero makes minus zero plain.
    return table.replace_schema_metadata({"low": repr(low + 0.0), "high": repr(high + 0.0)})
