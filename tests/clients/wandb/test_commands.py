"""Commands of the wandb client against our server."""

from __future__ import annotations

import subprocess

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
