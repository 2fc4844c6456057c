"""Which parameters matter for a result."""

from __future__ import annotations

import random

import pytest

from kiseki_server.domain.runs.importance import importance

pytest.importorskip("sklearn")


def runs(count: int) -> tuple[list[dict[str, object]], list[float]]:
    """Results that fall with the rate, depend on the kind, and not on the seed."""
    chance = random.Random(7)
    settings: list[dict[str, object]] = []
    results: list[float] = []
    for number in range(count):
        rate, kind = chance.random(), chance.choice(["a", "b", "c"])
        settings.append({"rate": rate, "kind": kind, "seed": chance.randrange(99), "same": 1})
        if number % 7 == 0:
            del settings[-1]["seed"]
        results.append(10 - 5 * rate + (2 if kind == "b" else 0) + chance.random() / 10)
    return settings, results


def test_what_the_result_depends_on_comes_first() -> None:
    found = importance(*runs(120))
    assert [parameter.name for parameter in found.parameters] == ["rate", "kind", "seed"]
    rate, kind, seed = found.parameters
    assert sum(parameter.importance for parameter in found.parameters) == pytest.approx(1)
    assert rate.importance > kind.importance > 4 * seed.importance
    assert rate.deviation > 0
    assert (rate.pearson or 0) < -0.7
    assert (rate.spearman or 0) < -0.7
    assert (kind.pearson, kind.spearman, kind.values) == (None, None, 3)
    assert abs(seed.spearman or 0) < 0.3
    assert (found.confidence, found.runs, found.left_out) == ("high", 120, 0)
    assert (found.explained or 0) > 0.8


def test_the_same_runs_give_the_same_answer() -> None:
    assert importance(*runs(40)) == importance(*runs(40))


def test_few_runs_or_noise_are_said_to_tell_little() -> None:
    few = importance(*runs(8))
    assert (few.confidence, few.explained, few.runs) == ("low", None, 8)
    settings, results = runs(80)
    random.Random(1).shuffle(results)
    assert importance(settings, results).confidence == "low"


def test_nothing_is_made_up_where_nothing_varies() -> None:
    assert importance([], []).parameters == ()
    assert importance([{"lr": 1.0}] * 9, [float(n) for n in range(9)]).parameters == ()
    assert importance([{"lr": float(n)} for n in range(9)], [1.0] * 9).parameters == ()


def test_texts_with_a_value_for_each_run_are_left_out() -> None:
    settings = [{"name": f"run {n}", "lr": float(n)} for n in range(30)]
    found = importance(settings, [float(n) for n in range(30)])
    assert [parameter.name for parameter in found.parameters] == ["lr"]
    assert found.left_out == 1
    assert found.parameters[0].spearman == pytest.approx(1)
