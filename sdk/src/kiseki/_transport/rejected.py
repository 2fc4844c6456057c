"""Records that cannot be sent, kept for people in ``rejected.jsonl``."""

from __future__ import annotations

import base64
import contextlib
import os
import time
from pathlib import Path

import msgspec

from kiseki._transport.columns import json_text


class Rejected:
    """The file of one run directory. A record stands in it once, however often it is added."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / "rejected.jsonl"
        self._known: set[tuple[str, int]] = set()
        with contextlib.suppress(OSError):
            for line in self.path.read_bytes().splitlines():
                with contextlib.suppress(msgspec.MsgspecError):
                    entry = msgspec.json.decode(line, type=_Place)
                    self._known.add((entry.journal, entry.position))

    def __len__(self) -> int:
        return len(self._known)

    def add(self, journal: str, position: int, reason: str, payload: bytes | None) -> bool:
        """Keep a record, on disk when this returns; ``False`` if it was there already."""
        if (journal, position) in self._known:
            return False
        entry = {
            "journal": journal,
            "position": position,
            "time": time.time(),
            "reason": reason,
            "record": None if payload is None else _readable(payload),
        }
        with self.path.open("ab") as file:
            file.write(json_text(entry).encode("utf-8", "surrogatepass") + b"\n")
            file.flush()
            os.fsync(file.fileno())
        self._known.add((journal, position))
        return True


class _Place(msgspec.Struct):
    journal: str
    position: int


def _readable(payload: bytes) -> object:
    try:
        record: object = msgspec.msgpack.decode(payload)
        json_text(record)
    except (msgspec.MsgspecError, ValueError, TypeError):
        return {"base64": base64.b64encode(payload).decode()}
    return record
