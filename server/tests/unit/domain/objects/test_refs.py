"""References: read, written, found and rewritten."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiseki_server.domain.objects.refs import (
    MAX_DEPTH,
    STORED,
    CallRef,
    ObjectRef,
    OtherRef,
    TableRef,
    find,
    parse,
    rendered,
    rewritten,
)
from kiseki_server.domain.objects.types import Kind
from kiseki_server.kit.errors import BadRequest, TooLarge
from kiseki_server.kit.ids import ProjectId

SEVEN = ProjectId(7)
EXTERNAL = "weave:///e/p"


def inward(value: Any) -> Any:
    return rewritten(value, ["weave:///"], lambda text: text.replace(EXTERNAL, f"{STORED}7"))


def outward(text: str) -> str:
    return rendered(text, lambda number: EXTERNAL if number == SEVEN else "gone:///")


def test_references_are_read_and_written() -> None:
    refs = {
        "object/prompt:abc": ObjectRef(SEVEN, Kind.OBJECT, "prompt", "abc"),
        "op/f:*": ObjectRef(SEVEN, Kind.OP, "f", "*"),
        "object/ds:d/attr/rows/id/r/key/a%2Fb%20c": ObjectRef(
            SEVEN, Kind.OBJECT, "ds", "d", (("attr", "rows"), ("id", "r"), ("key", "a/b c"))
        ),
        "table/abc": TableRef(SEVEN, "abc"),
        "call/1-2": CallRef(SEVEN, "1-2"),
        "call/1-2/attr/output/index/3": CallRef(SEVEN, "1-2", (("attr", "output"), ("index", "3"))),
        "agent_turn/t": OtherRef(SEVEN, "agent_turn", "t"),
    }
    for text, ref in refs.items():
        assert parse(f"{STORED}7/{text}") == ref
        assert str(ref) == f"{STORED}7/{text}"


@pytest.mark.parametrize(
    "text",
    [
        "weave:///e/p/object/a:b",
        f"{STORED}x/object/a:b",
        f"{STORED}7/object/a",
        f"{STORED}7/object/:b",
        f"{STORED}7/object/a:b:c",
        f"{STORED}7/object/a:b/attr",
        f"{STORED}7/object/a:b/size/3",
        f"{STORED}7/object/a:b/index/-1",
        f"{STORED}7/object/a:b/index/x",
        f"{STORED}7/object",
        f"{STORED}{'9' * 30}/object/a:b",
        f"{STORED}7/table/abc/attr/x",
        STORED,
        "",
    ],
)
def test_what_is_no_reference_is_refused(text: str) -> None:
    with pytest.raises(BadRequest):
        parse(text)


def test_references_are_rewritten_at_any_depth() -> None:
    ref = f"{EXTERNAL}/object/a:b"
    value = {"a": [ref, {"b": ref}], ref: "key", "text": f"see {ref}", "n": 1.0}
    stored = inward(value)
    assert stored == {
        "a": [f"{STORED}7/object/a:b", {"b": f"{STORED}7/object/a:b"}],
        ref: "key",
        "text": f"see {ref}",
        "n": 1.0,
    }
    assert sorted(find(stored)) == [f"{STORED}7/object/a:b"] * 2
    assert json.loads(outward(json.dumps(stored))) == value


def test_references_inside_of_json_inside_of_text() -> None:
    ref = f"{EXTERNAL}/object/a:b"
    value: Any = [ref]
    for _ in range(8):
        value = json.dumps({"x": value, "é": 1})
    stored = inward({"content": value})
    assert EXTERNAL not in stored["content"]
    assert json.loads(outward(json.dumps(stored))) == {"content": value}
    deeper = json.dumps({"x": value})
    assert EXTERNAL in inward({"content": deeper})["content"]


def test_what_does_not_change_is_not_copied() -> None:
    value = {"a": [1, {"b": "weave"}], "c": '{"x": 1}', "d": "weave:/// is a scheme"}
    assert inward(value) is value


def test_too_deep_a_value_is_refused() -> None:
    value: Any = "x"
    for _ in range(MAX_DEPTH):
        value = [value]
    assert inward(value) is value
    with pytest.raises(TooLarge):
        inward([value])


def test_a_project_that_is_gone_gives_another_beginning() -> None:
    assert outward(f'["{STORED}8/call/x"]') == '["gone:////call/x"]'


TEXTS = st.text() | st.sampled_from([f"{EXTERNAL}/object/a:b", f"{EXTERNAL}/call/1", '["x"]'])


@given(
    st.recursive(
        st.none() | st.integers() | TEXTS,
        lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner) | inner.map(json.dumps),
        max_leaves=10,
    )
)
def test_rewriting_there_and_back_changes_nothing(value: Any) -> None:
    stored = json.dumps(inward(value))
    assert json.loads(outward(stored)) == value
