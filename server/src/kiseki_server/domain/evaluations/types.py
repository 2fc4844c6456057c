"""Evaluation runs and what they were made with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal

from kiseki_server.domain.calls.types import Call
from kiseki_server.domain.objects.types import Kind

Way = Literal["declarative", "imperative", "api"]
"""How an evaluation was written: by `Evaluation.evaluate`, by a logger, by the REST routes."""

MetricType = Literal["boolean", "number", "category"]
MetricSource = Literal["score", "output", "model"]
Missing = Literal["skip", "fail"]
"""What a row without a value is: not there, or, for truth values, false."""


class Status(StrEnum):
    """How an evaluation went; derived, never stored."""

    RUNNING = "running"
    STALLED = "stalled"
    """Open, and for a while nothing has begun or ended in it."""
    COMPLETED = "completed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class NamedRef:
    """A version of an object or op, with what people call it."""

    ref: str
    """As it is stored."""
    kind: Kind | None
    name: str
    digest: str | None
    version: int | None = None
    """Its number among the versions of the name; none where the object is not there."""
    deleted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """What an evaluation object says, for the runs that were made with it."""

    dataset: NamedRef | None = None
    scorers: tuple[NamedRef, ...] = ()
    trials: int = 1
    rows: int | None = None
    """Of the dataset; none where it is not known."""
    table: str | None = None
    """The digest of the dataset's table."""
    description: str | None = None
    metadata: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far an evaluation is, in trials of rows."""

    done: int = 0
    failed: int = 0
    """Of those that are done."""
    running: int = 0
    total: int | None = None
    per_second: float | None = None
    seconds_left: float | None = None


@dataclass(frozen=True, slots=True)
class ClientFigure:
    """A figure of the summary that the client computed."""

    path: tuple[str, ...]
    """Where it stands in the summary."""
    metric: str | None
    """The metric that it summarises; none for figures of its own."""
    type: MetricType
    value: float
    count: int | None = None
    """How many were true."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """A run of an evaluation: a model that is tried on a dataset."""

    call: Call
    status: Status
    way: Way
    evaluation: NamedRef | None
    model: NamedRef | None
    definition: Definition
    progress: Progress
    summary: tuple[ClientFigure, ...]
    mark: int
    """Another number whenever its rows are others."""

    @property
    def id(self) -> str:
        return self.call.id

    @property
    def name(self) -> str:
        return self.call.display_name or self.call.op_name
