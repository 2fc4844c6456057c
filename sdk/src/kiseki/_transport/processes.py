"""Whether a process, told by its id and its start, still lives."""

from __future__ import annotations

import os
import sys
from pathlib import Path

_TOLERANCE = 0.05


def started(pid: int) -> float | None:
    """When the process started, on a clock that only this machine's current boot knows.

    On Linux: seconds since boot, which no change of the wall clock moves. Elsewhere what psutil
    says. ``None``: there is no such process (a zombie counts as none), or nobody can tell.
    """
    if sys.platform == "linux":
        fields = _stat(pid)
        if fields is None or fields[0] in {"Z", "X", "x"}:
            return None
        return int(fields[19]) / os.sysconf("SC_CLK_TCK")
    try:
        import psutil
    except ImportError:
        return None
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        return float(process.create_time())
    except psutil.Error:
        return None


def alive(pid: int, start: float | None) -> bool:
    """Whether ``pid`` is running and is the process that began at ``start``.

    Without a start any living process of that id will do.
    """
    now = started(pid)
    if now is not None:
        return start is None or abs(now - start) <= _TOLERANCE
    if Path("/proc/self/stat").exists():
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return start is None


def _stat(pid: int) -> list[str] | None:
    """The fields of ``/proc/PID/stat`` from the state on; the name before may hold anything."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return None
    return text.rpartition(")")[2].split()
