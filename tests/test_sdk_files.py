"""Files that a program keeps with its run arrive, whatever happens to the program."""

from __future__ import annotations

import json
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.processes import BIN, Program, ServerProcess, eventually

PROJECT = "sdk-files"


def start(
    server: ServerProcess, directory: Path, code: str, *, stdin: bool = False, **more: str
) -> Program:
    environment = {
        **server.client_environment,
        "KISEKI_SYSTEM_METRICS": "false",
        "KISEKI_ENVIRONMENT": "false",
        "KISEKI_PROJECT": PROJECT,
        "KISEKI_FINISH_TIMEOUT": "60",
        "KISEKI_RETRY_TIMEOUT": "60",
        **more,
    }
    return Program(code, environment=environment, directory=directory, stdin=stdin)


def run(server: ServerProcess, directory: Path, code: str, **more: str) -> list[str]:
    program = start(server, directory, code, **more)
    assert program.wait() == 0, program.output
    return program.lines


def content(server: ServerProcess, name: str, path: str) -> bytes | None:
    request = urllib.request.Request(
        f"{server.url}/api/v1/projects/admin/{PROJECT}/runs/{name}/files/{path}",
        headers={"Authorization": f"Bearer {server.key}"},
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.read()
    except urllib.error.HTTPError as error:
        if error.code != 404:
            raise
        return None


def sync(directory: Path, server: ServerProcess) -> dict[str, Any]:
    done = subprocess.run(
        [BIN / "kiseki", "sync", "--json", directory / "kiseki-runs"],
        env={"PATH": "/usr/bin:/bin", "HOME": str(directory), **server.client_environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, (done.stdout, done.stderr)
    (item,) = json.loads(done.stdout)["items"]
    return item


def test_saved_files_are_on_the_server_when_finish_returns(
    server_process: ServerProcess, tmp_path: Path
) -> None:
    lines = run(
        server_process,
        tmp_path,
        """
import kiseki, pathlib
run = kiseki.init(id="saved")
pathlib.Path("a b").mkdir()
pathlib.Path("a b/é.txt").write_text("now")
pathlib.Path("empty").write_text("")
pathlib.Path("big.bin").write_bytes(bytes(range(256)) * 40_000)
run.save("a b/*", policy="now")
run.save("big.bin", policy="now")
run.save("empty", policy="end")
pathlib.Path("a b/é.txt").write_text("later")
print(run.finish().complete)
""",
    )
    assert "True" in lines
    assert content(server_process, "saved", "a%20b/%C3%A9.txt") == b"now"
    assert content(server_process, "saved", "big.bin") == bytes(range(256)) * 40_000
    assert content(server_process, "saved", "empty") == b""


def test_a_live_file_follows_its_changes(server_process: ServerProcess, tmp_path: Path) -> None:
    program = start(
        server_process,
        tmp_path,
        """
import kiseki, pathlib
run = kiseki.init(id="live")
file = pathlib.Path("live.txt")
file.write_text("one")
run.save("live.txt")
input()
file.write_text("two, longer")
input()
""",
        stdin=True,
    )
    eventually(lambda: content(server_process, "live", "live.txt") == b"one")
    program.send("")
    eventually(lambda: content(server_process, "live", "live.txt") == b"two, longer")
    program.send("")
    program.close_input()
    assert program.wait() == 0, program.output


def test_what_save_took_survives_the_kill_of_the_program(
    server_process: ServerProcess, tmp_path: Path
) -> None:
    program = start(
        server_process,
        tmp_path,
        """
import kiseki, os, pathlib, signal
run = kiseki.init(id="killed")
for i in range(50):
    pathlib.Path("f.txt").write_text(f"version {i}")
    run.save("f.txt", policy="now")
    pathlib.Path(f"n{i}.txt").write_text(f"file {i}")
    run.save(f"n{i}.txt", policy="now")
pathlib.Path("last.txt").write_text("at the end")
run.save("last.txt", policy="end")
os.kill(os.getpid(), signal.SIGKILL)
""",
    )
    program.wait()
    eventually(lambda: content(server_process, "killed", "last.txt") == b"at the end")
    eventually(lambda: content(server_process, "killed", "f.txt") == b"version 49")
    for i in range(50):
        assert content(server_process, "killed", f"n{i}.txt") == f"file {i}".encode()


def test_files_of_an_offline_run_come_with_its_sync_from_any_machine(
    server_process: ServerProcess, tmp_path: Path
) -> None:
    work, other = tmp_path / "work", tmp_path / "other"
    work.mkdir()
    run(
        server_process,
        work,
        """
import kiseki, pathlib
run = kiseki.init(id="offline", mode="offline")
pathlib.Path("now.txt").write_text("now")
run.save("now.txt", policy="now")
pathlib.Path("end.txt").write_text("start")
run.save("end.txt", policy="end")
run.log({"a": 1})
pathlib.Path("end.txt").write_text("end")
run.finish()
pathlib.Path("end.txt").unlink()
""",
    )
    work.rename(other)
    item = sync(other, server_process)
    assert (item["result"], item["rejected"]) == ("complete", 0)
    assert content(server_process, "offline", "now.txt") == b"now"
    assert content(server_process, "offline", "end.txt") == b"end"


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[ServerProcess]:
    server = ServerProcess(tmp_path)
    yield server
    server.kill()


def test_files_wait_for_a_server_that_is_away(own_server: ServerProcess, tmp_path: Path) -> None:
    own_server.start()
    program = start(
        own_server,
        tmp_path,
        """
import kiseki, pathlib
run = kiseki.init(id="patient")
run.log({"a": 1})
input()
for i in range(20):
    pathlib.Path(f"{i}.txt").write_text(str(i))
    run.save(f"{i}.txt", policy="now")
print("saved")
input()
print(run.finish().complete)
""",
        stdin=True,
    )
    path = f"/projects/admin/{PROJECT}/runs/patient"
    eventually(lambda: own_server.request("GET", path)[0] == 200)
    own_server.kill()
    program.send("")
    eventually(lambda: "saved" in program.lines)
    program.send("")
    program.close_input()
    own_server.start()
    assert program.wait(90) == 0, program.output
    assert "True" in program.lines
    for i in range(20):
        assert content(own_server, "patient", f"{i}.txt") == str(i).encode()


def test_alerts_reach_the_server_after_a_kill(
    server_process: ServerProcess, tmp_path: Path
) -> None:
    program = start(
        server_process,
        tmp_path,
        """
import kiseki, os, signal
run = kiseki.init(id="alerts")
run.alert("Loss is high", "It is 12.", level="WARN")
run.alert("Loss is high", "It is 13.")
kiseki.alert("Done", "Nothing more to do.")
os.kill(os.getpid(), signal.SIGKILL)
""",
    )
    program.wait()
    path = f"/projects/admin/{PROJECT}/runs/alerts/alerts"

    def told() -> Any:
        status, page = server_process.request("GET", path)
        return status == 200 and len(page["items"]) == 2 and page["items"]

    assert [(one["title"], one["text"], one["level"]) for one in eventually(told)] == [
        ("Done", "Nothing more to do.", "info"),
        ("Loss is high", "It is 12.", "warning"),
    ]
