"""What holds for every test."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# Tests are never timed: a busy machine must not fail one.
settings.register_profile("kiseki", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("kiseki")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[int], Path]]:
    """Mounts a file system of so many MiB; the test is skipped where that is not possible."""
    where = tmp_path / "disk"

    def mount(mebibytes: int) -> Path:
        where.mkdir()
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={mebibytes}m", "tmpfs", where],
            capture_output=True,
            text=True,
            check=False,
        )
        if mounted.returncode:
            pytest.skip(f"cannot mount a tmpfs: {mounted.stderr.strip()}")
        return where

    yield mount
    if where.is_mount():
        subprocess.run(["umount", "-l", where], check=True)
