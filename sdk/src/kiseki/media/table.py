"""Tables, whose cells may be media."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeAlias, cast

from kiseki.errors import UsageError, ValueRangeError, ValueTypeError
from kiseki.media.value import Json, Keeper, Media, needed
from kiseki.run.values import config_value, plain

LogMode: TypeAlias = Literal["IMMUTABLE", "MUTABLE", "INCREMENTAL"]

_MODES = ("IMMUTABLE", "MUTABLE", "INCREMENTAL")
_DEFAULT_COLUMNS = ("Input", "Output", "Expected")
_SIMPLE = frozenset({int, float, bool, str, type(None)})


class Table(Media):
    """Rows and columns of numbers, texts and media.

    Args:
        columns: Names of the columns; those of the dataframe if there is one.
        data: Rows, an array of two dimensions, or a pandas DataFrame.
        rows: The same as ``data``.
        dataframe: A pandas DataFrame, which brings columns and rows.
        dtype: Accepted for W&B's sake: what a cell holds is seen when it is logged.
        optional: The same.
        allow_mixed_types: The same; mixed types are always allowed.
        log_mode: What a repeated ``log`` brings. "INCREMENTAL": the rows that are new since the
            last one; others: the whole table as it is then.

    Raises:
        ValueTypeError: This is no table.
        ValueRangeError: A row has more or fewer values than there are columns.
    """

    TYPE = "table-file"
    FOLDER = "media/table"

    def __init__(
        self,
        columns: Sequence[Any] | None = None,
        data: Sequence[Sequence[Any]] | Any | None = None,
        rows: Sequence[Sequence[Any]] | None = None,
        dataframe: Any | None = None,
        dtype: Any = None,
        optional: bool | Sequence[bool] = True,
        allow_mixed_types: bool = False,
        log_mode: LogMode = "IMMUTABLE",
    ) -> None:
        if log_mode not in _MODES:
            raise ValueRangeError(f"log_mode is one of {', '.join(_MODES)}, not {log_mode!r}")
        if dataframe is None and _is_dataframe(data):
            data, dataframe = None, data
        if dataframe is not None:
            if not _is_dataframe(dataframe):
                raise ValueTypeError(f"dataframe is one of pandas, not {type(dataframe).__name__}")
            columns = [str(name) for name in dataframe.columns]
            data = _rows_of(dataframe)
        self.columns: list[Any] = list(_DEFAULT_COLUMNS if columns is None else columns)
        self.data: list[list[Any]] = []
        self.log_mode: LogMode = log_mode
        self._increment = 0
        self._logged_rows = 0
        given: Any = rows if data is None else data
        if given is not None:
            if hasattr(given, "tolist"):
                given = given.tolist()
            if not isinstance(given, (list, tuple)):
                raise ValueTypeError(f"data is a list of rows, not {type(given).__name__}")
            for row in cast("Sequence[Any]", given):
                self.add_row(row)

    def add_data(self, *data: Any) -> None:
        """Add a row; one value for each column."""
        self.add_row(data)

    def add_row(self, row: Sequence[Any]) -> None:
        """Add a row that is one sequence."""
        if isinstance(row, str) or not isinstance(row, Sequence):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise ValueTypeError(f"a row is a list of values, not {type(row).__name__}")
        if len(row) != len(self.columns):
            raise ValueRangeError(
                f"row {len(self.data)} has {len(row)} values for {len(self.columns)} columns "
                f"({', '.join(map(str, self.columns))})"
            )
        self.data.append(list(row))

    def add_column(self, name: str, data: Sequence[Any] | Any, optional: bool = False) -> None:
        """Add a column; one value for each row.

        Raises:
            UsageError: The table is logged row by row, or has a column of the name.
        """
        if self.log_mode == "INCREMENTAL":
            raise UsageError(
                "An INCREMENTAL table keeps its columns", hint="use log_mode='MUTABLE'"
            )
        given: Any = data
        values: list[Any] = given.tolist() if hasattr(given, "tolist") else list(given)
        if name in self.columns:
            raise UsageError(f"The table has a column {name!r} already")
        if not self.columns and not self.data:
            self.data = [[] for _ in values]
        if len(values) != len(self.data):
            raise ValueRangeError(
                f"column {name!r} has {len(values)} values for {len(self.data)} rows"
            )
        self.columns.append(name)
        for row, value in zip(self.data, values, strict=True):
            row.append(value)

    def add_computed_columns(self, fn: Callable[[int, dict[str, Any]], Mapping[str, Any]]) -> None:
        """Add columns that a function of a row's number and values gives as a dict."""
        found: dict[str, list[Any]] = {}
        for number, row in self.iterrows():
            new = fn(number, dict(zip(self.columns, row, strict=True)))
            if number and new.keys() != found.keys():
                raise ValueRangeError(f"row {number} gives other columns than the ones before it")
            for name, value in new.items():
                found.setdefault(name, []).append(value)
        for name, values in found.items():
            self.add_column(name, values)

    def get_column(self, name: str, convert_to: Literal["numpy"] | None = None) -> Any:
        """The values of a column: a list, or an array of numpy.

        Raises:
            UsageError: There is no such column.
        """
        if name not in self.columns:
            raise UsageError(
                f"The table has no column {name!r}",
                hint=f"columns are {', '.join(map(str, self.columns))}",
            )
        place = self.columns.index(name)
        values = [row[place] for row in self.data]
        return needed("numpy", "get_column").array(values) if convert_to == "numpy" else values

    def get_dataframe(self) -> Any:
        """The table as a pandas DataFrame."""
        return needed("pandas", "get_dataframe").DataFrame(self.data, columns=self.columns)

    def iterrows(self) -> Iterator[tuple[int, list[Any]]]:
        """Numbers and values of the rows."""
        yield from enumerate(self.data)

    def __len__(self) -> int:
        return len(self.data)

    def logged(self, keeper: Keeper) -> Json:
        first = self._logged_rows if self.log_mode == "INCREMENTAL" else 0
        rows = self.data[first:]
        content, kept = self.encoded(rows, keeper)
        file = keeper.file(content, self.FOLDER, ".table.json")
        value: Json = {
            "_type": self.TYPE,
            **file,
            "ncols": len(self.columns),
            "nrows": len(self.data),
            "log_mode": self.log_mode,
        }
        if self.log_mode == "INCREMENTAL":
            value["_type"] = "incremental-table-file"
            value["increment_num"] = self._increment
            self._increment += 1
            self._logged_rows = len(self.data)
        else:
            value |= keeper.table(file["path"], kept)
        return value

    def encoded(
        self, rows: list[list[Any]], keeper: Keeper
    ) -> tuple[bytes, dict[str, bytes | Path]]:
        """The bytes of a table's file, and the files that its cells name."""
        cells = _Cells(keeper)
        data = [[cells.value(cell, self.columns[i]) for i, cell in enumerate(row)] for row in rows]
        table = {
            "_type": "table",
            "columns": [
                name if isinstance(name, (int, str)) else str(name) for name in self.columns
            ],
            "data": data,
            "ncols": len(self.columns),
            "nrows": len(data),
            "log_mode": self.log_mode,
        }
        return json.dumps(table, ensure_ascii=False).encode("utf-8", "replace"), cells.kept


class _Cells:
    """Makes cells plain, and remembers the files of those that are media."""

    def __init__(self, keeper: Keeper) -> None:
        self.key = keeper.key
        self.kept: dict[str, bytes | Path] = {}
        self._keeper = keeper

    def value(self, cell: Any, column: Any) -> Any:
        if type(cell) in _SIMPLE:
            return cell
        if isinstance(cell, Table):
            raise ValueTypeError(f"column {column!r}: a table cannot be in a table")
        if isinstance(cell, Media):
            return cell.logged(self)
        if isinstance(cell, (dt.date, dt.time)):
            return config_value(cell, str(column))
        if isinstance(cell, (list, tuple)):
            return [self.value(item, column) for item in cast("Sequence[Any]", cell)]
        if isinstance(cell, Mapping):
            items = cast("Mapping[Any, Any]", cell).items()
            return {str(key): self.value(item, column) for key, item in items}
        return plain(cell, str(column))

    def file(self, content: bytes | Path, folder: str, suffix: str) -> Json:
        file = self._keeper.file(content, folder, suffix)
        self.kept[file["path"]] = content
        return file

    def note(self, section: str, name: str, value: Any) -> None:
        self._keeper.note(section, name, value)

    def table(self, path: str, kept: Iterable[str]) -> Json:
        return {}


def _rows_of(dataframe: Any) -> list[list[Any]]:
    """Rows of a dataframe; what is missing is None, but a float that is no number stays one."""
    kinds = [getattr(kind, "kind", "O") for kind in getattr(dataframe, "dtypes", ())]
    floats = [kind == "f" for kind in kinds] or [True] * len(dataframe.columns)

    def cell(value: Any, is_float: bool) -> Any:
        if type(value).__name__ in ("NAType", "NaTType"):
            return None
        return None if isinstance(value, float) and value != value and not is_float else value

    rows: list[list[Any]] = dataframe.astype(object).to_numpy().tolist()
    return [[cell(*pair) for pair in zip(row, floats, strict=True)] for row in rows]


def _is_dataframe(value: Any) -> bool:
    return type(value).__name__ == "DataFrame" and hasattr(value, "columns")
