"""Runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from kiseki.wire.records import MetricDefinition
from kiseki_server.kit.ids import ProjectId, RunId, UserId

Json = Any
"""Anything that JSON can say, NaN and ±Infinity included."""


class RunState(StrEnum):
    PENDING = "pending"
    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"
    CRASHED = "crashed"
    KILLED = "killed"
    PREEMPTING = "preempting"
    PREEMPTED = "preempted"


@dataclass(frozen=True, slots=True)
class Branch:
    """Where a run left another one, whose history up to that step it begins with."""

    run: str
    """The other's name at that time."""
    step: int
    source: RunId
    """The other's number; it may have been deleted since."""
    lines: int
    """Steps that were taken over."""


@dataclass(frozen=True, slots=True)
class Run:
    """A run as the metadata store holds it."""

    id: RunId
    project: ProjectId
    name: str
    """The id that clients choose; unique in the project. It changes only when the run is put
    aside because it was rewound."""
    display_name: str
    state: RunState
    state_reason: str | None
    exit_code: int | None
    group: str | None
    job_type: str | None
    tags: tuple[str, ...]
    notes: str | None
    user: UserId
    user_name: str
    host: str | None
    config: Mapping[str, Json]
    """Nested, without W&B's envelope."""
    summary: Mapping[str, Json]
    """Flat keys as in the history, or nested as a client sent it."""
    metrics: tuple[MetricDefinition, ...]
    environment: Mapping[str, Json]
    client: Mapping[str, Json]
    """What a foreign client wants back verbatim, e.g. W&B's ``_wandb`` config."""
    created_at: datetime
    updated_at: datetime
    started_at: datetime
    heartbeat_at: datetime | None
    finished_at: datetime | None
    stop_requested: bool
    deleted_at: datetime | None = None
    summary_set: tuple[str, ...] = ()
    """Top-level keys of the summary that were set by hand; the history leaves them alone."""
    branch: Branch | None = None
    archived_of: RunId | None = None
    """The run whose earlier form this is, kept aside when that run was rewound."""


@dataclass(frozen=True, slots=True)
class RunChange:
    """Fields to change; ``None`` leaves a field as it is.

    ``config`` and ``summary`` merge by top-level key; ``replace_…`` puts the whole in place.
    """

    display_name: str | None = None
    state: RunState | None = None
    state_reason: str | None = None
    exit_code: int | None = None
    group: str | None = None
    job_type: str | None = None
    tags: tuple[str, ...] | None = None
    notes: str | None = None
    host: str | None = None
    config: Mapping[str, Json] | None = None
    remove_config: Sequence[str] = ()
    replace_config: Mapping[str, Json] | None = None
    summary: Mapping[str, Json] | None = None
    remove_summary: Sequence[str] = ()
    replace_summary: Mapping[str, Json] | None = None
    metrics: Sequence[MetricDefinition] = ()
    environment: Mapping[str, Json] | None = None
    client: Mapping[str, Json] | None = None
    remarks: Mapping[str, Mapping[str, Json]] | None = None
    """What our own SDK says of charts and classes, laid over the notes of `client`."""
    started_at: datetime | None = None
    heartbeat_at: datetime | None = None
    finished_at: datetime | None = None
    stop_requested: bool | None = None


@dataclass(frozen=True, slots=True)
class RunPage:
    """Runs of one page; ``cursor`` opens the next one, ``None`` at the end."""

    runs: tuple[Run, ...]
    cursor: str | None
    total: int
