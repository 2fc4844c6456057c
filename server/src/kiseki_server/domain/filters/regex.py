"""Regular expressions in the syntax of RE2, run by Python.

The columnar engine brings RE2 itself; this is for what is evaluated in Python. It refuses what
RE2 lacks, so that an expression means the same everywhere or is an error.
"""

from __future__ import annotations

import re
from functools import lru_cache

from kiseki_server.kit.errors import BadRequest

MAX_LENGTH = 1_000

_PART = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\(\?.{0,2}|[*+?}]\+|\$|.", re.DOTALL)
_FLAGS = re.compile(r"\(\?[ims:]|\(\?P<")


@lru_cache(maxsize=256)
def compile_regex(text: str) -> re.Pattern[str]:
    """Compile the expression.

    Raises:
        BadRequest: It is no regular expression, or uses what RE2 lacks: look-around,
            back-references, atomic groups, possessive repetition.
    """
    if len(text) > MAX_LENGTH:
        raise BadRequest(
            f"A regular expression has at most {MAX_LENGTH} characters; this one has {len(text)}."
        )
    parts: list[str] = []
    for part in _PART.findall(text):
        if part == "$":
            parts.append(r"\Z")
            continue
        lacking = (
            (part.startswith("(?") and not _FLAGS.match(part))
            or (len(part) == 2 and part[1] == "+" and part[0] in "*+?}")
            or (len(part) == 2 and part[0] == "\\" and part[1] in "123456789")
        )
        if lacking:
            raise BadRequest(
                f"The regular expression `{text}` uses `{part}`, which is not supported.",
                hint="Expressions follow RE2: no look-around, no back-references.",
            )
        parts.append(part)
    try:
        return re.compile("".join(parts), re.DOTALL | re.ASCII)
    except re.error as error:
        raise BadRequest(f"`{text}` is no regular expression: {error}.") from None
    except RecursionError:
        raise BadRequest("The regular expression is nested too deeply.") from None
