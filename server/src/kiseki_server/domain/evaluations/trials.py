"""The calls that trials consist of."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from kiseki_server.domain.calls import rules
from kiseki_server.domain.calls.service import CallService
from kiseki_server.domain.calls.store import CallFilter, CallQuery
from kiseki_server.domain.calls.types import Call
from kiseki_server.domain.evaluations.sheet import Sheet, Trial
from kiseki_server.domain.evaluations.types import Evaluation
from kiseki_server.kit.json import from_text

_MOST_STEPS = 100
_HOUR = 3_600_000_000


@dataclass(frozen=True, slots=True)
class Step:
    """A call directly below a trial: the model's prediction, or a scorer's."""

    call: Call
    scorer: bool
    name: str
    """Of the scorer, or of the op."""

    @property
    def tokens(self) -> int | None:
        usage = rules.usage(self.call)
        return sum(used.total_tokens for used in usage) if usage else None


@dataclass(frozen=True, slots=True)
class TrialReader:
    """Reads the calls of trials of one evaluation, with their bodies."""

    calls: CallService
    evaluation: Evaluation

    def read(self, sheet: Sheet, row: str) -> Sequence[tuple[Call, Sequence[Step]]]:
        """The trials of one row with their steps, in their order."""
        trials = [sheet.trials[number] for number in sheet.trials_of[sheet.index[row]]]
        known = self.whole(trials)
        return [known[trial.call] for trial in trials if trial.call in known]

    def whole(self, trials: Sequence[Trial]) -> Mapping[str, tuple[Call, Sequence[Step]]]:
        """Trials with their steps, by id of the trial's call."""
        known = self.calls_of(trials)
        below: dict[str, list[Step]] = defaultdict(list)
        query = CallQuery(
            project=self.evaluation.call.project,
            filter=CallFilter(
                parent_ids=tuple(known), since=min(trial.started_at for trial in trials) - _HOUR
            ),
            limit=_MOST_STEPS * max(1, len(trials)),
        )
        for call in self.calls.page(query) if known else ():
            below[call.parent_id or ""].append(self._step(self.calls.whole(call)))
        return {id: (call, below[id]) for id, call in known.items()}

    def calls_of(self, trials: Sequence[Trial]) -> Mapping[str, Call]:
        """The calls that trials are, by id."""
        if not trials:
            return {}
        starts = [trial.started_at for trial in trials]
        query = CallQuery(
            project=self.evaluation.call.project,
            filter=CallFilter(
                ids=tuple(trial.call for trial in trials), since=min(starts), until=max(starts) + 1
            ),
            limit=len(trials),
        )
        return {call.id: self.calls.whole(call) for call in self.calls.page(query)}

    def _step(self, call: Call) -> Step:
        scorers = {ref.ref: ref.name for ref in self.evaluation.definition.scorers}
        named = next((scorers[ref] for ref in (call.op, *call.input_refs) if ref in scorers), None)
        scorer = named is not None or is_marked(from_text(call.attributes))
        return Step(call, scorer, named or call.op_name.removesuffix(".score"))


def is_marked(attributes: Any) -> bool:
    """Whether the client says that a call is a scorer's."""
    meta, weave = _entry(attributes, "_weave_eval_meta"), _entry(attributes, "weave")
    return (
        _entry(meta, "score") is True
        or _entry(weave, "kind") == "scorer"
        or _entry(weave, "score") == "true"
    )


def _entry(value: Any, key: str) -> Any:
    return cast("Mapping[str, Any]", value).get(key) if isinstance(value, Mapping) else None
