"""Statistics against the literature's own numbers and against scipy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from kiseki_server.domain.evaluations import statistics


def test_wilson_as_newcombe_prints_it() -> None:
    # R. G. Newcombe, Statistics in Medicine 17 (1998), table I, method 3.
    for successes, trials, low, high in ((81, 263, 0.2553, 0.3662), (0, 20, 0.0, 0.1611)):
        found = statistics.wilson(successes, trials)
        assert found is not None
        assert (round(found.low, 4), round(found.high, 4)) == (low, high)
    assert statistics.wilson(0, 0) is None


def test_mcnemar_is_the_exact_binomial() -> None:
    assert statistics.mcnemar(0, 5).p == pytest.approx(2 / 2**5)
    assert statistics.mcnemar(7, 7).p == 1
    assert statistics.mcnemar(0, 0).p == 1


def test_wilcoxon_on_darwins_plants() -> None:
    # Darwin's Zea mays heights (1876), as Fisher took them up; in eighths of an inch.
    differences = np.array([49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48.0])
    test = statistics.wilcoxon(differences)
    assert (test.statistic, round(test.p or 0, 4)) == (24.0, 0.0413)
    with_gaps = np.concatenate([differences, [np.nan, 0.0]])
    assert statistics.wilcoxon(with_gaps) == test


def test_sign_flips_agree_with_fishers_count_of_them() -> None:
    # Fisher counted 1,726 of 2**15 signs with a sum as large: p = 0.0527.
    differences = np.array([49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48.0])
    (p,) = statistics.sign_flip(differences[:, None])
    assert p == pytest.approx(0.0527, abs=0.015)
    assert statistics.sign_flip(differences[:, None]) == [p]


def test_bootstrap_is_near_the_t_interval_and_the_same_every_time() -> None:
    rng = np.random.default_rng(5)
    values = rng.normal(3, 2, size=(400, 2))
    values[7, 1] = np.nan
    intervals = statistics.bootstrap(values)
    assert statistics.bootstrap(values) == intervals
    for column, interval in zip(values.T, intervals, strict=True):
        known = column[~np.isnan(column)]
        low, high = stats.t.interval(0.95, len(known) - 1, known.mean(), stats.sem(known))
        assert interval is not None
        assert interval.low == pytest.approx(low, abs=0.03)
        assert interval.high == pytest.approx(high, abs=0.03)
    assert statistics.bootstrap(values[:1]) == [None, None]


def test_holm_on_his_own_example() -> None:
    assert statistics.holm([0.01, 0.04, None, 0.03, 0.005]) == pytest.approx(
        [0.03, 0.06, None, 0.06, 0.02]
    )


def test_effects_and_the_rows_that_they_need() -> None:
    # Cohen's table 2.4.1: d = 0.5, two-sided 5 %, power 80 % takes 32 pairs, before continuity.
    effect = statistics.Effect("cohens_dz", 0.5, "medium")
    assert statistics.rows_for_wilcoxon(effect) == 33
    # 20 against 10 of 100 pairs, by hand: ((1.96 √0.3 + 0.8416 √0.29) / 0.1)² = 233.1.
    assert statistics.rows_for_mcnemar(20, 10, 100) == 234
    assert statistics.cohens_g(9, 1) == statistics.Effect("cohens_g", 0.4, "large")
    assert statistics.cohens_dz(np.array([1.0, 1.0])) is None


def test_histograms_share_their_edges() -> None:
    found = statistics.histogram([np.array([0, 1, 1, 3.0]), np.array([3.0, np.nan])])
    assert found == ([-0.5, 0.5, 1.5, 2.5, 3.5], [[1, 2, 0, 1], [0, 0, 0, 1]])
    assert statistics.histogram([np.array([np.nan])]) is None
