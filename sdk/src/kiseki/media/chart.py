"""Charts that a program asks for, drawn from a table that is logged with them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kiseki.errors import UsageError, ValueTypeError
from kiseki.media.table import Table
from kiseki.media.value import Json, Keeper


class CustomChart:
    """A chart of a table; made by the functions of `kiseki.plot`, and logged like a value."""

    def __init__(
        self,
        table: Table,
        definition: str,
        fields: Mapping[str, str],
        strings: Mapping[str, str],
    ) -> None:
        if not isinstance(table, Table):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise ValueTypeError(f"A chart is drawn from a Table, not {type(table).__name__}")
        for column in fields.values():
            if column not in table.columns:
                raise UsageError(
                    f"The table has no column {column!r}",
                    hint=f"columns are {', '.join(map(str, table.columns))}",
                )
        self.table = table
        self.definition = definition
        self.fields = dict(fields)
        self.strings = dict(strings)

    def logged(self, keeper: Keeper, table_keeper: Keeper) -> dict[str, Json]:
        """What the history has of it, by key."""
        keeper.note("visualize", keeper.key, self._panel(table_keeper.key))
        return {table_keeper.key: self.table.logged(table_keeper)}

    def _panel(self, table: str) -> Json:
        def field(name: str, value: str | None = None, fields: list[Json] | None = None) -> Json:
            found: Json = {"name": name, "fields": fields or []}
            if value is not None:
                argument = "tableKey" if name == "summaryTable" else name
                found["args"] = [{"name": argument, "value": value}]
            return found

        wanted = [*map(field, ("id", "name", "_defaultColorIndex")), field("summaryTable", table)]
        return {
            "panel_type": "Vega2",
            "panel_config": {
                "panelDefId": self.definition,
                "fieldSettings": self.fields,
                "stringSettings": self.strings,
                "transform": {"name": "tableWithLeafColNames"},
                "userQuery": {"queryFields": [field("runSets", "${runSets}", wanted)]},
            },
        }


def chart_key(key: str) -> str:
    """What the table of a chart is logged as."""
    return f"{key}_table"


def chart(
    table: Table, definition: str, fields: Mapping[str, Any], strings: Mapping[str, str]
) -> CustomChart:
    """A chart, without the fields and texts that are not given."""
    return CustomChart(
        table,
        definition,
        {name: str(column) for name, column in fields.items() if column is not None},
        {name: text for name, text in strings.items() if text},
    )
