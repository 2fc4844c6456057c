"""Runs, read."""

from __future__ import annotations

from typing import Any

from kiseki_server.domain.accounts.rules import Action
from kiseki_server.domain.console.service import END
from kiseki_server.domain.console.types import Cursor, Line
from kiseki_server.domain.history.types import RunRef, Stream
from kiseki_server.domain.projects.types import Project
from kiseki_server.domain.runs.rules import ACTIVE
from kiseki_server.domain.runs.types import RunState
from kiseki_server.kit.pagination import decode_cursor, encode_cursor
from kiseki_server.protocols.wandb import (
    artifacts,
    exports,
    history_keys,
    identifiers,
    json_lines,
    run_files,
    scalars,
)
from kiseki_server.protocols.wandb.config_envelope import OWN_KEY, wrap
from kiseki_server.protocols.wandb.connections import connection, page_size
from kiseki_server.protocols.wandb.console_lines import PLAIN_LEVEL
from kiseki_server.protocols.wandb.context import Context
from kiseki_server.protocols.wandb.file_stream import WRITER
from kiseki_server.protocols.wandb.places import PlacedRun
from kiseki_server.protocols.wandb.rows import SYSTEM_PREFIX
from kiseki_server.protocols.wandb.sampled import RUNTIME, STEP, TIME, Sampler, Spec, checked

_INTERNAL = (STEP, TIME, RUNTIME)


class RunNode:
    """`Run`."""

    description = None

    def __init__(self, context: Context, placed: PlacedRun) -> None:
        run = placed.run
        self._context = context
        self._placed = placed
        self._run = run
        self._ref = RunRef(run.project, run.id)
        self.id = self.internal_id = identifiers.run_id(run.project, run.name)
        self.name = run.name
        self.project_id = int(run.project)
        self.display_name = run.display_name
        self.state = str(run.state)
        self.group = run.group
        self.job_type = run.job_type
        self.tags = list(run.tags)
        self.notes = run.notes
        self.commit = run.environment.get("git_commit")
        self.created_at = run.created_at
        self.heartbeat_at = run.heartbeat_at or run.finished_at or run.created_at
        self.exitcode = run.exit_code
        self.failed = run.state in (RunState.FAILED, RunState.CRASHED)
        self.running = run.state in ACTIVE
        self.stopped = self.should_stop = run.stop_requested

    @property
    def project(self) -> Project:
        return self._placed.project

    @property
    def read_only(self) -> bool:
        return not self._context.projects.can_write(self._context.actor, self.project)

    @property
    def user(self) -> dict[str, Any]:
        """Who started it: no more than the name, which everybody who sees the run may know."""
        name = self._run.user_name
        return {
            "id": identifiers.encode("User", self._run.user),
            "name": name,
            "username": name,
            "entity": name,
        }

    # Config and summary

    @property
    def config(self) -> str:
        return json_lines.write(wrap(self._run))

    def wandb_config(self, keys: list[str] | None = None) -> str:
        """The client's own notes, or some of them."""
        own = self._run.client.get(OWN_KEY) or {}
        chosen = own if keys is None else {key: own[key] for key in keys if key in own}
        return json_lines.write(chosen)

    @property
    def summary_metrics(self) -> str:
        return json_lines.write(self._run.summary)

    @property
    def system_metrics(self) -> str | None:
        """The latest value of everything measured on the machine."""
        found = self._context.histories.stats(self._ref, Stream.SYSTEM)
        if not found:
            return None
        return json_lines.write({SYSTEM_PREFIX + stats.key: stats.last for stats in found})

    @property
    def run_info(self) -> dict[str, Any]:
        environment = self._run.environment
        gpus = environment.get("gpus") or []
        return {
            "program": environment.get("program"),
            "args": [str(each) for each in environment.get("arguments") or []],
            "os": environment.get("os"),
            "python": environment.get("python"),
            "executable": environment.get("executable"),
            "cpuCount": environment.get("cpu_count"),
            "gpuCount": len(gpus) or None,
            "gpu": gpus[0].get("name") if gpus else None,
            "codeSaved": False,
            "git": {
                "remote": environment.get("git_remote"),
                "commit": environment.get("git_commit"),
            },
        }

    # Where a resumed run goes on

    @property
    def history_line_count(self) -> int:
        """With the lines that the run began with, behind which its client goes on."""
        begun = 0 if self._run.branch is None else self._run.branch.lines
        return max(begun, self._lines(Stream.HISTORY))

    @property
    def events_line_count(self) -> int:
        return self._lines(Stream.SYSTEM)

    @property
    def log_line_count(self) -> int:
        console = self._context.console
        return console.count(self._ref, WRITER) or console.count(self._ref)

    @property
    def history_tail(self) -> str:
        last = self._history.last()
        return json_lines.write([] if last is None else [json_lines.write(last)])

    @property
    def events_tail(self) -> str:
        last = self._events.last()
        return json_lines.write([] if last is None else [json_lines.write(_event(last))])

    def _lines(self, stream: Stream) -> int:
        """How many lines the client has written; of a run of other clients, how many rows."""
        positions = self._context.histories.positions(self._ref, stream)
        return positions.get(WRITER) or max(positions.values(), default=0)

    # History

    @property
    def _history(self) -> Sampler:
        return Sampler(self._context.history, self._run)

    @property
    def _events(self) -> Sampler:
        return Sampler(self._context.history, self._run, Stream.SYSTEM)

    def history(
        self,
        min_step: int | None = None,
        max_step: int | None = None,
        samples: int | None = None,
    ) -> list[str]:
        """A page of whole rows (``max_step`` excluded), or a sample of all of them."""
        self._context.scans.begins(self._context.actor.user, self._run)
        wanted = checked(samples)
        if min_step is None and max_step is None:
            rows = self._history.evenly(wanted)
        else:
            high = None if max_step is None else max_step - 1
            rows = self._history.page(min_step, high, wanted)
        return [json_lines.write(row) for row in rows]

    def events(self, samples: int | None = None) -> list[str]:
        return [json_lines.write(_event(row)) for row in self._events.evenly(checked(samples))]

    def sampled_history(self, specs: list[str]) -> list[list[dict[str, Any]]]:
        self._context.scans.begins(self._context.actor.user, self._run)
        return [self._history.sample(Spec.parse(spec)) for spec in specs]

    def parquet_history(self, live_keys: list[str]) -> dict[str, Any]:
        return exports.parquet_history(self._context, self._run)

    @property
    def history_keys(self) -> dict[str, Any]:
        """What was logged under which key: how many values of which type, and the last number."""
        self._context.scans.note(self._context.operation, self._context.actor.user, self._run)
        histories, ref = self._context.histories, self._ref
        steps = histories.last_steps(ref)
        last = max(steps.values(), default=None)
        if last is None:
            return {"keys": {}, "sets": [], "lastStep": -1}
        keys = history_keys.described(
            histories.stats(ref, Stream.HISTORY),
            histories.kinds(ref),
            lambda: self._context.history.typed_keys(ref, Stream.HISTORY),
        )
        return {"keys": keys | history_keys.of_rows(last), "sets": [], "lastStep": last}

    # Console

    def log_lines(
        self,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        use_improved_pagination: bool | None = None,
    ) -> dict[str, Any]:
        """Lines in reading order: the first ones, those behind a cursor, or the last ones."""
        store, ref = self._context.console, self._ref
        if last is not None:
            page = store.page(ref, before=END, limit=page_size(last, most=10_000))
            return connection([_line(line) for line in page.lines], None, page.total)
        size = page_size(first, 1000, 10_000)
        place = Cursor(*decode_cursor(after, int, str, int)) if after else None
        page = store.page(ref, after=place, limit=size + 1)
        shown = page.lines[:size]
        cursor = None
        if len(page.lines) > size:
            cursor = encode_cursor(shown[-1].time, shown[-1].writer, shown[-1].number)
        return connection([_line(line) for line in shown], cursor, page.total)

    # Artifacts

    def input_artifacts(self, after: str | None = None, first: int | None = None) -> dict[str, Any]:
        edges = self._context.artifacts.inputs(self._run.id)
        return artifacts.run_artifacts(self._context, edges, after, first)

    def output_artifacts(
        self, after: str | None = None, first: int | None = None
    ) -> dict[str, Any]:
        edges = self._context.artifacts.outputs(self._run.id)
        return artifacts.run_artifacts(self._context, edges, after, first)

    # Files

    @property
    def file_count(self) -> int:
        return self._context.files.count(self._run.id)

    def files(
        self,
        first: int | None = None,
        after: str | None = None,
        names: list[str | None] | None = None,
        pattern: str | None = None,
    ) -> dict[str, Any]:
        chosen = [name for name in names or () if name]
        return run_files.listing(
            self._context, self._placed, first=first, after=after, names=chosen, pattern=pattern
        )


def find_run(context: Context, id: str, action: Action) -> PlacedRun:
    """The run of a storage id.

    Raises:
        NotFound, Forbidden: There is none, or the caller may not do this.
    """
    project_id, name = identifiers.run_place(id)
    project = context.projects.get(context.actor, project_id, action)
    return PlacedRun(project, context.runs.get(project, name))


def _event(row: dict[str, Any]) -> dict[str, Any]:
    """A sample of the machine in the client's form."""
    measured = {SYSTEM_PREFIX + key: row[key] for key in row if key not in _INTERNAL}
    return {"_wandb": True, TIME: row[TIME], RUNTIME: row[RUNTIME], **measured}


def _line(line: Line) -> dict[str, Any]:
    return {
        "number": line.number,
        "timestamp": scalars.time_of_micros(line.time),
        "level": None if line.level == PLAIN_LEVEL else line.level,
        "label": line.label,
        "line": line.text,
    }
