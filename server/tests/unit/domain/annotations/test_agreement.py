"""Agreement beyond chance, against figures that were published or worked out by hand."""

from __future__ import annotations

from typing import Any

import pytest

from kiseki_server.domain.annotations.agreement import (
    cohen_kappa,
    krippendorff_alpha,
    pairwise_kappa,
)


def ratings(*columns: str) -> dict[str, dict[str, Any]]:
    """One column for each annotator; a dot is no value."""
    found: dict[str, dict[str, Any]] = {}
    for person, column in zip("abcd", columns, strict=False):
        for place, sign in enumerate(column):
            if sign != ".":
                found.setdefault(str(place), {})[person] = sign
    return found


def test_kappa_of_two() -> None:
    # 20 + 15 of 50 alike; chance: (25 * 30 + 25 * 20) / 2500 = 0.5; kappa 0.4.
    one = "y" * 25 + "n" * 25
    other = "y" * 20 + "n" * 5 + "y" * 10 + "n" * 15
    kappa, count = cohen_kappa(ratings(one, other), "a", "b")
    assert (kappa, count) == (pytest.approx(0.4), 50)
    assert cohen_kappa(ratings("yn", "yn"), "a", "b")[0] == 1
    assert cohen_kappa(ratings("yn", "ny"), "a", "b")[0] == -1
    assert cohen_kappa(ratings("yy", "yy"), "a", "b") == (None, 2)
    assert cohen_kappa(ratings("y.", ".y"), "a", "b") == (None, 0)
    assert set(pairwise_kappa(ratings("yn.", "yny", "..y"))) == {("a", "b"), ("b", "c")}


def test_alpha_with_missing_values() -> None:
    # Krippendorff (2011), section C: four observers, twelve units; 0.743 for nominal data,
    # 0.849 on an interval scale.
    columns = ("1 2 3 3 2 1 4 1 2 . . .", "1 2 3 3 2 2 4 1 2 5 . 3",
               ". 3 3 3 2 3 4 2 2 5 1 .", "1 2 3 3 2 4 4 1 2 5 1 .")  # fmt: skip
    published = ratings(*(column.replace(" ", "") for column in columns))
    assert krippendorff_alpha(published) == pytest.approx(0.743, abs=5e-4)
    numbers = {
        unit: {person: int(value) for person, value in of.items()} for unit, of in published.items()
    }
    assert krippendorff_alpha(numbers) == pytest.approx(0.849, abs=5e-4)


def test_alpha_where_there_is_nothing_to_compare() -> None:
    assert krippendorff_alpha({}) is None
    assert krippendorff_alpha({"1": {"a": 1}}) is None
    assert krippendorff_alpha({"1": {"a": 1, "b": 1}}) is None
    assert krippendorff_alpha({"1": {"a": True, "b": True}, "2": {"a": False, "b": False}}) == 1
