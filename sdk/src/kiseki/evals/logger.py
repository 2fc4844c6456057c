"""Evaluations that a program makes step by step, as its own loop goes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self, cast

from kiseki.errors import UsageError
from kiseki.evals.dataset import Dataset
from kiseki.evals.evaluation import EVALUATE, PREDICT_AND_SCORE, SUMMARIZE, Evaluation
from kiseki.evals.model import Model, Scorer
from kiseki.evals.objects import Object
from kiseki.evals.summaries import summarize
from kiseki.evals.work import META, OwnOp
from kiseki.tracing import record
from kiseki.tracing.call import Call
from kiseki.tracing.context import current
from kiseki.tracing.definition import clean_name
from kiseki.tracing.op import definition_of
from kiseki.tracing.sink import Sink, require

_IMPERATIVE = {META: {"imperative": True}}
_SCORE = {META: {"imperative": True, "score": True}}


class Prediction:
    """One row of an `EvaluationLogger`. Usable as a context manager."""

    def __init__(self, logger: EvaluationLogger, inputs: dict[str, Any], output: Any) -> None:
        self._logger = logger
        self.inputs = inputs
        self.output = output
        self.scores: dict[str, Any] = {}
        self._finished = False
        sink, about = logger.sink, logger.about
        self._around = PREDICT_AND_SCORE.start(
            sink, {**about, "example": inputs}, logger.call, attributes=_IMPERATIVE
        )
        model = {"self": about["model"], "inputs": inputs} if about else {"inputs": inputs}
        self.predict_call = logger.predict.start(sink, model, self._around, attributes=_IMPERATIVE)

    def log_score(self, scorer: str | Scorer | Any, score: Any) -> None:
        """Note what a scorer, by name or as such, found."""
        if self._finished:
            raise UsageError("The prediction is finished; its scores are known")
        name = _name_of(scorer)
        self.scores[name] = score
        sink = self._logger.sink
        own = OwnOp(f"{name}.score")
        inputs = {"output": self.output, "inputs": self.inputs}
        call = own.start(sink, inputs, self._around, attributes=_SCORE)
        record.end(call, score)
        if sink is not None:
            ref = self._logger.scorer(scorer, name, sink)
            self.predict_call.feedback.add_score(ref, call.id, name, score)

    def finish(self, output: Any = None) -> None:
        """All scores are logged. Harmless twice."""
        if self._finished:
            return
        self._finished = True
        if output is not None:
            self.output = output
        record.end(self.predict_call, self.output)
        began, ended = self.predict_call.started, self.predict_call.ended
        latency = None if ended is None else (ended - began) / 1e6
        record.end(
            self._around,
            {"output": self.output, "scores": self.scores, "model_latency": latency},
        )
        self._logger.add(self)

    def __enter__(self) -> Self:
        self._before = current.get()
        if self.predict_call.sink is not None:
            current.set(self.predict_call)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        current.set(self._before)
        if error is not None and not self._finished:
            record.fail(self.predict_call, error)
        self.finish()


class EvaluationLogger:
    """Writes an evaluation down as it happens: predictions, their scores, a summary.

    ```python
    log = kiseki.EvaluationLogger(model="my-model", dataset=rows)
    for row in rows:
        prediction = log.log_prediction(row, answer(row))
        prediction.log_score("correct", True)
        prediction.finish()
    log.log_summary()
    ```
    """

    def __init__(
        self,
        name: str | None = None,
        model: Model | Mapping[str, Any] | str | None = None,
        dataset: Dataset | Sequence[Mapping[str, Any]] | str | None = None,
        *,
        scorers: Sequence[str] | None = None,
        eval_attributes: Mapping[str, Any] | None = None,
    ) -> None:
        """Begin an evaluation.

        Args:
            name: How it is shown.
            model: A `Model`, a map with what tells it from others, or its name.
            dataset: A `Dataset`, its rows, or its name.
            scorers: Names of those that will be logged, to notice others.
            eval_attributes: Attributes of the evaluation.
        """
        self.sink = require("kiseki.EvaluationLogger")
        self.name = name
        self._model = _model(model)
        self._scorers = None if scorers is None else set(scorers)
        self._known: dict[str, str] = {}
        self.predict = OwnOp(f"{clean_name(self._model.object_name)}.predict")
        self.about: dict[str, Any] = {}
        if self.sink is not None:
            evaluation = Evaluation(_dataset(dataset), name=name)
            self.about = {
                "self": evaluation.reference(self.sink),
                "model": self._model.reference(self.sink),
            }
        self.call: Call = EVALUATE.start(
            self.sink,
            self.about,
            current.get(),
            display_name=name,
            attributes={**(eval_attributes or {}), **_IMPERATIVE},
        )
        self._rows: list[Prediction] = []
        self._finished = False

    def log_prediction(self, inputs: Mapping[str, Any], output: Any = None) -> Prediction:
        """A row: what the model got and, unless it is told at the end, what it gave."""
        if self._finished:
            raise UsageError("The evaluation is finished; begin another EvaluationLogger")
        return Prediction(self, dict(inputs), output)

    def log_example(
        self, inputs: Mapping[str, Any], output: Any, scores: Mapping[str, Any]
    ) -> None:
        """A whole row at once."""
        prediction = self.log_prediction(inputs, output)
        for name, score in scores.items():
            prediction.log_score(name, score)
        prediction.finish()

    def log_summary(self, summary: Mapping[str, Any] | None = None, *, auto: bool = True) -> None:
        """End the evaluation with figures of your own beside those that follow from the scores.

        Args:
            summary: Figures of your own.
            auto: Whether means and counts of the scores are added.
        """
        if self._finished:
            return
        self._finished = True
        call = SUMMARIZE.start(self.sink, self.about, self.call, attributes=_IMPERATIVE)
        total: dict[str, Any] = {}
        if auto:
            names = dict.fromkeys(name for row in self._rows for name in row.scores)
            for name in names:
                total[name] = summarize([row.scores.get(name) for row in self._rows])
            if (outputs := summarize([row.output for row in self._rows])) is not None:
                total["output"] = outputs
        total.update(summary or {})
        record.end(call, total)
        record.end(self.call, total)

    def finish(self, exception: BaseException | None = None) -> None:
        """End the evaluation without figures of your own, or as failed."""
        if exception is None:
            self.log_summary()
        elif not self._finished:
            self._finished = True
            record.fail(self.call, exception)

    def fail(self, exception: BaseException) -> None:
        """End the evaluation as failed."""
        self.finish(exception)

    @property
    def ui_url(self) -> str | None:
        """Address of the evaluation's page."""
        return self.call.ui_url

    def scorer(self, scorer: Any, name: str, sink: Sink) -> str:
        """A reference to a scorer; for `Prediction`."""
        if self._scorers is not None and name not in self._scorers:
            raise UsageError(f"The scorer {name!r} was not announced: {sorted(self._scorers)}")
        if name not in self._known:
            if (definition := definition_of(scorer)) is not None:
                self._known[name] = definition.publish(sink)
            else:
                made = scorer if isinstance(scorer, Scorer) else Scorer(name=name)
                self._known[name] = made.reference(sink)
        return self._known[name]

    def add(self, row: Prediction) -> None:
        """A row is finished; for `Prediction`."""
        self._rows.append(row)


def _model(model: Any) -> Object:
    if isinstance(model, Model):
        return model
    if isinstance(model, Mapping):
        known = dict(cast("Mapping[str, Any]", model))
        name = str(known.pop("name", "Model"))
        body = {"__annotations__": {key: "Any" for key in known if key != "description"}}
        made = type(re.sub(r"\W", "_", name), (Model,), body)
        return cast("Any", made)(name=name, **known)
    return Model(name=None if model is None else str(model))


def _dataset(dataset: Any) -> Dataset:
    if isinstance(dataset, Dataset):
        return dataset
    if dataset is None or isinstance(dataset, str):
        return Dataset(name=dataset)
    return Dataset(dataset)


def _name_of(scorer: Any) -> str:
    if isinstance(scorer, str):
        return clean_name(scorer)
    if isinstance(scorer, Object):
        return scorer.object_name
    if (definition := definition_of(scorer)) is not None:
        return definition.name
    return clean_name(getattr(scorer, "__name__", type(scorer).__name__))
