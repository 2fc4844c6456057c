"""The folder of one writer of a run: what stands in it, and who may work on it."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import re
import socket
import time
from pathlib import Path
from typing import Literal

import msgspec

from kiseki._transport.batches import Origin
from kiseki.wire.batch import RunEnd
from kiseki.wire.records import File

Status = Literal["starting", "connected", "retrying", "refused", "done", "gave_up", "offline"]

MAIN = "journal"
_SYSTEM = re.compile(r"system(?:-([0-9]+))?\Z")


class Settings(msgspec.Struct, kw_only=True, frozen=True):
    """What the uploader is told about its own doings."""

    system_metrics: bool = True
    system_interval_s: float = 10.0
    cpu_per_core: bool = False
    gpu: bool = True
    disk_paths: tuple[str, ...] = ("/",)
    environment: bool = True
    """Look for facts that take time: git, packages, hardware."""
    heartbeat_s: float = 15.0
    keep_journal: bool = True
    """Keep the journal of a run that the server has whole."""


class RunInfo(msgspec.Struct, kw_only=True, frozen=True):
    """``run.json``, as the trainer wrote it. There is no key in it."""

    version: int
    entity: str | None = None
    project: str
    run: str
    writer: str
    base_url: str
    mode: str = "online"
    label: str | None = None
    pid: int | None = None
    pid_started: float | None = None
    upload_deadline_s: float = 86_400.0
    settings: Settings = Settings()


class State(msgspec.Struct, kw_only=True):
    """``state.json``: how far the upload has come, for the trainer and the next uploader."""

    pid: int = 0
    acknowledged: int = 0
    """Records of the trainer's journal that the server has."""
    system_acknowledged: int = 0
    positions: dict[str, int] = {}
    """The same for every journal by the name of its folder."""
    errands: int = 0
    """Files and the like, among the records read, that are still to be sent."""
    errands_done: int = 0
    """Below this record of the trainer's journal none is left."""
    followed: dict[str, File] = {}
    """Files that are sent when they change, or at the end, by their paths in the run."""
    status: Status = "starting"
    message: str | None = None
    server: str | None = None
    """Address of the server that this is about."""
    url: str | None = None
    entity: str | None = None
    updated: float = 0.0
    stop: bool = False
    """Somebody asked the run to stop."""
    rejected: int = 0
    """Records that could not be sent; they are in ``rejected.jsonl``."""
    rejected_errands: int = 0
    """Those of them that are files and the like."""
    end: RunEnd | None = None
    """How the run ended, once that is known."""
    end_told: list[str] = []
    """Journals whose end the server knows."""


class RunDirectory:
    """Paths, ``run.json`` and ``state.json`` of a run directory."""

    def __init__(self, path: Path) -> None:
        """Read ``run.json``. Raises `ValueError` if this is no run directory."""
        self.path = path
        file = path / "run.json"
        try:
            self.info = msgspec.json.decode(file.read_bytes(), type=RunInfo)
        except OSError as error:
            raise ValueError(f"{path} is no run directory: {file.name}: {error.strerror}") from None
        except msgspec.MsgspecError as error:
            raise ValueError(f"{file} cannot be read: {error}") from None

    @property
    def main(self) -> Path:
        return self.path / MAIN

    def journals(self) -> list[str]:
        """Names of the journals' folders: the trainer's, then those of system metrics."""
        numbers = sorted(
            int(found[1] or 1)
            for entry in self.path.iterdir()
            if (found := _SYSTEM.match(entry.name)) and entry.is_dir()
        )
        return [MAIN, *map(_system_name, numbers)]

    def new_system_journal(self) -> str:
        """A name that no journal has yet."""
        number = 1
        while (self.path / _system_name(number)).exists():
            number += 1
        return _system_name(number)

    def origin(self, journal: str) -> Origin:
        info = self.info
        writer = info.writer if journal == MAIN else f"{info.writer}.{journal}"
        return Origin(info.entity, info.project, info.run, writer)

    def load_state(self) -> State:
        """The state as it was last saved; a fresh one if there is none or it is damaged."""
        try:
            return msgspec.json.decode((self.path / "state.json").read_bytes(), type=State)
        except (OSError, msgspec.MsgspecError):
            return State()

    def save_state(self, state: State) -> None:
        """Replace ``state.json`` in one step."""
        state.updated = time.time()
        state.acknowledged = state.positions.get(MAIN, 0)
        state.system_acknowledged = sum(state.positions.values()) - state.acknowledged
        # One name is enough: whoever saves holds the lock.
        content = msgspec.json.encode(state)
        file, temporary = self.path / "state.json", self.path / ".state.json"
        try:
            temporary.write_bytes(content)
            temporary.replace(file)
        except OSError as error:
            if error.errno != errno.ENOSPC or not file.exists():
                raise
            # A full disk still has the block that the file stands on. Who reads it half written
            # takes it for missing, and the server knows the position anyway.
            with file.open("r+b") as stream:
                stream.write(content)
                stream.truncate()


class Lock:
    """Held by whoever uploads from a run directory; ends with the process that holds it."""

    def __init__(self, directory: RunDirectory) -> None:
        self._path = directory.path / "uploader.lock"
        self._file: int | None = None

    def take(self) -> bool:
        """Take the lock; ``False`` if another process has it."""
        file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(file)
            if error.errno in {errno.EWOULDBLOCK, errno.EACCES}:
                return False
            raise
        # Who it is matters to `holder` alone, and not at all on a full disk.
        with contextlib.suppress(OSError):
            os.ftruncate(file, 0)
            os.pwrite(file, f"{os.getpid()} {socket.gethostname()}\n".encode(), 0)
        self._file = file
        return True

    def holder(self) -> int | None:
        """The process that has the lock, if it runs on this machine."""
        try:
            pid, _, host = self._path.read_text().strip().partition(" ")
            return int(pid) if host == socket.gethostname() else None
        except (OSError, ValueError):
            return None

    def release(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None


def _system_name(number: int) -> str:
    return "system" if number == 1 else f"system-{number}"
