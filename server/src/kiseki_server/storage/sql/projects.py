"""Projects in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from kiseki_server.domain.accounts.rules import compared
from kiseki_server.domain.projects.types import (
    Project,
    ProjectActivity,
    ProjectKind,
    ProjectPage,
    Reach,
    Visibility,
)
from kiseki_server.kit.errors import Conflict
from kiseki_server.kit.ids import EntityId, ProjectId, UserId
from kiseki_server.kit.pagination import decode_cursor, encode_cursor
from kiseki_server.storage.sql.conflicts import insert_new
from kiseki_server.storage.sql.engine import Database
from kiseki_server.storage.sql.schema import entities, projects, runs

_COLUMNS = (
    projects.c.id,
    projects.c.entity_id,
    entities.c.name,
    projects.c.name,
    projects.c.description,
    projects.c.visibility,
    projects.c.created_at,
    projects.c.updated_at,
    projects.c.kind,
    projects.c.any_type,
    entities.c.org_id,
    projects.c.call_days,
    projects.c.owner_id,
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_AT_ONCE = 100
_MICROSECOND = timedelta(microseconds=1)


def _read(row: Any) -> Project:
    id, entity, entity_name, name, description, visibility, created, updated, *more = row[
        : len(_COLUMNS)
    ]
    kind, any_type, org, call_days, owner = more
    return Project(
        id=id,
        entity=entity,
        entity_name=entity_name,
        name=name,
        description=description,
        visibility=Visibility(visibility),
        created_at=created,
        updated_at=updated,
        kind=ProjectKind(kind),
        any_type=any_type,
        org=org,
        call_days=call_days,
        owner=owner,
    )


def _readable(reach: Reach | None) -> list[sa.ColumnElement[bool]]:
    if reach is None:
        return []
    open_to_org = projects.c.visibility == Visibility.ORGANIZATION.value
    return [
        sa.or_(
            projects.c.entity_id.in_(reach.entities),
            projects.c.id.in_(reach.projects),
            projects.c.visibility == Visibility.INTERNAL.value,
            sa.and_(open_to_org, entities.c.org_id.in_(reach.orgs)),
        )
    ]


def _matching(search: str) -> list[sa.ColumnElement[bool]]:
    if not search:
        return []
    # lower() on both sides: SQLite folds ASCII letters alone, and does so for both.
    escaped = search.replace("/", "//").replace("%", "/%").replace("_", "/_")
    wanted = "%" + sa.func.lower(sa.literal(escaped)) + "%"
    names = (sa.func.lower(projects.c.name), sa.func.lower(entities.c.name))
    return [sa.or_(*(name.like(wanted, escape="/") for name in names))]


class SqlProjectStore:
    """`ProjectStore` on SQLite and PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

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
        values = {
            "entity_id": entity,
            "name": name,
            "name_key": name,
            "description": description,
            "visibility": visibility.value,
            "created_at": at,
            "updated_at": at,
            "kind": kind.value,
            "any_type": any_type,
            "owner_id": owner,
        }
        id = insert_new(self._database.current(), projects, values, projects.c.id)
        same = sa.and_(projects.c.entity_id == entity, projects.c.name_key == name)
        project = self._one(same if id is None else projects.c.id == id)
        if project is None:
            raise Conflict(f"The project `{name}` was deleted at this moment; try again")
        return project, id is not None

    def get(self, project: ProjectId) -> Project | None:
        return self._one(projects.c.id == project)

    def find(self, entity: str, name: str) -> Project | None:
        return self._one(
            sa.and_(entities.c.name_key == compared(entity), projects.c.name_key == name)
        )

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
        connection = self._database.current()
        wanted = [*_readable(readable), *_matching(search), projects.c.kind == kind.value]
        if entity is not None:
            wanted.append(projects.c.entity_id == entity)
        total = connection.execute(self._live(sa.func.count()).where(*wanted)).scalar_one()
        started = (
            sa.select(runs.c.project_id, sa.func.max(runs.c.created_at).label("last"))
            .where(runs.c.deleted_at.is_(None), runs.c.archived_of.is_(None))
            .group_by(runs.c.project_id)
            .subquery()
        )
        active = sa.func.coalesce(
            started.c.last, projects.c.created_at, type_=runs.c.created_at.type
        )
        query = (
            self._live(*_COLUMNS, started.c.last.label("last"), active.label("active"))
            .outerjoin(started, started.c.project_id == projects.c.id)
            .where(*wanted)
        )
        if cursor is not None:
            micros, last = decode_cursor(cursor, int, int)
            at = sa.literal(_EPOCH + micros * _MICROSECOND, type_=runs.c.created_at.type)
            query = query.where(sa.or_(active < at, sa.and_(active == at, projects.c.id < last)))
        query = query.order_by(active.desc(), projects.c.id.desc()).limit(limit + 1)
        rows: Sequence[Any] = connection.execute(query).all()
        states = self._states([row[0] for row in rows[:limit]])
        items = tuple(
            ProjectActivity(
                project=_read(row),
                runs=sum(states[row[0]].values()),
                states=states[row[0]],
                last_run_at=row.last,
            )
            for row in rows[:limit]
        )
        following = None
        if len(rows) > limit:
            end = rows[limit - 1]
            following = encode_cursor((end.active - _EPOCH) // _MICROSECOND, end[0])
        return ProjectPage(items, following, total)

    def readable(
        self, reach: Reach | None, *, kind: ProjectKind | None = None
    ) -> Sequence[Project]:
        query = self._live(*_COLUMNS).where(*_readable(reach)).order_by(projects.c.id)
        if kind is not None:
            query = query.where(projects.c.kind == kind.value)
        return [_read(row) for row in self._database.current().execute(query)]

    def activity(self, project: Project) -> ProjectActivity:
        last = sa.select(sa.func.max(runs.c.created_at)).where(
            runs.c.project_id == project.id,
            runs.c.deleted_at.is_(None),
            runs.c.archived_of.is_(None),
        )
        states = self._states([project.id])[project.id]
        return ProjectActivity(
            project=project,
            runs=sum(states.values()),
            states=states,
            last_run_at=self._database.current().execute(last).scalar_one(),
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
        values: dict[str, Any] = {"updated_at": at}
        if name is not None:
            self._refuse_taken(project, name)
            values |= {"name": name, "name_key": name}
        if description is not None:
            values["description"] = description
        if visibility is not None:
            values["visibility"] = visibility.value
        if any_type is not None:
            values["any_type"] = any_type
        self._database.current().execute(
            sa.update(projects).where(projects.c.id == project).values(**values)
        )
        changed = self.get(project)
        if changed is None:
            raise Conflict("The project was deleted at this moment")
        return changed

    def keep_calls(self, project: ProjectId, days: int | None) -> None:
        self._database.current().execute(
            sa.update(projects).where(projects.c.id == project).values(call_days=days)
        )

    def delete(self, project: ProjectId, at: datetime) -> None:
        self._delete(projects.c.id == project, at)

    def deleted(self, before: datetime) -> Sequence[ProjectId]:
        gone = sa.or_(projects.c.deleted_at <= before, entities.c.removed_at <= before)
        query = (
            sa.select(projects.c.id)
            .join(entities, entities.c.id == projects.c.entity_id)
            .where(gone, projects.c.purged_at.is_(None))
            .order_by(projects.c.id)
            .limit(_AT_ONCE)
        )
        return [ProjectId(id) for id in self._database.current().execute(query).scalars()]

    def emptied(self, project: ProjectId, at: datetime) -> None:
        self._database.current().execute(
            sa.update(projects).where(projects.c.id == project).values(purged_at=at)
        )

    def delete_owned(self, owners: Sequence[EntityId], at: datetime) -> None:
        self._delete(projects.c.entity_id.in_(owners), at)

    def _delete(self, condition: sa.ColumnElement[bool], at: datetime) -> None:
        freed = projects.c.name_key + "#" + sa.cast(projects.c.id, sa.Text)
        self._database.current().execute(
            sa.update(projects)
            .where(condition, projects.c.deleted_at.is_(None))
            .values(deleted_at=at, name_key=freed)
        )

    def _refuse_taken(self, project: ProjectId, name: str) -> None:
        entity = sa.select(projects.c.entity_id).where(projects.c.id == project).scalar_subquery()
        taken = self._database.current().execute(
            sa.select(projects.c.id).where(
                projects.c.entity_id == entity,
                projects.c.name_key == name,
                projects.c.id != project,
            )
        )
        if taken.first() is not None:
            raise Conflict(f"There is a project called `{name}` already")

    def _states(self, ids: Sequence[ProjectId]) -> dict[ProjectId, dict[str, int]]:
        counts: dict[ProjectId, dict[str, int]] = {id: {} for id in ids}
        query = (
            sa.select(runs.c.project_id, runs.c.state, sa.func.count())
            .where(
                runs.c.project_id.in_(ids),
                runs.c.deleted_at.is_(None),
                runs.c.archived_of.is_(None),
            )
            .group_by(runs.c.project_id, runs.c.state)
        )
        for project, state, count in self._database.current().execute(query):
            counts[project][state] = count
        return counts

    @staticmethod
    def _live(*columns: Any) -> Any:
        return (
            sa.select(*columns)
            .select_from(projects)
            .join(entities, entities.c.id == projects.c.entity_id)
            .where(projects.c.deleted_at.is_(None), entities.c.removed_at.is_(None))
        )

    def _one(self, condition: sa.ColumnElement[bool]) -> Project | None:
        row = self._database.current().execute(self._live(*_COLUMNS).where(condition)).first()
        return None if row is None else _read(row)
