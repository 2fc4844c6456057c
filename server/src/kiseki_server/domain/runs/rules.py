"""How a run changes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar, cast

from kiseki.wire.records import MetricDefinition
from kiseki_server.domain.runs.names import check_display_name
from kiseki_server.domain.runs.summaries import AGGREGATES
from kiseki_server.domain.runs.types import Json, Run, RunChange, RunState
from kiseki_server.kit.errors import BadRequest, Conflict

T = TypeVar("T")
U = TypeVar("U")

ACTIVE = frozenset({RunState.PENDING, RunState.RUNNING, RunState.PREEMPTING})
"""States in which a client is expected to speak up."""
NOTES = "_wandb"
"""Under which name `Run.client` has notes on charts and classes, whatever the dialect."""

SILENCE = timedelta(minutes=5)
"""A run that says nothing for so long has died."""

MAX_TAGS = 200
MAX_TAG = 128
MAX_NOTES = 1 << 20
MAX_TEXT = 4096
_NO_HEARTBEAT = "no heartbeat since "


def apply(run: Run, change: RunChange, now: datetime) -> Run:
    """The run after the change; the very same object when nothing changed.

    Empty text clears a group, a job type or notes.

    Raises:
        BadRequest: A field has a value that no run may have.
        Conflict: The state cannot follow the present one.
    """
    check(change)
    summary_set = run.summary_set
    if change.replace_summary is not None:
        summary_set = tuple(change.replace_summary)
    if change.summary or change.remove_summary:
        kept = (key for key in summary_set if key not in change.remove_summary)
        summary_set = tuple(dict.fromkeys((*kept, *(change.summary or ()))))
    after = replace(
        run,
        display_name=_given(change.display_name, run.display_name, check_display_name),
        group=run.group if change.group is None else change.group or None,
        job_type=run.job_type if change.job_type is None else change.job_type or None,
        tags=_given(change.tags, run.tags, check_tags),
        notes=_given(change.notes, run.notes, _check_notes),
        host=run.host if change.host is None else change.host,
        config=_merged(run.config, change.config, change.remove_config, change.replace_config),
        summary=_merged(run.summary, change.summary, change.remove_summary, change.replace_summary),
        summary_set=summary_set,
        metrics=merge_metrics(run.metrics, change.metrics),
        environment=_merged(run.environment, change.environment),
        client=_remarked(_merged(run.client, change.client), change.remarks),
        started_at=change.started_at or run.started_at,
        heartbeat_at=_latest(run.heartbeat_at, change.heartbeat_at),
        finished_at=change.finished_at or run.finished_at,
        stop_requested=(
            run.stop_requested if change.stop_requested is None else change.stop_requested
        ),
        exit_code=run.exit_code if change.exit_code is None else change.exit_code,
        state_reason=run.state_reason if change.state_reason is None else change.state_reason,
    )
    if change.state is not None:
        after = _enter(after, change, run.state, now)
    if after == run:
        return run
    return replace(after, updated_at=max(now, run.updated_at))


def check(change: RunChange) -> None:
    """Refuse a change that no run could take, before anything of it is stored.

    Raises:
        BadRequest: With the field and its value.
    """
    if change.display_name is not None:
        check_display_name(change.display_name)
    if change.tags is not None:
        check_tags(change.tags)
    if change.notes is not None:
        _check_notes(change.notes)
    merge_metrics((), change.metrics)
    texts = {
        "group": change.group,
        "job_type": change.job_type,
        "host": change.host,
        "state_reason": change.state_reason,
    }
    for name, text in texts.items():
        if text is not None and ("\0" in text or len(text) > MAX_TEXT):
            raise BadRequest(
                f"The field `{name}` is longer than {MAX_TEXT} characters or holds a NUL"
            )
    if change.exit_code is not None and not -(1 << 31) <= change.exit_code < 1 << 31:
        raise BadRequest(f"The exit code {change.exit_code} has more than 32 bits")


def _enter(run: Run, change: RunChange, previous: RunState, now: datetime) -> Run:
    state = change.state or previous
    if state == RunState.PENDING and previous != RunState.PENDING:
        raise Conflict(f"The run {run.name!r} is {previous}; it cannot become pending again")
    if state not in ACTIVE:
        return replace(
            run,
            state=state,
            state_reason=change.state_reason,
            exit_code=change.exit_code,
            finished_at=change.finished_at or run.finished_at or now,
        )
    if previous not in ACTIVE:
        return replace(
            run,
            state=state,
            state_reason=change.state_reason,
            exit_code=None,
            finished_at=None,
            stop_requested=False,
        )
    return replace(run, state=state, state_reason=change.state_reason)


def silence(run: Run) -> RunChange:
    """What becomes of a run that has sent nothing for `SILENCE`."""
    since = run.heartbeat_at or run.created_at
    return RunChange(
        state=RunState.PREEMPTED if run.state == RunState.PREEMPTING else RunState.CRASHED,
        state_reason=f"{_NO_HEARTBEAT}{since.isoformat(timespec='seconds')}",
        finished_at=since,
    )


def thought_dead(run: Run) -> bool:
    """Only its silence made us say so; a word from the run proves that it lives."""
    return run.state not in ACTIVE and (run.state_reason or "").startswith(_NO_HEARTBEAT)


def merge_metrics(
    present: Sequence[MetricDefinition], changes: Iterable[MetricDefinition]
) -> tuple[MetricDefinition, ...]:
    """Definitions by name; a later one changes the fields that it gives."""
    merged = {metric.name: metric for metric in present}
    for change in changes:
        if not change.name:
            raise BadRequest("A metric definition has an empty name")
        if change.goal not in (None, "minimize", "maximize"):
            raise BadRequest(
                f"The metric {change.name!r} has the goal {change.goal!r}",
                hint="A goal is minimize or maximize.",
            )
        unknown = [name for name in change.summary or () if name not in AGGREGATES]
        if unknown:
            raise BadRequest(
                f"The metric {change.name!r} asks for the summary {unknown[0]!r}",
                hint=f"Choose among {', '.join(sorted(AGGREGATES))}.",
            )
        before = merged.get(change.name, MetricDefinition(name=change.name))
        merged[change.name] = MetricDefinition(
            name=change.name,
            step_metric=_or(change.step_metric, before.step_metric),
            step_sync=_or(change.step_sync, before.step_sync),
            hidden=_or(change.hidden, before.hidden),
            summary=_or(change.summary, before.summary),
            goal=_or(change.goal, before.goal),
        )
    return tuple(merged.values())


def check_tags(tags: tuple[str, ...]) -> tuple[str, ...]:
    """The tags in their order, each once."""
    unique = tuple(dict.fromkeys(tag.strip() for tag in tags))
    if len(unique) > MAX_TAGS:
        raise BadRequest(f"{len(unique)} tags are too many; a run may have {MAX_TAGS}")
    for tag in unique:
        if not tag or len(tag) > MAX_TAG or "\0" in tag:
            raise BadRequest(
                f"The tag {tag[:40]!r} is empty, longer than {MAX_TAG} characters or holds a NUL"
            )
    return unique


def _check_notes(notes: str) -> str | None:
    if len(notes) > MAX_NOTES:
        raise BadRequest(f"Notes of {len(notes)} characters are too long; {MAX_NOTES} are allowed")
    if "\0" in notes:
        raise BadRequest("Notes cannot hold the character NUL")
    return notes or None


def _merged(
    present: Mapping[str, Json],
    changed: Mapping[str, Json] | None,
    removed: Sequence[str] = (),
    replaced: Mapping[str, Json] | None = None,
) -> Mapping[str, Json]:
    if replaced is not None:
        present = replaced
    if not changed and not removed:
        return present
    return {**{k: v for k, v in present.items() if k not in removed}, **(changed or {})}


def _remarked(
    client: Mapping[str, Json], remarks: Mapping[str, Mapping[str, Json]] | None
) -> Mapping[str, Json]:
    """The notes of a client with those of another dialect, each in its section."""
    if not remarks:
        return client
    notes = _mapping(client.get(NOTES))
    for section, named in remarks.items():
        notes[section] = {**_mapping(notes.get(section)), **named}
    return {**client, NOTES: notes}


def _mapping(value: Json) -> dict[str, Json]:
    return dict(cast("Mapping[str, Json]", value)) if isinstance(value, Mapping) else {}


def _given(value: T | None, present: U, check: Callable[[T], U]) -> U:
    return present if value is None else check(value)


def _or(value: T | None, fallback: T | None) -> T | None:
    return fallback if value is None else value


def _latest(a: datetime | None, b: datetime | None) -> datetime | None:
    return b if a is None else a if b is None else max(a, b)
