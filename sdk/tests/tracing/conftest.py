"""A run that is never sent, and what stands in its journal."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

import kiseki
from kiseki._transport.journal import JournalReader
from kiseki.wire.traced import CallEnd, CallStart, Traced

_decode = msgspec.msgpack.Decoder(Traced).decode


class Traces:
    """The traced records of a run so far."""

    def __init__(self, run: kiseki.Run) -> None:
        self.run = run

    def records(self) -> list[Any]:
        found: list[Any] = []
        with JournalReader(Path(self.run.dir) / "journal") as reader:
            while payloads := reader.read():
                for payload in payloads:
                    try:
                        found.append(_decode(payload))
                    except msgspec.ValidationError:
                        continue  # of the run
        return found

    def of(self, kind: type[Any]) -> list[Any]:
        return [each for each in self.records() if isinstance(each, kind)]

    def calls(self) -> list[dict[str, Any]]:
        """Calls by start, with what matters of them."""
        ends = {each.id: each for each in self.of(CallEnd)}
        names = {each.id: name_of(each.op) for each in self.of(CallStart)}
        return [
            {
                "op": names[start.id],
                "parent": None if start.parent is None else names[start.parent],
                "inputs": msgspec.json.decode(start.inputs),
                "output": msgspec.json.decode(ends[start.id].output) if start.id in ends else ...,
                "failed": start.id in ends and ends[start.id].exception is not None,
            }
            for start in self.of(CallStart)
        ]


def name_of(op: str) -> str:
    return op.rpartition("/")[2].partition(":")[0]


@pytest.fixture
def begin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Traces]]:
    for name in [name for name in os.environ if name.startswith("KISEKI_")]:
        monkeypatch.delenv(name)

    def make(**settings: Any) -> Traces:
        quiet = {"silent": True, "console": "off", "system_metrics": False, "environment": False}
        run = kiseki.init(
            "me/traces",
            mode="offline",
            dir=tmp_path,
            settings={**quiet, **settings},
            reinit="finish_previous",
        )
        return Traces(run)

    yield make
    kiseki.finish()


@pytest.fixture
def traces(begin: Callable[..., Traces]) -> Traces:
    return begin()
