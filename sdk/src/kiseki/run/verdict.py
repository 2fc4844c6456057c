"""How a run ended, told by what ended it."""

from __future__ import annotations

import os
from types import TracebackType

_INTERRUPTED = 255


def verdict(error: BaseException | None, traceback: TracebackType | None) -> tuple[int, str | None]:
    """Exit code and reason of what ended a run."""
    if error is None:
        return 0, None
    if isinstance(error, KeyboardInterrupt):
        return _INTERRUPTED, "KeyboardInterrupt"
    if isinstance(error, SystemExit):
        return exit_code_of(error.code), None
    text = f"{type(error).__name__}: {error}"[:1000]
    text = text.encode("utf-8", "backslashreplace").decode()
    if traceback is not None:
        while traceback.tb_next is not None:
            traceback = traceback.tb_next
        file = os.path.basename(traceback.tb_frame.f_code.co_filename)
        text += f" ({file}:{traceback.tb_lineno})"
    return 1, text


def exit_code_of(argument: object) -> int:
    """Exit code of a program that calls ``sys.exit`` with this argument."""
    if argument is None:
        return 0
    return argument if isinstance(argument, int) else 1
