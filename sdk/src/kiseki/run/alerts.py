"""What a run tells people."""

from __future__ import annotations

import time
from datetime import timedelta
from enum import Enum
from typing import Any

from kiseki.errors import ValueRangeError, ValueTypeError
from kiseki.run.values import checked_text, valid_text
from kiseki.wire.records import Alert

_LONGEST_TITLE = 300
_LONGEST_TEXT = 20_000
_WAIT_S = 60.0


class AlertLevel(Enum):
    """How much an alert matters."""

    INFO = "INFO"
    WARN = "WARN"
    ERROR = "ERROR"


_WORDS = {"INFO": "info", "WARN": "warning", "WARNING": "warning", "ERROR": "error"}


def alert(title: Any, text: Any, level: Any, wait_duration: Any) -> Alert:
    """The record of an alert; raises as `Run.alert`."""
    title = _cut(checked_text("title", title).strip(), _LONGEST_TITLE)
    if not title:
        raise ValueTypeError("The title of an alert is empty")
    word = level.value if isinstance(level, AlertLevel) else level or "INFO"
    if not isinstance(word, str) or word.upper() not in _WORDS:
        raise ValueRangeError(f"level is 'INFO', 'WARN' or 'ERROR', not {level!r}")
    wait = _WAIT_S if wait_duration is None else wait_duration
    seconds = wait.total_seconds() if isinstance(wait, timedelta) else wait
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
        raise ValueTypeError(f"wait_duration is seconds or a timedelta, not {wait_duration!r}")
    if not 0 <= seconds <= 1e9:
        raise ValueRangeError(f"wait_duration is not negative, nor for ever; got {seconds}")
    body = _cut(checked_text("text", text), _LONGEST_TEXT)
    return Alert(title, body, _WORDS[word.upper()], float(seconds), time.time())


def _cut(text: str, most: int) -> str:
    text = valid_text(text.replace("\0", ""))
    return text if len(text) <= most else text[: most - 1] + "…"
