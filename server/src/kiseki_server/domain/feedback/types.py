"""Feedback."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from kiseki_server.kit.ids import ProjectId

REACTION = "wandb.reaction.1"
NOTE = "wandb.note.1"
ANNOTATION = "wandb.annotation."
RUNNABLE = "wandb.runnable."
AGENT_MONITOR = "wandb.agent_monitor"
AGENT_USER = "wandb.agent_user_feedback"
"""Names of types; those that end with a dot have the name of a spec or a scorer behind it. They
are stored, so they are what clients call them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """What a scorer gives beside the payload."""

    tags: tuple[str, ...] = ()
    tag_reasons: Mapping[str, str] = field(default_factory=dict[str, str])
    tag_confidences: Mapping[str, float] = field(default_factory=dict[str, float])
    ratings: Mapping[str, float] = field(default_factory=dict[str, float])
    rating_reasons: Mapping[str, str] = field(default_factory=dict[str, str])
    rating_confidences: Mapping[str, float] = field(default_factory=dict[str, float])

    @property
    def empty(self) -> bool:
        return self == Scores()


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """The agent's span that the feedback is about, and the scorer's own trace."""

    name: str = ""
    version: str = ""
    status: str = "UNSET"
    conversation_id: str = ""
    trace_id: str = ""
    scorer_trace_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    """One statement. References have their stored form."""

    id: str
    project: ProjectId
    ref: str
    """What it is about."""
    type: str
    payload: Mapping[str, Any]
    user: str
    created_at: datetime
    creator: str | None = None
    annotation_ref: str | None = None
    runnable_ref: str | None = None
    call_ref: str | None = None
    trigger_ref: str | None = None
    queue_id: str | None = None
    scores: Scores = field(default_factory=Scores)
    agent: Agent = field(default_factory=Agent)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedbackFilter:
    """Which feedback is meant: every condition that is not ``None`` holds."""

    ids: tuple[str, ...] | None = None
    refs: tuple[str, ...] | None = None
    types: tuple[str, ...] | None = None
    since: datetime | None = None
    """Inclusive."""
    before: datetime | None = None
    """Exclusive."""
    limit: int | None = None
    """So many at most, the first ones of the order."""
