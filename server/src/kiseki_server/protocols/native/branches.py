"""Forks of runs, and runs taken back to an earlier step."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import get, post
from msgspec import Meta

from kiseki_server.domain.accounts.rules import Action
from kiseki_server.domain.history.branching import Branching
from kiseki_server.domain.runs.rules import ACTIVE
from kiseki_server.kit.errors import Conflict
from kiseki_server.protocols.native.places import Places
from kiseki_server.protocols.native.runs import RunInfo, render

Step = Annotated[int, Meta(ge=0, description="The last step that is kept.")]


class NewFork(msgspec.Struct, kw_only=True):
    step: Step
    name: Annotated[
        str | None, Meta(description="Id of the new run; made up where there is none.")
    ] = None


class Rewind(msgspec.Struct, kw_only=True):
    step: Step


class BranchesInfo(msgspec.Struct, kw_only=True):
    """Runs that share a history with one; deleted ones are left out."""

    parent: Annotated[RunInfo | None, Meta(description="Whose history it begins with.")]
    forks: Annotated[list[RunInfo], Meta(description="What begins with its history.")]
    archived: Annotated[list[RunInfo], Meta(description="Its earlier forms, oldest first.")]


@get("/projects/{entity:str}/{project:str}/runs/{run:str}/branches", sync_to_thread=True)
def list_branches(
    places: Places, branching: Branching, entity: str, project: str, run: str
) -> BranchesInfo:
    """The run that this one was forked from, its own forks, and its forms before it was rewound."""
    with places.database.transaction():
        found = places.project(entity, project)
        near = branching.relatives(found, run)
    return BranchesInfo(
        parent=None if near.parent is None else render(near.parent, found),
        forks=[render(fork, found) for fork in near.forks],
        archived=[render(form, found) for form in near.archived],
    )


@post("/projects/{entity:str}/{project:str}/runs/{run:str}/fork", sync_to_thread=True)
def fork_run(
    places: Places, branching: Branching, entity: str, project: str, run: str, data: NewFork
) -> RunInfo:
    """Make a run that begins as this one was at a step: its config, its history up to there, and
    the summary of that. It waits, as `pending`, for a client that goes on with it."""
    with places.database.transaction(write=True):
        found = places.project(entity, project, Action.WRITE)
        made = branching.fork(found, run, data.step, places.actor, name=data.name)
    with places.database.transaction():
        return render(places.runs.get(found, made.name), found)


@post(
    "/projects/{entity:str}/{project:str}/runs/{run:str}/rewind",
    status_code=200,
    sync_to_thread=True,
)
def rewind_run(
    places: Places, branching: Branching, entity: str, project: str, run: str, data: Rewind
) -> RunInfo:
    """Take a run back to a step. What it has become since is kept aside as a run of its own, which
    lists show only on request; see `branches`."""
    with places.database.transaction(write=True):
        found = places.project(entity, project, Action.WRITE)
        state = places.runs.get(found, run).state
        if state in ACTIVE:
            raise Conflict(
                f"The run `{run}` is {state}; its client would go on behind the step",
                hint="Stop it first.",
            )
        branching.rewind(found, run, data.step)
    with places.database.transaction():
        return render(places.runs.get(found, run), found)


routes = [list_branches, fork_run, rewind_run]
