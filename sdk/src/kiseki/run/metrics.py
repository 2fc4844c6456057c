"""``define_metric``: how a metric is drawn and summed up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any, cast

from kiseki.errors import SettingError, ValueTypeError
from kiseki.wire.records import MetricDefinition

SUMMARIES = ("min", "max", "mean", "best", "first", "last", "copy", "none")
_GOALS = {"minimize": "minimize", "maximize": "maximize", "min": "minimize", "max": "maximize"}


class Metric:
    """What ``define_metric`` returns; usable as the ``step_metric`` of another."""

    def __init__(self, definition: MetricDefinition) -> None:
        self._definition = definition

    @property
    def name(self) -> str:
        return self._definition.name

    @property
    def step_metric(self) -> str | None:
        return self._definition.step_metric

    @property
    def step_sync(self) -> bool | None:
        return self._definition.step_sync

    @property
    def hidden(self) -> bool | None:
        return self._definition.hidden

    @property
    def summary(self) -> tuple[str, ...]:
        return tuple(self._definition.summary or ())

    @property
    def goal(self) -> str | None:
        return self._definition.goal

    def __repr__(self) -> str:
        return f"Metric({self.name!r})"


def definition_of(
    name: str,
    *,
    step_metric: str | Metric | None,
    step_sync: bool | None,
    hidden: bool | None,
    summary: str | Iterable[str] | None,
    goal: str | None,
) -> MetricDefinition:
    """The definition, checked.

    Raises:
        ValueTypeError, SettingError: An argument makes no sense.
    """
    axis: Any = step_metric.name if isinstance(step_metric, Metric) else step_metric
    for argument, value in (("name", cast("Any", name)), ("step_metric", axis)):
        if not isinstance(value, str) and (value is not None or argument == "name"):
            raise ValueTypeError(f"define_metric: {argument} is the key of a metric, not {value!r}")
        if value == "":
            raise SettingError(f"define_metric: {argument} is empty")
    if axis is not None and "*" in axis:
        raise SettingError(f"define_metric: step_metric is one key; {axis!r} is a pattern")
    if isinstance(summary, str):
        summary = [word.strip() for word in summary.split(",")]
    wanted = list(summary) if summary is not None else None
    for word in wanted or ():
        if word not in SUMMARIES:
            raise SettingError(
                f"define_metric: summary is any of {', '.join(SUMMARIES)}, not {word!r}"
            )
    if goal is not None and goal not in _GOALS:
        raise SettingError(f"define_metric: goal is minimize or maximize, not {goal!r}")
    if wanted and "best" in wanted and goal is None:
        raise SettingError("define_metric: summary='best' needs a goal, minimize or maximize")
    return MetricDefinition(
        name=name,
        step_metric=axis,
        step_sync=True if axis is not None and step_sync is None else step_sync,
        hidden=hidden,
        summary=wanted,
        goal=_GOALS[goal] if goal is not None else None,
    )


class StepMetrics:
    """Which metric is the x axis of which key, so that a row can be completed."""

    def __init__(self) -> None:
        self._definitions: list[MetricDefinition] = []
        self._axes: dict[str, str | None] = {}

    def add(self, definition: MetricDefinition) -> None:
        self._definitions = [d for d in self._definitions if d.name != definition.name]
        self._definitions.append(definition)
        self._axes = {}

    def missing(self, row: Mapping[str, Any], last: Mapping[str, Any]) -> dict[str, Any]:
        """Last values of the x axes that the row's keys need and the row has not."""
        found: dict[str, Any] = {}
        axes = self._axes
        for key in row:
            try:
                axis = axes[key]
            except KeyError:
                axis = axes[key] = self._axis_of(key)
            if axis is not None and axis not in row and axis in last:
                found[axis] = last[axis]
        return found

    def _axis_of(self, key: str) -> str | None:
        exact = [d for d in self._definitions if d.name == key]
        patterns = [d for d in self._definitions if "*" in d.name and fnmatchcase(key, d.name)]
        for definition in exact or sorted(patterns, key=lambda d: len(d.name), reverse=True):
            axis = definition.step_metric
            return axis if definition.step_sync and axis != key else None
        return None
