"""The client's config: `{key: {"value": …}}`, with its own notes under `_wandb`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kiseki.wire.records import MetricDefinition
from kiseki_server.domain.runs.types import Json, Run
from kiseki_server.kit.errors import BadRequest

OWN_KEY = "_wandb"
"""Key of the client's notes in its config, and of them in `Run.client`."""

_SUMMARIES = ("min", "max", "mean", "best", "last", "none", "copy", "first")
_GOALS = ("minimize", "maximize")
_STEP_SYNC, _HIDDEN = 1, 2


@dataclass(frozen=True, slots=True)
class BranchPoint:
    """A run, which may be the very one that says so, and its last step that is kept."""

    run: str
    step: int


@dataclass(frozen=True, slots=True)
class Unwrapped:
    """A config without its envelope, and what the client's notes say."""

    config: dict[str, Json]
    own: dict[str, Json] | None
    """The client's notes verbatim; ``None``: there were none."""
    metrics: tuple[MetricDefinition, ...]
    environment: dict[str, Json]
    started_at: str | None = None
    """When the first writer began."""

    @property
    def branch_point(self) -> BranchPoint | None:
        """Where the run goes on from a history.

        Raises:
            BadRequest: The client's note of it makes no sense.
        """
        point = (self.own or {}).get("branch_point")
        if not point:
            return None
        run, step = (point.get("run_id"), point.get("step")) if isinstance(point, dict) else (0, 0)
        if isinstance(step, float) and step.is_integer():
            step = int(step)
        if not isinstance(run, str) or not isinstance(step, int) or not 0 <= step < 2**63:
            raise BadRequest(
                f"The branch point {str(point)[:100]} names no run and step",
                hint='It has the form {"run_id": "abc", "step": 100}.',
            )
        return BranchPoint(run, step)


def unwrap(wrapped: Mapping[str, Json]) -> Unwrapped:
    """Take the envelope off. Keys that have none are taken as they are."""
    config = {key: _value(item) for key, item in wrapped.items()}
    own = config.pop(OWN_KEY, None)
    if not isinstance(own, dict):
        return Unwrapped(config, None, (), {})
    starts = [
        text
        for metadata in _writers(own)
        if isinstance(text := metadata.get("startedAt"), str) and text
    ]
    return Unwrapped(
        config, own, _metrics(own.get("m")), _environment(own), min(starts, default=None)
    )


def wrap(run: Run) -> dict[str, Json]:
    """Put the envelope on, with the client's notes as it sent them."""
    wrapped: dict[str, Json] = {key: {"value": item} for key, item in run.config.items()}
    own = run.client.get(OWN_KEY)
    if own is not None:
        wrapped[OWN_KEY] = {"value": own}
    return wrapped


def _value(item: Json) -> Json:
    if isinstance(item, dict) and "value" in item and item.keys() <= {"value", "desc"}:
        return item["value"]
    return item


def _metrics(encoded: Json) -> tuple[MetricDefinition, ...]:
    """Definitions of metrics, whose fields the client numbers."""
    items = [item for item in encoded if isinstance(item, dict)] if _is_list(encoded) else []
    found: list[MetricDefinition] = []
    for item in items:
        name = item.get("1") or item.get("2")
        if not isinstance(name, str) or not name:
            continue
        options = _numbers(item.get("6"))
        goal = item.get("8")
        found.append(
            MetricDefinition(
                name=name,
                step_metric=_step_metric(item, items),
                step_sync=True if _STEP_SYNC in options else None,
                hidden=True if _HIDDEN in options else None,
                summary=[
                    _SUMMARIES[number - 1]
                    for number in _numbers(item.get("7"))
                    if 1 <= number <= len(_SUMMARIES)
                ]
                or None,
                goal=_GOALS[goal - 1] if goal in (1, 2) else None,
            )
        )
    return tuple(found)


def _step_metric(item: Mapping[str, Json], items: Sequence[Mapping[str, Json]]) -> str | None:
    named = item.get("4")
    if isinstance(named, str) and named:
        return named
    index = item.get("5")
    if isinstance(index, int) and 1 <= index <= len(items):
        name = items[index - 1].get("1")
        return name if isinstance(name, str) else None
    return None


def _environment(own: Mapping[str, Json]) -> dict[str, Json]:
    """Where the run was started, from the notes of its first writer."""
    writers = _writers(own)
    environment = environment_of(writers[0]) if writers else {}
    for key, name in (("python_version", "python"), ("code_path", "program")):
        if isinstance(own.get(key), str):
            environment.setdefault(name, own[key])
    if isinstance(own.get("cli_version"), str):
        environment["client"] = f"wandb {own['cli_version']}"
    return environment


def _writers(own: Mapping[str, Json]) -> list[dict[str, Json]]:
    """The environments of all processes that have written the run."""
    found = own.get("e")
    if not isinstance(found, dict):
        return []
    return [metadata for metadata in found.values() if isinstance(metadata, dict)]


def environment_of(metadata: Mapping[str, Json]) -> dict[str, Json]:
    """Our names for what `wandb-metadata.json` says."""
    environment: dict[str, Json] = {}
    for theirs, ours in (
        ("host", "host"),
        ("username", "user"),
        ("os", "os"),
        ("python", "python"),
        ("executable", "executable"),
        ("program", "program"),
        ("args", "arguments"),
        ("root", "directory"),
        ("cpu_count", "cpu_count"),
        ("cpu_count_logical", "cpu_count_logical"),
    ):
        if metadata.get(theirs) not in (None, ""):
            environment[ours] = metadata[theirs]
    git, memory = metadata.get("git"), metadata.get("memory")
    if isinstance(git, dict):
        for theirs, ours in (("remote", "git_remote"), ("commit", "git_commit")):
            if isinstance(git.get(theirs), str):
                environment[ours] = git[theirs]
    if isinstance(memory, dict) and str(memory.get("total", "")).isdigit():
        environment["memory_bytes"] = int(memory["total"])
    gpus = _gpus(metadata)
    if gpus:
        environment["gpus"] = gpus
    return environment


def _gpus(metadata: Mapping[str, Json]) -> list[dict[str, Any]]:
    listed = metadata.get("gpu_nvidia") or metadata.get("gpu_amd") or []
    gpus: list[dict[str, Any]] = []
    for gpu in listed if _is_list(listed) else []:
        if not isinstance(gpu, dict):
            continue
        memory = str(gpu.get("memoryTotal", ""))
        gpus.append(
            {
                "name": str(gpu.get("name", "")),
                **({"memory_bytes": int(memory)} if memory.isdigit() else {}),
            }
        )
    if not gpus and isinstance(metadata.get("gpu"), str):
        count = metadata.get("gpu_count")
        gpus = [{"name": metadata["gpu"]}] * (count if isinstance(count, int) else 1)
    return gpus


def _is_list(value: Json) -> bool:
    return isinstance(value, list)


def _numbers(value: Json) -> list[int]:
    return [item for item in value if isinstance(item, int)] if isinstance(value, list) else []
