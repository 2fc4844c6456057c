"""Lineage out of the edges between runs and artifact versions in the metadata store."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from kiseki_server.domain.lineage.store import Fan
from kiseki_server.domain.lineage.types import Facts, Neighbour, NodeKey, NodeKind, Way
from kiseki_server.kit.ids import ProjectId
from kiseki_server.storage.sql.chunks import chunks
from kiseki_server.storage.sql.engine import Database
from kiseki_server.storage.sql.schema import (
    artifact_collections,
    artifact_inputs,
    artifact_memberships,
    artifact_outputs,
    artifact_types,
    artifact_versions,
    runs,
)

_CHUNK = 5000
_Query = Any
"""A SELECT whose columns grow on the way."""

_versions = artifact_versions.join(
    artifact_collections, artifact_collections.c.id == artifact_versions.c.collection_id
).join(artifact_types, artifact_types.c.id == artifact_collections.c.type_id)
_links = (
    artifact_memberships.join(
        artifact_collections, artifact_collections.c.id == artifact_memberships.c.collection_id
    )
    .join(artifact_types, artifact_types.c.id == artifact_collections.c.type_id)
    .join(artifact_versions, artifact_versions.c.id == artifact_memberships.c.version_id)
)
_IS_LINK = sa.and_(
    artifact_memberships.c.collection_id != artifact_versions.c.collection_id,
    artifact_collections.c.deleted_at.is_(None),
)
_IS_VERSION = artifact_versions.c.state != "pending"
_IS_RUN = sa.and_(runs.c.deleted_at.is_(None), runs.c.archived_of.is_(None))


class SqlLineage:
    """A `LineageStore` over the tables of runs and artifacts."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def neighbours(
        self,
        up: Collection[NodeKey],
        down: Collection[NodeKey],
        *,
        most: int,
        opened: Collection[Fan] = (),
        limit: int,
    ) -> Sequence[Neighbour]:
        parts = [*_above(_numbers(up)), *_below(_numbers(down))]
        if not parts:
            return []
        found = sa.union_all(*parts).subquery()
        alike = (found.c.way, found.c.near_kind, found.c.near, found.c.far_kind)
        alike = (*alike, found.c.project_id, found.c.type)
        ranked = sa.select(
            found,
            sa.func.count().over(partition_by=alike).label("alike"),
            sa.func.min(found.c.far).over(partition_by=alike).label("first"),
            sa.func.row_number().over(partition_by=alike, order_by=found.c.far).label("rank"),
        ).subquery()
        wanted = [ranked.c.rank <= most]
        wanted += [
            sa.and_(
                ranked.c.way == fan.way,
                ranked.c.near_kind == fan.near.kind.value,
                ranked.c.near == fan.near.number,
                ranked.c.first == fan.first,
            )
            for fan in opened
        ]
        query = sa.select(ranked).where(sa.or_(*wanted)).limit(limit)
        query = query.order_by(
            ranked.c.way, ranked.c.near_kind, ranked.c.near, ranked.c.far_kind, ranked.c.far
        )
        return [
            Neighbour(
                way=row.way,
                near=NodeKey(NodeKind(row.near_kind), row.near),
                far=NodeKey(NodeKind(row.far_kind), row.far),
                used_as=row.used_as,
                alike=row.alike,
                first=row.first,
            )
            for row in self._database.current().execute(query)
        ]

    def facts(self, nodes: Collection[NodeKey]) -> Mapping[NodeKey, Facts]:
        numbers = _numbers(nodes)
        return dict(
            (
                *self._runs(numbers[NodeKind.RUN]),
                *self._versions(numbers[NodeKind.VERSION]),
                *self._links(numbers[NodeKind.LINK]),
            )
        )

    def places(self, versions: Collection[NodeKey]) -> Mapping[NodeKey, Sequence[Facts]]:
        found: dict[NodeKey, list[Facts]] = defaultdict(list)
        for chunk in chunks(_numbers(versions)[NodeKind.VERSION], _CHUNK):
            query = _select_links().where(artifact_memberships.c.version_id.in_(chunk))
            for row in self._database.current().execute(query):
                found[NodeKey(NodeKind.VERSION, row.version_id)].append(_artifact(row))
        return found

    def _runs(self, numbers: Sequence[int]) -> Iterator[tuple[NodeKey, Facts]]:
        query = sa.select(
            runs.c.id,
            runs.c.project_id,
            runs.c.name,
            runs.c.display_name,
            runs.c.job_type,
            runs.c.state,
            runs.c.created_at,
        ).where(_IS_RUN)
        for chunk in chunks(numbers, _CHUNK):
            for row in self._database.current().execute(query.where(runs.c.id.in_(chunk))):
                yield NodeKey(NodeKind.RUN, row.id), _run(row)

    def _versions(self, numbers: Sequence[int]) -> Iterator[tuple[NodeKey, Facts]]:
        query = (
            sa.select(
                artifact_versions.c.id,
                artifact_versions.c.version_index,
                artifact_versions.c.state,
                artifact_versions.c.created_at,
                artifact_collections.c.project_id,
                artifact_collections.c.name,
                artifact_types.c.name.label("type"),
            )
            .select_from(_versions)
            .where(_IS_VERSION)
        )
        for chunk in chunks(numbers, _CHUNK):
            chosen = query.where(artifact_versions.c.id.in_(chunk))
            for row in self._database.current().execute(chosen):
                yield NodeKey(NodeKind.VERSION, row.id), _artifact(row)

    def _links(self, numbers: Sequence[int]) -> Iterator[tuple[NodeKey, Facts]]:
        for chunk in chunks(numbers, _CHUNK):
            query = _select_links().where(artifact_memberships.c.id.in_(chunk))
            for row in self._database.current().execute(query):
                yield NodeKey(NodeKind.LINK, row.id), _artifact(row)


def _above(near: Mapping[NodeKind, Sequence[int]]) -> Iterator[_Query]:
    if made := near[NodeKind.VERSION]:
        version = artifact_outputs.c.version_id
        query = _edge("up", NodeKind.VERSION, version, NodeKind.RUN, runs.c.id)
        query = query.select_from(artifact_outputs.join(runs)).where(version.in_(made), _IS_RUN)
        yield query.add_columns(runs.c.project_id, runs.c.job_type.label("type"))
    if users := near[NodeKind.RUN]:
        run, version = artifact_inputs.c.run_id, artifact_inputs.c.version_id
        query = _edge("up", NodeKind.RUN, run, NodeKind.VERSION, version, used=True)
        query = query.select_from(
            artifact_inputs.join(_versions, artifact_versions.c.id == version)
        ).where(run.in_(users), _IS_VERSION)
        yield query.add_columns(artifact_collections.c.project_id, _type())
    if shown := near[NodeKind.LINK]:
        link, version = artifact_memberships.c.id, artifact_memberships.c.version_id
        query = _edge("up", NodeKind.LINK, link, NodeKind.VERSION, version)
        # The version's own collection, not the one of the link.
        query = query.select_from(
            artifact_memberships.join(_versions, artifact_versions.c.id == version)
        ).where(link.in_(shown), _IS_VERSION)
        yield query.add_columns(artifact_collections.c.project_id, _type())


def _below(near: Mapping[NodeKind, Sequence[int]]) -> Iterator[_Query]:
    if makers := near[NodeKind.RUN]:
        run, version = artifact_outputs.c.run_id, artifact_outputs.c.version_id
        query = _edge("down", NodeKind.RUN, run, NodeKind.VERSION, version)
        query = query.select_from(
            artifact_outputs.join(_versions, artifact_versions.c.id == version)
        ).where(run.in_(makers), _IS_VERSION)
        yield query.add_columns(artifact_collections.c.project_id, _type())
    if used := near[NodeKind.VERSION]:
        version = artifact_inputs.c.version_id
        query = _edge("down", NodeKind.VERSION, version, NodeKind.RUN, runs.c.id, used=True)
        query = query.select_from(artifact_inputs.join(runs)).where(version.in_(used), _IS_RUN)
        yield query.add_columns(runs.c.project_id, runs.c.job_type.label("type"))
        version, link = artifact_memberships.c.version_id, artifact_memberships.c.id
        query = _edge("down", NodeKind.VERSION, version, NodeKind.LINK, link)
        query = query.select_from(_links).where(version.in_(used), _IS_LINK)
        yield query.add_columns(artifact_collections.c.project_id, _type())


def _edge(
    way: Way,
    near_kind: NodeKind,
    near: sa.ColumnElement[int],
    far_kind: NodeKind,
    far: sa.ColumnElement[int],
    *,
    used: bool = False,
) -> _Query:
    used_as = artifact_inputs.c.used_as if used else sa.cast(sa.null(), sa.Text)
    return sa.select(
        sa.literal_column(f"'{way}'", sa.Text).label("way"),
        sa.literal_column(f"'{near_kind.value}'", sa.Text).label("near_kind"),
        near.label("near"),
        sa.literal_column(f"'{far_kind.value}'", sa.Text).label("far_kind"),
        far.label("far"),
        used_as.label("used_as"),
    )


def _type() -> sa.Label[str]:
    return artifact_types.c.name.label("type")


def _select_links() -> _Query:
    return (
        sa.select(
            artifact_memberships.c.id,
            artifact_memberships.c.version_id,
            artifact_memberships.c.version_index,
            artifact_memberships.c.created_at,
            artifact_versions.c.state,
            artifact_collections.c.project_id,
            artifact_collections.c.name,
            artifact_types.c.name.label("type"),
        )
        .select_from(_links)
        .where(_IS_LINK)
        .order_by(artifact_memberships.c.id)
    )


def _artifact(row: Any) -> Facts:
    return Facts(
        project=ProjectId(row.project_id),
        name=row.name,
        title=f"{row.name}:v{row.version_index}",
        type=row.type,
        index=row.version_index,
        state=row.state,
        created_at=row.created_at,
    )


def _run(row: Any) -> Facts:
    return Facts(
        project=ProjectId(row.project_id),
        name=row.name,
        title=row.display_name,
        type=row.job_type,
        index=None,
        state=row.state,
        created_at=row.created_at,
    )


def _numbers(keys: Collection[NodeKey]) -> Mapping[NodeKind, Sequence[int]]:
    found: dict[NodeKind, list[int]] = {kind: [] for kind in NodeKind}
    for key in sorted(keys):
        found[key.kind].append(key.number)
    return found
