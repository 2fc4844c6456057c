"""What can be logged, and what is said of the rest."""

from __future__ import annotations

import datetime as dt
import enum
import math
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiseki.errors import UsageError, ValueRangeError, ValueTypeError
from kiseki.run.values import config_value, flatten


class FakeTensor:
    """What torch's tensors can do, as far as it matters here."""

    def __init__(self, values: Any, shape: tuple[int, ...]) -> None:
        self._values = values
        self.shape = shape

    def item(self) -> Any:
        if math.prod(self.shape) != 1:
            raise RuntimeError("a Tensor with several elements cannot be converted to Scalar")
        return self._values

    def tolist(self) -> Any:
        return self._values


class Color(enum.Enum):
    RED = "red"


class Level(enum.IntEnum):
    HIGH = 3


@pytest.mark.parametrize(
    ("given", "plain"),
    [
        (1, 1),
        (-(2**63), -(2**63)),
        (2**64 - 1, 2**64 - 1),
        (True, True),
        (None, None),
        ("text", "text"),
        ("軌跡", "軌跡"),
        ("\ud800", "\\ud800"),
        ([1, "a", None, [2.0]], [1, "a", None, [2.0]]),
        ((1, 2), [1, 2]),
        ([{"a": {"b": 1}}], [{"a": {"b": 1}}]),
        (Color.RED, "red"),
        (Level.HIGH, 3),
        (np.float32(0.5), 0.5),
        (np.float64(0.1), 0.1),
        (np.int8(-3), -3),
        (np.uint64(2**64 - 1), 2**64 - 1),
        (np.bool_(True), True),
        (np.str_("s"), "s"),
        (np.array(2.5), 2.5),
        (np.array([7]), 7),
        (np.array([[1, 2], [3, 4]]), [[1, 2], [3, 4]]),
        (np.array([]), []),
        (FakeTensor(0.25, ()), 0.25),
        (FakeTensor([1.0, 2.0], (2,)), [1.0, 2.0]),
    ],
)
def test_values_become_plain(given: Any, plain: Any) -> None:
    (found,) = flatten({"key": given}).values()
    assert found == plain
    assert type(found) is type(plain)


@pytest.mark.parametrize("number", [math.inf, -math.inf])
@pytest.mark.parametrize("kind", [float, np.float64, np.float16])
def test_infinities_survive(number: float, kind: Any) -> None:
    assert flatten({"a": kind(number)}) == {"a": number}


def test_nan_survives() -> None:
    found = flatten({"a": math.nan, "b": np.float32("nan"), "c": [np.float64("nan")]})
    assert all(math.isnan(v) for v in (found["a"], found["b"], *found["c"]))  # type: ignore[misc]


def test_nested_dicts_are_joined_by_dots() -> None:
    row = {"train": {"loss": 1, "acc": OrderedDict(top1=2)}, "lr": 3, "empty": {}}
    assert flatten(row) == {"train.loss": 1, "train.acc.top1": 2, "lr": 3}


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"a": object()}, "'a' is of type object, which cannot be logged"),
        ({"a": {"b": 1j}}, "'a.b' is of type complex, which cannot be logged"),
        ({"a": [1, {2}]}, r"'a\[1\]' is of type set, which cannot be logged"),
        ({"a": [{"b": b""}]}, r"'a\[0\].b' is of type bytes, which cannot be logged"),
        ({"a": dt.datetime.now()}, "'a' is of type datetime.datetime, which cannot be logged"),
        ({"a": np.array([1 + 2j])}, "'a' is of type complex"),
        ({"a": np.array([object(), 1])}, r"'a\[0\]' is of type object"),
        ({1: 2}, r"keys are text; got 1 \(int\)"),
        ({"a": {None: 2}}, r"keys are text; got None \(NoneType\) in 'a'"),
        ({"a": FakeTensor(object(), ())}, "'a' is of type object"),
        ({"a": float}, "'a' is of type type"),
        ({"a": np.float32}, "'a' is of type type"),
    ],
)
def test_a_wrong_type_names_the_key_and_the_type(row: Any, message: str) -> None:
    with pytest.raises(ValueTypeError, match=message) as caught:
        flatten(row)
    assert isinstance(caught.value, TypeError)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"a": {"b": 2**64}}, r"'a.b' is an integer of 65 bits"),
        ({"a": -(2**63) - 1}, r"'a' is an integer of 64 bits"),
        ({"a": np.zeros((100, 100))}, "'a' is an array of 10,000 elements"),
    ],
)
def test_what_does_not_fit_names_the_key(row: Any, message: str) -> None:
    with pytest.raises(ValueRangeError, match=message) as caught:
        flatten(row)
    assert isinstance(caught.value, ValueError)


def test_a_dict_that_contains_itself_is_refused() -> None:
    endless: dict[str, Any] = {}
    endless["again"] = endless
    with pytest.raises(ValueRangeError, match="contains itself"):
        flatten(endless)
    loop: list[Any] = []
    loop.append(loop)
    with pytest.raises(ValueRangeError, match="contains itself"):
        flatten({"loop": loop})
    with pytest.raises(UsageError, match="contains itself"):
        config_value(loop, "loop")


def test_a_scalar_that_cannot_be_read_is_explained() -> None:
    class Lazy:
        shape = ()

        def item(self) -> float:
            raise RuntimeError("not computed yet")

    with pytest.raises(ValueTypeError, match="'a' gives no plain value: not computed yet"):
        flatten({"a": Lazy()})


plain_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4),
    max_leaves=10,
)


@given(st.dictionaries(st.text(), plain_values, max_size=8))
def test_flat_rows_of_plain_values_stay_as_they_are(row: dict[str, Any]) -> None:
    assert flatten(row) == row


@dataclass
class Optimizer:
    name: str
    betas: tuple[float, float] = (0.9, 0.999)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({1: {"a": (1, 2)}}, {"1": {"a": [1, 2]}}),
        ({"b", "a"}, ["a", "b"]),
        (dt.date(2026, 1, 2), "2026-01-02"),
        (Path("/data"), "/data"),
        (Color.RED, "red"),
        (Optimizer("adam"), {"name": "adam", "betas": [0.9, 0.999]}),
        (np.int64(3), 3),
        (np.float32, "<class 'numpy.float32'>"),
        (1 + 2j, "(1+2j)"),
    ],
)
def test_a_config_keeps_everything_in_some_form(given: Any, kept: Any) -> None:
    assert config_value(given, "key") == kept
