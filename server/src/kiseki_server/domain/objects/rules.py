"""What an object is called, which kind it is and which classes it has. Pure functions."""

from __future__ import annotations

import re
from typing import Any, cast

from kiseki_server.domain.objects.types import LATEST, Category, Kind, ObjectFilter
from kiseki_server.kit.errors import BadRequest, Malformed

MAX_NAME = 128
MAX_TAG = 256
MAX_ALIAS = 128

_NAME = re.compile(rf"[\w._-]{{1,{MAX_NAME}}}")
_TAG = re.compile(r"[-\w]+( [-\w]+)*")
_INDEX = re.compile(r"v([0-9]{1,18})")
_GROUND = ("Object", "BaseObject")
"""The class before the last of every object that has classes."""


def check_name(name: str) -> str:
    """An object's name, unchanged.

    Raises:
        Malformed: It cannot be one.
    """
    if _NAME.fullmatch(name) is None:
        raise Malformed(
            f"`{name[:200]}` cannot be the name of an object",
            hint=f"use 1 to {MAX_NAME} letters, digits, `.`, `_` and `-`",
        )
    return name


def check_tag(tag: str) -> str:
    """A tag, unchanged.

    Raises:
        BadRequest: It cannot be one.
    """
    if len(tag) > MAX_TAG or _TAG.fullmatch(tag) is None:
        raise BadRequest(
            f"`{tag[:200]}` cannot be a tag",
            hint=f"use letters, digits, `_`, `-` and single spaces, {MAX_TAG} characters at most",
        )
    return tag


def check_alias(alias: str) -> str:
    """An alias, unchanged.

    Raises:
        BadRequest: It cannot be one.
    """
    reserved = alias == LATEST or index_of(alias) is not None
    if reserved or not 1 <= len(alias) <= MAX_ALIAS or set(alias) & set("/:\0"):
        raise BadRequest(
            f"`{alias[:200]}` cannot be an alias",
            hint=f"use 1 to {MAX_ALIAS} characters without `/` and `:`, other than `{LATEST}` and "
            "`v0`, `v1`, … which the versions have by themselves",
        )
    return alias


def index_of(version: str) -> int | None:
    """The number behind ``v``; ``None`` when the text is written otherwise."""
    found = _INDEX.fullmatch(version)
    return int(found[1]) if found else None


def kind_of(value: object) -> Kind:
    """An op says so in its value."""
    if not isinstance(value, dict):
        return Kind.OBJECT
    known = cast("dict[str, Any]", value)
    type: object = known.get("weave_type")
    if known.get("_type") != "CustomWeaveType" or not isinstance(type, dict):
        return Kind.OBJECT
    return Kind.OP if cast("dict[str, Any]", type).get("type") == "Op" else Kind.OBJECT


_CATEGORIES = {
    "Model": Category.MODEL,
    "Prompt": Category.PROMPT,
    "Dataset": Category.DATASET,
    "Scorer": Category.SCORER,
    "Evaluation": Category.EVALUATION,
}


def category_of(kind: Kind, base_class: str | None) -> Category:
    """What people take an object for."""
    if kind is Kind.OP:
        return Category.OP
    return _CATEGORIES.get(base_class or "", Category.OTHER)


def of_category(category: Category | None) -> ObjectFilter:
    """The latest versions of a category; of all without one."""
    if category is None:
        return ObjectFilter(latest=True)
    if category is Category.OP:
        return ObjectFilter(latest=True, kind=Kind.OP)
    classes = tuple(_CATEGORIES)
    if category is Category.OTHER:
        return ObjectFilter(latest=True, kind=Kind.OBJECT, without_base_classes=classes)
    own = tuple(name for name, known in _CATEGORIES.items() if known is category)
    return ObjectFilter(latest=True, kind=Kind.OBJECT, base_classes=own)


def classes_of(value: object) -> tuple[str | None, str | None]:
    """Base and leaf class: the class next to the ground of all objects, and the object's own."""
    if not isinstance(value, dict):
        return None, None
    known = cast("dict[str, Any]", value)
    leaf: object = known.get("_class_name")
    bases: object = known.get("_bases")
    if not isinstance(leaf, str) or not isinstance(bases, list):
        return None, None
    names = cast("list[object]", bases)
    if len(names) < 2 or names[-1] != "BaseModel" or names[-2] not in _GROUND:
        return None, None
    base = names[-3] if len(names) > 2 else leaf
    return (base if isinstance(base, str) else leaf), leaf
