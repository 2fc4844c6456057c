"""Alerts in the journal of a run."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

import kiseki
from kiseki.errors import ValueRangeError, ValueTypeError
from kiseki.run import alerts
from kiseki.wire.records import Alert

from .conftest import Begin, records_of


def raised(run: kiseki.Run) -> list[tuple[str, str, str, float]]:
    return [
        (record.title, record.text, record.level, record.wait_s)
        for record in records_of(run)
        if isinstance(record, Alert)
    ]


def test_alerts_are_records(begin: Begin) -> None:
    run = begin()
    run.alert("a", "text")
    run.alert("b", "text", "warn", 0)
    run.alert("c", "text", kiseki.AlertLevel.ERROR, timedelta(minutes=5))
    assert raised(run) == [
        ("a", "text", "info", 60.0),
        ("b", "text", "warning", 0.0),
        ("c", "text", "error", 300.0),
    ]


def test_repetitions_are_passed_over_for_a_while(
    begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = begin()
    for now in (1000.0, 1009.0, 1010.0, 1011.0):
        monkeypatch.setattr(alerts.time, "time", lambda now=now: now)
        run.alert("a", f"at {now:.0f}", wait_duration=10)
        run.alert("b", f"at {now:.0f}", wait_duration=0)
    texts = [(title, text) for title, text, *_ in raised(run)]
    assert [text for title, text in texts if title == "a"] == ["at 1000", "at 1010"]
    assert len([text for title, text in texts if title == "b"]) == 4


def test_what_is_too_long_is_cut(begin: Begin) -> None:
    run = begin()
    run.alert("t" * 400, "x" * 30_000 + "\0")
    ((title, text, *_),) = raised(run)
    assert (len(title), len(text), title[-1], text[-1]) == (300, 20_000, "…", "…")


@pytest.mark.parametrize(
    "arguments",
    [("", "text"), (1, "text"), ("t", None), ("t", "x", "LOUD"), ("t", "x", None, -1),
     ("t", "x", None, "soon")],
)  # fmt: skip
def test_mistakes_are_told_at_once(begin: Begin, arguments: Any) -> None:
    run = begin()
    with pytest.raises((ValueTypeError, ValueRangeError)):
        run.alert(*arguments)
    assert raised(run) == []
