"""Which labels are taken for which. Pure functions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kiseki_server.domain.evaluations.values import Value, label_of

OTHER = "…"
"""Stands for the rarer labels."""


@dataclass(frozen=True, slots=True)
class LabelFigures:
    """How well one label is found."""

    label: str
    support: int
    """Rows in which it is expected."""
    precision: float | None
    """Of the rows with this prediction, the part in which it is right."""
    recall: float | None
    """Of the rows in which it is expected, the part with this prediction."""
    f1: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Confusion:
    """Counts of rows by the label that is expected and the one that is predicted."""

    labels: tuple[str, ...]
    matrix: tuple[tuple[int, ...], ...]
    """Rows are expected labels, columns predicted ones."""
    per_label: tuple[LabelFigures, ...]
    accuracy: float | None
    macro_f1: float | None
    kappa: float | None
    weighted_kappa: float | None
    """With quadratic weights; none unless the labels are numbers."""
    rows: int
    missing: int
    """Rows without one of the two."""
    other: bool
    """Rarer labels are put together."""


def confusion(
    expected: Sequence[Value | None], predicted: Sequence[Value | None], *, limit: int = 20
) -> Confusion:
    """The confusion matrix of labels, which may be grades.

    Kappa is agreement beyond chance, (pₒ − pₑ) / (1 − pₑ): J. Cohen, Educational and
    Psychological Measurement 20 (1960); with weights (i − j)² over the grades, so that a near miss
    counts less: J. Cohen, Psychological Bulletin 70 (1968).
    """
    pairs = [
        (label_of(one), label_of(other))
        for one, other in zip(expected, predicted, strict=True)
        if one is not None and other is not None
    ]
    counted = Counter(label for pair in pairs for label in pair)
    grades = all(_number(label) is not None for label in counted)
    common = [label for label, _ in sorted(counted.items(), key=lambda it: (-it[1], it[0]))]
    other = len(common) > limit
    kept = common[: limit - 1] if other else common
    labels = sorted(
        kept, key=lambda label: (_number(label) or 0.0, label) if grades else (0, label)
    )
    labels += [OTHER] if other else []
    place = {label: number for number, label in enumerate(labels)}
    matrix = np.zeros((len(labels), len(labels)), dtype=np.int64)
    for one, two in pairs:
        matrix[place.get(one, len(labels) - 1), place.get(two, len(labels) - 1)] += 1
    right = sum(one == two for one, two in pairs)
    per_label = tuple(
        _figures(label, matrix[row, row], matrix[row].sum(), matrix[:, row].sum())
        for row, label in enumerate(labels)
    )
    found = [each.f1 for each in per_label if each.f1 is not None and each.label != OTHER]
    return Confusion(
        labels=tuple(labels),
        matrix=tuple(tuple(row) for row in matrix.tolist()),
        per_label=per_label,
        accuracy=right / len(pairs) if pairs else None,
        macro_f1=sum(found) / len(found) if found else None,
        kappa=kappa(pairs),
        weighted_kappa=kappa(pairs, weighted=True) if grades and len(counted) > 1 else None,
        rows=len(pairs),
        missing=len(expected) - len(pairs),
        other=other,
    )


def kappa(pairs: Sequence[tuple[str, str]], *, weighted: bool = False) -> float | None:
    """Cohen's kappa; none where chance alone gives full agreement."""
    if not pairs:
        return None
    count = len(pairs)
    labels = sorted({label for pair in pairs for label in pair})
    ours = Counter(one for one, _ in pairs)
    theirs = Counter(other for _, other in pairs)

    def apart(one: str, other: str) -> float:
        if not weighted:
            return float(one != other)
        return ((_number(one) or 0.0) - (_number(other) or 0.0)) ** 2

    seen = sum(apart(one, other) for one, other in pairs) / count
    chance = sum(
        apart(one, other) * ours[one] * theirs[other] for one in labels for other in labels
    ) / (count * count)
    return 1 - seen / chance if chance else None


def _figures(label: str, right: int, expected: int, predicted: int) -> LabelFigures:
    precision = float(right / predicted) if predicted else None
    recall = float(right / expected) if expected else None
    both = (precision or 0.0) + (recall or 0.0)
    f1 = 2 * (precision or 0.0) * (recall or 0.0) / both if both else 0.0
    return LabelFigures(label, int(expected), precision, recall, f1 if expected else None)


def _number(label: str) -> float | None:
    try:
        return float(label)
    except ValueError:
        return None
