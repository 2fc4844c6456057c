"""Which ids are certainly new."""

from __future__ import annotations

import numpy as np

from kiseki_server.storage.columnar.known_ids import KnownIds


def test_no_id_that_is_known_is_taken_for_new_and_few_new_ones_for_known() -> None:
    known = KnownIds()
    random = np.random.default_rng(3)
    # More than the first two filters have room for.
    held = random.integers(0, 2**63, 250_000, dtype=np.uint64)
    assert not known.may_hold(held[:100]).any()
    for some in np.array_split(held, 7):
        known.add(some)
    assert known.may_hold(held).all()
    new = random.integers(2**63, 2**64, 200_000, dtype=np.uint64)
    assert known.may_hold(new).sum() < 60
