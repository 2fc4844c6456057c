"""What an evaluation has computed, on disk, so that another process can go on after a kill."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from pathlib import Path
from typing import Any

import msgspec

from kiseki.tracing.values import to_json

_VERSION = 1


class Begun(msgspec.Struct, kw_only=True):
    """The evaluation's own call."""

    id: str
    trace: str
    started: int


class Done(msgspec.Struct, kw_only=True):
    """One trial of one row."""

    output: Any
    scores: dict[str, Any]
    latency: float | None
    failed: bool


class Checkpoint:
    """A file of lines, each written at once: what was begun, what is done."""

    def __init__(self, folder: Path, *names: str) -> None:
        """Read what there is of the evaluation that the names tell apart."""
        key = hashlib.sha256("\n".join(names).encode()).hexdigest()[:32]
        self._path = folder / "evaluations" / f"{key}.jsonl"
        self._lock = threading.Lock()
        self._file = -1
        self.begun: Begun | None = None
        self.done: dict[tuple[int, int], Done] = {}
        """By place of the row, and trial."""
        self._open: dict[tuple[int, int], list[str]] = {}
        self._read()

    @property
    def broken_off(self) -> list[str]:
        """Calls of trials that were under way when a process ended."""
        return [call for calls in self._open.values() for call in calls]

    def start(self, call: Begun) -> None:
        """The evaluation begins; what was known before is dropped."""
        self.forget()
        self.begun, self.done, self._open = call, {}, {}
        self._write({"version": _VERSION, "call": msgspec.to_builtins(call)})

    def begin(self, place: int, trial: int, call: str) -> None:
        """A trial begins."""
        self._write({"row": place, "trial": trial, "began": call})

    def finish(self, place: int, trial: int, done: Done) -> None:
        """A trial is over."""
        self._write({"row": place, "trial": trial, "done": msgspec.structs.asdict(done)})

    def forget(self) -> None:
        """Everything is done."""
        with self._lock:
            if self._file >= 0:
                os.close(self._file)
                self._file = -1
            self._path.unlink(missing_ok=True)

    def close(self) -> None:
        """Keep the file for another try."""
        with self._lock:
            if self._file >= 0:
                os.close(self._file)
                self._file = -1

    def _write(self, line: dict[str, Any]) -> None:
        with self._lock:
            if self._file < 0:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
                self._file = os.open(self._path, flags, 0o600)
            os.write(self._file, to_json(line) + b"\n")

    def _read(self) -> None:
        try:
            lines = self._path.read_bytes().split(b"\n")
        except OSError:
            return
        for line in lines:
            try:
                known = json.loads(line)
                if "call" in known:
                    if known.get("version") != _VERSION:
                        return
                    self.begun = msgspec.convert(known["call"], Begun)
                    continue
                place = (int(known["row"]), int(known["trial"]))
                if "began" in known:
                    self._open.setdefault(place, []).append(str(known["began"]))
                else:
                    self.done[place] = msgspec.convert(known["done"], Done)
                    self._open.get(place, [""]).pop()
            except (ValueError, KeyError, TypeError, msgspec.ValidationError):
                continue  # the line that was being written when the process died
