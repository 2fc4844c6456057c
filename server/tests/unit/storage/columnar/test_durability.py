"""What survives the death of the process and a full disk, with real processes."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from server.tests.appender import ROWS, batch, found

from kiseki_server.storage.memory.history import MemoryHistoryStore

ROOT = Path(__file__).parents[5]


def appender(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "server.tests.appender", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )


def answer(*arguments: str) -> Any:
    process = appender(*arguments)
    out, _ = process.communicate(timeout=120)
    assert process.returncode == 0
    return json.loads(out)


def expected(batches: int) -> list[Any]:
    """What a store holds after so many batches."""
    memory = MemoryHistoryStore()
    for number in range(batches):
        memory.append(batch(number))
    return json.loads(json.dumps(found(memory)))  # type: ignore[arg-type]


def test_what_was_acknowledged_survives_kill_9(tmp_path: Path) -> None:
    """Killed anywhere: all acknowledged rows once, the one under way whole, in part of its
    streams, or not at all; appending it again makes it whole."""
    choose = random.Random(7)
    stored = -1
    for _ in range(5):
        process = appender("append", str(tmp_path), str(stored + 1))
        assert process.stdout is not None
        for _ in range(choose.randint(1, 25)):
            word, number = process.stdout.readline().split()
            stored = int(number) if word == "stored" else stored
        process.kill()
        rest, _ = process.communicate(timeout=60)
        for line in rest.splitlines():
            word, _, number = line.partition(" ")
            stored = int(number) if word == "stored" else stored
        first, second = answer("check", str(tmp_path), str(stored + 1), str(stored + 1))
        stored += 1
        for _, positions, _ in first:
            assert all(next >= stored * ROWS for next in positions.values())
        assert second == expected(stored + 1)


def test_a_full_disk_is_an_error_and_no_loss(small_disk: Callable[[int], Path]) -> None:
    disk = small_disk(40)
    ballast = disk / "ballast"
    ballast.write_bytes(bytes(20 << 20))
    result = answer("fill", str(disk / "columnar"), str(ballast))
    stored = result["stored"]
    assert stored > 3
    for positions in result["before"]:
        assert all(next >= (stored - 3) * ROWS for next in positions.values())
    assert result["found"] == expected(stored)
    (again, _) = answer("check", str(disk / "columnar"))
    assert again == expected(stored)
