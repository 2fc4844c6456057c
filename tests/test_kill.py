"""`kill -9` of either side at random moments loses no row whose `log()` returned.

Rows carry their own number as value, so that a lost, doubled or mixed-up row shows.
"""

from __future__ import annotations

import contextlib
import random
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from tests.processes import BIN, Program, ServerProcess, eventually

TRAINER = """
import kiseki, time
run = kiseki.init(project="kills", id={name!r}, settings=kiseki.Settings(finish_timeout={timeout}))
for step in range({rows}):
    run.log({{"value": step, "half": step / 2, "text": f"row {{step}}"}}, step=step)
    print(step, flush=True)
    if step % 10 == 0:
        time.sleep(0.02)
receipt = run.finish()
print("receipt", receipt.rows_logged, receipt.rows_acknowledged, flush=True)
"""


def trainer(
    server: ServerProcess, directory: Path, name: str, rows: int, timeout: float
) -> Program:
    return Program(
        TRAINER.format(name=name, rows=rows, timeout=timeout),
        environment={**server.client_environment, "KISEKI_DIR": str(directory)},
        directory=directory,
    )


def expected(rows: int) -> list[dict[str, Any]]:
    return [{"value": n, "half": n / 2, "text": f"row {n}"} for n in range(rows)]


def assert_complete(server: ServerProcess, name: str, rows: int) -> None:
    history = server.history("admin/kills", name)
    assert [row["step"] for row in history] == list(range(rows))
    assert [row["values"] for row in history] == expected(rows)
    stats = server.get(f"/projects/admin/kills/runs/{name}/stats?key=value")["items"]
    assert [(s["key"], s["count"], s["last_step"]) for s in stats] == [("value", rows, rows - 1)]


@pytest.fixture
def server(tmp_path: Path) -> Any:
    process = ServerProcess(tmp_path)
    process.start()
    yield process
    process.stop()


def test_server_killed_while_eight_runs_write(server: ServerProcess, tmp_path: Path) -> None:
    rows = 1500
    programs = [trainer(server, tmp_path, f"run{n}", rows, timeout=90) for n in range(8)]
    rng = random.Random(20)
    for _ in range(4):
        seen = sum(len(p.lines) for p in programs)
        target = seen + rng.randrange(200, 1500)
        eventually(lambda target=target: sum(len(p.lines) for p in programs) >= target
                   or all(p.process.poll() is not None for p in programs))  # fmt: skip
        server.kill()
        server.start()
    for program in programs:
        # A program that ends while the server is away does not wait for it; its uploader does.
        assert program.wait(150) == 0, program.output[-2000:]
    for number in range(8):
        run = eventually(lambda name=f"run{number}": ended(server, name))
        assert (run["state"], run["exit_code"]) == ("finished", 0)
        assert_complete(server, f"run{number}", rows)


def test_trainer_killed_at_random_moments(server: ServerProcess, tmp_path: Path) -> None:
    rng = random.Random(7)
    killed: dict[str, int] = {}
    for number in range(6):
        program = trainer(server, tmp_path, f"run{number}", 100_000, timeout=10)
        target = rng.choice([1, 3, rng.randrange(10, 4000)])
        eventually(lambda p=program, n=target: sum(x.isdigit() for x in p.lines) >= n)
        program.kill()
        killed[f"run{number}"] = int([x for x in program.lines if x.isdigit()][-1])
    for name, last in killed.items():
        run = eventually(lambda name=name: ended(server, name))
        assert run["state"] == "crashed", run
        assert "process" in run["state_reason"]
        history = server.history("admin/kills", name)
        steps = [row["step"] for row in history]
        # The row that was being printed may be there too: its log() had returned.
        assert steps in (list(range(last + 1)), list(range(last + 2)))
        assert [row["values"] for row in history] == expected(len(steps))


def ended(server: ServerProcess, name: str) -> dict[str, Any] | None:
    status, run = server.request("GET", f"/projects/admin/kills/runs/{name}")
    return run if status == 200 and run["state"] != "running" else None


def test_both_killed(server: ServerProcess, tmp_path: Path) -> None:
    program = trainer(server, tmp_path, "both", 100_000, timeout=10)
    eventually(lambda: len(program.lines) > 500)
    server.kill()
    before = len(program.lines)
    eventually(lambda: len(program.lines) > before + 500)
    program.kill()
    last = int([x for x in program.lines if x.isdigit()][-1])
    server.start()
    run = eventually(lambda: ended(server, "both"))
    assert run["state"] == "crashed"
    steps = [row["step"] for row in server.history("admin/kills", "both")]
    assert steps in (list(range(last + 1)), list(range(last + 2)))


def test_no_server_costs_no_data_and_little_time(tmp_path: Path) -> None:
    """The server is down for good: the program ends by its deadline, `kiseki sync` completes."""
    server = ServerProcess(tmp_path)
    server.start()
    key = server.key
    server.kill()
    program = Program(
        TRAINER.format(name="later", rows=300, timeout=1),
        environment={
            "KISEKI_BASE_URL": server.url,
            "KISEKI_API_KEY": key,
            "KISEKI_DIR": str(tmp_path),
        },
        directory=tmp_path,
    )
    assert program.wait() == 0, program.output
    assert "receipt 300 0" in program.lines, program.output
    server.start()
    try:
        done = subprocess.run(
            [BIN / "kiseki", "sync", tmp_path / "kiseki-runs", "--json"],
            env={"PATH": "/usr/bin:/bin", "KISEKI_API_KEY": key, "HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )
        assert done.returncode == 0, (done.stdout, done.stderr)
        assert_complete(server, "later", 300)
    finally:
        server.stop()


CALLER = """
import kiseki, time
kiseki.init("admin/killed-calls", settings=kiseki.Settings(finish_timeout=60, retry_timeout=60))

@kiseki.op
def inner(n):
    return {{"twice": 2 * n}}

@kiseki.op
def outer(n):
    return inner(n)["twice"]

for n in range({calls}):
    outer(n)
    print(n, flush=True)
    if n % 20 == 0:
        time.sleep(0.02)
"""


def test_calls_survive_kills_of_program_and_server(server: ServerProcess, tmp_path: Path) -> None:
    """Calls that returned are there, once and whole; what was under way ends with the run."""
    environment = {
        **server.client_environment,
        "KISEKI_DIR": str(tmp_path),
        "KISEKI_CONSOLE": "off",
        "KISEKI_SYSTEM_METRICS": "false",
    }
    program = Program(CALLER.format(calls=10**6), environment=environment, directory=tmp_path)
    eventually(lambda: len(program.lines) > 800)
    server.kill()
    server.start()
    eventually(lambda: len(program.lines) > 4_000)
    program.kill()
    last = int([x for x in program.lines if x.isdigit()][-1])
    calls = "/projects/admin/killed-calls/calls"

    def count(condition: str) -> int:
        return server.get(f"{calls}/count?filter={quote(condition)}")["total"]

    # The call that was being printed, and one that was under way, may be there too.
    known = eventually(lambda: count('op = "outer"') > last and count('op = "inner"'))
    assert last < known <= last + 2
    assert count(f'op = "outer" and inputs.n <= {last} and status = "success"') == last + 1
    assert count(f'op = "inner" and inputs.n <= {last} and status = "success"') == last + 1
    outer = quote('op = "outer"')
    page = server.get(f"{calls}?limit=50&filter={outer}")["items"]
    for call in page:
        detail = server.get(f"{calls}/{call['id']}")
        assert detail["output"] == 2 * detail["inputs"]["n"] or detail["status"] != "success"


def fill(ballast: Path) -> None:
    """Write until the disk is full."""
    with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(bytes(4096)):
            pass


def test_full_disk_refuses_and_goes_on(tmp_path: Path, small_disk: Callable[[int], Path]) -> None:
    """On a full disk the server refuses what it cannot keep; with room again it takes all of it."""
    disk = small_disk(160)
    server = ServerProcess(disk)
    try:
        server.start()
        ballast = disk / "ballast"
        program = trainer(server, tmp_path, "full", 4000, timeout=100)
        eventually(lambda: len(program.lines) > 200)
        fill(ballast)
        before = len(program.lines)
        eventually(lambda: len(program.lines) > before + 1000)
        ballast.unlink()
        assert program.wait(150) == 0, program.output
        assert "receipt 4000 4000" in program.lines, program.output[-2000:]
        assert_complete(server, "full", 4000)
    finally:
        server.stop()
