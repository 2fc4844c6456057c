"""The code of a run: what changed since the commit, its files, and those of another run."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from tests.browser.axe import problems
from tests.clients.wandb.environments import NEWEST, NoClient, python
from tests.processes import ServerProcess

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

TRAIN = """\
import wandb

settings = wandb.Settings(save_code=True)
with wandb.init(project="with-code", id="{id}", name="{id}", settings=settings) as run:
    lr = {lr}
    run.log({{"loss": lr}})
    {last}
"""


def git(folder: Path, *command: str) -> None:
    who = ["-c", "user.name=someone", "-c", "user.email=someone@example.org"]
    subprocess.run(["git", *who, *command], cwd=folder, check=True, capture_output=True)


def train(server: ServerProcess, folder: Path, text: str) -> None:
    (folder / "train.py").write_text(text)
    try:
        interpreter = python(NEWEST)
    except NoClient as reason:
        pytest.skip(f"wandb {NEWEST} cannot be installed: {reason}")
    ended = subprocess.run(
        [str(interpreter), "train.py"],
        cwd=folder,
        env={
            "PATH": "/usr/bin:/bin",
            "HOME": str(folder),
            "WANDB_SILENT": "true",
            **server.client_environment,
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr[-3000:]


def test_code_is_read_and_compared(
    page: Page, server_process: ServerProcess, tmp_path: Path
) -> None:
    committed = TRAIN.format(id="first", lr=0.1, last='run.log_code(".")')
    (tmp_path / "train.py").write_text(committed)
    (tmp_path / ".gitignore").write_text("wandb\n.config\n.cache\n")
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", "train.py", ".gitignore")
    git(tmp_path, "commit", "-q", "-m", "first")
    train(server_process, tmp_path, committed)
    train(server_process, tmp_path, TRAIN.format(id="second", lr=0.01, last="pass"))

    page.goto(f"{server_process.url}/admin/with-code/runs/second/code")
    body = page.get_by_role("main")
    expect(body).to_contain_text("1 file changed")
    changes = page.get_by_role("region", name="train.py @@")
    expect(changes.locator("tr[data-kind=changed]")).to_have_count(3)
    expect(changes).to_contain_text("lr = 0.1")
    expect(changes).to_contain_text("lr = 0.01")
    assert problems(page) == []
    page.get_by_role("button", name="train.py").click()
    program = page.get_by_role("figure").filter(has_text="train.py")
    expect(program).to_contain_text("lr = 0.01")
    expect(program).not_to_contain_text("lr = 0.1\n")

    page.get_by_label("Name of another run").fill("first")
    page.get_by_role("button", name="Compare", exact=True).click()
    expect(page).to_have_url(re.compile("base=first"))
    expect(page).to_have_url(re.compile("file=code"))
    beside = page.get_by_role("region", name="train.py")
    expect(beside.get_by_role("columnheader")).to_have_text(["first", "second"])
    expect(beside.locator("tr[data-kind=changed]").nth(1)).to_contain_text("lr = 0.1")
    page.set_viewport_size({"width": 390, "height": 844})
    expect(beside.get_by_text("lr = 0.01")).to_be_in_viewport()
    page.get_by_role("button", name="diff.patch").click()
    expect(body).to_contain_text("first does not have this file")

    page.goto(f"{server_process.url}/admin/with-code/runs/first/code")
    page.get_by_role("link", name="source-with-code").click()
    expect(page.get_by_role("main")).to_contain_text("train.py")
