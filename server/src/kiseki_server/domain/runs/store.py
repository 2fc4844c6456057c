"""What a store of runs promises."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from kiseki_server.domain.runs.types import Run, RunState
from kiseki_server.kit.ids import ProjectId, RunId


class RunStore(Protocol):
    """Runs, the truth about them.

    Every method works inside the transaction that its caller has opened. Deleted runs stay
    (``deleted_at`` set) until `remove`, and keep their name. Each `create` and `update` raises
    the run's revision; `unindexed` finds runs whose revision `mark_indexed` has not been told,
    so what the search index misses is known even after a crash.
    """

    def create(self, draft: Run) -> Run:
        """Store a new run; the store chooses its id, whatever ``draft.id`` says.

        Raises:
            Conflict: The project has a run of that name, perhaps a deleted one.
        """
        ...

    def get(self, ids: Sequence[RunId], *, lock: bool = False) -> Mapping[RunId, Run]:
        """The runs that exist, deleted ones included.

        With ``lock`` nobody else changes them before the transaction ends.
        """
        ...

    def find(self, project: ProjectId, name: str, *, lock: bool = False) -> Run | None: ...

    def named(self, project: ProjectId, names: Sequence[str]) -> Mapping[str, Run]:
        """The runs of those names that exist, deleted ones left out."""
        ...

    def update(self, changes: Sequence[tuple[Run, Run]]) -> None:
        """Write what differs between the two forms of each run, (before, after).

        Raises:
            Conflict: Another run of the project has the run's new name.
        """
        ...

    def forks(self, runs: Sequence[RunId]) -> Sequence[Run]:
        """Runs that began with the history of one of these, in order of their ids; deleted and
        put aside ones included."""
        ...

    def archived(self, runs: Sequence[RunId]) -> Sequence[Run]:
        """Earlier forms of these runs, in order of their ids; deleted ones included."""
        ...

    def next_number(self, project: ProjectId) -> int:
        """Count up the project's runs: 1, 2, 3 …, never the same twice."""
        ...

    def silent(self, states: Sequence[RunState], since: datetime) -> Sequence[Run]:
        """Runs in those states whose last sign of life lies before ``since``.

        A run that never sent a heartbeat counts from when it was created. Locks the runs.
        """
        ...

    def unindexed(
        self, *, project: ProjectId | None = None, after: RunId | None = None, limit: int = 500
    ) -> Sequence[tuple[RunId, int]]:
        """Runs of which the search index has to be told, with their revisions.

        In order of their ids, beginning behind ``after``.
        """
        ...

    def mark_indexed(self, marks: Sequence[tuple[RunId, int]]) -> None:
        """Note which revisions the search index holds."""
        ...

    def deleted(self, before: datetime, *, limit: int = 500) -> Sequence[Run]:
        """Runs deleted before that time, or with their project."""
        ...

    def remove(self, ids: Sequence[RunId]) -> None:
        """Forget the runs altogether, with the positions of their writers and their alerts."""
        ...
