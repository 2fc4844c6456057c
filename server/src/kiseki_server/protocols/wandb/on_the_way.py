"""What somebody asks for by name while it is still on its way.

The client uploads in the background, and its user reads right after logging. Such a read waits
here, outside of any transaction and without a thread, until an artifact of the project changes.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from kiseki_server.domain.artifacts.types import LATEST, Membership
from kiseki_server.domain.projects.types import Project
from kiseki_server.domain.runs.events import LiveSource
from kiseki_server.domain.runs.types import RunState
from kiseki_server.kit.errors import Gone, NotFound, Unavailable
from kiseki_server.protocols.wandb.context import Context

PATIENCE = 10.0
"""Seconds after which the answer is what there is."""
AGAIN = 1.0
"""Seconds after which a commit that another process may have made is looked for."""
MAX_NAMES = 8
"""How many names of runs are tried: both a run's name and a key may hold `-`."""

_Answer = TypeVar("_Answer")


def note(context: Context, project: Project, name: str, found: Membership | None) -> None:
    """Note that the answer may soon be another one."""
    called, _, reference = name.partition(":")
    of_run = called.startswith("run-")
    if found is not None and not (of_run and reference in ("", LATEST)):
        return
    if context.artifacts.is_coming(project, called) or (
        found is None and of_run and _is_running(context, project, called)
    ):
        context.awaited.add(project.id)


def _is_running(context: Context, project: Project, called: str) -> bool:
    """A running run may log what is called `run-<run>-<key>`."""
    parts = called.removeprefix("run-").split("-")
    for end in range(1, min(len(parts), MAX_NAMES + 1)):
        try:
            run = context.runs.get(project, "-".join(parts[:end]))
        except (NotFound, Gone):
            continue
        if run.state is RunState.RUNNING:
            return True
    return False


async def answer(
    ask: Callable[[], Awaitable[_Answer]], context: Context, live: LiveSource
) -> _Answer:
    """The answer, once nothing of it is on its way any more, or patience is over."""
    found = await ask()
    if not context.awaited:
        return found
    deadline = time.monotonic() + PATIENCE
    try:
        changes = live.subscribe(next(iter(context.awaited)))
    except Unavailable:  # too many wait already
        return found
    try:
        while True:
            context.awaited.clear()
            found = await ask()
            left = deadline - time.monotonic()
            if not context.awaited or left <= 0:
                return found
            if await changes.next(min(left, AGAIN)) is None:  # the server stops
                return found
    finally:
        changes.close()
