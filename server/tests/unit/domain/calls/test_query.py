"""What conditions on calls mean, and which are refused."""

from __future__ import annotations

import pytest

from kiseki_server.domain.calls.evaluation import evaluate, holds
from kiseki_server.domain.calls.query import (
    And,
    Contains,
    Convert,
    Eq,
    Field,
    Gt,
    Gte,
    In,
    Literal,
    Lt,
    Lte,
    Node,
    Not,
    Or,
    Scalar,
    Size,
    Type,
    check,
    parse_path,
)
from kiseki_server.domain.calls.types import Call, Source
from kiseki_server.kit.errors import BadRequest
from kiseki_server.kit.ids import ProjectId

NULL = Literal(None)
CALL = Call(
    id="c1",
    project=ProjectId(1),
    trace_id="t1",
    op="answer",
    op_name="answer",
    source=Source.WEAVE,
    started_at=1_700_000_000_000_000,
    ended_at=1_700_000_001_500_000,
    inputs='{"model":"Small","n":5.0,"half":0.5,"on":true,"none":null,"list":[1,{"a.b":"deep"}]}',
    output="NaN",
    summary='{"status_counts":{"success":1,"error":2},"weave":{"status":"stored"}}',
)


def field(path: str) -> Field:
    return Field(parse_path(path))


def value(scalar: Scalar) -> Literal:
    return Literal(scalar)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("inputs.model", "Small"),
        ("inputs.n", "5"),
        ("inputs.half", "0.5"),
        ("inputs.on", "true"),
        ("inputs.none", ""),
        ("inputs.missing", ""),
        ("inputs.list", '[1,{"a.b":"deep"}]'),
        (r"inputs.list.1.a\.b", "deep"),
        ("inputs.list.9", ""),
        ("inputs.list.99999999999999999999", ""),
        ("output", "NaN"),
        ("output.anything", ""),
    ],
)
def test_values_inside_of_bodies_are_read_as_text(path: str, text: str) -> None:
    assert evaluate(field(path), CALL) == text


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (Eq(field("inputs.n"), value(5)), True),
        (Eq(field("inputs.n"), value("5")), True),
        (Gt(field("inputs.half"), value(0.4)), True),
        (Gt(field("inputs.half"), value(0)), True),
        (Eq(field("inputs.half"), value(0)), False),
        (Lt(field("inputs.model"), value(3)), None),
        (Eq(field("inputs.on"), value(True)), True),
        (Eq(field("inputs.missing"), value("")), True),
        (Eq(field("inputs.missing"), NULL), False),
        (Eq(field("parent_id"), NULL), True),
        (Eq(NULL, field("trace_id")), False),
        (Gte(field("parent_id"), value("a")), None),
        (In(field("inputs.n"), (value(4), value(5))), True),
        (In(field("inputs.n"), (value(4), NULL)), None),
        (In(field("inputs.n"), ()), False),
        (Contains(field("inputs.model"), value("mal")), True),
        (Contains(field("inputs.model"), value("MAL")), False),
        (Contains(field("inputs.model"), value("MAL"), ignore_case=True), True),
        (Contains(field("started_at"), value("1")), None),
        (Contains(field("inputs.n"), value(5)), None),
        (Eq(Size(field("inputs.list")), value(2)), True),
        (Size(field("inputs.model")), None),
        (Convert(field("inputs.missing"), Type.EXISTS), True),
        (Convert(field("parent_id"), Type.EXISTS), False),
        (Eq(Convert(field("inputs.half"), Type.STRING), value("0.5")), True),
        (Gt(Convert(field("inputs.half"), Type.DOUBLE), value(0)), True),
        (Convert(field("output"), Type.DOUBLE), None),
        (Gte(field("started_at"), value(1_700_000_000)), True),
        (Gt(field("started_at"), value(1_700_000_000.5)), False),
        (Lte(field("started_at"), value("2023-11-14T22:13:20Z")), True),
        (Lt(field("started_at"), value("2023-11-14T22:13:20")), False),
        (Lt(field("started_at"), value("yesterday")), None),
        (Eq(field("summary.weave.status"), value("descendant_error")), True),
        (Eq(field("summary.weave.latency_ms"), value(1500)), True),
        (Eq(field("summary.weave.trace_name"), value("answer")), True),
    ],
)
def test_comparisons_read_text_as_the_other_sides_type(
    condition: Node, expected: bool | None
) -> None:
    assert evaluate(condition, CALL) is expected


def test_conditions_have_three_values() -> None:
    yes, no = value(True), value(False)
    assert evaluate(And((yes, NULL)), CALL) is None
    assert evaluate(And((no, NULL)), CALL) is False
    assert evaluate(Or((yes, NULL)), CALL) is True
    assert evaluate(Or((no, NULL)), CALL) is None
    assert evaluate(Not(NULL), CALL) is None
    assert not holds(NULL, CALL)
    assert not holds(Not(NULL), CALL)
    assert holds(Not(no), CALL)


def test_queries_have_limits() -> None:
    deep: Node = value(True)
    for _ in range(99):
        deep = Not(deep)
    check(deep)
    with pytest.raises(BadRequest, match="more than 100 deep"):
        check(Not(deep))
    for _ in range(1_000):
        deep = Not(deep)
    with pytest.raises(BadRequest, match="more than 100 deep"):
        check(deep)
    check(Or((NULL,) * 1_999))
    with pytest.raises(BadRequest, match="more than 2000 parts"):
        check(Or((NULL,) * 2_000))
    with pytest.raises(BadRequest, match="at least one"):
        check(And(()))


@pytest.mark.parametrize(
    "path", ["", "password", "id.x", "summary.weave", "summary.weave.x", "inputs..a", "__class__"]
)
def test_fields_that_no_call_has_are_refused(path: str) -> None:
    with pytest.raises(BadRequest):
        check(Eq(field(path), NULL))


@pytest.mark.parametrize("number", [2**63, -(2**63) - 1, 10**400, float("nan"), float("-inf")])
def test_numbers_that_no_engine_compares_are_refused(number: float) -> None:
    with pytest.raises(BadRequest):
        check(Gt(field("started_at"), value(number)))
    check(Gt(field("started_at"), value(2**63 - 1)))
