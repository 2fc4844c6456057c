"""A call: one traced execution of an op."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from kiseki_server.kit.ids import ProjectId


class Source(StrEnum):
    """Which dialect a call came by."""

    WEAVE = "weave"
    KISEKI = "kiseki"
    OTLP = "otlp"


class Status(StrEnum):
    """How a call went; derived, never stored."""

    RUNNING = "running"
    SUCCESS = "success"
    ERROR = "error"
    DESCENDANT_ERROR = "descendant_error"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A call as it is stored.

    Times are microseconds since 1970 (UTC). ``attributes``, ``inputs``, ``output`` and
    ``summary`` are JSON text, kept as it came; ``op`` is the reference or plain name that the
    client sent, ``op_name`` the name alone.
    """

    id: str
    project: ProjectId
    trace_id: str
    op: str
    op_name: str
    started_at: int
    source: Source
    op_digest: str | None = None
    parent_id: str | None = None
    thread_id: str | None = None
    turn_id: str | None = None
    display_name: str | None = None
    ended_at: int | None = None
    exception: str | None = None
    attributes: str = "{}"
    inputs: str = "{}"
    output: str = "null"
    summary: str = "{}"
    otel: str | None = None
    input_refs: tuple[str, ...] = ()
    output_refs: tuple[str, ...] = ()
    user: str | None = None
    run: str | None = None
    run_step: int | None = None
    run_step_end: int | None = None
    expires_at: int | None = None
