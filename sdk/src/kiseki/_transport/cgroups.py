"""What a container may use, from the kernel's control groups (versions 1 and 2)."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

_UNLIMITED = 1 << 60


@dataclass(frozen=True, slots=True)
class MemoryUse:
    """Bytes that the container uses, without the page cache that can be dropped, of its limit."""

    used: int
    limit: int


class Cgroup:
    """The control groups of one process. Everything is ``None`` where there is no limit."""

    def __init__(self, pid: int, root: Path = Path("/")) -> None:
        """Look up the groups of ``pid``; ``root`` holds ``proc`` and ``sys/fs/cgroup``."""
        self._base = root / "sys/fs/cgroup"
        self._paths: dict[str, str] = {}
        for line in _text(root / f"proc/{pid}/cgroup").splitlines():
            _, _, rest = line.partition(":")
            controllers, _, path = rest.partition(":")
            for controller in controllers.split(","):
                self._paths[controller] = path

    def memory(self) -> MemoryUse | None:
        """Use and limit, where a limit is set."""
        tightest: MemoryUse | None = None
        for directory in self._directories("memory"):
            for limit, use, drop in (
                ("memory.max", "memory.current", "inactive_file"),
                ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
            ):
                most, used = _number(directory / limit), _number(directory / use)
                if most is None or used is None or most >= _UNLIMITED:
                    continue
                found = MemoryUse(
                    max(used - _statistics(directory / "memory.stat").get(drop, 0), 0), most
                )
                if tightest is None or most < tightest.limit:
                    tightest = found
        return tightest

    def cpus(self) -> float | None:
        """How many CPUs' worth of time the group may use."""
        fewest: float | None = None
        for directory in self._directories("cpu"):
            quota, period = None, None
            words = _text(directory / "cpu.max").split()
            if len(words) == 2 and words[0].isdigit():
                quota, period = int(words[0]), int(words[1])
            else:
                quota = _number(directory / "cpu.cfs_quota_us")
                period = _number(directory / "cpu.cfs_period_us")
            if quota is not None and quota > 0 and period:
                fewest = min(quota / period, fewest or quota / period)
        return fewest

    def throttled(self) -> tuple[int, int] | None:
        """Periods in which the group was held back, and all periods, since it began."""
        for directory in self._directories("cpu"):
            statistics = _statistics(directory / "cpu.stat")
            if statistics.get("nr_periods"):
                return statistics.get("nr_throttled", 0), statistics["nr_periods"]
        return None

    def oom_kills(self) -> int | None:
        for directory in self._directories("memory"):
            for name in ("memory.events", "memory.oom_control"):
                found = _statistics(directory / name).get("oom_kill")
                if found is not None:
                    return found
        return None

    def _directories(self, controller: str) -> list[Path]:
        """The group's folder and those above it, which limit it, too.

        Inside a container the path may be the host's, and the group's folder is the root.
        """
        directories: list[Path] = []
        for base, name in (
            (self._base, ""),
            (self._base / "unified", ""),
            (self._base / controller, controller),
        ):
            if not base.is_dir() or name not in self._paths:
                continue
            parts = [part for part in self._paths[name].split("/") if part not in {"", ".."}]
            directories += [base.joinpath(*parts[:end]) for end in range(len(parts), -1, -1)]
        return directories


def usable_cpus(cgroup: Cgroup) -> float:
    """CPUs that this process may use: by affinity and by its group's quota."""
    try:
        count = float(len(os.sched_getaffinity(0)))
    except AttributeError:
        count = float(os.cpu_count() or 1)
    quota = cgroup.cpus()
    return min(count, quota) if quota else count


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""


def _number(path: Path) -> int | None:
    try:
        return int(_text(path))
    except ValueError:
        return None


def _statistics(path: Path) -> dict[str, int]:
    found: dict[str, int] = {}
    for line in _text(path).splitlines():
        name, _, value = line.partition(" ")
        if value.isdigit():
            found[name] = int(value)
    return found
