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


CallKey = tuple[ProjectId, str]
"""A project and the id of a call in it."""


@dataclass(frozen=True, slots=True)
class Large:
    """A body that is kept as a blob; in its place is a short form."""

    body: str
    blob: str
    size: int
    """Bytes of the whole."""


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
    large: tuple[Large, ...] = ()

    @property
    def key(self) -> CallKey:
        """What identifies the call."""
        return (self.project, self.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """How a call ended, when its start came in another message."""

    id: str
    project: ProjectId
    ended_at: int
    received_at: int
    """When the server got it; microseconds since 1970."""
    output: str = "null"
    summary: str = "{}"
    exception: str | None = None
    output_refs: tuple[str, ...] = ()
    run_step_end: int | None = None
    large: tuple[Large, ...] = ()

    @property
    def key(self) -> CallKey:
        """The call that it ends."""
        return (self.project, self.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What a call used of one language model, its descendants included."""

    model: str
    requests: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    total_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
