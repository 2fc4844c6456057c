"""Sensors: what they read, what they leave out, and that none of them takes the others along."""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from kiseki._transport.cgroups import Cgroup, MemoryUse
from kiseki._transport.nvidia import visible
from kiseki._transport.run_directory import Settings
from kiseki._transport.system_metrics import SystemMetrics

from .conftest import TrainerRun

NewRun = Callable[..., TrainerRun]
Eventually = Callable[..., None]

compiler = shutil.which("cc") or shutil.which("gcc")


@pytest.fixture
def child() -> Iterator[subprocess.Popen[bytes]]:
    """A process with a thread more than one and some memory."""
    code = (
        "import sys, threading\n"
        "block = bytearray(50_000_000)\n"
        "threading.Thread(target=threading.Event().wait, daemon=True).start()\n"
        "print('ready', flush=True)\n"
        "sys.stdin.read()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.readline()
    yield process
    process.communicate()


def test_the_machine_and_the_process_are_read(child: subprocess.Popen[bytes]) -> None:
    metrics = SystemMetrics(child.pid, Settings(gpu=False, cpu_per_core=True))
    metrics.sample()
    values = metrics.sample()
    metrics.close()
    assert {
        "cpu",
        "cpu_percent",
        "cpu.0.cpu_percent",
        "memory_percent",
        "proc.cpu.percent",
        "proc.cpu.threads",
        "proc.memory.rssMB",
        "proc.memory.percent",
        "proc.memory.availableMB",
        "system.load1",
        "disk./.usagePercent",
        "disk./.usageGB",
        "network.sent",
        "network.recv",
    } <= set(values)
    assert all(type(value) is float for value in values.values())
    assert values["proc.cpu.threads"] == 2
    assert 50 <= values["proc.memory.rssMB"] < 500
    assert 0 < values["memory_percent"] <= 100


def test_children_count_and_this_process_does_not(child: subprocess.Popen[bytes]) -> None:
    metrics = SystemMetrics(os.getpid(), Settings(gpu=False))
    values = metrics.sample()
    metrics.close()
    alone = psutil.Process(child.pid).memory_info().rss / 2**20
    assert values["proc.memory.rssMB"] == pytest.approx(alone, rel=0.05)


def test_a_label_ends_every_key() -> None:
    metrics = SystemMetrics(os.getpid(), Settings(gpu=False), "rank 3")
    assert all(key.endswith("/l:rank 3") for key in metrics.sample())
    metrics.close()


def test_a_process_that_is_gone_leaves_the_machine() -> None:
    metrics = SystemMetrics(2**22 + 5, Settings(gpu=False))
    values = metrics.sample()
    metrics.close()
    assert values["proc.memory.rssMB"] == 0
    assert values["memory_percent"] > 0


def test_a_sensor_that_fails_is_dropped_with_one_line(caplog: pytest.LogCaptureFixture) -> None:
    metrics = SystemMetrics(os.getpid(), Settings(gpu=False, disk_paths=("/", "/no/such/place")))
    with caplog.at_level(logging.WARNING):
        first, second = metrics.sample(), metrics.sample()
    metrics.close()
    assert "disk./.usagePercent" not in first
    assert "memory_percent" in first
    assert set(first) <= set(second)
    (line,) = caplog.messages
    assert line.startswith("No more metrics of disk space: FileNotFoundError")


def cgroup(root: Path, lines: str, files: dict[str, str]) -> Cgroup:
    (root / "proc/7").mkdir(parents=True)
    (root / "proc/7/cgroup").write_text(lines)
    for name, text in files.items():
        path = root / "sys/fs/cgroup" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return Cgroup(7, root)


def test_limits_of_a_container_version_2(tmp_path: Path) -> None:
    group = cgroup(
        tmp_path,
        "0::/pod/box\n",
        {
            "pod/memory.max": "1000\n",
            "pod/memory.current": "700\n",
            "pod/memory.stat": "anon 1\ninactive_file 200\n",
            "pod/box/memory.max": "max\n",
            "pod/box/memory.current": "600\n",
            "pod/box/memory.events": "low 0\noom 1\noom_kill 2\n",
            "pod/box/cpu.max": "max 100000\n",
            "pod/cpu.max": "150000 100000\n",
            "pod/box/cpu.stat": "usage_usec 5\nnr_periods 10\nnr_throttled 4\n",
        },
    )
    assert group.memory() == MemoryUse(used=500, limit=1000)
    assert group.cpus() == 1.5
    assert group.throttled() == (4, 10)
    assert group.oom_kills() == 2


def test_limits_of_a_container_version_1(tmp_path: Path) -> None:
    group = cgroup(
        tmp_path,
        "4:memory:/docker/abc\n3:cpu,cpuacct:/docker/abc\n",
        {
            # Inside of the container its own group is the root.
            "memory/memory.limit_in_bytes": "2000\n",
            "memory/memory.usage_in_bytes": "900\n",
            "memory/memory.stat": "cache 5\ntotal_inactive_file 100\n",
            "cpu/cpu.cfs_quota_us": "50000\n",
            "cpu/cpu.cfs_period_us": "100000\n",
        },
    )
    assert group.memory() == MemoryUse(used=800, limit=2000)
    assert group.cpus() == 0.5


def test_no_limits(tmp_path: Path) -> None:
    group = cgroup(
        tmp_path,
        "4:memory:/\n0::/\n",
        {
            "memory/memory.limit_in_bytes": "9223372036854771712\n",
            "memory/memory.usage_in_bytes": "900\n",
            "cpu/cpu.cfs_quota_us": "-1\n",
        },
    )
    assert (group.memory(), group.cpus(), group.throttled(), group.oom_kills()) == (
        None,
        None,
        None,
        None,
    )
    assert Cgroup(8, tmp_path).memory() is None


@pytest.mark.parametrize(
    ("setting", "shown"),
    [
        (None, [0, 1, 2]),
        ("", []),
        ("-1", []),
        ("1", [1]),
        ("2, 0", [0, 2]),
        ("0,7,1", [0]),
        ("GPU-b", [1]),
        ("GPU-bb,GPU-", [1]),
        ("MIG-GPU-a/1/0", []),
    ],
)
def test_which_devices_cuda_shows(setting: str | None, shown: list[int]) -> None:
    assert visible(setting, ["GPU-aa", "GPU-bb", "GPU-cc"]) == shown


@pytest.fixture(scope="module")
def fake_nvml(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Folder of a library that answers as NVIDIA's does on a machine with two GPUs."""
    if compiler is None:
        pytest.skip("needs a C compiler for the fake NVML library")
    folder = tmp_path_factory.mktemp("nvml")
    source = Path(__file__).with_name("fake_nvml.c")
    subprocess.run(
        [compiler, "-shared", "-fPIC", "-o", str(folder / "libnvidia-ml.so.1"), str(source)],
        check=True,
    )
    return str(folder)


def gpu_values(
    run: TrainerRun, eventually: Eventually, fake_nvml: str, **environment: str
) -> dict[str, Any]:
    process = run.upload(LD_LIBRARY_PATH=fake_nvml, **environment)
    writer = f"{run.writer}.system"
    eventually(lambda: len({at for at, _ in run.on_server.history(writer)}) > 1)
    run.exit()
    assert process.wait(20) == 0
    cells = run.on_server.history(writer)
    return {key: value for (_, key), value in cells.items() if key.startswith("gpu.")}


SAMPLING = {"system_metrics": True, "system_interval_s": 0.1, "environment": True}


def test_gpus_arrive_on_the_server(new_run: NewRun, eventually: Eventually, fake_nvml: str) -> None:
    run = new_run(settings=SAMPLING)
    values = gpu_values(run, eventually, fake_nvml, FAKE_NVML_PID=str(os.getpid()))
    first = {
        "gpu.0.gpu": 40.0,
        "gpu.0.memory": 20.0,
        "gpu.0.memoryAllocated": 25.0,
        "gpu.0.memoryAllocatedBytes": 250e6,
        "gpu.0.temp": 60.0,
        "gpu.0.powerWatts": 100.0,
        "gpu.0.powerPercent": 25.0,
        "gpu.0.enforcedPowerLimitWatts": 400.0,
        "gpu.0.energyJoules": 5000.0,
        "gpu.0.graphicsClock": 1000.0,
        "gpu.0.smClock": 1001.0,
        "gpu.0.memoryClock": 1002.0,
    }
    second = {key.replace("gpu.0", "gpu.1"): value for key, value in first.items()} | {
        "gpu.1.gpu": 41.0,
        "gpu.1.memory": 21.0,
        "gpu.1.memoryAllocated": 50.0,
        "gpu.1.memoryAllocatedBytes": 500e6,
        "gpu.1.temp": 61.0,
        "gpu.1.powerWatts": 150.0,
        "gpu.1.powerPercent": 37.5,
    }
    # The trainer computes on the second device, with a part of what is in use there.
    own = {key.replace("gpu.1", "gpu.process.1"): value for key, value in second.items()} | {
        "gpu.process.1.memoryAllocated": 10.0,
        "gpu.process.1.memoryAllocatedBytes": 100e6,
    }
    assert values == first | second | own
    assert run.on_server.starts[f"{run.writer}.system"].environment.gpus == [
        {
            "index": index,
            "vendor": "NVIDIA",
            "name": f"Fake GPU {index}",
            "memory_bytes": 1_000_000_000,
            "uuid": f"GPU-{index}0000000-fake",
        }
        for index in (0, 1)
    ]


def test_devices_that_cuda_hides_are_not_read(
    new_run: NewRun, eventually: Eventually, fake_nvml: str
) -> None:
    run = new_run(settings=SAMPLING)
    values = gpu_values(run, eventually, fake_nvml, CUDA_VISIBLE_DEVICES="GPU-1")
    assert {key.split(".")[1] for key in values} == {"1"}
