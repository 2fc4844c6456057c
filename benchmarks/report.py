"""One table a benchmark, with ratios to Kiseki."""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Measurement:
    """One cell: a figure in the table's unit, or the reason why there is none."""

    value: float | None
    note: str = ""


@dataclass
class Table:
    """Rows are libraries, columns what was measured; the first row is Kiseki.

    A ratio above one says how many times Kiseki's figure the peer's is.
    """

    title: str
    columns: Sequence[str]
    """Each with its unit, e.g. ``log, 20 scalars (µs)``."""
    digits: int = 1

    def __post_init__(self) -> None:
        self.rows: list[tuple[str, list[Measurement]]] = []

    def add(self, name: str, *cells: Measurement | float | str | None) -> None:
        measured = [
            cell
            if isinstance(cell, Measurement)
            else Measurement(None, cell)
            if isinstance(cell, str)
            else Measurement(cell)
            for cell in cells
        ]
        self.rows.append((name, measured))

    def render(self) -> str:
        base = self.rows[0][1] if self.rows else []
        lines = [
            f"### {self.title}",
            "",
            "| | " + " | ".join(self.columns) + " |",
            "|---|" + "---:|" * len(self.columns),
        ]
        for index, (name, cells) in enumerate(self.rows):
            shown = []
            for column, cell in enumerate(cells):
                if cell.value is None:
                    shown.append(cell.note or "–")
                    continue
                text = f"{cell.value:,.{self.digits}f}"
                reference = base[column].value if column < len(base) else None
                if index and reference:
                    text += f" ({cell.value / reference:,.1f}×)"
                shown.append(text + (f" {cell.note}" if cell.note else ""))
            lines.append(f"| {name} | " + " | ".join(shown) + " |")
        return "\n".join(lines)

    def print(self) -> None:
        print(self.render(), flush=True)
        print(f"\n{machine()}\n", flush=True)


def machine() -> str:
    """The machine and how busy it was, for whoever reads the figures later."""
    model = ""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        model = next(
            (
                line.split(":", 1)[1].strip()
                for line in cpuinfo.read_text().splitlines()
                if line.startswith("model name")
            ),
            "",
        )
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    return f"{model or platform.processor()} × {os.cpu_count()}, load {load}"


def median(values: Sequence[float]) -> float:
    return statistics.median(values)


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which ``share`` (0…1) of the values lie, by the nearest rank."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
