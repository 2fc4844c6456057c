"""Which ids are certainly new, so that most writes need not ask the engine.

A Bloom filter (B. H. Bloom, 1970) that grows by further filters, each larger than the one before;
the places of an id come from two halves of one hash (Kirsch and Mitzenmacher, 2006). With 24 bits
for an id and 16 places, about one new id in 100,000 is taken for a known one in each filter.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import xxhash

Hashes = npt.NDArray[np.uint64]

HASH = "xxHash64(concat(toString(project), '/', id))"
"""The hash of a row in the engine's words."""
_PLACES = 16
_BITS_PER_ID = 24
_SMALLEST, _LARGEST, _GROWTH = 20, 26, 2
"""Sizes of filters as powers of two, in bits: 128 KiB to 8 MiB."""


def hashes(keys: Sequence[tuple[int, str]]) -> Hashes:
    """The same hash as `HASH`, for pairs of a project and an id."""
    found = (xxhash.xxh64_intdigest(f"{project}/{id}".encode()) for project, id in keys)
    return np.fromiter(found, np.uint64, len(keys))


class KnownIds:
    """Ids that are stored, and a few that are not."""

    def __init__(self) -> None:
        self._filters: list[npt.NDArray[np.uint8]] = []
        self._room = 0

    def add(self, found: Hashes) -> None:
        """Remember ids by their hashes."""
        while len(found):
            if self._room == 0:
                size = min(_SMALLEST + _GROWTH * len(self._filters), _LARGEST)
                self._filters.append(np.zeros(1 << (size - 3), np.uint8))
                self._room = (1 << size) // _BITS_PER_ID
            some, found = found[: self._room], found[self._room :]
            self._room -= len(some)
            bits = self._filters[-1]
            for place in range(_PLACES):
                at = _at(some, place, bits)
                np.bitwise_or.at(bits, at >> 3, _bit(at))

    def may_hold(self, asked: Hashes) -> npt.NDArray[np.bool_]:
        """False where an id is certainly unknown."""
        found = np.zeros(len(asked), np.bool_)
        for bits in self._filters:
            here = np.ones(len(asked), np.bool_)
            for place in range(_PLACES):
                at = _at(asked, place, bits)
                here &= (bits[at >> 3] & _bit(at)) != 0
                if not here.any():
                    break
            found |= here
        return found


def _at(of: Hashes, place: int, bits: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
    step = (of >> np.uint64(32)) | np.uint64(1)
    at = of + np.uint64(place) * step
    return (at & np.uint64(8 * len(bits) - 1)).astype(np.int64)


def _bit(at: npt.NDArray[np.int64]) -> npt.NDArray[np.uint8]:
    return np.left_shift(1, at & 7).astype(np.uint8)
