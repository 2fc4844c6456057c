"""Requirements that an evaluation has to meet, as a CI job states them. Pure functions."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from kiseki_server.domain.evaluations.comparing import Delta
from kiseki_server.domain.evaluations.measuring import Metric
from kiseki_server.domain.evaluations.types import Evaluation
from kiseki_server.kit.errors import BadRequest

_COMPARISON = re.compile(r"\s*(\S+)\s*(>=|<=|==|=|>|<)\s*(\S+)\s*")
_DELTA = re.compile(r"\s*(\S+)\s+delta\s*(>=|<=|>|<)\s*(\S+)\s*")
_VERDICT = re.compile(r"\s*(\S+)\s+(not\s+worse|better)\s*")
_SIGNS: Mapping[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
    "=": operator.eq,
    "==": operator.eq,
}


@dataclass(frozen=True, slots=True)
class Check:
    """One requirement, and whether it is met."""

    require: str
    passed: bool
    value: float | str | None
    message: str


def check(
    requirements: Sequence[str],
    evaluation: Evaluation,
    metrics: Sequence[Metric],
    failed: int,
    deltas: Mapping[str, Delta] | None,
) -> list[Check]:
    """All requirements, in their order.

    Args:
        requirements: As people write them: ``scores.acc >= 0.8``, ``coverage >= 0.99``,
            ``failed = 0``, ``status = completed``, ``scores.acc not worse``,
            ``scores.acc delta >= -0.01``.
        evaluation: That is looked at.
        metrics: Of it.
        failed: Trials that failed.
        deltas: To the baseline by metric; none without a baseline.

    Raises:
        BadRequest: A requirement cannot be understood.
    """
    known = {metric.name: metric for metric in metrics}
    return [_check(text, evaluation, known, failed, deltas) for text in requirements]


def _check(
    text: str,
    evaluation: Evaluation,
    known: Mapping[str, Metric],
    failed: int,
    deltas: Mapping[str, Delta] | None,
) -> Check:
    if found := _VERDICT.fullmatch(text):
        delta = _delta(text, found[1], deltas)
        if delta is None or not delta.pairs:
            return Check(text, False, None, f"No row has `{found[1]}` in both evaluations.")
        passed = delta.verdict == "better" or (
            found[2].startswith("not") and delta.verdict != "worse"
        )
        return Check(text, passed, delta.verdict, f"{delta.verdict}: {delta.reason}")
    if found := _DELTA.fullmatch(text):
        delta, wanted = _delta(text, found[1], deltas), _number(text, found[3])
        if delta is None or delta.value is None:
            return Check(text, False, None, f"No row has `{found[1]}` in both evaluations.")
        passed = _SIGNS[found[2]](delta.value, wanted)
        return Check(text, passed, delta.value, f"The difference is {delta.value:.6g}.")
    found = _COMPARISON.fullmatch(text)
    if found is None:
        raise BadRequest(
            f"`{text[:200]}` is no requirement",
            hint="write `scores.acc >= 0.8`, `status = completed`, or with a baseline "
            "`scores.acc not worse`",
        )
    name, sign, right = found.groups()
    if name == "status":
        if sign not in ("=", "=="):
            raise BadRequest(f"`{text[:200]}` is no requirement", hint="write `status = completed`")
        state = evaluation.status.value
        return Check(text, state == right, state, f"The evaluation is {state}.")
    wanted = _number(text, right)
    value = _figure(name, known, failed)
    if value is None:
        return Check(text, False, None, f"The evaluation has no value of `{name}`.")
    return Check(text, _SIGNS[sign](value, wanted), value, f"`{name}` is {value:.6g}.")


def _figure(name: str, known: Mapping[str, Metric], failed: int) -> float | None:
    if name == "failed":
        return float(failed)
    if name == "coverage":
        covered = [metric.figures.coverage for metric in known.values() if metric.source == "score"]
        return min(covered) if covered else 0.0
    metric = known.get(name)
    return None if metric is None else metric.figures.mean


def _delta(text: str, name: str, deltas: Mapping[str, Delta] | None) -> Delta | None:
    if deltas is None:
        raise BadRequest(
            f"`{text[:200]}` needs an evaluation to compare with", hint="pass `baseline=<id>`"
        )
    return deltas.get(name)


def _number(text: str, right: str) -> float:
    try:
        return float(right)
    except ValueError:
        raise BadRequest(f"`{right[:100]}` in `{text[:200]}` is no number") from None
