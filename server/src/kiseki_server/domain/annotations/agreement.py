"""How far annotators agree beyond chance. Pure functions.

Cohen's kappa is for two annotators and nominal values: J. Cohen, "A Coefficient of Agreement for
Nominal Scales", Educational and Psychological Measurement 20 (1960). Krippendorff's alpha takes
any number of annotators and values that are missing, nominal or on an interval scale:
K. Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011), as there by coincidences
of pairable values.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from itertools import combinations

Ratings = Mapping[str, Mapping[str, Hashable]]
"""Values by item and annotator."""


def cohen_kappa(ratings: Ratings, first: str, second: str) -> tuple[float | None, int]:
    """Kappa of two annotators over the items that both have judged, and how many those are.

    It is unknown without such items, and where chance alone would make them agree always.
    """
    pairs = [(of[first], of[second]) for of in ratings.values() if first in of and second in of]
    if not pairs:
        return None, 0
    count = len(pairs)
    observed = sum(one == other for one, other in pairs) / count
    ones, others = Counter(one for one, _ in pairs), Counter(other for _, other in pairs)
    expected = sum(ones[value] * others[value] for value in ones) / count**2
    if math.isclose(expected, 1.0):
        return None, count
    return (observed - expected) / (1 - expected), count


def pairwise_kappa(ratings: Ratings) -> dict[tuple[str, str], tuple[float | None, int]]:
    """Kappa of each two annotators that have judged anything in common."""
    people = sorted({person for of in ratings.values() for person in of})
    found = {pair: cohen_kappa(ratings, *pair) for pair in combinations(people, 2)}
    return {pair: known for pair, known in found.items() if known[1]}


def krippendorff_alpha(ratings: Ratings) -> float | None:
    """Alpha of all annotators; on an interval scale where every value is a number.

    It is unknown where no item has two values, and where all values are the same: there is no
    disagreement then that could be compared with.
    """
    units = [list(of.values()) for of in ratings.values() if len(of) > 1]
    values = [value for unit in units for value in unit]
    if not values:
        return None
    if all(isinstance(each, int | float) and not isinstance(each, bool) for each in values):
        return _interval([[float(each) for each in unit] for unit in units])  # pyright: ignore[reportArgumentType]
    return _nominal(units)


def _nominal(units: Sequence[Sequence[Hashable]]) -> float | None:
    totals = Counter(value for unit in units for value in unit)
    n = sum(totals.values())
    observed = 0.0
    for unit in units:
        counts = Counter(unit)
        alike = sum(count * (count - 1) for count in counts.values())
        observed += (len(unit) * (len(unit) - 1) - alike) / (len(unit) - 1)
    expected = n * n - sum(count * count for count in totals.values())
    return None if expected == 0 else 1 - (n - 1) * observed / expected


def _interval(units: Sequence[Sequence[float]]) -> float | None:
    values = [value for unit in units for value in unit]
    n = len(values)
    observed = sum(_squares(unit) / (len(unit) - 1) for unit in units)
    expected = _squares(values)
    return None if expected <= 0 else 1 - (n - 1) * observed / expected


def _squares(values: Sequence[float]) -> float:
    """The squared differences of all ordered pairs, added up."""
    mean = math.fsum(values) / len(values)
    return 2 * len(values) * math.fsum((value - mean) ** 2 for value in values)
