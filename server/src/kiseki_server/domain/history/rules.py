"""How series are cut into buckets, the same for every adapter."""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass

from kiseki_server.domain.history.types import SeriesQuery
from kiseki_server.kit.errors import BadRequest

MAX_BUCKETS = 100_000


@dataclass(frozen=True, slots=True)
class Grid:
    """Buckets of equal width over ``low … high``.

    The bucket of x is ``min(floor((x / 2 - low / 2) * scale), buckets - 1)``. Halving first keeps
    a range from the most negative to the largest float finite; every adapter computes it in
    this form and so puts every point into the same bucket.
    """

    low: float
    high: float
    buckets: int

    @property
    def scale(self) -> float:
        span = self.high / 2 - self.low / 2
        if span <= 0:
            return 0.0
        return min(self.buckets / span, sys.float_info.max)


def check_series(query: SeriesQuery) -> None:
    """Refuse what no engine can answer.

    Raises:
        BadRequest: The number of buckets or the range makes no sense.
    """
    if not 1 <= query.buckets <= MAX_BUCKETS:
        raise BadRequest(f"A series has 1 to {MAX_BUCKETS} buckets, not {query.buckets}.")
    for name, bound in (("low", query.low), ("high", query.high)):
        if bound is not None and not math.isfinite(bound):
            raise BadRequest(f"The bound `{name}` of a series is a finite number, not {bound}.")
