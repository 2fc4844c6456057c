"""Vega-Lite for the kinds of charts that clients name instead of describing them.

Each draws the data set ``table``. A field is the name of a column; where the program names none,
the preset's own stands in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Spec = dict[str, Any]
Fields = Mapping[str, str]
Strings = Mapping[str, str]

_SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"


def preset(definition: str, fields: Fields, strings: Strings) -> Spec | None:
    """The chart that a definition like ``wandb/line/v0`` means; ``None``: unknown here."""
    name = definition.removeprefix("wandb/").rpartition("/")[0] or definition
    draw = _PRESETS.get(name)
    if draw is None:
        return None
    spec: Spec = {
        "$schema": _SCHEMA,
        "data": {"name": "table"},
        "width": "container",
        "height": "container",
    }
    if strings.get("title"):
        spec["title"] = strings["title"]
    return spec | draw(fields, strings)


def columns(definition: str) -> dict[str, str]:
    """The columns that a definition reads when the program names none."""
    name = definition.removeprefix("wandb/").rpartition("/")[0] or definition
    return dict(_COLUMNS.get(name, {}))


def _field(column: str, type: str = "quantitative", **more: Any) -> Spec:
    return {"field": _escaped(column), "type": type, **more}


def _escaped(column: str) -> str:
    """Vega-Lite reads dots and brackets in a field as a path; a column is a name."""
    for sign in "\\.[]":
        column = column.replace(sign, "\\" + sign)
    return column


def _line(fields: Fields, strings: Strings) -> Spec:
    encoding = {
        "x": _field(fields.get("x", "x"), title=strings.get("xname") or fields.get("x", "x")),
        "y": _field(fields.get("y", "y")),
    }
    if fields.get("stroke"):
        encoding["color"] = _field(fields["stroke"], "nominal")
    return {"mark": {"type": "line", "tooltip": True}, "encoding": encoding}


def _line_series(fields: Fields, strings: Strings) -> Spec:
    step = fields.get("step", "step")
    return {
        "mark": {"type": "line", "tooltip": True},
        "encoding": {
            "x": _field(step, title=strings.get("xname") or step),
            "y": _field(fields.get("lineVal", "lineVal"), title=strings.get("yname") or ""),
            "color": _field(fields.get("lineKey", "lineKey"), "nominal", title=None),
        },
    }


def _scatter(fields: Fields, _strings: Strings) -> Spec:
    encoding = {"x": _field(fields.get("x", "x")), "y": _field(fields.get("y", "y"))}
    return {"mark": {"type": "point", "filled": True, "tooltip": True}, "encoding": encoding}


def _bar(fields: Fields, _strings: Strings) -> Spec:
    return {
        "mark": {"type": "bar", "tooltip": True},
        "encoding": {
            "y": _field(fields.get("label", "label"), "nominal", sort=None),
            "x": _field(fields.get("value", "value")),
        },
    }


def _histogram(fields: Fields, _strings: Strings) -> Spec:
    value = fields.get("value", "value")
    return {
        "mark": {"type": "bar", "tooltip": True},
        "encoding": {
            "x": _field(value, bin={"maxbins": 40}, title=value),
            "y": {"aggregate": "count", "type": "quantitative"},
        },
    }


def _curve(fields: Fields, strings: Strings) -> Spec:
    x, y = fields.get("x", "x"), fields.get("y", "y")
    return {
        "mark": {"type": "line", "tooltip": True},
        "encoding": {
            "x": _field(x, title=strings.get("x-axis-title") or x),
            "y": _field(y, title=strings.get("y-axis-title") or y),
            "color": _field(fields.get("class", "class"), "nominal"),
            # A curve goes from point to point, and may climb at one x.
            "order": _field(x),
        },
    }


def _confusion_matrix(fields: Fields, _strings: Strings) -> Spec:
    actual, predicted = fields.get("Actual", "Actual"), fields.get("Predicted", "Predicted")
    count = fields.get("nPredictions", "nPredictions")
    place = {
        "x": _field(predicted, "nominal", title="Predicted", sort=None),
        "y": _field(actual, "nominal", title="Actual", sort=None),
    }
    return {
        "encoding": place,
        "layer": [
            {"mark": {"type": "rect", "tooltip": True}, "encoding": {"color": _field(count)}},
            {"mark": "text", "encoding": {"text": _field(count)}},
        ],
    }


def _grouped_bars(group: str, value: str, colour: str) -> Callable[[Fields, Strings], Spec]:
    def draw(fields: Fields, _strings: Strings) -> Spec:
        return {
            "mark": {"type": "bar", "tooltip": True},
            "encoding": {
                "x": _field(fields.get(group, group), "nominal", sort=None),
                "y": _field(fields.get(value, value)),
                "xOffset": _field(fields.get(colour, colour), "nominal"),
                "color": _field(fields.get(colour, colour), "nominal"),
            },
        }

    return draw


def _lines(x: str, y: str, colour: str | None) -> Callable[[Fields, Strings], Spec]:
    def draw(fields: Fields, _strings: Strings) -> Spec:
        encoding = {"x": _field(fields.get(x, x)), "y": _field(fields.get(y, y))}
        if colour is not None:
            encoding["color"] = _field(fields.get(colour, colour), "nominal")
        return {"mark": {"type": "line", "point": True, "tooltip": True}, "encoding": encoding}

    return draw


def _points(x: str, y: str, colour: str | None) -> Callable[[Fields, Strings], Spec]:
    def draw(fields: Fields, _strings: Strings) -> Spec:
        encoding = {"x": _field(fields.get(x, x)), "y": _field(fields.get(y, y))}
        if colour is not None:
            encoding["color"] = _field(fields.get(colour, colour), "nominal")
        return {"mark": {"type": "point", "tooltip": True}, "encoding": encoding}

    return draw


def _importances(fields: Fields, _strings: Strings) -> Spec:
    value = fields.get("importances", "importances")
    return {
        "mark": {"type": "bar", "tooltip": True},
        "encoding": {
            "y": _field(fields.get("feature_names", "feature_names"), "nominal", sort="-x"),
            "x": _field(value),
        },
    }


_PRESETS: Mapping[str, Callable[[Fields, Strings], Spec]] = {
    "line": _line,
    "lineseries": _line_series,
    "scatter": _scatter,
    "bar": _bar,
    "histogram": _histogram,
    "area-under-curve": _curve,
    "confusion_matrix": _confusion_matrix,
    "class_proportions": _grouped_bars("class", "count", "dataset"),
    "metrics": _grouped_bars("metric_name", "metric_value", "model_name"),
    "learning_curve": _lines("train_size", "score", "dataset"),
    "calibration": _lines("mean_predicted_value", "fraction_of_positives", "model"),
    "elbow": _lines("cluster_ranges", "errors", None),
    "feature_importances": _importances,
    "residuals_plot": _points("y_pred", "residuals", "dataset"),
    "outliers": _points("instance_indicies", "distance", None),
    "silhouette_": _points("x2", "y_sil", "color_sil"),
    "decision_boundaries": _points("x", "y", "color"),
}
_COLUMNS: Mapping[str, Fields] = {
    # The plots of scikit-learn draw columns of fixed names.
    "confusion_matrix": {"nPredictions": "Count"},
}
