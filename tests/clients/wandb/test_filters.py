"""Every operator of the public API's filters, and its orders, with the values that come back."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.clients.wandb.conftest import Client

pytestmark = pytest.mark.clients

_RUNS = """
import json, wandb
for name, lr, tags, group in (
    ("a", 0.1, ["old", "base"], "first"), ("b", 0.5, ["base"], "second"), ("c", 0.9, None, None)
):
    config = {"lr": lr, "model": {"depth": int(lr * 10)}}
    if name == "c":
        config["only"] = True
    with wandb.init(project=PROJECT, id=name, name=f"Run {name}", config=config, tags=tags,
                    group=group, job_type="eval" if name == "b" else "train",
                    settings=QUICK) as run:
        for step in range(30):
            run.log({"loss": lr * step, "nested": {"x": step}})
        if name == "c":
            run.log({"said": "once"})
api = wandb.Api()
"""

_FILTERS: list[tuple[dict[str, Any], str]] = [
    ({}, "abc"),
    ({"$and": []}, "abc"),
    ({"config.lr": 0.5}, "b"),
    ({"config.lr.value": {"$eq": 0.5}}, "b"),
    ({"config.model.value.depth": 9}, "c"),
    ({"config.lr": {"$ne": 0.5}}, "ac"),
    ({"config.lr": {"$gt": 0.5}}, "c"),
    ({"config.lr": {"$gte": 0.5}}, "bc"),
    ({"config.lr": {"$lt": 0.5}}, "a"),
    ({"config.lr": {"$lte": 0.5}}, "ab"),
    ({"config.lr": {"$gt": 0.1, "$lt": 0.9}}, "b"),
    ({"config.lr": {"$in": [0.1, 0.9]}}, "ac"),
    ({"config.lr": {"$nin": [0.1, 0.9]}}, "b"),
    ({"config.lr": {"$not": {"$gt": 0.1}}}, "a"),
    ({"config.lr": {"$gt": "0.1"}}, ""),
    ({"config.only": {"$exists": True}}, "c"),
    ({"config.only": {"$exists": False}}, "ab"),
    ({"config.only": {"$ne": True}}, "ab"),
    ({"config.only": None}, "ab"),
    ({"displayName": {"$regex": "^Run [ab]$"}}, "ab"),
    ({"display_name": {"$contains": "un c"}}, "c"),
    ({"name": {"$in": ["a", "c"]}}, "ac"),
    ({"tags": "base"}, "ab"),
    ({"tags": {"$in": ["old", "new"]}}, "a"),
    ({"tags": {"$all": ["old", "base"]}}, "a"),
    ({"tags": None}, "c"),
    ({"tags": {"$size": 2}}, "a"),
    ({"tags": {"$size": 0}}, "c"),
    ({"keys_info.keys.nested.x": {"$exists": True}}, "abc"),
    ({"keys_info.keys.said": {"$exists": True}}, "c"),
    ({"keys_info.keys.said": {"$exists": False}}, "ab"),
    ({"historyLineCount": {"$gt": 30}}, "c"),
    ({"historyLineCount": {"$gte": 30}, "tags": "base"}, "ab"),
    ({"group": "first"}, "a"),
    ({"jobType": "eval"}, "b"),
    ({"state": "finished", "username": "admin"}, "abc"),
    ({"state": "crashed"}, ""),
    ({"summary_metrics.nested.x": {"$gte": 29}}, "abc"),
    ({"summary_metrics.loss": {"$lt": 15}}, "ab"),
    ({"createdAt": {"$gt": "2020-01-01##1"}}, "abc"),
    ({"sweep": "none"}, ""),
    ({"sweep": None, "name": "a"}, "a"),
    ({"$or": [{"sweep": "none"}, {"name": "b"}]}, "b"),
    ({"$or": [{"name": "a"}, {"config.lr": 0.9}]}, "ac"),
    ({"$nor": [{"name": "a"}, {"config.lr": 0.9}]}, "b"),
    ({"$not": {"name": "a"}}, "bc"),
    ({"$or": [{"$and": [{"state": "finished"}, {"tags": "base"}]}]}, "ab"),
]
_ORDERS = [
    ("+created_at", "abc"), ("-created_at", "cba"), ("+createdAt", "abc"),
    ("-summary_metrics.loss", "cba"), ("+summary_metrics.loss", "abc"),
    ("-config.lr.value", "cba"), ("+config.lr", "abc"), ("-config.model.depth", "cba"),
    ("+displayName", "abc"), ("-displayName", "cba"), ("-historyLineCount", "cba"),
]  # fmt: skip
_REFUSED = [
    ({"config.lr": {"$where": 1}}, "$where"),
    ({"$xor": []}, "$xor"),
    ({"config.lr": {"$size": "1"}}, "$size"),
    ({"keys_info.keys.loss": {"$gt": 1}}, "whether it exists"),
    ({"nothing": 1}, "nothing"),
    ({"displayName": {"$regex": "("}}, "("),
]  # fmt: skip


def test_filters_and_orders_choose_the_runs_that_they_say(each: Client) -> None:
    project = f"filters-{each.version}"
    asked = {
        "filters": [filters for filters, _ in _FILTERS],
        "orders": [order for order, _ in _ORDERS],
        "refused": [filters for filters, _ in _REFUSED],
    }
    found = each.result(
        _RUNS.replace("PROJECT", repr(project))
        + f"""
asked = json.loads({json.dumps(asked)!r})
path = "admin/{project}"
KEYS = ["nested.x", "loss"]
def names(**how):
    return "".join(run.id for run in wandb.Api().runs(path, **how))
def refusal(filters):
    try:
        return "no error: " + names(filters=filters)
    except Exception as error:
        return str(error)
run = api.run(path + "/a")
def sample():
    return [dict(row) for row in wandb.Api().run(path + "/a").history(samples=7, pandas=False)]
print(json.dumps({{
    "filters": ["".join(sorted(names(filters=filters))) for filters in asked["filters"]],
    "orders": [names(order=order) for order in asked["orders"]],
    "refused": [refusal(filters) for filters in asked["refused"]],
    "samples": [sample(), sample()],
    "scanned": [row["nested.x"] for row in run.scan_history(keys=KEYS, page_size=7)],
    "whole": [row["_step"] for row in run.scan_history(page_size=7)],
}}))
"""
    )
    assert list(zip(asked["filters"], found["filters"], strict=True)) == _FILTERS
    assert list(zip(asked["orders"], found["orders"], strict=True)) == _ORDERS
    for (_, word), message in zip(_REFUSED, found["refused"], strict=True):
        assert word in message
        assert not message.startswith("no error")
    once, again = found["samples"]
    assert once == again
    assert len(once) == 7
    assert found["scanned"] == found["whole"] == list(range(30))
