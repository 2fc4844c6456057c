"""The records of a journal.

A record is a msgpack array whose first element is its kind, so that a reader can skip kinds
that it does not know. Positions in a journal count records of every kind from zero.
"""

from __future__ import annotations

from typing import Any

import msgspec

VERSION = 1

FILES = "files"
"""The folder beside the journal with files of the run, by their names in it."""


class Environment(msgspec.Struct, omit_defaults=True, kw_only=True):
    """Where a run was started."""

    host: str | None = None
    user: str | None = None
    os: str | None = None
    python: str | None = None
    executable: str | None = None
    program: str | None = None
    arguments: list[str] = []
    directory: str | None = None
    git_remote: str | None = None
    git_commit: str | None = None
    cpu_count: int | None = None
    cpu_count_logical: int | None = None
    memory_bytes: int | None = None
    gpus: list[dict[str, Any]] = []
    packages: dict[str, str] = {}
    client: str | None = None


class Start(msgspec.Struct, array_like=True, tag="start"):
    """The first record of every journal."""

    version: int
    time: float
    """Wall time in seconds since 1970."""
    display_name: str | None
    group: str | None
    job_type: str | None
    tags: list[str] | None
    notes: str | None
    label: str | None
    """Name of this writer where several write one run."""
    environment: Environment


class History(msgspec.Struct, array_like=True, tag="history"):
    """Values of one step. Records with equal steps merge; the later record wins per key."""

    step: int
    time: float
    values: dict[str, Any]
    """Flat: nested dicts are joined by dots before they are written."""


class Config(msgspec.Struct, array_like=True, tag="config"):
    """Changed keys of the config, nested as the user gave them."""

    values: dict[str, Any]
    removed: list[str] = []


class Summary(msgspec.Struct, array_like=True, tag="summary"):
    """Values set by hand, which win over those derived from the history."""

    values: dict[str, Any]
    removed: list[str] = []


class MetricDefinition(msgspec.Struct, array_like=True, tag="metric"):
    """One call of ``define_metric``."""

    name: str
    """A key, or a glob with ``*``."""
    step_metric: str | None = None
    step_sync: bool | None = None
    hidden: bool | None = None
    summary: list[str] | None = None
    """Any of min, max, mean, best, first, last, copy, none."""
    goal: str | None = None
    """"minimize" or "maximize"."""


class Console(msgspec.Struct, array_like=True, tag="console"):
    """One line of output. A later record with the same number replaces the line."""

    line: int
    time: float
    error: bool
    text: str


class Update(msgspec.Struct, array_like=True, tag="update"):
    """Fields of the run that changed; ``None`` leaves a field as it is."""

    display_name: str | None = None
    tags: list[str] | None = None
    notes: str | None = None
    group: str | None = None
    job_type: str | None = None


class System(msgspec.Struct, array_like=True, tag="system"):
    """One sample of system metrics, written by the uploader into a journal of its own."""

    step: int
    """Number of the sample, from zero."""
    time: float
    values: dict[str, float]


class Exit(msgspec.Struct, array_like=True, tag="exit"):
    """The run is over."""

    code: int
    time: float
    reason: str | None = None


class File(msgspec.Struct, array_like=True, tag="file"):
    """A file of the run. The uploader sends it in a request of its own."""

    path: str
    """Its name in the run, with slashes."""
    source: str | None = None
    """Where its bytes are, if not in the folder ``files`` beside the journal."""
    policy: str = "now"
    """When it is sent: "now", "live" (now and whenever it changes) or "end"."""


class Remark(msgspec.Struct, array_like=True, tag="remark"):
    """Something about the run's media that no single value says, such as how a chart is drawn."""

    section: str
    """What it is about: "visualize", "mask/class_labels" … ."""
    name: str
    value: Any


class Artifact(msgspec.Struct, array_like=True, tag="artifact"):
    """A version of an artifact; its plan and its files lie in a folder beside the journal."""

    id: str
    """Names the folder."""
    collection: str


class Input(msgspec.Struct, array_like=True, tag="input"):
    """The run uses a version of an artifact."""

    version: int | None
    artifact: str | None = None
    """Instead of the version: the id of one that this journal brings."""
    collection: str | None = None
    used_as: str | None = None


class Link(msgspec.Struct, array_like=True, tag="link"):
    """A version of an artifact is to be shown in a collection elsewhere."""

    version: int | None
    artifact: str | None
    """Instead of the version: the id of one that this journal brings."""
    source: str | None
    """The collection of that."""
    entity: str | None
    project: str
    collection: str
    aliases: list[str]


class Alert(msgspec.Struct, array_like=True, tag="alert"):
    """Something that people are to be told."""

    title: str
    text: str
    level: str
    """"info", "warning" or "error"."""
    wait_s: float
    """Say nothing if an alert of this title came less than so long ago."""
    time: float


Errand = File | Artifact | Input | Link | Alert
"""Records that batches do not carry: each is a matter of requests of its own."""

Record = (
    Start
    | History
    | Config
    | Summary
    | MetricDefinition
    | Console
    | Update
    | System
    | File
    | Artifact
    | Input
    | Link
    | Alert
    | Remark
    | Exit
)
