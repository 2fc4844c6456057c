"""``kiseki sync``: sends runs that are on disk and not, or not wholly, on a server."""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path
from typing import Any

import msgspec

from kiseki._transport.sync import Outcome, Progress, find_run_directories, sync
from kiseki.settings import api_key

_EVERY_S = 0.1
_INTERRUPTED = 130


def register(commands: Any) -> None:
    """Add the command."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "sync",
        help="send runs from disk to the server",
        description="Send what is in run directories and not on the server yet. Harmless to "
        "repeat and to interrupt: the server takes each record once.",
        epilog="The exit status is 0 only if the server has everything.",
    )
    parser.add_argument(
        "directories",
        nargs="*",
        type=Path,
        metavar="DIR",
        help="a run directory, or a folder that holds some",
    )
    parser.add_argument(
        "--all",
        action="store_true",
        help="all runs in kiseki-runs here, or where KISEKI_DIR says",
    )
    parser.add_argument(
        "--base-url", help="send to this server instead of the one that the run was started for"
    )
    parser.add_argument(
        "--patience",
        type=float,
        default=60.0,
        metavar="SECONDS",
        help="give up on a run after so long without an acknowledgement (default: 60)",
    )
    parser.add_argument("--json", action="store_true", help="print the outcome as JSON")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Carry out the command; gives the exit status."""
    wanted: list[Path] = list(arguments.directories)
    if arguments.all:
        wanted.append(Path(os.environ.get("KISEKI_DIR") or "."))
    if not wanted:
        print("Name a run directory, or a folder of some, or say --all", file=sys.stderr)
        return 2
    paths: list[Path] = []
    failed = False
    for path in wanted:
        found = find_run_directories(path)
        if not found:
            print(f"There is no run in {path}", file=sys.stderr)
            failed = True
        paths += [each for each in found if each not in paths]
    outcomes: list[Outcome] = []
    status = 0
    try:
        for number, path in enumerate(paths, 1):
            show = _Line(f"{number}/{len(paths)} {path.name}", quiet=arguments.json)
            try:
                outcome = sync(
                    path.resolve(),
                    find_key=api_key,
                    base_url=arguments.base_url,
                    patience_s=arguments.patience,
                    report=show.progress,
                )
            except (ValueError, OSError) as error:
                show.end(f"failed: {error}")
                failed = True
                continue
            show.end(_in_words(outcome))
            outcomes.append(outcome)
    except KeyboardInterrupt:
        print("\nInterrupted; the same command goes on from here", file=sys.stderr)
        status = _INTERRUPTED
    if arguments.json:
        print(msgspec.json.encode({"items": outcomes}).decode())
    if status == 0 and (failed or not all(outcome.everything for outcome in outcomes)):
        status = 1
    return status


class _Line:
    """A line about one run: rewritten in a terminal, printed once elsewhere."""

    def __init__(self, name: str, *, quiet: bool) -> None:
        self._name = name
        self._live = sys.stderr.isatty() and not quiet
        self._shown = 0.0

    def progress(self, progress: Progress) -> None:
        now = time.monotonic()
        if not self._live or now - self._shown < _EVERY_S:
            return
        self._shown = now
        text = (
            f"{progress.acknowledged:,} of {max(progress.records, progress.acknowledged):,} "
            f"records, {_size(progress.sent_bytes)}"
        )
        if progress.files:
            text += f", {progress.files:,} files to go"
        if progress.message:
            text += f" ({progress.message})"
        width = os.get_terminal_size(sys.stderr.fileno()).columns or 80
        line = f"{self._name}: {text}"[: width - 1]
        print(f"\r\x1b[K{line}", end="", file=sys.stderr, flush=True)

    def end(self, text: str) -> None:
        start = "\r\x1b[K" if self._live else ""
        print(f"{start}{self._name}: {text}", file=sys.stderr, flush=True)


def _in_words(outcome: Outcome) -> str:
    count = f"{outcome.acknowledged:,} of {outcome.records:,} records"
    words = {
        "complete": f"complete, {outcome.records:,} records",
        "running": f"still running, {count} so far",
        "incomplete": f"INCOMPLETE, {count}: {outcome.message}",
        "refused": f"REFUSED, {count}: {outcome.message}",
        "busy": f"left alone, {count}: {outcome.message}",
    }[outcome.result]
    if outcome.rejected:
        words += f"; {outcome.rejected} COULD NOT BE SENT, see {outcome.directory}/rejected.jsonl"
    return f"{words} → {outcome.url}" if outcome.url else words


def _size(count: int) -> str:
    size = float(count)
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"
