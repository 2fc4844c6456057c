"""Samples what the machine and the trainer's processes do.

Names are those that users of W&B know, without the ``system.`` in front. Each sensor stands for
itself: one that fails is left out from then on, with one line in the log.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import psutil

from kiseki._transport.cgroups import Cgroup, usable_cpus
from kiseki._transport.nvidia import Nvidia
from kiseki._transport.run_directory import Settings

log = logging.getLogger("kiseki.uploader")

_MIB = 1024.0 * 1024.0
_GIB = 1024.0 * _MIB
_MOST_DISKS = 16

Values = dict[str, float]
Sensor = Callable[[], Values]


class SystemMetrics:
    """All sensors that work here."""

    def __init__(self, pid: int, settings: Settings, label: str | None = None) -> None:
        """Watch the machine, and the process ``pid`` with its descendants."""
        self._suffix = f"/l:{label}" if label else ""
        cgroup = Cgroup(pid)
        tree = _ProcessTree(pid)
        machine = _Machine(cgroup, per_core=settings.cpu_per_core)
        self._sensors: dict[str, Sensor] = {
            "process tree": _Processes(tree, cgroup).sample,
            "CPU": machine.cpu,
            "memory": machine.memory,
            "swap": machine.swap,
            "load": machine.load,
            "disk space": _DiskSpace(settings.disk_paths).sample,
            "disk": _DiskTraffic().sample,
            "network": _NetworkTraffic().sample,
        }
        self._nvidia: Nvidia | None = None
        if settings.gpu:
            self._nvidia = Nvidia.open()
        if self._nvidia is not None:
            nvidia = self._nvidia
            self._sensors["NVIDIA"] = lambda: nvidia.sample(tree.pids)

    def sample(self) -> Values:
        """One value for each key; whatever cannot be had is not in it."""
        values: Values = {}
        for name, sensor in list(self._sensors.items()):
            try:
                values.update(sensor())
            except Exception as error:  # noqa: BLE001
                del self._sensors[name]
                log.warning("No more metrics of %s: %s: %s", name, type(error).__name__, error)
        if self._suffix:
            values = {key + self._suffix: value for key, value in values.items()}
        return values

    def close(self) -> None:
        if self._nvidia is not None:
            self._nvidia.close()


class _ProcessTree:
    """A process and its descendants, without this process."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._known: dict[int, psutil.Process] = {}
        self.pids: set[int] = {pid}

    def processes(self) -> list[psutil.Process]:
        try:
            root = self._known.get(self._pid) or psutil.Process(self._pid)
            found = [root, *root.children(recursive=True)]
        except psutil.NoSuchProcess:
            found = []
        here = {os.getpid()}
        # The same objects again: CPU use is counted between two looks at the same one.
        self._known = {
            process.pid: self._known.get(process.pid, process)
            for process in found
            if process.pid not in here
        }
        self.pids = set(self._known)
        return list(self._known.values())


class _Processes:
    def __init__(self, tree: _ProcessTree, cgroup: Cgroup) -> None:
        self._tree = tree
        self._cgroup = cgroup
        self._periods = cgroup.throttled()
        self._seconds: dict[int, float] = {}
        self._at = time.monotonic()
        self._use()

    def sample(self) -> Values:
        seconds, resident, threads = self._use()
        used = sum(
            max(0.0, now - self._seconds.get(pid, now if self._is_old(pid) else 0.0))
            for pid, now in seconds.items()
        )
        at = time.monotonic()
        elapsed = max(at - self._at, 1e-3)
        self._seconds, self._at = seconds, at
        limit = self._cgroup.memory()
        memory = psutil.virtual_memory()
        total = min(limit.limit, memory.total) if limit else memory.total
        available = memory.available
        if limit:
            available = min(available, max(limit.limit - limit.used, 0))
        values = {
            "cpu": 100.0 * used / elapsed / usable_cpus(self._cgroup),
            "proc.cpu.percent": 100.0 * used / elapsed,
            "proc.cpu.threads": float(threads),
            "proc.memory.rssMB": resident / _MIB,
            "proc.memory.percent": 100.0 * resident / total,
            "proc.memory.availableMB": available / _MIB,
        }
        throttled = self._cgroup.throttled()
        if throttled is not None and self._periods is not None:
            periods = throttled[1] - self._periods[1]
            held = throttled[0] - self._periods[0]
            values["proc.cpu.throttledPercent"] = 100.0 * held / periods if periods > 0 else 0.0
        self._periods = throttled
        kills = self._cgroup.oom_kills()
        if kills is not None:
            values["proc.memory.oomKills"] = float(kills)
        return values

    def _is_old(self, pid: int) -> bool:
        """Whether the process lived at the last sample; then its earlier use does not count."""
        return pid in self._seconds or not self._seconds

    def _use(self) -> tuple[dict[int, float], int, int]:
        seconds: dict[int, float] = {}
        resident = threads = 0
        for process in self._tree.processes():
            try:
                with process.oneshot():
                    times = process.cpu_times()
                    seconds[process.pid] = times.user + times.system
                    resident += process.memory_info().rss
                    threads += process.num_threads()
            except psutil.Error:
                continue
        if not self._seconds:
            self._seconds = seconds
        return seconds, resident, threads


class _Machine:
    def __init__(self, cgroup: Cgroup, *, per_core: bool) -> None:
        self._cgroup = cgroup
        self._per_core = per_core
        psutil.cpu_percent()
        if per_core:
            psutil.cpu_percent(percpu=True)

    def cpu(self) -> Values:
        values = {"cpu_percent": psutil.cpu_percent()}
        if self._per_core:
            for core, percent in enumerate(psutil.cpu_percent(percpu=True)):
                values[f"cpu.{core}.cpu_percent"] = percent
        return values

    def memory(self) -> Values:
        memory = psutil.virtual_memory()
        limit = self._cgroup.memory()
        if limit is not None and limit.limit < memory.total:
            return {"memory_percent": 100.0 * limit.used / limit.limit}
        return {"memory_percent": memory.percent}

    def swap(self) -> Values:
        swap = psutil.swap_memory()
        if not swap.total:
            return {}
        return {"swap.used": float(swap.used), "swap.used_percent": swap.percent}

    def load(self) -> Values:
        one, five, fifteen = psutil.getloadavg()
        return {"system.load1": one, "system.load5": five, "system.load15": fifteen}


class _DiskSpace:
    def __init__(self, paths: Iterable[str]) -> None:
        self._paths = list(paths)

    def sample(self) -> Values:
        values: Values = {}
        for path in self._paths:
            usage = psutil.disk_usage(path)
            values[f"disk.{path}.usagePercent"] = usage.percent
            values[f"disk.{path}.usageGB"] = usage.used / _GIB
        return values


class _DiskTraffic:
    """MB read and written since the first look, and MB a second since the last."""

    def __init__(self) -> None:
        self._first = self._last = self._look()
        self._at = time.monotonic()

    def sample(self) -> Values:
        now = self._look()
        at = time.monotonic()
        elapsed = max(at - self._at, 1e-3)
        values: Values = {}
        for disk, (read, written) in now.items():
            first, last = self._first.setdefault(disk, (read, written)), self._last.get(disk)
            values[f"disk.{disk}.in"] = (read - first[0]) / _MIB
            values[f"disk.{disk}.out"] = (written - first[1]) / _MIB
            if last is not None:
                values[f"disk.{disk}.readMBps"] = (read - last[0]) / _MIB / elapsed
                values[f"disk.{disk}.writeMBps"] = (written - last[1]) / _MIB / elapsed
        self._last, self._at = now, at
        return values

    def _look(self) -> dict[str, tuple[int, int]]:
        counters = psutil.disk_io_counters(perdisk=True) or {}
        disks = {
            name: (use.read_bytes, use.write_bytes)
            for name, use in sorted(counters.items())
            if _is_disk(name) and (use.read_bytes or use.write_bytes)
        }
        return dict(list(disks.items())[:_MOST_DISKS])


class _NetworkTraffic:
    """Bytes since the first look, and bytes a second since the last; loopback left out."""

    def __init__(self) -> None:
        self._first = self._last = self._look()
        self._at = time.monotonic()

    def sample(self) -> Values:
        now = self._look()
        at = time.monotonic()
        elapsed = max(at - self._at, 1e-3)
        values = {
            "network.sent": float(now[0] - self._first[0]),
            "network.recv": float(now[1] - self._first[1]),
            "network.sentBytesPerSecond": (now[0] - self._last[0]) / elapsed,
            "network.recvBytesPerSecond": (now[1] - self._last[1]) / elapsed,
        }
        self._last, self._at = now, at
        return values

    def _look(self) -> tuple[int, int]:
        counters = psutil.net_io_counters(pernic=True)
        real = [use for name, use in counters.items() if name not in {"lo", "lo0"}]
        return sum(use.bytes_sent for use in real), sum(use.bytes_recv for use in real)


def _is_disk(name: str) -> bool:
    """A disk, rather than a partition of one, a loop device or a RAM disk."""
    if name.startswith(("loop", "ram", "zram", "dm-", "md", "sr")):
        return False
    block = Path("/sys/block")
    return not block.is_dir() or (block / name).exists()
