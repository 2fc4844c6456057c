"""Statistics of scores, alone and in pairs. Pure functions over arrays, the same every time.

Everything rests on rows, not on trials: the trials of one example are no independent samples, so
they are averaged first and drawn together.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any, Literal, cast

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

RESAMPLES = 1_000
SEED = 20_261_201
ALPHA = 0.05
POWER = 0.8
FEW_PAIRS = 10
"""Pairs below which a comparison says next to nothing."""
_BLOCK = 1_000_000
"""Cells of the weights of resamples that are in memory at once."""
_WILCOXON_EFFICIENCY = 3 / math.pi

TestName = Literal["mcnemar_exact", "wilcoxon", "none"]
Size = Literal["none", "small", "medium", "large"]


@dataclass(frozen=True, slots=True)
class Interval:
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Effect:
    """How large a difference is, whatever the unit and the number of rows."""

    name: Literal["cohens_g", "cohens_dz"]
    value: float
    size: Size


@dataclass(frozen=True, slots=True)
class Test:
    """Whether a difference could be chance."""

    name: TestName
    statistic: float | None
    p: float | None


def wilson(successes: float, trials: int, confidence: float = 1 - ALPHA) -> Interval | None:
    """Score interval of a proportion.

    E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22
    (1927): (p + z²/2n ± z √(p(1−p)/n + z²/4n²)) / (1 + z²/n). Unlike the textbook interval it
    holds for few rows and for proportions near 0 and 1.
    """
    if trials < 1:
        return None
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    p = successes / trials
    middle = p + z * z / (2 * trials)
    reach = z * math.sqrt(p * (1 - p) / trials + z * z / (4 * trials * trials))
    scale = 1 + z * z / trials
    return Interval(max(0.0, (middle - reach) / scale), min(1.0, (middle + reach) / scale))


def bootstrap(columns: Floats, *, confidence: float = 1 - ALPHA) -> list[Interval | None]:
    """Percentile intervals of the means of columns, rows drawn with replacement.

    B. Efron, R. Tibshirani, "An Introduction to the Bootstrap" (1993), chapter 13. A row is drawn
    with all its columns, so that the intervals of one table belong together; NaN is left out of
    its column alone. Columns with fewer than two values have no interval.
    """
    rows, width = columns.shape
    there = ~np.isnan(columns)
    known = there.sum(axis=0)
    if rows < 2:
        return [None] * width
    values = np.where(there, columns, 0.0)
    whole = bool(there.all())
    mask = there.astype(np.float64)
    generator = np.random.default_rng(SEED)
    means = np.empty((RESAMPLES, width))
    block = max(1, min(RESAMPLES, _BLOCK // rows))
    for start in range(0, RESAMPLES, block):
        size = min(block, RESAMPLES - start)
        drawn = generator.integers(0, rows, size=(size, rows), dtype=np.int32)
        drawn += np.arange(size, dtype=np.int32)[:, None] * rows
        weights = (
            np.bincount(drawn.ravel(), minlength=size * rows).reshape(size, rows).astype(np.float64)
        )
        with np.errstate(invalid="ignore", divide="ignore"):
            counts = float(rows) if whole else weights @ mask
            means[start : start + size] = (weights @ values) / counts
    tail = (1 - confidence) / 2
    found: list[Interval | None] = []
    for column in range(width):
        if known[column] < 2:
            found.append(None)
            continue
        low, high = np.nanquantile(means[:, column], [tail, 1 - tail])
        found.append(Interval(float(low), float(high)))
    return found


def sign_flip(differences: Floats) -> list[float | None]:
    """Two-sided permutation tests of paired differences, one a column.

    R. A. Fisher, "The Design of Experiments" (1935), section 21: were there no difference, each
    pair could as well stand the other way round. The signs are drawn at random; p is
    (1 + more extreme means) / (1 + draws), as B. Phipson and G. K. Smyth (2010) have it, never 0.
    """
    rows, width = differences.shape
    there = ~np.isnan(differences)
    if rows < 1:
        return [None] * width
    values = np.where(there, differences, 0.0)
    seen = np.abs(values.sum(axis=0))
    generator = np.random.default_rng(SEED)
    extreme = np.zeros(width, dtype=np.int64)
    block = max(1, min(RESAMPLES, _BLOCK // rows))
    for start in range(0, RESAMPLES, block):
        size = min(block, RESAMPLES - start)
        drawn = np.frombuffer(generator.bytes(size * rows // 8 + 1), dtype=np.uint8)
        signs = np.unpackbits(drawn, count=size * rows).reshape(size, rows) * 2.0 - 1.0
        sums = np.abs(signs @ values)
        extreme += (sums >= seen - 1e-9 * np.maximum(seen, 1e-300)).sum(axis=0)
    return [
        (1 + int(extreme[column])) / (1 + RESAMPLES) if there[:, column].any() else None
        for column in range(width)
    ]


def mcnemar(gained: int, lost: int) -> Test:
    """Exact test of two proportions over the same rows, from the rows in which they differ.

    Q. McNemar, Psychometrika 12 (1947), in the exact form: were there no difference, ``gained``
    would be binomial with ``gained + lost`` draws of probability 1/2.
    """
    from scipy import stats  # pyright: ignore[reportMissingTypeStubs]

    if gained + lost == 0:
        return Test("mcnemar_exact", 0.0, 1.0)
    found = cast("Any", stats).binomtest(gained, gained + lost, 0.5)
    return Test("mcnemar_exact", float(min(gained, lost)), float(found.pvalue))


def wilcoxon(differences: Floats) -> Test:
    """Signed-rank test of paired differences.

    F. Wilcoxon, Biometrics Bulletin 1 (1945); zeros are left out, as he did. Exact for up to 50
    differences without ties, else by the normal distribution with the correction for ties.
    """
    from scipy import stats  # pyright: ignore[reportMissingTypeStubs]

    known = differences[~np.isnan(differences)]
    known = known[known != 0]
    if not len(known):
        return Test("wilcoxon", 0.0, 1.0)
    found = cast("Any", stats).wilcoxon(known, zero_method="wilcox", method="auto")
    return Test("wilcoxon", float(found.statistic), float(found.pvalue))


def cohens_g(gained: int, lost: int) -> Effect | None:
    """How far the rows that differ are from half and half: gained / (gained + lost) − 1/2.

    J. Cohen, "Statistical Power Analysis for the Behavioral Sciences" (1988), chapter 5: 0.05 is
    small, 0.15 medium, 0.25 large.
    """
    if gained + lost == 0:
        return None
    value = gained / (gained + lost) - 0.5
    return Effect("cohens_g", value, _size(abs(value), (0.05, 0.15, 0.25)))


def cohens_dz(differences: Floats) -> Effect | None:
    """Mean over standard deviation of paired differences.

    J. Cohen (1988), section 2.3.5: 0.2 is small, 0.5 medium, 0.8 large. None where all
    differences are equal, which has no spread to compare with.
    """
    known = differences[~np.isnan(differences)]
    if len(known) < 2:
        return None
    spread = float(known.std(ddof=1))
    if spread == 0:
        return None
    value = float(known.mean()) / spread
    return Effect("cohens_dz", value, _size(abs(value), (0.2, 0.5, 0.8)))


def rows_for_mcnemar(
    gained: int, lost: int, pairs: int, *, alpha: float = ALPHA, power: float = POWER
) -> int | None:
    """Rows with which a difference of this size would most likely be found.

    R. J. Connor, Biometrics 43 (1987): (z(1−α/2) √ψ + z(power) √(ψ − δ²))² / δ², where ψ is
    the part of rows that differ and δ the difference of the proportions.
    """
    if pairs == 0 or gained == lost:
        return None
    part, difference = (gained + lost) / pairs, (gained - lost) / pairs
    error, wanted = NormalDist().inv_cdf(1 - alpha / 2), NormalDist().inv_cdf(power)
    spread = math.sqrt(max(0.0, part - difference**2))
    return math.ceil(((error * math.sqrt(part) + wanted * spread) / difference) ** 2)


def rows_for_wilcoxon(
    effect: Effect | None, *, alpha: float = ALPHA, power: float = POWER
) -> int | None:
    """Rows with which a difference of this size would most likely be found.

    ((z(1−α/2) + z(power)) / d_z)² of the paired t-test (Cohen 1988, chapter 2), over 3/π, the
    efficiency of the signed-rank test beside it (E. L. Lehmann, "Nonparametrics" (1975)).
    """
    if effect is None or effect.value == 0:
        return None
    error, wanted = NormalDist().inv_cdf(1 - alpha / 2), NormalDist().inv_cdf(power)
    rows = ((error + wanted) / effect.value) ** 2 / _WILCOXON_EFFICIENCY
    return math.ceil(rows) if rows < 1e9 else None


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """p-values corrected for being several: S. Holm, Scandinavian Journal of Statistics 6 (1979).

    The smallest is multiplied by their number, the next by one less, and so on, never decreasing.
    What has no p-value is not counted.
    """
    known = sorted((p, place) for place, p in enumerate(p_values) if p is not None)
    found: list[float | None] = [None] * len(p_values)
    highest = 0.0
    for rank, (p, place) in enumerate(known):
        highest = max(highest, min(1.0, p * (len(known) - rank)))
        found[place] = highest
    return found


def histogram(
    columns: Sequence[Floats], bins: int = 20
) -> tuple[list[float], list[list[int]]] | None:
    """Counts of several columns over the same edges; whole numbers of a small range get a bin
    each. None where there is no value."""
    known = [column[~np.isnan(column)] for column in columns]
    filled = [column for column in known if len(column)]
    if not filled:
        return None
    low = min(float(column.min()) for column in filled)
    high = max(float(column.max()) for column in filled)
    whole = all(bool((column == np.floor(column)).all()) for column in filled)
    if whole and high - low < bins:
        edges = np.arange(low, high + 2) - 0.5
    elif low == high:
        edges = np.array([low - 0.5, low + 0.5])
    else:
        edges = np.linspace(low, high, bins + 1)
    counts = [np.histogram(column, edges)[0].tolist() for column in known]
    return edges.tolist(), counts


def _size(value: float, bounds: tuple[float, float, float]) -> Size:
    small, medium, large = bounds
    if value < small:
        return "none"
    if value < medium:
        return "small"
    return "medium" if value < large else "large"
