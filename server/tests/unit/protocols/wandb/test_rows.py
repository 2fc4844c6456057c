from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiseki_server.domain.history.types import Append, RunRef, Stream
from kiseki_server.kit.errors import BadRequest
from kiseki_server.kit.ids import ProjectId, RunId
from kiseki_server.protocols.wandb import rows

RUN = RunRef(ProjectId(1), RunId(2))
NOW = 1_700_000_000_000_000


def no_step(_count: int) -> int:
    raise AssertionError("no row asks for a step")


def history(*lines: str, offset: int = 0, **options: Any) -> Append | None:
    options = {"take_steps": no_step, "now": NOW, **options}
    return rows.history(RUN, "wandb", offset, lines, **options)


def points(append: Append | None) -> dict[tuple[int, str], float]:
    if append is None or append.points is None:
        return {}
    part = append.points
    return {
        (int(part.rows.steps[row]), part.keys[key]): float(value)
        for key, row, value in zip(part.key, part.row, part.value, strict=True)
    }


def values(append: Append | None) -> dict[tuple[int, str], str]:
    if append is None or append.values is None:
        return {}
    part = append.values
    return {
        (int(part.rows.steps[row]), part.keys[key]): text
        for key, row, text in zip(part.key, part.row, part.json, strict=True)
    }


def test_nested_objects_become_dotted_keys_and_the_rest_stays_json() -> None:
    line = json.dumps(
        {
            "_step": 3,
            "_timestamp": 1_700_000_001.25,
            "_runtime": 0.5,
            "loss": 1,
            "a.b": 2.5,
            "nested": {"x": {"y": 4}, "empty": {}},
            "text": "あ",
            "list": [1, {"k": 2}],
            "none": None,
            "image": {"_type": "image-file", "path": "media/a.png", "size": 3},
        }
    )
    append = history(line, offset=7)
    assert points(append) == {
        (3, "_runtime"): 0.5,
        (3, "loss"): 1.0,
        (3, "a.b"): 2.5,
        (3, "nested.x.y"): 4.0,
    }
    assert values(append) == {
        (3, "nested.empty"): "{}",
        (3, "text"): '"あ"',
        (3, "list"): '[1,{"k":2}]',
        (3, "none"): "null",
        (3, "image"): '{"_type":"image-file","path":"media/a.png","size":3}',
    }
    assert append is not None
    assert append.points is not None
    assert append.points.rows.times.tolist() == [1_700_000_001_250_000]
    assert append.points.rows.positions.tolist() == [7]
    assert (append.stream, append.writer) == (Stream.HISTORY, "wandb")


def test_bare_nan_and_infinities_are_numbers() -> None:
    found = points(history('{"_step":0,"a":NaN,"b":Infinity,"c":-Infinity,"d":1}'))
    assert math.isnan(found.pop((0, "a")))
    assert found == {(0, "b"): math.inf, (0, "c"): -math.inf, (0, "d"): 1.0}


def test_bools_and_large_integers_are_points_and_json() -> None:
    line = '{"_step":0,"yes":true,"no":false,"exact":9007199254740992,"big":9007199254740993}'
    append = history(line[:-1] + ',"huge":' + "9" * 400 + "}")
    assert points(append) == {
        (0, "yes"): 1.0,
        (0, "no"): 0.0,
        (0, "exact"): 2.0**53,
        (0, "big"): 2.0**53,
        (0, "huge"): math.inf,
    }
    assert values(append) == {
        (0, "yes"): "true",
        (0, "no"): "false",
        (0, "big"): "9007199254740993",
        (0, "huge"): "9" * 400,
    }


def test_of_a_nested_and_a_dotted_key_the_later_one_counts() -> None:
    append = history('{"_step":0,"a.b":1,"a":{"b":2}}')
    assert points(append) == {(0, "a.b"): 2.0}
    assert append is not None
    assert append.points is not None
    assert len(append.points.value) == 1


def test_rows_without_a_step_go_behind_what_is_there() -> None:
    append = history('{"a":1}', '{"a":2}', take_steps=lambda _: 5)
    assert points(append) == {(5, "a"): 1.0, (6, "a"): 2.0}


def test_rows_of_several_processes_go_by_arrival() -> None:
    append = history(
        '{"_step":0,"a":1}', '{"_step":1,"a":2}', take_steps=lambda _: 9, by_arrival=True
    )
    assert points(append) == {(9, "a"): 1.0, (10, "a"): 2.0}


def test_samples_of_the_machine_lose_their_prefix() -> None:
    append = rows.events(
        RUN,
        "wandb",
        4,
        [
            (
                '{"_wandb":true,"_timestamp":1700000000.5,"_runtime":1.5,'
                '"system.cpu":6.5,"system.system.load1":1,"openmetrics.x.y.0":2}'
            )
        ],
        now=NOW,
    )
    assert points(append) == {(4, "cpu"): 6.5, (4, "system.load1"): 1, (4, "openmetrics.x.y.0"): 2}
    assert append is not None
    assert append.stream == Stream.SYSTEM


@pytest.mark.parametrize("time", ["null", '"x"', "-1", "1e30", "NaN", "Infinity"])
def test_a_time_that_makes_no_sense_is_now(time: str) -> None:
    append = history(f'{{"_step":0,"a":1,"_timestamp":{time}}}')
    assert append is not None
    assert append.points is not None
    assert append.points.rows.times.tolist() == [NOW]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"_step":0,', "line 12"),
        ("[1]", "no JSON object"),
        ('{"_step":-1}', "-1"),
        ('{"_step":1.5}', "1.5"),
        ('{"_step":"x"}', "'x'"),
        (f'{{"_step":{2**63}}}', str(2**63)),
        ("[" * 100_000, "line 12"),
    ],
)
def test_a_bad_line_is_refused_by_its_number(line: str, message: str) -> None:
    with pytest.raises(BadRequest, match=message):
        history('{"_step":0,"a":1}', line, offset=11)


def test_halves_of_surrogate_pairs_become_question_marks() -> None:
    assert values(history('{"_step":0,"a":"x\\ud800y"}')) == {(0, "a"): '"x?y"'}


SCALARS = st.one_of(
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False),
    st.text(st.characters(exclude_categories=["Cs"])),
    st.none(),
    st.booleans(),
)
KEYS = st.text("abc", min_size=1, max_size=3)


@given(st.recursive(st.dictionaries(KEYS, SCALARS), lambda inner: st.dictionaries(KEYS, inner)))
def test_every_value_of_a_row_is_stored(row: dict[str, Any]) -> None:
    def leaves(value: Any, prefix: str) -> dict[str, Any]:
        if isinstance(value, dict) and value:
            merged: dict[str, Any] = {}
            for key, item in value.items():
                merged |= leaves(item, f"{prefix}.{key}" if prefix else key)
            return merged
        return {prefix: value}

    append = history(json.dumps({"_step": 1, **row}))
    numbers, texts = points(append), values(append)
    for key, value in leaves(row, "").items() if row else ():
        if isinstance(value, (int, float)):
            assert numbers[1, key] == float(value)
        if not isinstance(value, float) and not (type(value) is int and abs(value) <= rows.EXACT):
            assert json.loads(texts[1, key]) == value
