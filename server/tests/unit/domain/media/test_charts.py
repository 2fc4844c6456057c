"""Charts in the notes of a client."""

from __future__ import annotations

from typing import Any

import pytest

from kiseki_server.domain.media.charts import charts
from kiseki_server.domain.media.types import Chart


def custom(definition: str, table: str | None, **fields: str) -> dict[str, Any]:
    query = [{"name": "runSets", "fields": [{"name": "id", "fields": []}]}]
    if table is not None:
        argument = {"name": "tableKey", "value": table}
        query[0]["fields"].append({"name": "summaryTable", "args": [argument], "fields": []})
    return {
        "panel_type": "Vega2",
        "panel_config": {
            "panelDefId": definition,
            "fieldSettings": fields,
            "stringSettings": {"title": "T"},
            "userQuery": {"queryFields": query},
        },
    }


def test_a_chart_knows_its_table_and_is_drawn_by_vega_lite() -> None:
    (chart,) = charts({"visualize": {"c": custom("wandb/scatter/v0", "t/x", x="a.b", y="y")}})
    assert chart == Chart(
        key="c",
        table="t/x",
        definition="wandb/scatter/v0",
        fields={"x": "a.b", "y": "y"},
        strings={"title": "T"},
        spec={
            "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
            "data": {"name": "table"},
            "width": "container",
            "height": "container",
            "title": "T",
            "mark": {"type": "point", "filled": True, "tooltip": True},
            "encoding": {
                "x": {"field": "a\\.b", "type": "quantitative"},
                "y": {"field": "y", "type": "quantitative"},
            },
        },
    )


@pytest.mark.parametrize(
    "name",
    ["line", "lineseries", "scatter", "bar", "histogram", "area-under-curve", "confusion_matrix"],
)
def test_every_preset_of_the_client_is_known(name: str) -> None:
    (chart,) = charts({"visualize": {"c": custom(f"wandb/{name}/v0", None)}})
    assert chart.spec is not None
    assert chart.table == "c_table"


@pytest.mark.parametrize(
    "name",
    [
        "calibration",
        "class_proportions",
        "confusion_matrix",
        "decision_boundaries",
        "elbow",
        "feature_importances",
        "learning_curve",
        "metrics",
        "outliers",
        "residuals_plot",
        "silhouette_",
    ],
)
def test_every_plot_for_scikit_learn_is_known(name: str) -> None:
    (chart,) = charts({"viz": {"plot": {"id": f"wandb/{name}/v1"}}})
    assert (chart.table, chart.spec is None) == ("plot", False)


def test_an_unknown_definition_has_no_specification() -> None:
    found = charts({"visualize": {"b": custom("me/mine", "t"), "a": {"panel_config": 3}}})
    assert [(chart.key, chart.definition, chart.spec) for chart in found] == [
        ("a", "", None),
        ("b", "me/mine", None),
    ]


@pytest.mark.parametrize("notes", [None, 3, [], {"visualize": 3, "viz": []}])
def test_notes_without_charts_have_none(notes: Any) -> None:
    assert charts(notes) == []
