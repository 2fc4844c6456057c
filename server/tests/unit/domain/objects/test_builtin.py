"""Classes of objects that the server knows."""

from __future__ import annotations

from typing import Any

import pytest

from kiseki_server.domain.objects.builtin import NAMES, completed
from kiseki_server.domain.objects.schemas import mismatch
from kiseki_server.kit.errors import BadRequest

GROUND = ["BaseObject", "BaseModel"]

GOOD: dict[str, dict[str, Any]] = {
    "AgentDashboard": {
        "label": "all",
        "definition": {
            "panels": [
                {
                    "panel_type": "kpi",
                    "id": "p",
                    "layout": {"x": 0, "y": 0, "w": 24, "h": 1},
                    "settings": {"query": {"metric": "cost"}},
                },
                {
                    "panel_type": "breakdown",
                    "id": "q",
                    "layout": {"x": 12, "y": 1, "w": 12, "h": 1},
                    "settings": {"query": {"metric": "cost", "groupBy": "model"}},
                },
            ]
        },
    },
    "AlertSpec": {"spec": {"metric_path": "output.score", "own": 1}},
    "AnnotationSpec": {"field_schema": {"type": "integer", "minimum": 0}},
    "ChartConfig": {"x_axis": "a", "y_axis": "b", "plot_type": "line"},
    "ComparisonView": {"label": "x", "definition": {"evaluation_call_ids": ["1"]}},
    "LLMStructuredCompletionModel": {
        "llm_model_id": "gpt",
        "default_params": {"messages_template": [{"role": "user", "content": "hi"}]},
    },
    "Leaderboard": {
        "name": "best",
        "columns": [
            {"evaluation_object_ref": "r", "scorer_name": "s", "summary_metric_path": "p.q"}
        ],
    },
    "Provider": {"base_url": "https://models.example/v1", "api_key_name": "KEY"},
    "ProviderModel": {"provider": "ref", "max_tokens": 4096},
    "SavedView": {
        "view_type": "traces",
        "label": "mine",
        "definition": {
            "filter": {"op_names": ["f"]},
            "sort_by": [{"field": "x", "direction": "asc"}],
        },
    },
    "TestOnlyExample": {
        "primitive": 1,
        "nested_base_model": {"a": 2, "aliased_property_alias": 3},
        "nested_base_object": "ref",
    },
    "TestOnlyInheritedBaseObject": {"b": 1, "c": 2},
    "TestOnlyNestedBaseObject": {"b": 1},
}


def test_every_class_has_an_example() -> None:
    assert sorted(GOOD) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_values_are_completed(name: str) -> None:
    made = completed(GOOD[name], name)
    assert next(iter(made)) == "_type"
    assert list(made)[-2:] == ["_class_name", "_bases"]
    assert (made["_type"], made["_class_name"]) == (name, name)
    assert made["_bases"][-1] == "BaseModel"
    # A value that says what it is stays as it was sent.
    assert completed(made, name) is made


@pytest.mark.parametrize("name", NAMES)
def test_nothing_else_is_accepted(name: str) -> None:
    bad: list[Any] = [[], "x", None, {"_type": "Other"}, {"_class_name": "Other"}]
    required = {
        key
        for key in GOOD[name]
        if key not in {"name", "default_params", "spec", "field_schema", "plot_type"}
    }
    bad += [{k: v for k, v in GOOD[name].items() if k != key} for key in required]
    bad += [{**GOOD[name], key: object()} for key in required]
    for value in bad:
        with pytest.raises(BadRequest):
            completed(value, name)


def test_a_leaderboard_as_it_is_stored() -> None:
    assert completed(GOOD["Leaderboard"], "Leaderboard") == {
        "_type": "Leaderboard",
        "name": "best",
        "description": None,
        "columns": [
            {
                "_type": "LeaderboardColumn",
                "evaluation_object_ref": "r",
                "scorer_name": "s",
                "summary_metric_path": "p.q",
                "should_minimize": None,
                "_class_name": "LeaderboardColumn",
                "_bases": ["BaseModel"],
            }
        ],
        "_class_name": "Leaderboard",
        "_bases": GROUND,
    }


def test_the_names_of_fields_are_stored_and_not_those_they_are_sent_by() -> None:
    made = completed(GOOD["TestOnlyExample"], "TestOnlyExample")
    assert made["nested_base_model"]["aliased_property"] == 3
    inherited = completed(GOOD["TestOnlyInheritedBaseObject"], "TestOnlyInheritedBaseObject")
    assert inherited["_bases"] == ["TestOnlyNestedBaseObject", *GROUND]
    assert inherited["additional_field"] == "default_value"
    panels = completed(GOOD["AgentDashboard"], "AgentDashboard")["definition"]["panels"]
    assert [panel["panel_type"] for panel in panels] == ["kpi", "breakdown"]
    assert panels[1]["settings"]["query"]["group_by"] == "model"
    assert completed(GOOD["AlertSpec"], "AlertSpec")["spec"]["own"] == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AnnotationSpec", {"field_schema": {"type": "no such type"}}),
        ("AnnotationSpec", {"field_schema": {"x": "y" * 70_000}}),
        ("Provider", {**GOOD["Provider"], "base_url": "ftp://x"}),
        ("Provider", {**GOOD["Provider"], "base_url": "https://x?key=1"}),
        ("Provider", {**GOOD["Provider"], "base_url": "https://x#y"}),
        ("Provider", {**GOOD["Provider"], "base_url": "http://[x"}),
        ("Provider", {**GOOD["Provider"], "extra_headers": {"Metadata-Flavor": "Google"}}),
        ("SavedView", {**GOOD["SavedView"], "definition": {"query": {"$where": "1"}}}),
        ("NoSuch", {}),
    ],
)
def test_rules_beyond_types(name: str, value: Any) -> None:
    with pytest.raises(BadRequest):
        completed(value, name)


def test_schemas_are_applied_and_nothing_is_fetched() -> None:
    schema = {"type": "integer", "minimum": 0}
    assert mismatch(3, schema) is None
    assert "minimum" in (mismatch(-1, schema) or "")
    for ref in ("http://127.0.0.1:1/schema.json", "file:///etc/passwd", "#/none"):
        with pytest.raises(BadRequest):
            mismatch(3, {"$ref": ref})
    assert mismatch("x", {"$ref": "#/$defs/t", "$defs": {"t": {"type": "string"}}}) is None
    with pytest.raises(BadRequest):
        mismatch("x", {"$ref": "#"})
