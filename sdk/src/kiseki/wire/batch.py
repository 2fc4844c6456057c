"""The body of ``POST /api/v1/ingest`` and its answer, both msgpack.

A batch carries the records ``first … next - 1`` of one journal. The server applies every record
exactly once, whatever batches arrive: it drops those below the position that it has
acknowledged for the writer, and refuses a batch that begins above it.

Points travel as coordinates, so that both sides can build and read them without a loop per
point: point *i* has key ``keys[key[i]]`` and belongs to row ``row[i]``, which has a step, a time
and a journal position. Arrays are little-endian bytes.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from kiseki.wire.records import Console, Environment, MetricDefinition, Update
from kiseki.wire.traced import Traced

VERSION = 1

CONTENT_TYPE = "application/msgpack"


class Points(msgspec.Struct, kw_only=True):
    """Numbers by key and row."""

    steps: bytes
    """int64, one a row."""
    times: bytes
    """int64, one a row: microseconds since 1970."""
    positions: bytes
    """uint64, one a row: the position of the row's record in the journal."""
    keys: list[str]
    key: bytes
    """uint32, one a point: index into ``keys``."""
    row: bytes
    """uint32, one a point: index into the rows."""
    value: bytes
    """float64, one a point."""


class Values(msgspec.Struct, kw_only=True):
    """Whatever is no number (text, lists, typed objects), by key and row.

    A bool or an integer beyond 2**53 stands here *and* among the points.
    """

    steps: bytes
    times: bytes
    positions: bytes
    keys: list[str]
    key: bytes
    row: bytes
    json: list[str]
    """JSON text, one a value."""


class RunStart(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What the journal's ``Start`` record says of the run."""

    time: float
    environment: Environment
    display_name: str | None = None
    group: str | None = None
    job_type: str | None = None
    tags: list[str] | None = None
    notes: str | None = None
    label: str | None = None


class RunEnd(msgspec.Struct, kw_only=True, omit_defaults=True):
    """How the run ended."""

    state: Literal["finished", "failed", "crashed", "killed"]
    time: float
    exit_code: int | None = None
    reason: str | None = None


class Patch(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Changed and removed top-level keys of a config or a summary."""

    values: dict[str, Any] = {}
    removed: list[str] = []


class Batch(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Records of one writer of one run."""

    version: int
    entity: str | None
    """``None``: the default entity of whoever owns the key."""
    project: str
    run: str
    """The run's id, chosen by the client; unique in the project."""
    writer: str
    """Names the journal; a new journal has a new writer."""
    first: int
    next: int
    start: RunStart | None = None
    """Creates the run, or resumes it."""
    config: Patch | None = None
    summary: Patch | None = None
    metrics: list[MetricDefinition] = []
    update: Update | None = None
    history: Points | None = None
    values: Values | None = None
    system: Points | None = None
    console: list[Console] = []
    remarks: dict[str, dict[str, Any]] = {}
    """By section and name; each replaces what was said before."""
    traced: list[Traced] = []
    """In the order of the journal; the uploader passes its records on undecoded."""
    end: RunEnd | None = None
    """Outside the positions: the uploader says it again until it is acknowledged."""


class Acknowledgement(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Everything below ``next`` is durable."""

    next: int
    entity: str
    project: str
    run: str
    url: str
    """Path of the run's page below the server's address."""
    stop: bool = False
    """Somebody asked the run to stop."""


class Problem(msgspec.Struct, kw_only=True, omit_defaults=True):
    """The body of every answer that is no success, as JSON."""

    error: str
    """A word for programs, e.g. ``unknown_run``."""
    message: str
    hint: str | None = None
    next: int | None = None
    """With 409 ``position_gap``: where the server stands; send from there."""
