"""Lines of `output.log`, plain or structured."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from kiseki_server.domain.console.types import Line

_PLAIN = re.compile(
    r"(?P<error>ERROR )?(?P<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z?) (?P<text>.*)",
    re.DOTALL,
)
_LABEL = re.compile(r"\[(?P<label>[^\]]{1,200})\] (?P<text>.*)", re.DOTALL)

PLAIN_LEVEL = "info"
"""Of lines for which the client names none: what was written to standard output."""


def parse(
    writer: str, offset: int, lines: Sequence[str], *, now: int, labelled: bool = False
) -> list[Line]:
    """Line *i* is line ``offset + i`` of the writer. Nothing is refused: text is text.

    ``labelled`` says that plain lines begin with a label in brackets, as they do where several
    processes write one run; otherwise brackets are part of what was printed.
    """
    return [
        _structured(writer, number, line, now) or _plain(writer, number, line, now, labelled)
        for number, line in enumerate(lines, offset)
    ]


def _structured(writer: str, number: int, line: str, now: int) -> Line | None:
    if not (line.startswith("{") and line.rstrip().endswith("}")):
        return None
    try:
        fields = json.loads(line)
    except ValueError:
        return None
    if not isinstance(fields, dict) or not isinstance(fields.get("content"), str):
        return None
    return Line(
        writer=writer,
        number=number,
        time=_time(fields.get("ts"), now),
        level=_text(fields.get("level")) or PLAIN_LEVEL,
        text=_clean(fields["content"]),
        label=_text(fields.get("label")) or None,
    )


def _plain(writer: str, number: int, line: str, now: int, labelled: bool) -> Line:
    match = _PLAIN.fullmatch(line)
    if match is None:
        return Line(writer, number, now, PLAIN_LEVEL, _clean(line))
    text, label = match["text"], None
    if labelled and (marked := _LABEL.fullmatch(text)) is not None:
        text, label = marked["text"], marked["label"]
    return Line(
        writer=writer,
        number=number,
        time=_time(match["time"], now),
        level="error" if match["error"] else PLAIN_LEVEL,
        text=_clean(text),
        label=None if label is None else _clean(label),
    )


def _time(text: Any, now: int) -> int:
    if not isinstance(text, str):
        return now
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return now
    time = time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    if not 1970 <= time.year < 2250:
        return now
    return round(time.timestamp() * 1e6)


def _text(value: Any) -> str:
    return _clean(value)[:200] if isinstance(value, str) else ""


def _clean(text: str) -> str:
    return text if text.isascii() else text.encode("utf-8", "replace").decode()
