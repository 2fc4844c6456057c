"""Projects in memory, for tests."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from kiseki_server.domain.accounts.rules import compared
from kiseki_server.domain.projects.types import (
    Project,
    ProjectActivity,
    ProjectKind,
    ProjectPage,
    Reach,
    Visibility,
)
from kiseki_server.domain.runs.types import Run
from kiseki_server.kit.errors import Conflict
from kiseki_server.kit.ids import EntityId, ProjectId, UserId
from kiseki_server.kit.pagination import decode_cursor, encode_cursor
from kiseki_server.storage.memory.accounts import AccountTables


class MemoryProjectStore:
    """`ProjectStore` in memory; ``runs`` gives all runs there are, for the counts."""

    def __init__(
        self, accounts: AccountTables, runs: Callable[[], Iterable[Run]] = tuple[Run, ...]
    ) -> None:
        self._accounts = accounts
        self._runs = runs
        self._projects: dict[ProjectId, Project] = {}
        self._deleted: dict[ProjectId, datetime] = {}
        self._ids = itertools.count(1)

    def living(self) -> Iterable[ProjectId]:
        """Projects that are there, for whoever keeps something of theirs."""
        return [project.id for project in self.readable(None)]

    def add(
        self,
        entity: EntityId,
        name: str,
        *,
        description: str,
        visibility: Visibility,
        at: datetime,
        kind: ProjectKind = ProjectKind.PROJECT,
        any_type: bool = True,
        owner: UserId | None = None,
    ) -> tuple[Project, bool]:
        holder = self._accounts.entities[entity]
        found = self.find(holder.name, name)
        if found is not None:
            return found, False
        id = ProjectId(next(self._ids))
        project = Project(
            id=id,
            entity=entity,
            entity_name=holder.name,
            name=name,
            description=description,
            visibility=visibility,
            created_at=at,
            updated_at=at,
            kind=kind,
            any_type=any_type,
            org=holder.org,
            owner=owner,
        )
        self._projects[id] = project
        return project, True

    def get(self, project: ProjectId) -> Project | None:
        found = self._projects.get(project)
        return found if found is not None and found.entity in self._accounts.entities else None

    def find(self, entity: str, name: str) -> Project | None:
        wanted = (compared(entity), name)
        return next((p for p in self._live() if (compared(p.entity_name), p.name) == wanted), None)

    def page(
        self,
        *,
        readable: Reach | None,
        entity: EntityId | None = None,
        kind: ProjectKind = ProjectKind.PROJECT,
        search: str = "",
        limit: int = 100,
        cursor: str | None = None,
    ) -> ProjectPage:
        wanted = search.lower()
        found = [
            self.activity(project)
            for project in self.readable(readable, kind=kind)
            if (entity is None or project.entity == entity)
            and (wanted in project.name.lower() or wanted in project.entity_name.lower())
        ]
        found.sort(key=_place, reverse=True)
        total = len(found)
        if cursor is not None:
            time, id = decode_cursor(cursor, str, int)
            found = [item for item in found if _place(item) < (time, id)]
        items = tuple(found[:limit])
        following = encode_cursor(*_place(items[-1])) if len(found) > limit else None
        return ProjectPage(items, following, total)

    def readable(
        self, reach: Reach | None, *, kind: ProjectKind | None = None
    ) -> Sequence[Project]:
        return [
            project
            for project in self._live()
            if (kind is None or project.kind is kind)
            and (
                reach is None
                or project.entity in reach.entities
                or project.id in reach.projects
                or project.visibility is Visibility.INTERNAL
                or (project.visibility is Visibility.ORGANIZATION and project.org in reach.orgs)
            )
        ]

    def activity(self, project: Project) -> ProjectActivity:
        runs = [
            run
            for run in self._runs()
            if run.project == project.id and not run.deleted_at and run.archived_of is None
        ]
        return ProjectActivity(
            project=project,
            runs=len(runs),
            states=dict(Counter(run.state.value for run in runs)),
            last_run_at=max((run.created_at for run in runs), default=None),
        )

    def change(
        self,
        project: ProjectId,
        *,
        name: str | None = None,
        description: str | None = None,
        visibility: Visibility | None = None,
        any_type: bool | None = None,
        at: datetime,
    ) -> Project:
        known = self._projects[project]
        if name is not None:
            same = self.find(known.entity_name, name)
            if same is not None and same.id != project:
                raise Conflict(f"There is a project called `{name}` already")
        self._projects[project] = replace(
            known,
            name=known.name if name is None else name,
            description=known.description if description is None else description,
            visibility=visibility or known.visibility,
            any_type=known.any_type if any_type is None else any_type,
            updated_at=at,
        )
        return self._projects[project]

    def keep_calls(self, project: ProjectId, days: int | None) -> None:
        self._projects[project] = replace(self._projects[project], call_days=days)

    def delete(self, project: ProjectId, at: datetime) -> None:
        if self._projects.pop(project, None) is not None:
            self._deleted[project] = at

    def deleted(self, before: datetime) -> Sequence[ProjectId]:
        return [project for project, at in self._deleted.items() if at <= before]

    def emptied(self, project: ProjectId, at: datetime) -> None:
        self._deleted.pop(project, None)

    def delete_owned(self, owners: Sequence[EntityId], at: datetime) -> None:
        for project in [p for p in self._projects.values() if p.entity in owners]:
            self.delete(project.id, at)

    def _live(self) -> list[Project]:
        return [p for p in self._projects.values() if p.entity in self._accounts.entities]


def _place(item: ProjectActivity) -> tuple[str, int]:
    return (item.last_run_at or item.project.created_at).isoformat(), item.project.id
