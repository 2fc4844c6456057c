"""Runs."""

from __future__ import annotations

import dataclasses
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from litestar import delete, get, patch, post, put
from litestar.params import Parameter
from msgspec import UNSET, Meta, UnsetType

from kiseki.wire.records import MetricDefinition
from kiseki_server.domain.accounts.rules import Action
from kiseki_server.domain.filters.expression import parse, parse_path
from kiseki_server.domain.filters.tree import Field, SortKey
from kiseki_server.domain.projects.types import Project
from kiseki_server.domain.runs.fields import duration
from kiseki_server.domain.runs.importance import importance
from kiseki_server.domain.runs.types import Run, RunChange, RunState
from kiseki_server.kit.pagination import checked_limit
from kiseki_server.protocols.native.places import Places

StateName = Literal[
    "pending", "running", "finished", "failed", "crashed", "killed", "preempting", "preempted"
]


class Metric(msgspec.Struct, kw_only=True):
    """How one metric, or all that a glob names, is shown."""

    name: str
    step_metric: str | None = None
    step_sync: bool | None = None
    hidden: bool | None = None
    summary: list[str] | None = None
    """Any of min, max, mean, best, first, last, copy, none."""
    goal: Literal["minimize", "maximize"] | None = None


class BranchInfo(msgspec.Struct, kw_only=True):
    """Where a run left another one, whose history up to that step it begins with."""

    run: Annotated[str, Meta(description="The other run, as it was called then.")]
    step: int


class RunInfo(msgspec.Struct, kw_only=True):
    """A run with everything but its history."""

    id: Annotated[str, Meta(description="Chosen by the client; unique in the project.")]
    number: Annotated[int, Meta(description="Rises from run to run; never changes.")]
    entity: str
    project: str
    display_name: str
    state: StateName
    state_reason: str | None
    exit_code: int | None
    group: str | None
    job_type: str | None
    tags: list[str]
    notes: str | None
    user: str
    host: str | None
    config: dict[str, Any]
    summary: dict[str, Any]
    metrics: list[Metric]
    environment: dict[str, Any]
    created_at: datetime
    updated_at: datetime
    started_at: datetime
    heartbeat_at: datetime | None
    finished_at: datetime | None
    duration_s: float | None
    stop_requested: bool
    deleted_at: datetime | None
    branch: Annotated[
        BranchInfo | None, Meta(description="Of a fork, or of a run that was rewound.")
    ]
    archived_of: Annotated[
        int | None,
        Meta(description="Number of the run whose earlier form this is, from before a rewind."),
    ]


class RunPageInfo(msgspec.Struct, kw_only=True):
    items: list[RunInfo]
    cursor: Annotated[str | None, Meta(description="Opens the next page; null at the end.")]
    total: Annotated[int, Meta(description="How many runs match.")]


class SortField(msgspec.Struct, kw_only=True):
    field: Annotated[str, Meta(examples=["summary.loss", "created_at"])]
    descending: bool = False


class RunSearch(msgspec.Struct, kw_only=True):
    filter: Annotated[
        str | None,
        Meta(
            description="A typed expression over the fields of runs.",
            examples=['config.lr > 0.01 and (state = "running" or tags contains "baseline")'],
        ),
    ] = None
    sort: list[SortField] = []
    limit: int = 100
    cursor: str | None = None
    deleted: Annotated[bool, Meta(description="Deleted runs too.")] = False
    archived: Annotated[bool, Meta(description="Earlier forms of rewound runs too.")] = False


class RunGrouping(msgspec.Struct, kw_only=True):
    by: Annotated[list[str], Meta(min_length=1, max_length=4, examples=[["config.optimizer"]])]
    filter: str | None = None
    measures: Annotated[
        list[str], Meta(max_length=50, description="Fields whose numbers are summed up.")
    ] = []
    limit: int = 200


class MeasureInfo(msgspec.Struct, kw_only=True):
    """What the finite numbers of a field come to."""

    count: int
    mean: float | None
    low: float | None
    high: float | None
    deviation: Annotated[float | None, Meta(description="Of a sample.")]


class RunGroupInfo(msgspec.Struct, kw_only=True):
    values: Annotated[
        list[str | float | bool | None],
        Meta(description="One for each field; null where it holds no single value."),
    ]
    count: int
    measures: list[MeasureInfo]


class RunGroupList(msgspec.Struct, kw_only=True):
    items: list[RunGroupInfo]
    total: Annotated[int, Meta(description="How many groups there are.")]


class ImportanceQuestion(msgspec.Struct, kw_only=True):
    result: Annotated[str, Meta(examples=["summary.loss"])]
    filter: str | None = None


class ParameterInfo(msgspec.Struct, kw_only=True):
    name: Annotated[str, Meta(description="Path below the config.")]
    importance: Annotated[float, Meta(description="Part of what is explained; all are 1.")]
    deviation: Annotated[float, Meta(description="Of the importance, over trees.")]
    pearson: float | None
    spearman: float | None
    values: int


class ImportanceInfo(msgspec.Struct, kw_only=True):
    items: list[ParameterInfo]
    runs: Annotated[int, Meta(description="Runs with a finite result, at most 2000.")]
    explained: Annotated[
        float | None, Meta(description="R² for runs that were left out of the fit.")
    ]
    confidence: Literal["low", "medium", "high"]
    left_out: Annotated[int, Meta(description="Parameters that were not looked at.")]


class FieldNames(msgspec.Struct, kw_only=True):
    items: list[str]


class RunFields(msgspec.Struct, kw_only=True):
    """What is absent stays as it is; null clears."""

    display_name: str | UnsetType = UNSET
    group: str | UnsetType | None = UNSET
    job_type: str | UnsetType | None = UNSET
    tags: list[str] | UnsetType = UNSET
    notes: str | UnsetType | None = UNSET
    state: StateName | UnsetType = UNSET
    exit_code: int | UnsetType = UNSET
    config: Annotated[
        dict[str, Any] | UnsetType, Meta(description="Merges with what is there, key by key.")
    ] = UNSET
    remove_config: list[str] | UnsetType = UNSET
    summary: Annotated[
        dict[str, Any] | UnsetType, Meta(description="Merges with what is there, key by key.")
    ] = UNSET
    remove_summary: list[str] | UnsetType = UNSET
    metrics: list[Metric] | UnsetType = UNSET


@post("/projects/{entity:str}/{project:str}/runs/search", status_code=200, sync_to_thread=True)
def search_runs(places: Places, entity: str, project: str, data: RunSearch) -> RunPageInfo:
    """Find runs by anything in them, sorted by anything in them.

    The filter is an expression such as `config.lr > 0.01 and summary.acc exists`; without an
    order the newest come first.
    """
    filter = parse(data.filter) if data.filter and data.filter.strip() else None
    sort = [SortKey(Field(parse_path(key.field)), key.descending) for key in data.sort]
    with places.database.transaction():
        found = places.project(entity, project)
        page = places.runs.search(
            found,
            filter=filter,
            sort=sort,
            limit=checked_limit(data.limit),
            cursor=data.cursor,
            deleted=data.deleted,
            archived=data.archived,
        )
    items = [render(run, found) for run in page.runs]
    return RunPageInfo(items=items, cursor=page.cursor, total=page.total)


@post("/projects/{entity:str}/{project:str}/runs/groups", status_code=200, sync_to_thread=True)
def group_runs(places: Places, entity: str, project: str, data: RunGrouping) -> RunGroupList:
    """Put runs together by the values of fields, the largest groups first."""
    filter = parse(data.filter) if data.filter and data.filter.strip() else None
    by, measures = ([Field(parse_path(path)) for path in p] for p in (data.by, data.measures))
    with places.database.transaction():
        found = places.runs.groups(
            places.project(entity, project),
            by,
            filter=filter,
            measures=measures,
            limit=checked_limit(data.limit),
        )
    items = [
        RunGroupInfo(
            values=list(group.values),
            count=group.count,
            measures=[MeasureInfo(**dataclasses.asdict(each)) for each in group.measures],
        )
        for group in found.groups
    ]
    return RunGroupList(items=items, total=found.total)


@post("/projects/{entity:str}/{project:str}/runs/importance", status_code=200, sync_to_thread=True)
def measure_importance(
    places: Places, entity: str, project: str, data: ImportanceQuestion
) -> ImportanceInfo:
    """Which parameters go with a result: a random forest's importances, and correlations."""
    filter = parse(data.filter) if data.filter and data.filter.strip() else None
    result = Field(parse_path(data.result))
    with places.database.transaction():
        outcomes = places.runs.outcomes(places.project(entity, project), result, filter=filter)
    found = importance(*outcomes)
    return ImportanceInfo(
        items=[ParameterInfo(**dataclasses.asdict(each)) for each in found.parameters],
        runs=found.runs,
        explained=found.explained,
        confidence=found.confidence,
        left_out=found.left_out,
    )


@get("/projects/{entity:str}/{project:str}/runs/fields", sync_to_thread=True)
def list_fields(
    places: Places,
    entity: str,
    project: str,
    root: Literal["config", "summary"],
    prefix: Annotated[str, Parameter(description="Beginning of the dotted path")] = "",
    limit: int = 1000,
) -> FieldNames:
    """Dotted paths that occur in configs or summaries of the project's runs."""
    with places.database.transaction():
        found = places.project(entity, project)
        paths = places.runs.fields(found, root, prefix=prefix, limit=checked_limit(limit))
    return FieldNames(items=list(paths))


@get("/projects/{entity:str}/{project:str}/runs/{run:str}", sync_to_thread=True)
def read_run(places: Places, entity: str, project: str, run: str) -> RunInfo:
    """One run."""
    with places.database.transaction():
        found = places.project(entity, project)
        return render(places.runs.get(found, run), found)


@put("/projects/{entity:str}/{project:str}/runs/{run:str}", sync_to_thread=True)
def put_run(places: Places, entity: str, project: str, run: str, data: RunFields) -> RunInfo:
    """Create the run, or change it when it is there; the project is made on first use."""
    with places.database.transaction(write=True):
        found = places.projects.ensure(places.actor, entity, project)
        changed, _ = places.runs.upsert(found, run, _change(data), places.actor)
        return render(changed, found)


@patch("/projects/{entity:str}/{project:str}/runs/{run:str}", sync_to_thread=True)
def change_run(places: Places, entity: str, project: str, run: str, data: RunFields) -> RunInfo:
    """Change a run."""
    with places.database.transaction(write=True):
        found = places.project(entity, project, Action.WRITE)
        return render(places.runs.change(found, run, _change(data)), found)


@delete("/projects/{entity:str}/{project:str}/runs/{run:str}", sync_to_thread=True)
def delete_run(places: Places, entity: str, project: str, run: str) -> None:
    """Delete a run with its history, output and files."""
    with places.database.transaction(write=True):
        places.runs.delete(places.project(entity, project, Action.WRITE), run)


@post(
    "/projects/{entity:str}/{project:str}/runs/{run:str}/stop",
    status_code=200,
    sync_to_thread=True,
)
def stop_run(places: Places, entity: str, project: str, run: str) -> RunInfo:
    """Ask the run's client to stop; it hears of it with its next batch."""
    with places.database.transaction(write=True):
        found = places.project(entity, project, Action.WRITE)
        return render(places.runs.stop(found, run), found)


def render(run: Run, project: Project) -> RunInfo:
    """A run as the API shows it."""
    return RunInfo(
        id=run.name,
        number=run.id,
        entity=project.entity_name,
        project=project.name,
        display_name=run.display_name,
        state=run.state.value,
        state_reason=run.state_reason,
        exit_code=run.exit_code,
        group=run.group,
        job_type=run.job_type,
        tags=list(run.tags),
        notes=run.notes,
        user=run.user_name,
        host=run.host,
        config=dict(run.config),
        summary=dict(run.summary),
        metrics=[msgspec.convert(msgspec.structs.asdict(metric), Metric) for metric in run.metrics],
        environment=dict(run.environment),
        created_at=run.created_at,
        updated_at=run.updated_at,
        started_at=run.started_at,
        heartbeat_at=run.heartbeat_at,
        finished_at=run.finished_at,
        duration_s=duration(run),
        stop_requested=run.stop_requested,
        deleted_at=run.deleted_at,
        branch=None if run.branch is None else BranchInfo(run=run.branch.run, step=run.branch.step),
        archived_of=run.archived_of,
    )


def _change(data: RunFields) -> RunChange:
    metrics = () if data.metrics is UNSET else data.metrics
    return RunChange(
        display_name=_given(data.display_name),
        group=_cleared(data.group),
        job_type=_cleared(data.job_type),
        tags=None if data.tags is UNSET else tuple(data.tags),
        notes=_cleared(data.notes),
        state=None if data.state is UNSET else RunState(data.state),
        exit_code=_given(data.exit_code),
        config=_given(data.config),
        remove_config=_given(data.remove_config) or (),
        summary=_given(data.summary),
        remove_summary=_given(data.remove_summary) or (),
        metrics=[MetricDefinition(**msgspec.structs.asdict(metric)) for metric in metrics],
    )


def _given(value: Any) -> Any:
    return None if value is UNSET else value


def _cleared(value: str | UnsetType | None) -> str | None:
    """Null clears, which a change says with empty text."""
    return None if value is UNSET else value or ""


routes = [
    search_runs,
    group_runs,
    measure_importance,
    list_fields,
    read_run,
    put_run,
    change_run,
    delete_run,
    stop_run,
]
