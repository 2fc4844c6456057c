"""What collections, types, aliases and tags may be called. Pure functions."""

from __future__ import annotations

import re

from kiseki_server.kit.errors import BadRequest

MAX_NAME = 128
_INDEX = re.compile(r"v\d+")
_TAG = re.compile(r"[-\w]+( +[-\w]+)*")


def check_collection(name: str) -> str:
    """The name of a collection, unchanged.

    Raises:
        BadRequest: It is empty, too long, or holds signs that addresses cannot carry.
    """
    return _checked(name, "an artifact", "/:\\?%")


def check_type(name: str) -> str:
    """The name of a type of artifacts, unchanged; raises like `check_collection`."""
    return _checked(name, "an artifact type", "/:\\?%")


def check_alias(alias: str) -> str:
    """An alias, unchanged.

    Raises:
        BadRequest: It is empty, too long, holds signs that a name of a version cannot, or is the
            number of a version.
    """
    if _INDEX.fullmatch(alias):
        raise BadRequest(
            f"`{alias}` is the number of a version and cannot be an alias",
            hint="versions are numbered by the server; choose another word",
        )
    return _checked(alias, "an alias", "/:")


def check_tag(tag: str) -> str:
    """A tag, unchanged.

    Raises:
        BadRequest: It is empty, too long, or not made of words.
    """
    if not _TAG.fullmatch(tag) or len(tag) > MAX_NAME:
        raise BadRequest(
            f"`{tag[:80]}` cannot be a tag",
            hint=f"use letters, digits, `-`, `_` and spaces between them, at most {MAX_NAME}",
        )
    return tag


def index_of(reference: str) -> int | None:
    """The index that `v3` stands for; ``None``: it is something else."""
    return int(reference[1:]) if _INDEX.fullmatch(reference) and len(reference) < 19 else None


def _checked(text: str, what: str, forbidden: str) -> str:
    bad = [sign for sign in text if sign in forbidden or not sign.isprintable()]
    if bad or not 1 <= len(text) <= MAX_NAME or text != text.strip() or not text.strip("."):
        named = f"; it holds {bad[0]!r}" if bad else ""
        raise BadRequest(
            f"`{text[:80]}` cannot be the name of {what}{named}",
            hint=f"use 1 to {MAX_NAME} characters, none of them in {forbidden}",
        )
    return text
