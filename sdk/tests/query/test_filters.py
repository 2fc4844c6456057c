"""Conditions of W&B's scripts in the words of our own expressions."""

from __future__ import annotations

from typing import Any

import pytest

from kiseki.errors import UsageError
from kiseki.query.filters import expression, order_fields


@pytest.mark.parametrize(
    ("filters", "text"),
    [
        (None, None),
        ({}, None),
        ('config.lr > 0.1 and state = "running"', 'config.lr > 0.1 and state = "running"'),
        ({"state": "finished"}, 'state = "finished"'),
        ({"config.lr": 0.1, "group": None}, "config.lr = 0.1 and group = null"),
        ({"config.lr.value": {"$gt": 0, "$lte": 1}}, "config.lr > 0 and config.lr <= 1"),
        ({"summary_metrics.val/acc": {"$gte": 0.9}}, "summary.val/acc >= 0.9"),
        ({"config.a b.in": True}, 'config."a b"."in" = true'),
        ({"displayName": {"$regex": '^a"b'}}, 'display_name ~ "^a\\"b"'),
        ({"state": {"$in": ["failed", "crashed"]}}, '(state in ["failed", "crashed"])'),
        ({"state": {"$nin": ["failed"]}}, 'not (state in ["failed"])'),
        ({"tags": "gold"}, 'tags contains "gold"'),
        ({"tags": {"$in": ["a", "b"]}}, '(tags contains "a" or tags contains "b")'),
        ({"tags": {"$ne": "a"}}, 'not tags contains "a"'),
        ({"config.x": {"$exists": False}}, "not config.x exists"),
        (
            {"$or": [{"state": "failed"}, {"config.a": 1, "config.b": 2}]},
            '((state = "failed") or (config.a = 1 and config.b = 2))',
        ),
        ({"$not": {"jobType": "eval"}}, 'not (job_type = "eval")'),
        ({"config.a": {"$not": {"$gt": 3}}}, "not (config.a > 3)"),
        ({"id": "abc", "username": "me"}, 'name = "abc" and user = "me"'),
    ],
)
def test_filters_become_expressions(filters: Any, text: str | None) -> None:
    assert expression(filters) == text


@pytest.mark.parametrize(
    ("filters", "complaint"),
    [
        ({"$where": "1"}, r"no operator '\$where'"),
        ({"state": {"$near": 1}}, r"no operator '\$near'"),
        ({"$or": {"a": 1}}, "takes a list of conditions"),
        ({"$and": [1]}, "A condition is a dict"),
        ({"state": {"$in": "ab"}}, "takes a list of values"),
        ({"config.a": [1]}, "compares with numbers"),
    ],
)
def test_what_is_no_filter_is_refused(filters: Any, complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        expression(filters)


def test_orders_name_fields() -> None:
    assert order_fields("-created_at, +summary_metrics.loss,config.lr.value") == [
        {"field": "created_at", "descending": True},
        {"field": "summary.loss", "descending": False},
        {"field": "config.lr", "descending": False},
    ]
    assert order_fields(None) == []
