"""Examples run as they stand: the guides', and one program, whichever client it imports."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.clients.wandb.conftest import Client
from tests.clients.wandb.environments import NEWEST, NoClient, python
from tests.processes import ServerProcess

pytestmark = pytest.mark.clients

ROOT = Path(__file__).resolve().parents[3]
EXAMPLES = ROOT / "examples"
GUIDES = sorted(
    page for page in ROOT.glob("docs/guides/*.md") if "import wandb\n" in page.read_text()
)


def train(program: str, interpreter: Path | str, client: Client) -> str:
    """Train one configuration for two epochs; gives the project."""
    project = f"example-{program.removesuffix('.py')}"
    done = subprocess.run(
        [interpreter, EXAMPLES / program, "--project", project, "--epochs", "2", "--runs", "1"],
        env={
            **{k: v for k, v in os.environ.items() if not k.startswith(("KISEKI_", "WANDB_"))},
            **client.server.client_environment,
            "HOME": str(client.directory),
        },
        cwd=client.directory,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return project


def test_both_clients_bring_the_same_run(server_process: ServerProcess, tmp_path: Path) -> None:
    client = Client(NEWEST, server_process, tmp_path)
    try:
        theirs = train("digits_wandb.py", python(NEWEST), client)
    except NoClient as reason:
        pytest.skip(f"wandb {NEWEST} cannot be installed: {reason}")
    ours = train("digits.py", sys.executable, client)
    runs, histories = [], []
    for project in (theirs, ours):
        path = f"/projects/admin/{project}/runs/search"
        status, found = server_process.request("POST", path, {"limit": 10})
        assert status == 200
        (run,) = found["items"]
        runs.append(run)
        histories.append(client.history(project, run["id"]))
    for run in runs:
        assert (run["state"], run["exit_code"], run["group"]) == ("finished", 0, "hidden-512")
        assert sorted(run["tags"]) == ["demo", "digits"]
        assert set(run["summary"]["val/accuracy"]) == {"max"}
    assert runs[0]["config"] == runs[1]["config"]

    steps = [[step for step, _ in history] for history in histories]
    assert steps[0] == steps[1] == list(range(168))
    keys = [[sorted(values) for _, values in history] for history in histories]
    assert keys[0] == keys[1]
    losses = [[values["train/loss"] for _, values in history[:20]] for history in histories]
    assert losses[0] == pytest.approx(losses[1], rel=1e-3)


@pytest.mark.parametrize("page", GUIDES, ids=lambda page: page.name)
def test_the_guides_examples_run(page: Path, server_process: ServerProcess, tmp_path: Path) -> None:
    """Python and commands, one after the other in one folder, on a server of the newest client."""
    client = Client(NEWEST, server_process, tmp_path)
    blocks = re.findall(r"```(python|bash)\n(.*?)```", page.read_text(), flags=re.DOTALL)
    assert blocks
    for language, text in blocks:
        if language == "python":
            client.run(text)
        else:
            command = ["bash", "-euc", text]
            path = f"{python(NEWEST).parent}:{os.environ['PATH']}"
            client.run(f"import subprocess; subprocess.run({command!r}, check=True)", PATH=path)
