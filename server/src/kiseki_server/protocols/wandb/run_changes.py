"""Runs, written: what the mutations about runs do."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from kiseki_server.domain.accounts.rules import Action
from kiseki_server.domain.projects.types import Project
from kiseki_server.domain.runs.alerts import Severity
from kiseki_server.domain.runs.types import Run, RunChange, RunState
from kiseki_server.kit.errors import BadRequest, Conflict, UnknownRun, Unsupported
from kiseki_server.protocols.wandb import json_lines, not_supported
from kiseki_server.protocols.wandb.config_envelope import (
    OWN_KEY,
    BranchPoint,
    Unwrapped,
    unwrap,
)
from kiseki_server.protocols.wandb.context import Context
from kiseki_server.protocols.wandb.places import PlacedRun
from kiseki_server.protocols.wandb.projects import UNCATEGORIZED, writable
from kiseki_server.protocols.wandb.runs import find_run

_SEVERITIES: dict[str, Severity] = {"INFO": "info", "WARN": "warning", "ERROR": "error"}
_STARTS = (RunState.RUNNING, RunState.PENDING)


def upsert_bucket(context: Context, given: dict[str, Any]) -> dict[str, Any]:
    """Create a run, or change those fields of it that are given; null changes nothing."""
    if given.get("sweep"):
        raise Unsupported(not_supported.SWEEPS)
    config = _config(given)
    change = _change(given, config)
    if given.get("id"):
        placed = find_run(context, given["id"], Action.WRITE)
        change = _begun(change, placed.run, config)
        run = context.runs.change(placed.project, placed.run.name, change)
        return _upserted(PlacedRun(placed.project, run), inserted=False)
    project = context.projects.ensure(
        context.actor, given.get("entityName") or None, given.get("modelName") or UNCATEGORIZED
    )
    name = given.get("name") or None
    if config is not None and (point := config.branch_point) is not None:
        return _branched(context, project, name, point, change)
    if config is not None and config.started_at is not None:
        change = _begun(change, _known(context, project, name), config)
    run, inserted = context.runs.upsert(project, name, change, context.actor)
    return _upserted(PlacedRun(project, run), inserted=inserted)


def _branched(
    context: Context, project: Project, name: str | None, point: BranchPoint, change: RunChange
) -> dict[str, Any]:
    """Create a fork, or change one that is there: its client says in every config what it is.

    A config goes over what the run began with; the client does not know that.
    """
    change = replace(change, config=change.replace_config, replace_config=None)
    known = _known(context, project, name)
    if known is None:
        change = replace(change, state=change.state or RunState.RUNNING)
        run = context.branching.fork(
            project, point.run, point.step, context.actor, name=name, change=change
        )
        return _upserted(PlacedRun(project, run), inserted=True)
    branch = known.branch
    rewound = point.run == known.name
    if not rewound and (branch is None or (branch.run, branch.step) != (point.run, point.step)):
        raise Conflict(
            f"The project has a run `{known.name}` already, which is no fork of `{point.run}` at "
            f"step {point.step}",
            hint="Choose another id for the fork.",
        )
    run = context.runs.change(project, known.name, change)
    context.branching.await_copy(run)
    return _upserted(PlacedRun(project, run), inserted=False)


def _upserted(placed: PlacedRun, *, inserted: bool) -> dict[str, Any]:
    # Clients up to 0.25 look into the settings without asking whether there are any.
    settings = {"serverMessages": []}
    return {"bucket": placed, "inserted": inserted, "serverSettings": settings}


def rewind_run(context: Context, given: dict[str, Any]) -> dict[str, Any]:
    """Take a run back to a step; null where there is no such run."""
    if given["metricName"] != "_step":
        raise BadRequest(
            f"A run cannot be rewound by the metric `{given['metricName'][:80]}`",
            hint="Name the step: resume_from='<run>?_step=<number>'.",
        )
    step: float = given["metricValue"]
    if not 0 <= step < 2**63 or step != int(step):
        raise BadRequest(f"The step {step} is no whole number")
    project = writable(context, given.get("entityName") or "", given.get("projectName") or "")
    known = _known(context, project, given["runName"])
    if known is None:
        return {"rewoundRun": None}
    run = context.branching.rewind(project, known.name, int(step))
    return {"rewoundRun": PlacedRun(project, run)}


def delete_run(context: Context, given: dict[str, Any]) -> dict[str, Any]:
    placed = find_run(context, given["id"], Action.WRITE)
    if given.get("deleteArtifacts"):
        _delete_artifacts(context, placed)
    context.runs.delete(placed.project, placed.run.name)
    return {"success": True, "clientMutationId": given.get("clientMutationId")}


def _delete_artifacts(context: Context, placed: PlacedRun) -> None:
    """Delete what the run alone has made."""
    service = context.artifacts
    for edge in service.outputs(placed.run.id):
        version = service.version(context.actor, edge.version, Action.WRITE)
        if all(maker.run == placed.run.id for maker in service.makers_of(version)):
            service.delete_version(version, context.actor, with_aliases=True)


def stop_run(context: Context, given: dict[str, Any]) -> dict[str, Any]:
    """Ask a run to stop; one that is over has nothing to stop."""
    placed = find_run(context, given["id"], Action.WRITE)
    try:
        context.runs.stop(placed.project, placed.run.name)
    except Conflict:
        return {"success": False}
    return {"success": True}


def update_run_state(context: Context, given: dict[str, Any]) -> dict[str, Any]:
    """Say that a run has failed, or waits for its client; nothing else may be said from here."""
    if given["state"] not in ("failed", "pending"):
        raise BadRequest(
            f"A run's state cannot be set to `{given['state'][:40]}`",
            hint="It can be set to failed or pending.",
        )
    placed = find_run(context, given["id"], Action.WRITE)
    change = RunChange(state=RunState(given["state"]))
    context.runs.change(placed.project, placed.run.name, change)
    return {"success": True}


def notify_alert(context: Context, given: dict[str, Any]) -> dict[str, Any]:
    """Note an alert of the run's code; waitDuration is in milliseconds."""
    project = writable(context, given["entityName"], given["projectName"])
    context.alerts.tell(
        project,
        given["runName"],
        title=given["title"],
        text=given["text"],
        level=_SEVERITIES[given.get("severity") or "INFO"],
        quiet=timedelta(milliseconds=min(max(given.get("waitDuration") or 0, 0), 10**12)),
    )
    return {"success": True}


def _config(given: dict[str, Any]) -> Unwrapped | None:
    text = given.get("config")
    return None if text is None else unwrap(json_lines.read_object(text, "The config"))


def _change(given: dict[str, Any], config: Unwrapped | None) -> RunChange:
    environment = dict(config.environment) if config is not None else {}
    for theirs, ours in (
        ("jobProgram", "program"),
        ("commit", "git_commit"),
        ("jobRepo", "git_remote"),
        ("host", "host"),
    ):
        if given.get(theirs):
            environment[ours] = given[theirs]
    tags, summary, state = given.get("tags"), given.get("summaryMetrics"), given.get("state")
    change = RunChange(
        display_name=given.get("displayName"),
        state=None if state is None else _state(state),
        group=given.get("groupName"),
        job_type=given.get("jobType"),
        tags=None if tags is None else tuple(tags),
        notes=given.get("notes"),
        host=given.get("host"),
        replace_summary=(
            None if summary is None else json_lines.read_object(summary, "The summary")
        ),
        environment=environment or None,
    )
    if config is None:
        return change
    return replace(
        change,
        replace_config=config.config,
        metrics=config.metrics,
        client=None if config.own is None else {OWN_KEY: config.own},
    )


def _state(text: str) -> RunState:
    if text not in _STARTS:
        raise BadRequest(
            f"A run cannot be created in the state `{text[:40]}`",
            hint=f"Choose one of {', '.join(_STARTS)}.",
        )
    return RunState(text)


def _begun(change: RunChange, run: Run | None, config: Unwrapped | None) -> RunChange:
    """With the time at which the client says that the run began, if that is earlier.

    A run that is synchronised later would otherwise begin after its own points.
    """
    if config is None or config.started_at is None:
        return change
    try:
        begun = datetime.fromisoformat(config.started_at)
    except ValueError:
        return change
    begun = begun if begun.tzinfo else begun.replace(tzinfo=UTC)
    if not 1970 < begun.year < 2250 or (run is not None and begun >= run.started_at):
        return change
    return replace(change, started_at=begun)


def _known(context: Context, project: Project, name: str | None) -> Run | None:
    try:
        return None if name is None else context.runs.get(project, name)
    except UnknownRun:
        return None
