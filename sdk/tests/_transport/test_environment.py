"""Facts about where a run was started."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import msgspec
import pytest

from kiseki._transport.environment import complete, without_credentials
from kiseki.wire.records import Environment

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="needs git")


@pytest.mark.parametrize(
    ("url", "clean"),
    [
        ("https://user:token@git.example.com/a/b.git", "https://git.example.com/a/b.git"),
        ("https://token@git.example.com:8443/a/b", "https://git.example.com:8443/a/b"),
        ("https://git.example.com/a/b?private_token=x#y", "https://git.example.com/a/b"),
        ("https://git.example.com/a/b", "https://git.example.com/a/b"),
        ("git@git.example.com:a/b.git", "git@git.example.com:a/b.git"),
        ("user:token@git.example.com:a/b", "git.example.com:a/b"),
        ("ssh://git:secret@git.example.com/a/b", "ssh://git@git.example.com/a/b"),
        ("/srv/git/b.git", "/srv/git/b.git"),
    ],
)
def test_no_credential_stays_in_a_remote(url: str, clean: str) -> None:
    assert without_credentials(url) == clean


@needs_git
def test_git_packages_and_hardware_are_found(tmp_path: Path) -> None:
    def git(*arguments: str) -> str:
        identity = ["-c", "user.name=n", "-c", "user.email=e@example.com"]
        return subprocess.run(
            ["git", *identity, *arguments], cwd=tmp_path, check=True, capture_output=True, text=True
        ).stdout.strip()

    git("init")
    git("commit", "--allow-empty", "-m", "first")
    git("remote", "add", "upstream", "https://me:secret@git.example.com/a.git")
    (tmp_path / "src").mkdir()
    (tmp_path / "src/train.py").write_text("")
    given = Environment(host="here", directory="/", program=str(tmp_path / "src/train.py"))
    found = complete(given, os.getpid())
    assert found.git_commit == git("rev-parse", "HEAD")
    assert found.git_remote == "https://git.example.com/a.git"
    assert found.packages["msgspec"] == msgspec.__version__
    assert found.cpu_count_logical == os.cpu_count()
    assert found.memory_bytes is not None
    assert found.memory_bytes > 2**20
    assert (found.host, found.directory, found.program) == ("here", "/", given.program)


def test_what_the_trainer_said_stands(tmp_path: Path) -> None:
    given = Environment(
        directory=str(tmp_path),
        git_commit="abc",
        git_remote="https://git.example.com/x",
        packages={"numpy": "0"},
        cpu_count=1,
        memory_bytes=5,
        gpus=[{"name": "mine"}],
    )
    assert complete(given, os.getpid()) == msgspec.structs.replace(
        given, cpu_count_logical=os.cpu_count()
    )


def test_a_folder_without_git_has_no_commit(tmp_path: Path) -> None:
    found = complete(Environment(directory=str(tmp_path)), os.getpid())
    assert (found.git_commit, found.git_remote) == (None, None)
    gone = complete(Environment(directory=str(tmp_path / "gone")), os.getpid())
    assert gone.git_commit is None
