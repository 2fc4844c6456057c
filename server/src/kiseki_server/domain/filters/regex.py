"""Regular expressions for what is evaluated here, by the same engine as in the columnar store.

RE2 takes time in proportion to the text. Python's own engine may take for ever over a short one,
and stops every other thread while it does.
"""

from __future__ import annotations

from functools import lru_cache

import pyarrow as pa

from kiseki_server.kit.errors import BadRequest

MAX_LENGTH = 1_000


class Regex:
    """A compiled expression; the dot matches ends of lines too."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = f"(?s){text}"

    def search(self, text: str) -> bool:
        """Whether it matches somewhere in the text."""
        import pyarrow.compute as pc  # takes half a second

        return bool(pc.match_substring_regex(pa.scalar(text), self._text).as_py())


@lru_cache(maxsize=256)
def compile_regex(text: str) -> Regex:
    """Compile the expression.

    Raises:
        BadRequest: It is no regular expression, too long, or uses what RE2 lacks: look-around,
            back-references, atomic groups, possessive repetition.
    """
    if len(text) > MAX_LENGTH:
        raise BadRequest(
            f"A regular expression has at most {MAX_LENGTH} characters; this one has {len(text)}."
        )
    regex = Regex(text)
    try:
        regex.search("")
    except (pa.ArrowInvalid, UnicodeEncodeError) as error:
        reason = str(error).removeprefix("Invalid regular expression: ")
        raise BadRequest(
            f"`{text[:80]}` is no regular expression: {reason[:200]}",
            hint="Expressions follow RE2: no look-around, no back-references.",
        ) from None
    return regex
