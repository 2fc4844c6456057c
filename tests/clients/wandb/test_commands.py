"""Commands of the wandb client against our server."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time

import pytest
from tests.clients.wandb.conftest import Client
from tests.clients.wandb.environments import NoClient, python

pytestmark = pytest.mark.clients

_TRAIN = """
import pathlib, wandb
run = wandb.init(project=PROJECT, id="trained", config={"lr": 0.5, "deep": {"a": [1, 2]}})
path = pathlib.Path(run.dir, "sub folder", "model.txt")
path.parent.mkdir()
path.write_text("weights")
run.save(str(path), base_path=run.dir)
run.log({"loss": 1})
run.finish()
"""


def _command(client: Client, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `wandb WORDS` in the client's directory."""
    client.directory.mkdir(parents=True, exist_ok=True)
    try:
        interpreter = python(client.version)
    except NoClient as reason:
        pytest.skip(f"wandb {client.version} cannot be installed: {reason}")
    home = str(client.directory)
    return subprocess.run(
        [str(interpreter), "-m", "wandb", *words],
        cwd=home,
        env={"PATH": "/usr/bin:/bin", "HOME": home, "WANDB_DIR": home, **environment},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=120,
        check=False,
    )


def test_a_key_is_checked_and_kept_at_login(each: Client) -> None:
    host = ("--host", each.server.url, "--relogin")
    done = _command(each, "login", *host, "--verify", each.server.key)
    assert done.returncode == 0, done.stdout
    kept = (each.directory / ".netrc").read_text()
    assert each.server.key in kept
    found = _command(each, "status")
    assert each.server.url in found.stdout


def test_a_wrong_key_is_not_taken_at_login(each: Client) -> None:
    done = _command(each, "login", "--host", each.server.url, "--relogin", "--verify", "f" * 40)
    assert done.returncode != 0, done.stdout


def test_the_files_of_a_run_are_pulled(each: Client) -> None:
    project = f"pull-{each.version}"
    each.run(_TRAIN.replace("PROJECT", repr(project)))
    to = each.directory / "pulled"
    to.mkdir()
    there = Client(each.version, each.server, to)
    place = ("--project", project, "--entity", "admin")
    done = _command(there, "pull", "trained", *place, **each.server.client_environment)
    assert done.returncode == 0, done.stdout
    assert (to / "sub folder" / "model.txt").read_text() == "weights"
    assert "lr" in (to / "config.yaml").read_text()


def test_the_config_of_a_run_is_restored(each: Client) -> None:
    project = f"restore-{each.version}"
    each.run(_TRAIN.replace("PROJECT", repr(project)))
    done = _command(
        each, "restore", "--no-git", f"admin/{project}:trained", **each.server.client_environment
    )
    assert done.returncode == 0, done.stdout
    restored = (each.directory / "wandb" / "config.yaml").read_text()
    assert "lr:" in restored
    assert "0.5" in restored


def test_an_artifact_is_put_listed_and_fetched(each: Client) -> None:
    project = f"command-{each.version}"
    environment = each.server.client_environment
    folder = each.directory / "pets"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "cat.txt").write_text("cat")
    (folder / "dog.txt").write_text("dog")
    name = f"admin/{project}/pets"
    put = _command(
        each, "artifact", "put", "pets", "--name", name, "--type", "dataset",
        "--alias", "good", **environment,
    )  # fmt: skip
    assert put.returncode == 0, put.stdout
    listed = _command(each, "artifact", "ls", f"admin/{project}", **environment)
    assert listed.returncode == 0, listed.stdout
    assert "pets:v0" in listed.stdout
    got = _command(each, "artifact", "get", f"{name}:good", "--root", "got", **environment)
    assert got.returncode == 0, got.stdout
    texts = {path.name: path.read_text() for path in (each.directory / "got").rglob("*.txt")}
    assert texts == {"cat.txt": "cat", "dog.txt": "dog"}
    cleaned = _command(each, "artifact", "cache", "cleanup", "0GB", **environment)
    assert cleaned.returncode == 0, cleaned.stdout
    missing = _command(each, "artifact", "get", f"{name}:v9", **environment)
    assert missing.returncode != 0, missing.stdout


def test_the_server_is_verified_as_far_as_it_can_be(client: Client) -> None:
    """Sweeps come later, and on this machine there is no TLS; the rest passes."""
    done = _command(
        client, "verify", "--host", client.server.url, **client.server.client_environment
    )
    checks = dict(
        re.findall(
            r"^(Check[^.\n]+)\.{2,}\D*?(Success|Failed|\u2705|\u274c)", done.stdout, re.MULTILINE
        )
    )
    assert "Checking artifact save and download workflows" in checks, done.stdout
    failed = {name for name, said in checks.items() if said not in ("Success", "\u2705")}
    assert failed <= {
        "Checking requests to base url",
        "Checking requests made over signed URLs",
        "Checking sweep creation and agent execution",
        "Checking wandb package version is up to date",
    }, done.stdout


def test_a_run_is_looked_at_in_a_terminal(client: Client) -> None:
    """`wandb leet` with the address of a run that is nowhere but on the server."""
    client.run(_TRAIN.replace("PROJECT", "'leet'"))
    control, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    home = str(client.directory)
    program = subprocess.Popen(
        [
            str(python(client.version)), "-m", "wandb", "leet", "run",
            f"{client.server.url}/admin/leet/runs/trained",
        ],
        cwd=home,
        env={
            "PATH": "/usr/bin:/bin",
            "HOME": home,
            "WANDB_DIR": home,
            "TERM": "xterm-256color",
            **client.server.client_environment,
        },
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,
    )  # fmt: skip
    os.close(terminal)
    shown = b""
    deadline = time.monotonic() + 120
    wanted = (b"Finished", b"trained", b"loss", b"[1-1 of 1]")
    try:
        while not all(word in shown for word in wanted) and time.monotonic() < deadline:
            if select.select([control], [], [], 1)[0]:
                shown += os.read(control, 65536)
    except OSError:
        pass  # the program has ended
    finally:
        os.killpg(program.pid, signal.SIGTERM)
        program.wait(30)
        os.close(control)
    assert all(word in shown for word in wanted), shown.decode(errors="replace")[-3000:]
