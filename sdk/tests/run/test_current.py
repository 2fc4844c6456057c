"""The module's functions, and how a run ends with its program. Each in a real process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import kiseki
from kiseki.errors import NoRunError
from kiseki.wire.records import Config, Console, Exit, History, Summary

from .conftest import Begin, records_of

SETUP = """
import os, signal, sys, threading
import kiseki as wandb
wandb.init(project="p", mode="offline", config={"lr": 0.1}, settings=wandb.Settings(silent=True))
"""


def run_program(tmp_path: Path, text: str, code: int = 0) -> list[object]:
    """Run a program and give the records of its run."""
    program = tmp_path / "train.py"
    program.write_text(SETUP + text)
    done = subprocess.run(
        [sys.executable, str(program)], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == code, done.stderr
    (directory,) = (tmp_path / "kiseki-runs").iterdir()
    return list(records_of(directory))


def test_a_plain_script_for_wandb(tmp_path: Path) -> None:
    records = run_program(
        tmp_path,
        """
assert wandb.run is not None and wandb.run.project == "p"
wandb.config.epochs = 2
wandb.define_metric("loss", summary="min")
for epoch in range(wandb.config.epochs):
    wandb.log({"epoch": epoch, "train": {"loss": 1 / (epoch + 1)}})
    print("epoch", epoch)
wandb.summary["best"] = 0.5
wandb.run.summary["done"] = True
wandb.finish()
assert wandb.run is None
""",
    )
    assert [r.values for r in records if isinstance(r, History)] == [
        {"epoch": 0, "train.loss": 1.0},
        {"epoch": 1, "train.loss": 0.5},
    ]
    assert [r.values for r in records if isinstance(r, Config)] == [{"lr": 0.1}, {"epochs": 2}]
    assert [r.values for r in records if isinstance(r, Summary)] == [{"best": 0.5}, {"done": True}]
    assert [r.text for r in records if isinstance(r, Console)] == ["epoch 0", "epoch 1"]
    assert isinstance(records[-1], Exit)


@pytest.mark.parametrize(
    ("text", "code", "exit_code", "reason"),
    [
        ("", 0, 0, None),
        ("sys.exit(3)", 3, 3, None),
        ("sys.exit('usage')", 1, 1, None),
        ("sys.exit()", 0, 0, None),
        ("raise KeyError('x')", 1, 1, "KeyError: 'x' (train.py:5)"),
        ("raise KeyboardInterrupt", -signal.SIGINT, 255, "KeyboardInterrupt"),
        ("os.kill(os.getpid(), signal.SIGINT)", -signal.SIGINT, 255, "KeyboardInterrupt"),
        ("try:\n    sys.exit(3)\nexcept SystemExit:\n    wandb.log({'a': 1})", 0, 0, None),
    ],
)
def test_the_end_of_the_program_ends_the_run(
    tmp_path: Path, text: str, code: int, exit_code: int, reason: str | None
) -> None:
    exit = run_program(tmp_path, text, code)[-1]
    assert isinstance(exit, Exit)
    assert (exit.code, exit.reason) == (exit_code, reason)


def test_a_traceback_is_still_printed_and_kept(tmp_path: Path) -> None:
    records = run_program(tmp_path, "raise RuntimeError('boom')", 1)
    lines = [r for r in records if isinstance(r, Console)]
    assert [r.error for r in lines] == [True] * len(lines)
    assert lines[-1].text == "RuntimeError: boom"


def test_a_forked_child_does_not_end_the_run(tmp_path: Path) -> None:
    records = run_program(
        tmp_path,
        """
pid = os.fork()
if not pid:
    print("a child's line", flush=True)
    sys.exit(7)
os.waitpid(pid, 0)
wandb.log({"after": 1})
""",
    )
    exits = [r for r in records if isinstance(r, Exit)]
    assert [r.code for r in exits] == [0]
    assert [r.values for r in records if isinstance(r, History)] == [{"after": 1}]
    assert [r for r in records if isinstance(r, Console)] == []


def test_a_forked_worker_may_have_a_run_of_its_own(tmp_path: Path) -> None:
    program = tmp_path / "train.py"
    program.write_text(
        SETUP
        + """
run = wandb.run
pid = os.fork()
if not pid:
    worker = wandb.init(project=run.project, id=run.id, label="worker 1", mode="offline")
    worker.log({"worker": 1})
    sys.exit(0)
os.waitpid(pid, 0)
"""
    )
    subprocess.run([sys.executable, str(program)], cwd=tmp_path, check=True, capture_output=True)
    first, second = (tmp_path / "kiseki-runs").iterdir()
    rows = [r.values for d in (first, second) for r in records_of(d) if isinstance(r, History)]
    assert rows == [{"worker": 1}]
    assert first.name.split("-")[2] == second.name.split("-")[2]
    assert all(isinstance(records_of(d)[-1], Exit) for d in (first, second))


def test_a_killed_program_leaves_no_exit(tmp_path: Path) -> None:
    records = run_program(
        tmp_path, "wandb.log({'a': 1}); os.kill(os.getpid(), signal.SIGKILL)", -signal.SIGKILL
    )
    assert isinstance(records[-1], History)


def test_without_a_run_the_functions_say_so() -> None:
    for use in (
        lambda: kiseki.log({"a": 1}),
        lambda: kiseki.define_metric("a"),
        lambda: kiseki.config.lr,
        lambda: kiseki.config["lr"],
        lambda: setattr(kiseki.config, "lr", 1),
        lambda: kiseki.summary.update({"a": 1}),
        lambda: kiseki.summary.__setitem__("a", 1),
        lambda: "a" in kiseki.config,
    ):
        with pytest.raises(NoRunError, match=r"there is no run\n\nhint: call kiseki\.init"):
            use()
    assert kiseki.finish() is None
    assert kiseki.run is None


def test_the_functions_mean_the_current_run(begin: Begin) -> None:
    run = begin(config={"lr": 1})
    kiseki.log({"a": 1}, step=3)
    kiseki.summary["b"] = 2
    kiseki.config.update({"c": 3})
    assert kiseki.run is run
    assert (run.summary["a"], run.summary["b"], run.config.c, run.step) == (1, 2, 3, 3)
    receipt = kiseki.finish()
    assert receipt is not None
    assert receipt.rows_logged == 1
    assert os.path.isdir(run.dir)
