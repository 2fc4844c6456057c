"""What the unmodified client makes of faults, and what of its rows is left: all of them, once."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest
from tests.clients.wandb.conftest import Client
from tests.clients.wandb.environments import NEWEST, VERSIONS
from tests.processes import Program, ServerProcess, eventually

pytestmark = pytest.mark.clients

COUNT = """
import time, wandb
run = wandb.init(project="faults", id=NAME, settings=QUICK)
for n in range(ROWS):
    run.log({"n": n, "text": f"row {n}"})
    print(n, flush=True)
    time.sleep(0.01)
run.finish()
"""


def counting(client: Client, name: str, rows: int) -> Program:
    return client.start(COUNT.replace("NAME", repr(name)).replace("ROWS", str(rows)))


def expected(rows: int) -> list[tuple[int, dict[str, Any]]]:
    return [(n, {"n": n, "text": f"row {n}"}) for n in range(rows)]


def printed(program: Program) -> int:
    return sum(line.isdigit() for line in program.lines)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_server_killed_and_started_again_has_every_row(
    own_server: ServerProcess, tmp_path: Path, version: str
) -> None:
    client = Client(version, own_server, tmp_path / "client")
    program = counting(client, "killed-server", 2_000)
    for seen in (150, 400):
        eventually(lambda seen=seen: printed(program) >= seen)
        own_server.kill()
        away = printed(program) + 50
        eventually(lambda away=away: printed(program) >= away)
        own_server.start()
    assert program.wait(150) == 0, program.output[-3000:]
    assert client.history("faults", "killed-server") == expected(2_000)
    run = client.get("faults/runs/killed-server")
    assert (run["state"], run["summary"]["n"]) == ("finished", 1_999)


def test_a_client_killed_leaves_what_it_has_sent(own_server: ServerProcess, tmp_path: Path) -> None:
    client = Client(NEWEST, own_server, tmp_path / "client")
    program = counting(client, "killed-client", 100_000)
    eventually(lambda: len(client.history("faults", "killed-client")) >= 100)
    _kill_family(program.process.pid)
    program.wait()
    run = eventually(lambda: _not_running(client, "faults/runs/killed-client"), seconds=90)
    assert run["state"] in ("crashed", "failed")
    rows = client.history("faults", "killed-client")
    assert len(rows) >= 100
    assert rows == expected(len(rows))
    if run["state"] == "crashed":
        assert "heartbeat" in run["state_reason"]


def _not_running(client: Client, path: str) -> Any:
    run = client.get(path)
    return run if run["state"] != "running" else None


def _kill_family(pid: int) -> None:
    """`kill -9` of a process and everything that it has started."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                text = (entry / "stat").read_text()
            except OSError:
                continue
            parent = int(text.rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(entry.name))
    waiting = [pid]
    while waiting:
        victim = waiting.pop()
        waiting += children.get(victim, [])
        try:
            os.kill(victim, signal.SIGKILL)
        except ProcessLookupError:
            continue


INIT = """
import wandb
run = wandb.init(project="faults", id=NAME)
run.log({"a": 1})
run.finish()
"""


def test_a_wrong_key_fails_at_once_and_with_a_reason(client: Client) -> None:
    began = time.monotonic()
    program = client.run(
        INIT.replace("NAME", "'wrong-key'"), code_expected=1, WANDB_API_KEY="local-" + "x" * 40
    )
    assert time.monotonic() - began < 60
    assert "is not known to this server" in program.output
    assert client.server.request("GET", "/projects/admin/faults/runs/wrong-key")[0] == 404


def test_a_revoked_key_opens_nothing_any_more(client: Client) -> None:
    status, made = client.server.request("POST", "/keys", {"name": "for a while"})
    assert status == 201
    client.run(INIT.replace("NAME", "'good-key'"), WANDB_API_KEY=made["key"])
    assert client.history("faults", "good-key") == [(0, {"a": 1})]
    client.server.request("DELETE", f"/keys/{made['id']}")
    client.run(INIT.replace("NAME", "'revoked-key'"), code_expected=1, WANDB_API_KEY=made["key"])
    assert client.server.request("GET", "/projects/admin/faults/runs/revoked-key")[0] == 404


@pytest.mark.parametrize("name", ["..", "a%2fb", "a?b", "x" * 129, "tab\tname"])
def test_ids_that_no_run_can_have_fail_at_once(client: Client, name: str) -> None:
    began = time.monotonic()
    program = client.run(INIT.replace("NAME", repr(name)), code_expected=1)
    assert time.monotonic() - began < 60
    assert "Error" in program.output
    runs = client.server.request("POST", "/projects/admin/faults/runs/search", {})[1]
    assert name not in [run["id"] for run in runs.get("items", [])]


def test_files_outside_of_the_run_are_not_taken(client: Client) -> None:
    """Names that a client could send by hand, sent through its own transport."""
    client.run(
        r"""
        import wandb
        run = wandb.init(project="faults", id="names")
        run.finish()
        api = wandb.Api()
        mutation = '''
          mutation CreateRunFiles($files: [String!]!) {
            createRunFiles(input: {
              entityName: "admin", projectName: "faults", runName: "names", files: $files
            }) { files { name uploadUrl } }
          }
        '''
        names = ["../../server.key", "/etc/passwd", "a\\b", "x/../../y", "ok/file.txt"]
        try:
            answer = api._service_api.execute_graphql(mutation, {"files": names})
        except AttributeError:
            answer = api.client.execute(wandb.apis.public.api.gql(mutation), {"files": names})
        urls = [file["uploadUrl"] for file in answer["createRunFiles"]["files"]]
        assert [url is not None for url in urls] == [False, False, False, False, True], urls
        """
    )
    paths = [item["path"] for item in client.get("faults/runs/names/files")["items"]]
    assert not any(".." in path or path.startswith("/") for path in paths)


def test_a_deleted_run_ends_its_stream_and_not_its_program(client: Client) -> None:
    program = counting(client, "deleted", 300)
    eventually(lambda: client.history("faults", "deleted"))
    assert client.server.request("DELETE", "/projects/admin/faults/runs/deleted")[0] in (200, 204)
    assert program.wait(120) == 0, program.output[-2000:]
    assert printed(program) == 300
    assert client.server.request("GET", "/projects/admin/faults/runs/deleted")[0] == 410
