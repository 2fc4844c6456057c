"""The trainer's hold on its uploader: a process of its own that outlives it."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

from kiseki._transport.processes import alive, started
from kiseki.run.directory import read_state
from kiseki.settings import Settings

_POLL_S = 0.002
_OVER = frozenset({"refused", "gave_up"})
"""The uploader has left for good after one of these."""


class Upload:
    """Starts the uploader of a run directory, and starts it again when it has died."""

    def __init__(self, directory: Path, settings: Settings, key: str | None) -> None:
        self._directory = directory
        self._settings = settings
        self._key = key
        self._pid = 0
        self._started: float | None = None
        self._complained = False

    def start(self) -> None:
        """Start the process. Takes milliseconds; nothing is waited for."""
        import subprocess

        if not sys.executable:
            return
        environ = dict(os.environ)
        environ.pop("KISEKI_API_KEY", None)
        if self._key is not None:
            environ["KISEKI_API_KEY"] = self._key
        package = Path(__file__).parents[2]
        if package.name not in ("site-packages", "dist-packages"):
            before = environ.get("PYTHONPATH")
            environ["PYTHONPATH"] = f"{package}{os.pathsep}{before}" if before else str(package)
        try:
            with (self._directory / "uploader.log").open("ab") as log:
                process = subprocess.Popen(
                    [sys.executable, "-m", "kiseki._transport.uploader", str(self._directory)],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    cwd="/",
                    env=environ,
                    start_new_session=True,
                )
        except OSError as error:
            if not self._complained:
                self._complained = True
                print(f"kiseki: the uploader cannot be started: {error}", file=sys.stderr)
            return
        self._pid = process.pid
        self._started = started(process.pid)
        process.returncode = 0  # it is not ours to wait for; do not warn that it runs on

    def is_alive(self) -> bool:
        """Whether the process runs; one that has ended is reaped."""
        if not self._pid:
            return False
        try:
            if os.waitpid(self._pid, os.WNOHANG) == (0, 0):
                return True
        except ChildProcessError:
            return alive(self._pid, self._started)
        self._pid = 0
        return False

    def ensure(self) -> None:
        """Start the process again if it has died."""
        if not self.is_alive() and read_state(self._directory).get("status") not in _OVER:
            self.start()

    def wait(self, records: int) -> dict[str, Any]:
        """Wait until the server has so many records with their files, or as long as is allowed.

        Gives the uploader's last word on its state.
        """
        begin = time.monotonic()
        restarts = 0
        while True:
            state = read_state(self._directory)
            if state.get("acknowledged", 0) >= records and not state.get("errands"):
                return state
            status = state.get("status")
            waited = time.monotonic() - begin
            limit = self._settings.finish_timeout
            if status in ("retrying", "refused"):
                limit = min(limit, self._settings.retry_timeout)
            if waited >= limit:
                return state
            if not self.is_alive():
                if status in _OVER or restarts >= 2 or not sys.executable:
                    return state
                restarts += 1
                self.start()
            time.sleep(_POLL_S)
