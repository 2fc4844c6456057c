"""Histograms."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from typing import Any, cast

from kiseki.errors import ValueRangeError, ValueTypeError
from kiseki.media.value import Json, Keeper, Media
from kiseki.run.values import plain

MAX_BINS = 512


class Histogram(Media):
    """How often values lie in each of some ranges.

    Args:
        sequence: The values: an array or a sequence of numbers. Those that are not finite are
            left out.
        np_histogram: Counts and edges instead, as ``numpy.histogram`` gives them.
        num_bins: How many ranges, at most 512.

    Raises:
        ValueTypeError: These are no numbers.
        ValueRangeError: There are too many ranges, or not one more edge than counts.
    """

    TYPE = "histogram"

    def __init__(
        self,
        sequence: Sequence[float] | Any | None = None,
        np_histogram: tuple[Any, Any] | None = None,
        num_bins: int = 64,
    ) -> None:
        if np_histogram is not None:
            if len(np_histogram) != 2:
                raise ValueTypeError("np_histogram is a pair of counts and edges")
            counts, edges = (_numbers(part) for part in np_histogram)
        elif sequence is None:
            raise ValueTypeError("Histogram needs a sequence or an np_histogram")
        else:
            if not 1 <= num_bins <= MAX_BINS:
                raise ValueRangeError(f"num_bins is between 1 and {MAX_BINS}, not {num_bins}")
            counts, edges = _counted(sequence, num_bins)
        if len(counts) > MAX_BINS or len(edges) != len(counts) + 1:
            raise ValueRangeError(
                f"A histogram has 1 to {MAX_BINS} counts and one edge more, not {len(counts)} "
                f"counts and {len(edges)} edges"
            )
        self.histogram = counts
        self.bins = edges

    def logged(self, keeper: Keeper) -> Json:
        return {"_type": self.TYPE, "values": self.histogram, "bins": self.bins}


def _numbers(values: Any) -> list[float]:
    found = values.tolist() if hasattr(values, "tolist") else list(values)
    if not all(isinstance(value, (int, float)) for value in found):
        raise ValueTypeError("A histogram is made of numbers")
    return cast("list[float]", plain(found, "Histogram"))


def _counted(sequence: Any, bins: int) -> tuple[list[float], list[float]]:
    numpy: Any = sys.modules.get("numpy")
    if callable(detach := getattr(sequence, "detach", None)):
        sequence = cast("Any", detach()).cpu()
        sequence = sequence.float().numpy() if numpy is not None else sequence.tolist()
    if numpy is not None:
        array = numpy.asarray(sequence).ravel()
        if array.dtype.kind not in "buif":
            raise ValueTypeError(f"Histogram: {array.dtype} are no numbers")
        array = array.astype("float64")
        counts, edges = numpy.histogram(array[numpy.isfinite(array)], bins=bins)
        return counts.tolist(), edges.tolist()
    values = [value for value in map(float, _flat(sequence)) if math.isfinite(value)]
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    if low == high:
        low, high = low - 0.5, high + 0.5
    counts = [0.0] * bins
    for value in values:
        counts[min(int((value - low) / (high - low) * bins), bins - 1)] += 1
    return counts, [low + (high - low) * i / bins for i in range(bins + 1)]


def _flat(values: Any) -> list[Any]:
    flat: list[Any] = []
    for value in values:
        if isinstance(value, (list, tuple)):
            flat += _flat(value)
        elif isinstance(value, (int, float)):
            flat.append(value)
        else:
            raise ValueTypeError(f"Histogram: {type(value).__name__} is no number")
    return flat
