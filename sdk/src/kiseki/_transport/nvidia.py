"""NVIDIA GPUs, through NVML."""

from __future__ import annotations

import importlib
import logging
import os
from collections.abc import Callable, Collection
from types import ModuleType
from typing import Any

log = logging.getLogger("kiseki.uploader")

Values = dict[str, float]
Read = Callable[[Any, Any], Values]
"""From the NVML module and a device's handle to values by the last part of their key."""


def _utilization(nvml: Any, device: Any) -> Values:
    rates = nvml.nvmlDeviceGetUtilizationRates(device)
    return {"gpu": rates.gpu, "memory": rates.memory}


def _memory(nvml: Any, device: Any) -> Values:
    memory = nvml.nvmlDeviceGetMemoryInfo(device)
    return {
        "memoryAllocated": 100.0 * memory.used / memory.total if memory.total else 0.0,
        "memoryAllocatedBytes": memory.used,
    }


def _temperature(nvml: Any, device: Any) -> Values:
    return {"temp": nvml.nvmlDeviceGetTemperature(device, nvml.NVML_TEMPERATURE_GPU)}


def _power(nvml: Any, device: Any) -> Values:
    return {"powerWatts": nvml.nvmlDeviceGetPowerUsage(device) / 1000}


def _power_limit(nvml: Any, device: Any) -> Values:
    limit = nvml.nvmlDeviceGetEnforcedPowerLimit(device)
    if not limit:
        return {}
    return {
        "enforcedPowerLimitWatts": limit / 1000,
        "powerPercent": 100.0 * nvml.nvmlDeviceGetPowerUsage(device) / limit,
    }


def _energy(nvml: Any, device: Any) -> Values:
    return {"energyJoules": nvml.nvmlDeviceGetTotalEnergyConsumption(device) / 1000}


def _clock(key: str, kind: str) -> Read:
    return lambda nvml, device: {key: nvml.nvmlDeviceGetClockInfo(device, getattr(nvml, kind))}


def _fan(nvml: Any, device: Any) -> Values:
    return {"fanSpeed": nvml.nvmlDeviceGetFanSpeed(device)}


def _encoder(nvml: Any, device: Any) -> Values:
    return {"encoderUtilization": nvml.nvmlDeviceGetEncoderUtilization(device)[0]}


def _memory_errors(key: str, kind: str) -> Read:
    return lambda nvml, device: {
        key: nvml.nvmlDeviceGetMemoryErrorCounter(
            device, getattr(nvml, kind), nvml.NVML_AGGREGATE_ECC, nvml.NVML_MEMORY_LOCATION_DRAM
        )
    }


def _link(nvml: Any, device: Any) -> Values:
    return {
        "pcieLinkGen": nvml.nvmlDeviceGetCurrPcieLinkGeneration(device),
        "pcieLinkWidth": nvml.nvmlDeviceGetCurrPcieLinkWidth(device),
    }


def _link_traffic(nvml: Any, device: Any) -> Values:
    """Bytes a second; NVML counts KB over the last 20 ms."""
    return {
        "pcieRxBytes": 1000.0
        * nvml.nvmlDeviceGetPcieThroughput(device, nvml.NVML_PCIE_UTIL_RX_BYTES),
        "pcieTxBytes": 1000.0
        * nvml.nvmlDeviceGetPcieThroughput(device, nvml.NVML_PCIE_UTIL_TX_BYTES),
    }


_READS: dict[str, Read] = {
    "utilization": _utilization,
    "memory": _memory,
    "temperature": _temperature,
    "power": _power,
    "power limit": _power_limit,
    "energy": _energy,
    "SM clock": _clock("smClock", "NVML_CLOCK_SM"),
    "memory clock": _clock("memoryClock", "NVML_CLOCK_MEM"),
    "graphics clock": _clock("graphicsClock", "NVML_CLOCK_GRAPHICS"),
    "fan": _fan,
    "encoder": _encoder,
    "corrected errors": _memory_errors("correctedMemoryErrors", "NVML_MEMORY_ERROR_TYPE_CORRECTED"),
    "uncorrected errors": _memory_errors(
        "uncorrectedMemoryErrors", "NVML_MEMORY_ERROR_TYPE_UNCORRECTED"
    ),
    "PCIe link": _link,
    "PCIe traffic": _link_traffic,
}


class _Device:
    def __init__(self, nvml: Any, index: int, handle: Any) -> None:
        self.index = index
        self.handle = handle
        self._nvml = nvml
        self._reads = dict(_READS)
        self._processes = True

    def sample(self, pids: Collection[int]) -> Values:
        own: Values = {}
        for name, read in list(self._reads.items()):
            try:
                own.update(read(self._nvml, self.handle))
            except self._nvml.NVMLError as error:
                # Most devices lack some sensor. That is no news.
                log.debug("GPU %d has no %s: %s", self.index, name, error)
                del self._reads[name]
        values = {f"gpu.{self.index}.{key}": float(value) for key, value in own.items()}
        used = self._used_by(pids)
        if used is not None:
            mine = dict(own)
            if used:
                total = self._nvml.nvmlDeviceGetMemoryInfo(self.handle).total
                mine["memoryAllocatedBytes"] = used
                mine["memoryAllocated"] = 100.0 * used / total if total else 0.0
            values |= {
                f"gpu.process.{self.index}.{key}": float(value) for key, value in mine.items()
            }
        return values

    def _used_by(self, pids: Collection[int]) -> int | None:
        """Bytes that these processes use here; ``None`` when none of them does."""
        if not self._processes:
            return None
        try:
            running = self._nvml.nvmlDeviceGetComputeRunningProcesses(self.handle)
        except self._nvml.NVMLError as error:
            log.debug("GPU %d does not tell its processes: %s", self.index, error)
            self._processes = False
            return None
        found = [process.usedGpuMemory or 0 for process in running if process.pid in pids]
        return sum(found) if found else None


class Nvidia:
    """The devices that the trainer may see."""

    def __init__(self, nvml: ModuleType, devices: list[tuple[int, Any]]) -> None:
        self._nvml: Any = nvml
        self._devices = [_Device(nvml, index, handle) for index, handle in devices]

    @classmethod
    def open(cls) -> Nvidia | None:
        """``None`` where there is no NVML, or no device that the trainer may see."""
        try:
            nvml: Any = importlib.import_module("pynvml")
        except ImportError:
            return None
        try:
            nvml.nvmlInit()
        except (nvml.NVMLError, OSError, AttributeError) as error:
            log.debug("No NVIDIA metrics: %s", error)
            return None
        try:
            devices: dict[int, Any] = {}
            names: list[str] = []
            for index in range(nvml.nvmlDeviceGetCount()):
                devices[index] = nvml.nvmlDeviceGetHandleByIndex(index)
                names.append(nvml.nvmlDeviceGetUUID(devices[index]))
        except nvml.NVMLError as error:
            log.warning("No NVIDIA metrics: %s", error)
            nvml.nvmlShutdown()
            return None
        shown = visible(os.environ.get("CUDA_VISIBLE_DEVICES"), names)
        if not shown:
            nvml.nvmlShutdown()
            return None
        return cls(nvml, [(index, devices[index]) for index in shown])

    def sample(self, pids: Collection[int]) -> Values:
        """Values of every device; those that a process of ``pids`` uses again as its own."""
        values: Values = {}
        for device in self._devices:
            values.update(device.sample(pids))
        return values

    def inventory(self) -> list[dict[str, Any]]:
        """What the devices are."""
        found: list[dict[str, Any]] = []
        for device in self._devices:
            facts: dict[str, Any] = {"index": device.index, "vendor": "NVIDIA"}
            try:
                facts["name"] = self._nvml.nvmlDeviceGetName(device.handle)
                facts["memory_bytes"] = self._nvml.nvmlDeviceGetMemoryInfo(device.handle).total
                facts["uuid"] = self._nvml.nvmlDeviceGetUUID(device.handle)
            except self._nvml.NVMLError as error:
                log.debug("GPU %d: %s", device.index, error)
            found.append(facts)
        return found

    def close(self) -> None:
        try:
            self._nvml.nvmlShutdown()
        except self._nvml.NVMLError as error:
            log.debug("NVML: %s", error)


def visible(setting: str | None, uuids: list[str]) -> list[int]:
    """Devices that CUDA_VISIBLE_DEVICES leaves, by number or by (the beginning of) their UUID.

    As CUDA does it, the first entry that names no device ends the list. Numbers are those of
    the PCI order, which is CUDA's own wherever all devices are alike. Slices of a device (MIG)
    have no sensors.
    """
    if setting is None:
        return list(range(len(uuids)))
    shown: list[int] = []
    for entry in map(str.strip, setting.split(",")):
        if entry.isdigit() and int(entry) < len(uuids):
            index = int(entry)
        else:
            matches = [i for i, uuid in enumerate(uuids) if entry and uuid.startswith(entry)]
            if len(matches) != 1:
                break
            index = matches[0]
        if index not in shown:
            shown.append(index)
    return sorted(shown)
