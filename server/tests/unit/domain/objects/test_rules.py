"""Names, kinds and classes."""

from __future__ import annotations

from typing import Any

import pytest

from kiseki_server.domain.objects import rules
from kiseki_server.domain.objects.types import Kind
from kiseki_server.kit.errors import BadRequest


def test_names() -> None:
    for name in ("a", "a.b_c-d", "日本", "x" * 128):
        assert rules.check_name(name) == name
    for name in ("", "a b", "a/b", "a:b", "x" * 129, "a\n"):
        with pytest.raises(BadRequest):
            rules.check_name(name)


def test_tags_and_aliases() -> None:
    for tag in ("a", "a b", "a-b_c", "é"):
        assert rules.check_tag(tag) == tag
    for tag in ("", " a", "a  b", "a.b", "x" * 257):
        with pytest.raises(BadRequest):
            rules.check_tag(tag)
    for alias in ("prod", "v", "v1.2", "a b", "x" * 128):
        assert rules.check_alias(alias) == alias
    for alias in ("", "latest", "v0", "v12", "a/b", "a:b", "x" * 129):
        with pytest.raises(BadRequest):
            rules.check_alias(alias)


def test_kinds() -> None:
    op = {"_type": "CustomWeaveType", "weave_type": {"type": "Op"}}
    assert rules.kind_of(op) is Kind.OP
    others: list[Any] = [
        {"_type": "CustomWeaveType", "weave_type": {"type": "PIL.Image.Image"}},
        {"_type": "CustomWeaveType", "weave_type": "Op"},
        {"weave_type": {"type": "Op"}},
        [op],
        None,
        3,
    ]
    for value in others:
        assert rules.kind_of(value) is Kind.OBJECT


def test_classes() -> None:
    def classes(*bases: Any, name: Any = "Mine") -> tuple[str | None, str | None]:
        return rules.classes_of({"_class_name": name, "_bases": list(bases)})

    assert classes("Object", "BaseModel") == ("Mine", "Mine")
    assert classes("Model", "Object", "BaseModel") == ("Model", "Mine")
    assert classes("Other", "Model", "Object", "BaseModel") == ("Model", "Mine")
    assert classes("BaseObject", "BaseModel") == ("Mine", "Mine")
    for bases in ((), ("BaseModel",), ("Object",), ("X", "BaseModel"), (1, 2)):
        assert classes(*bases) == (None, None)
    assert classes("Object", "BaseModel", name=3) == (None, None)
    assert rules.classes_of([]) == (None, None)
