from typing import Any

import pytest

from kiseki_server.domain.filters.tree import (
    And,
    Compare,
    Contains,
    Exists,
    Field,
    In,
    Matches,
    Not,
    Or,
    Sized,
    SortKey,
)
from kiseki_server.kit.errors import BadRequest
from kiseki_server.protocols.wandb.json_lines import write
from kiseki_server.protocols.wandb.run_filters import parse, parse_order

LR = Field(("config", "lr"))
LOSS = Field(("summary", "val", "loss"))
TAGS = Field(("tags",))


@pytest.mark.parametrize("filters", [{}, {"$and": []}, {"$or": []}, {"$and": [{}, {"$and": []}]}])
def test_what_matches_everything_is_no_filter(filters: dict[str, Any]) -> None:
    assert parse(write(filters)) is None
    assert parse(None) is None
    assert parse("") is None


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"state": "running"}, Compare(Field(("state",)), "=", "running")),
        ({"config.lr": 0.1}, Compare(LR, "=", 0.1)),
        ({"config.lr.value": {"$gt": 1}}, Compare(LR, ">", 1)),
        ({"config.m.value.d": 1}, Compare(Field(("config", "m", "d")), "=", 1)),
        ({"config.value": 1}, Compare(Field(("config", "value")), "=", 1)),
        ({"summary_metrics.val.loss": {"$lte": 2}}, Compare(LOSS, "<=", 2)),
        ({"tags": "a"}, In(TAGS, ("a",))),
        ({"tags": None}, Not(Exists(TAGS))),
        ({"tags": {"$all": ["a", "b"]}}, And((In(TAGS, ("a",)), In(TAGS, ("b",))))),
        ({"name": {"$ne": "x"}}, Not(Compare(Field(("name",)), "=", "x"))),
        ({"group": {"$in": ["a", None]}},
         Or((In(Field(("group",)), ("a",)), Not(Exists(Field(("group",))))))),
        ({"jobType": {"$nin": ["a"]}}, Not(In(Field(("job_type",)), ("a",)))),
        ({"tags": {"$size": 2}}, Sized(TAGS, 2)),
        ({"config.layers": {"$size": 0}}, Sized(Field(("config", "layers")), 0)),
        ({"keys_info.keys.val.loss": {"$exists": True}}, Exists(Field(("history", "val", "loss")))),
        ({"keys_info.keys.loss": None}, Not(Exists(Field(("history", "loss"))))),
        ({"historyLineCount": {"$gte": 10}}, Compare(Field(("history_lines",)), ">=", 10)),
        ({"config.lr": {"$exists": True}}, Exists(LR)),
        ({"config.lr": {"$exists": False}}, Not(Exists(LR))),
        ({"displayName": {"$regex": "^a"}}, Matches(Field(("display_name",)), "^a")),
        ({"displayName": {"$contains": "a"}}, Contains(Field(("display_name",)), "a")),
        ({"config.lr": {"$not": {"$gt": 1}}}, Not(Compare(LR, ">", 1))),
        ({"config.lr": {"$gte": 1, "$lt": 2}}, And((Compare(LR, ">=", 1), Compare(LR, "<", 2)))),
        ({"createdAt": {"$gte": "2026-01-02##1"}},
         Compare(Field(("created_at",)), ">=", "2026-01-02")),
        ({"$or": [{"$and": [{"username": "a"}, {"host": "b"}]}]},
         Or((And((Compare(Field(("user",)), "=", "a"), Compare(Field(("host",)), "=", "b"))),))),
        ({"$nor": [{"state": "failed"}]}, Not(Or((Compare(Field(("state",)), "=", "failed"),)))),
    ],
)  # fmt: skip
def test_filters_become_our_tree(filters: dict[str, Any], expected: Any) -> None:
    assert parse(write(filters)) == expected


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"sweep": "a"}, Or(())),
        ({"sweepName": {"$in": ["a"]}}, Or(())),
        ({"sweep": {"$regex": "."}}, Or(())),
        ({"sweep": {"$exists": True}}, Or(())),
        ({"$and": [{"state": "failed"}, {"sweep": "a"}]},
         And((Compare(Field(("state",)), "=", "failed"), Or(())))),
        ({"$or": [{"state": "failed"}, {"sweep": "a"}]},
         Or((Compare(Field(("state",)), "=", "failed"), Or(())))),
        ({"sweep": None}, None),
        ({"sweep": {"$ne": "a"}}, None),
        ({"sweep": {"$exists": False}, "state": "failed"},
         Compare(Field(("state",)), "=", "failed")),
    ],
)  # fmt: skip
def test_no_run_is_in_a_sweep(filters: dict[str, Any], expected: Any) -> None:
    assert parse(write(filters)) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "no JSON"),
        ("[]", "JSON object"),
        ('{"$where": "1"}', r"\$where"),
        ('{"tags": {"$size": "1"}}', "number of items"),
        ('{"tags": {"$size": -1}}', "number of items"),
        ('{"keys_info": 1}', "keys_info"),
        ('{"keys_info.lastStep": 1}', "keys_info"),
        ('{"config": 1}', "config"),
        ('{"$or": {}}', "list"),
        ('{"state": {"$in": "a"}}', "list"),
        ('{"state": {"$regex": 1}}', "text"),
        ('{"state": [1]}', "compare"),
        ('{"$and": [' * 60 + "{}" + "]}" * 60, "levels deep"),
        ('{"name": ' + '{"$not": ' * 60 + "1" + "}" * 61, "levels deep"),
    ],
)
def test_what_cannot_be_filtered_by_is_said(text: str, message: str) -> None:
    with pytest.raises(BadRequest, match=message):
        parse(text)


def test_orders() -> None:
    assert parse_order(None) == []
    assert parse_order("-created_at") == [SortKey(Field(("created_at",)), True)]
    assert parse_order("+summary_metrics.val.loss") == [SortKey(LOSS)]
    assert parse_order("config.lr.value") == [SortKey(LR)]
    assert parse_order("-historyLineCount") == [SortKey(Field(("history_lines",)), True)]
    with pytest.raises(BadRequest, match="nothing"):
        parse_order("-nothing")
