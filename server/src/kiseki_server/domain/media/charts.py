"""Charts that a program asked for, from the notes that its client keeps with the config."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from kiseki_server.domain.media import presets
from kiseki_server.domain.media.types import Chart, Json
from kiseki_server.domain.media.untyped import mapping


def charts(notes: Json) -> list[Chart]:
    """The charts of ``visualize`` and ``viz`` in the notes, in order of their keys."""
    found = mapping(notes)
    listed = [_custom(key, item) for key, item in mapping(found.get("visualize")).items()]
    listed += [_plotted(key, item) for key, item in mapping(found.get("viz")).items()]
    return sorted(listed, key=lambda chart: chart.key)


def _custom(key: str, item: Json) -> Chart:
    panel = mapping(mapping(item).get("panel_config"))
    definition = str(panel.get("panelDefId") or "")
    fields, strings = _texts(panel.get("fieldSettings")), _texts(panel.get("stringSettings"))
    return Chart(
        key=key,
        table=_table_of(panel) or f"{key}_table",
        definition=definition,
        fields=fields,
        strings=strings,
        spec=_described(panel) or presets.preset(definition, fields, strings),
    )


def _plotted(key: str, item: Json) -> Chart:
    definition = str(mapping(item).get("id") or "")
    fields = presets.columns(definition)
    return Chart(
        key=key,
        table=key,
        definition=definition,
        fields=fields,
        strings={},
        spec=presets.preset(definition, fields, {}),
    )


def _described(panel: Mapping[str, Json]) -> dict[str, Json] | None:
    """The specification itself, where the program brought one."""
    spec = panel.get("spec")
    return dict(mapping(spec)) if isinstance(spec, Mapping) else None


def _table_of(panel: Mapping[str, Json]) -> str | None:
    """The table that the chart's query names."""
    waiting: list[Json] = [mapping(panel.get("userQuery")).get("queryFields")]
    while waiting:
        item = waiting.pop()
        if isinstance(item, list):
            waiting.extend(cast("list[Json]", item))
            continue
        field = mapping(item)
        if field.get("name") == "tableKey" and isinstance(field.get("value"), str):
            return field["value"]
        waiting.extend((field.get("args"), field.get("fields")) if field else ())
    return None


def _texts(value: Json) -> dict[str, str]:
    return {name: item for name, item in mapping(value).items() if isinstance(item, str)}
