"""Typed conditions on calls."""

from __future__ import annotations

import pytest

from kiseki_server.domain.calls.evaluation import holds
from kiseki_server.domain.calls.expression import field, parse
from kiseki_server.domain.calls.types import Call, Source
from kiseki_server.kit.errors import BadRequest
from kiseki_server.kit.ids import ProjectId

CALL = Call(
    id="c1",
    project=ProjectId(1),
    trace_id="t1",
    op="weave-trace-internal:///1/op/answer:abc",
    op_name="answer",
    display_name="Shown",
    source=Source.OTLP,
    user="me",
    run_step=7,
    started_at=1_764_504_000_000_000,
    ended_at=1_764_504_002_500_000,
    inputs='{"model":"Small","n":3.7,"on":true,"a.b":{"c":1},"none":null}',
    output='"An answer"',
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('inputs.model = "Small"', True),
        ('inputs.model != "Small"', False),
        ('inputs.model != "Large"', True),
        ("inputs.n > 3", True),
        ("inputs.model > 3", False),
        ("inputs.model != 3", True),
        ("not inputs.model > 3", True),
        ("inputs.missing != 3", True),
        ("inputs.missing = null", True),
        ("inputs.none exists", False),
        ("inputs.n exists and inputs.on = true", True),
        ('inputs."a.b".c in [1, 2]', True),
        ("inputs.n in []", False),
        ('output contains "ANSWER"', True),
        ("latency > 2", True),
        ("latency > 2.5", False),
        ("latency >= 2.5 and run_step < 8", True),
        ('op = "answer" and name = "Shown" and status = "success"', True),
        ("error = null and thread = null", True),
        ("error exists", False),
        ('started_at >= "2025-11-30T12:00:00Z"', True),
        ('started_at < "2025-11-30"', False),
        ('source = "otlp" or user = "you"', True),
    ],
)
def test_what_expressions_mean(text: str, expected: bool) -> None:
    assert holds(parse(text), CALL) is expected


@pytest.mark.parametrize("text", ["secret = 1", "inputs", 'name ~ "x"', "latency.x > 1", "and"])
def test_expressions_that_are_refused(text: str) -> None:
    with pytest.raises(BadRequest):
        parse(text)


def test_names_of_fields() -> None:
    assert field("latency").path == ("summary", "weave", "latency_ms")
    assert field('inputs."a.b".c').path == ("inputs", "a.b", "c")
    with pytest.raises(BadRequest):
        field("nothing")
