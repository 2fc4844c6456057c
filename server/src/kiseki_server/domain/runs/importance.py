"""Which parameters matter for a result: a random forest's importances, and correlations."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from kiseki_server.kit.errors import Unsupported

MAX_PARAMETERS = 100
MAX_CATEGORIES = 20
"""A text with more values than this names runs rather than kinds of them."""
_TREES = 100
_SEED = 1
_FEW, _SOME = 20, 60
"""Runs below which nothing, or not much, can be said."""

Confidence = Literal["low", "medium", "high"]
Setting = str | float | bool
Settings = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Parameter:
    """How one parameter goes with the result."""

    name: str
    importance: float
    """Its part of what the forest explains; all together are 1."""
    deviation: float
    """Over the trees of the forest."""
    pearson: float | None
    """``None`` for parameters that are no numbers."""
    spearman: float | None
    values: int
    """How many different ones there are."""


@dataclass(frozen=True, slots=True)
class Importance:
    """Parameters, the most important first."""

    parameters: tuple[Parameter, ...]
    runs: int
    """Those that have the result."""
    explained: float | None
    """R² of predictions for runs that a tree has not seen; ``None`` for too few runs."""
    confidence: Confidence
    left_out: int
    """Parameters with too many values, or beyond the most that are looked at."""


def importance(settings: Sequence[Settings], results: Sequence[float]) -> Importance:
    """Importances of the parameters that vary over the runs, for a finite result of each.

    Raises:
        Unsupported: scikit-learn is not installed.
    """
    names = sorted({name for each in settings for name in each})
    columns = {name: [_setting(each.get(name)) for each in settings] for name in names}
    varying = [name for name in names if len(set(columns[name])) > 1]
    usable = [name for name in varying if _is_usable(columns[name])]
    looked_at = usable[:MAX_PARAMETERS]
    left_out = len(varying) - len(looked_at)
    target = np.asarray(results, dtype=float)
    if len(target) < 4 or not looked_at or float(np.ptp(target)) == 0:
        return Importance((), len(target), None, "low", left_out)
    features, owners = _features([columns[name] for name in looked_at])
    shares, deviations, explained = _forest(features, owners, len(looked_at), target)
    found = [
        Parameter(
            name=name,
            importance=float(shares[index]),
            deviation=float(deviations[index]),
            pearson=_correlation(columns[name], target, ranked=False),
            spearman=_correlation(columns[name], target, ranked=True),
            values=len(set(columns[name])),
        )
        for index, name in enumerate(looked_at)
    ]
    found.sort(key=lambda parameter: (-parameter.importance, parameter.name))
    return Importance(
        tuple(found), len(target), explained, _confidence(len(target), explained), left_out
    )


def _setting(value: Any) -> Setting | None:
    if isinstance(value, (str, bool)):
        return value
    if isinstance(value, (int, float)) and math.isfinite(value):
        return float(value)
    return None


def _is_usable(values: Sequence[Setting | None]) -> bool:
    texts = {value for value in values if isinstance(value, str)}
    return len(texts) <= MAX_CATEGORIES


def _features(columns: Sequence[Sequence[Setting | None]]) -> tuple[Any, list[int]]:
    """One column for numbers, and one for each text; with the parameter that each is of."""
    made: list[Any] = []
    owners: list[int] = []
    for owner, values in enumerate(columns):
        numbers = [_number(value) for value in values]
        if any(not math.isnan(number) for number in numbers):
            made.append(np.asarray(numbers))
            owners.append(owner)
        for text in sorted({value for value in values if isinstance(value, str)}):
            made.append(np.asarray([float(value == text) for value in values]))
            owners.append(owner)
    return np.column_stack(made), owners


def _number(value: Setting | None) -> float:
    return math.nan if value is None or isinstance(value, str) else float(value)


def _forest(
    features: Any, owners: Sequence[int], count: int, target: Any
) -> tuple[Any, Any, float | None]:
    try:
        from sklearn.ensemble import (  # pyright: ignore[reportMissingTypeStubs]
            RandomForestRegressor,
        )
    except ImportError:
        raise Unsupported(
            "Parameter importance needs scikit-learn, which this server does not have",
            hint='install it with `pip install "kiseki-server[analysis]"`',
        ) from None
    enough = len(target) >= _FEW
    forest: Any = RandomForestRegressor(
        n_estimators=_TREES,
        random_state=_SEED,
        oob_score=enough,
        bootstrap=True,
        max_features=1.0,
        min_samples_leaf=2 if enough else 1,
        n_jobs=1,
    )
    forest.fit(features, target)
    by_tree = np.zeros((_TREES, count))
    for number, tree in enumerate(forest.estimators_):
        np.add.at(by_tree[number], list(owners), tree.feature_importances_)
    explained = float(forest.oob_score_) if enough else None
    mean = by_tree.mean(axis=0)
    whole = float(mean.sum()) or 1.0
    return mean / whole, by_tree.std(axis=0) / whole, explained


def _correlation(values: Sequence[Setting | None], target: Any, *, ranked: bool) -> float | None:
    """Over the runs in which the parameter is a number, or true or false."""
    if any(isinstance(value, str) for value in values):
        return None
    numbers = np.asarray([_number(value) for value in values])
    there = ~np.isnan(numbers)
    if int(there.sum()) < 3:
        return None
    left, right = numbers[there], np.asarray(target)[there]
    if ranked:
        left, right = _ranks(left), _ranks(right)
    if float(np.ptp(left)) == 0 or float(np.ptp(right)) == 0:
        return None
    return float(np.corrcoef(left, right)[0, 1])


def _ranks(values: Any) -> Any:
    """Ranks from 1 on; equal values share the mean of theirs."""
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    return (ends - (counts - 1) / 2)[places]


def _confidence(runs: int, explained: float | None) -> Confidence:
    if explained is None or runs < _FEW or explained < 0.2:
        return "low"
    return "high" if runs >= _SOME and explained >= 0.5 else "medium"
