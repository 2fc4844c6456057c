"""Where a run is started, without secrets."""

from __future__ import annotations

import os
import sys

import pytest

from kiseki.run.environment import environment, redacted


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (["--lr", "0.1", "data"], ["--lr", "0.1", "data"]),
        (["--api-key=abc", "--lr=1"], ["--api-key=[hidden]", "--lr=1"]),
        (["--password", "abc", "x"], ["--password", "[hidden]", "x"]),
        (["--HF_TOKEN", "abc"], ["--HF_TOKEN", "[hidden]"]),
        (["db.password=abc"], ["db.password=[hidden]"]),
        (["--token", "--other"], ["--token", "--other"]),
        (["--tokenizer", "bert", "--keyboard=x"], ["--tokenizer", "bert", "--keyboard=x"]),
        (["https://me:pw@host/x"], ["https://me:[hidden]@host/x"]),
        (["\udcff"], ["\\udcff"]),
    ],
)
def test_secrets_are_hidden(arguments: list[str], shown: list[str]) -> None:
    assert redacted(arguments) == shown


def test_the_facts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["train.py", "--key", "k"])
    found = environment("1.2")
    assert found.host == os.uname().nodename
    assert found.python == ".".join(map(str, sys.version_info[:3]))
    assert found.directory == os.getcwd()
    assert found.arguments == ["--key", "[hidden]"]
    assert found.client == "kiseki/1.2"
    assert found.executable == sys.executable
    assert found.user


def test_a_removed_working_directory_is_no_problem(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path_factory.mktemp("gone")
    monkeypatch.chdir(gone)
    gone.rmdir()
    found = environment("1.2")
    monkeypatch.undo()
    assert found.directory is None
