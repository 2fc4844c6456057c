"""The tree of errors is as its module says."""

from __future__ import annotations

import re

from kiseki import errors


def test_the_tree_is_drawn_as_it_is() -> None:
    drawn: dict[str, str] = {}
    path: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        if found := re.match(r"([│├└─ ]*)([A-Z]\w+Error|Error)\b", line):
            depth = len(found[1]) // 4
            path[depth:] = [found[2]]
            drawn[found[2]] = path[depth - 1] if depth else "Exception"
    real = {
        name: thing.__mro__[1].__name__
        for name, thing in vars(errors).items()
        if isinstance(thing, type) and issubclass(thing, Exception)
    }
    assert drawn == real


def test_the_docstring_is_the_message_and_the_hint_follows() -> None:
    assert str(errors.JournalFullError()) == "No space is left for the journal."
    assert str(errors.Error("what", hint="do this")) == "what\n\nhint: do this"
    assert errors.NoRunError().hint == "call kiseki.init() first"
