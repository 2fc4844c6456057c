"""What is done to runs that are over: taken back from the deleted ones, moved, and many at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal

import msgspec
from litestar import post
from msgspec import Meta

from kiseki_server.domain.accounts.rules import Action
from kiseki_server.domain.history.moving import RunMover
from kiseki_server.domain.projects.types import Project
from kiseki_server.domain.runs.types import RunChange
from kiseki_server.kit.errors import BadRequest, KisekiError
from kiseki_server.protocols.native.places import Places
from kiseki_server.protocols.native.runs import RunInfo, render

MOST = 1_000


class Destination(msgspec.Struct, kw_only=True):
    entity: str
    project: str


class Bulk(msgspec.Struct, kw_only=True):
    """One action on many runs; each of them by itself."""

    runs: Annotated[list[str], Meta(description=f"Their ids, at most {MOST}.")]
    action: Literal["delete", "restore", "move", "tag", "group", "stop"]
    to: Annotated[Destination | None, Meta(description="Where `move` puts them.")] = None
    add_tags: list[str] = []
    remove_tags: list[str] = []
    group: Annotated[
        str | None, Meta(description="What `group` puts them in; null takes them out.")
    ] = None


class Failure(msgspec.Struct, kw_only=True):
    run: str
    error: str
    message: str


class BulkResult(msgspec.Struct, kw_only=True):
    done: Annotated[list[str], Meta(description="Runs with which it was done.")]
    failed: Annotated[list[Failure], Meta(description="Runs that are as they were, and why.")]


@post(
    "/projects/{entity:str}/{project:str}/runs/{run:str}/restore",
    status_code=200,
    sync_to_thread=True,
)
def restore_run(places: Places, entity: str, project: str, run: str) -> RunInfo:
    """Take the deletion of a run back. For some days all of it is still there."""
    with places.database.transaction(write=True):
        found = places.project(entity, project, Action.WRITE)
        return render(places.runs.restore(found, run), found)


@post(
    "/projects/{entity:str}/{project:str}/runs/{run:str}/move",
    status_code=200,
    sync_to_thread=True,
)
def move_run(
    places: Places, mover: RunMover, entity: str, project: str, run: str, data: Destination
) -> RunInfo:
    """Move a run that is over to another project, with its history, output, files and earlier
    forms. It keeps its id; the artifacts that it made stay where they are."""
    source, target = _both(places, entity, project, data)
    return render(mover.move(source, run, target), target)


@post("/projects/{entity:str}/{project:str}/runs/bulk", status_code=200, sync_to_thread=True)
def change_runs(
    places: Places, mover: RunMover, entity: str, project: str, data: Bulk
) -> BulkResult:
    """Delete, restore, move, tag, group or stop many runs. Where it cannot be done with one of
    them, the answer says why, and the others are done."""
    if (data.to is None) == (data.action == "move"):
        raise BadRequest("`to` belongs to the action `move`, which needs it")
    if (data.add_tags or data.remove_tags) and data.action != "tag":
        raise BadRequest("`add_tags` and `remove_tags` belong to the action `tag`")
    names = list(dict.fromkeys(data.runs))
    if not 1 <= len(data.runs) <= MOST:
        raise BadRequest(f"An action is for 1 to {MOST} runs, not for {len(data.runs)}")
    if data.to is not None:
        source, target = _both(places, entity, project, data.to)
        return _each(names, lambda name: mover.move(source, name, target))
    with places.database.transaction(write=True):
        found = places.project(entity, project, Action.WRITE)
        return _each(names, lambda name: _act(places, found, name, data))


def _act(places: Places, project: Project, name: str, data: Bulk) -> object:
    runs = places.runs
    match data.action:
        case "delete":
            return runs.delete(project, name)
        case "restore":
            return runs.restore(project, name)
        case "stop":
            return runs.stop(project, name)
        case "group":
            return runs.change(project, name, RunChange(group=data.group or ""))
        case _:
            kept = [tag for tag in runs.get(project, name).tags if tag not in data.remove_tags]
            return runs.change(project, name, RunChange(tags=(*kept, *data.add_tags)))


def _both(places: Places, entity: str, project: str, to: Destination) -> tuple[Project, Project]:
    with places.database.transaction():
        source = places.project(entity, project, Action.WRITE)
        return source, places.project(to.entity, to.project, Action.WRITE)


def _each(names: list[str], act: Callable[[str], object]) -> BulkResult:
    result = BulkResult(done=[], failed=[])
    for name in names:
        try:
            act(name)
        except KisekiError as error:
            if error.status >= 500:
                raise
            result.failed.append(Failure(run=name, error=error.code, message=error.message))
        else:
            result.done.append(name)
    return result


routes = [restore_run, move_run, change_runs]
