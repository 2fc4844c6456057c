"""A run as the fields that filters and sort orders see."""

from __future__ import annotations

from datetime import datetime

from kiseki_server.domain.filters.fields import (
    TOLD_BY_HISTORY,
    Branch,
    Value,
    branches,
    dotted,
    flatten,
    kind_of,
    microseconds,
)
from kiseki_server.domain.filters.tree import Path
from kiseki_server.domain.runs.types import Run


class RunFields:
    """The fields of one run, by path; what only its history tells is missing."""

    def __init__(self, run: Run) -> None:
        self.documents = {"config": flatten(run.config), "summary": flatten(run.summary)}
        self._branches = {root: branches(leaves) for root, leaves in self.documents.items()}
        self.attributes: dict[str, Value] = {
            "name": run.name,
            "display_name": run.display_name,
            "state": run.state.value,
            "group": run.group,
            "job_type": run.job_type,
            "user": run.user_name,
            "host": run.host,
            "notes": run.notes,
            "created_at": microseconds(run.created_at),
            "updated_at": microseconds(run.updated_at),
            "heartbeat_at": _time(run.heartbeat_at),
            "finished_at": _time(run.finished_at),
            "duration": duration(run),
            "tags": list(run.tags) or None,
        }

    def __call__(self, path: Path) -> Value:
        kind_of(path)
        root = path[0]
        if root in TOLD_BY_HISTORY:
            return None
        if root not in self.documents:
            return self.attributes[root]
        key = dotted(path)
        leaf = self.documents[root].get(key)
        if leaf is None and key in self._branches[root]:
            return Branch.BRANCH
        return leaf


def duration(run: Run) -> float | None:
    """Seconds from the start to the end, or to the last sign of life of a run that goes on."""
    end = run.finished_at or run.heartbeat_at
    return None if end is None else (end - run.started_at).total_seconds()


def _time(moment: datetime | None) -> int | None:
    return None if moment is None else microseconds(moment)
