"""Saved views."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from kiseki_server.kit.ids import ProjectId, UserId, ViewId


class ViewKind(StrEnum):
    """The page that a view is of."""

    WORKSPACE = "workspace"
    RUNS = "runs"
    RUN = "run"
    COMPARISON = "comparison"
    """Evaluations side by side."""


@dataclass(frozen=True, slots=True)
class SavedView:
    id: ViewId
    project: ProjectId
    kind: ViewKind
    name: str
    owner: UserId
    owner_name: str
    shared: bool
    """Everybody who may read the project sees it, and who may change things there may change it;
    otherwise it is its owner's alone."""
    usual: bool
    """What the page shows to those who have chosen nothing; one for each kind, and shared."""
    document: Mapping[str, Any]
    """What the UI wrote; the server does not look into it."""
    revision: int
    """Rises with every change."""
    created_at: datetime
    updated_at: datetime
    updated_by: str
