"""What goes wrong in the engine, in our words."""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager

from clickhouse_connect.driver.exceptions import Error, OperationalError

from kiseki_server.kit.errors import BadRequest, KisekiError, StorageFull, TooLarge, Unavailable

_NOT_ENOUGH_SPACE = 243
_BAD_REGEX = 427
_MEMORY = 241
_TIME = (159, 160)
_BUSY = (202, 252, 439, 473, 210, 209, 279)
"""Too many queries, too many parts, no thread, deadlock avoided, network."""
_FULL = re.compile(r"no space left on device|not enough space|errno: 28", re.IGNORECASE)
_REGEX = re.compile(r"compile re2: (?P<text>.*), error: (?P<reason>.*?)\. Look at", re.DOTALL)
_TOTAL = re.compile(r"memory limit \(total\)|\(total\) memory limit", re.IGNORECASE)


@contextmanager
def translated() -> Iterator[None]:
    """Raise failures of the engine as ours."""
    try:
        yield
    except KisekiError:
        raise
    except Error as error:
        raise explain(error.code, str(error), isinstance(error, OperationalError)) from error
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StorageFull from error
        raise Unavailable(f"The storage engine does not answer: {error}.") from error


def explain(code: int | None, message: str, connection: bool = False) -> Exception:
    """The error that a failure of the engine means."""
    first = message.strip().splitlines()[0] if message.strip() else "no message"
    if code == _NOT_ENOUGH_SPACE or _FULL.search(message):
        return StorageFull(hint="Free space on the disk of the data directory; nothing is lost.")
    if code == _BAD_REGEX:
        found = _REGEX.search(message)
        reason = f"`{found['text'][:200]}`: {found['reason'][:200]}" if found else first[:300]
        return BadRequest(
            f"The regular expression is not accepted: {reason}",
            hint="Expressions follow RE2: no look-around, no back-references.",
        )
    if code == _MEMORY:
        if _TOTAL.search(message):
            return Unavailable("The storage engine is short of memory now; try again.")
        return TooLarge(
            "The query needs more memory than a query may take.",
            hint="Ask for fewer runs, keys or rows, or raise KISEKI_ENGINE_MEMORY_MB.",
        )
    if code in _TIME:
        return TooLarge(
            "The query takes longer than a query may.", hint="Ask for fewer runs, keys or rows."
        )
    if code in _BUSY or (code is None and connection):
        return Unavailable(f"The storage engine cannot do this now: {first[:300]}")
    return EngineFailure(f"The storage engine failed: {first[:1000]}")


class EngineFailure(KisekiError):
    """The storage engine failed in a way that we did not foresee."""
