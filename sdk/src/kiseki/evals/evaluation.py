"""Evaluations: a model on every row of a dataset, judged by scorers."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, TypedDict, Unpack, cast

from kiseki.errors import Error, UsageError
from kiseki.evals.checkpoint import Begun, Checkpoint, Done
from kiseki.evals.dataset import Dataset
from kiseki.evals.limits import LimitReached, Limits, Prices
from kiseki.evals.objects import Object, stored
from kiseki.evals.progress import Progress, Reporter
from kiseki.evals.summaries import summarize
from kiseki.evals.work import META, Judge, OwnOp, Predictor, called
from kiseki.tracing import record
from kiseki.tracing.call import Call
from kiseki.tracing.context import current
from kiseki.tracing.guard import complain
from kiseki.tracing.sink import Sink, active
from kiseki.tracing.values import plain
from kiseki.wire.traced import Drop

EVALUATE = OwnOp("Evaluation.evaluate", "async_function")
PREDICT_AND_SCORE = OwnOp("Evaluation.predict_and_score", "async_function")
SUMMARIZE = OwnOp("Evaluation.summarize", "async_function")
_OPS = {"evaluate": EVALUATE, "predict_and_score": PREDICT_AND_SCORE, "summarize": SUMMARIZE}

DECLARATIVE = {META: {"declarative": True}}


class Options(TypedDict, total=False):
    """How an evaluation goes; see `Evaluation.evaluate`."""

    parallel: int
    max_per_minute: float | None
    max_tokens: int | None
    max_cost: float | None
    prices: Prices | None
    resume: bool
    on_progress: Callable[[Progress], None] | None


class Evaluation(Object):
    """A dataset, scorers, and how often each row is tried."""

    dataset: Dataset
    scorers: list[Any]
    trials: int = 1
    preprocess_model_input: Callable[[dict[str, Any]], dict[str, Any]] | None = None
    metadata: dict[str, Any] | None = None
    evaluation_name: str | Callable[[Call], str] | None = None

    def __init__(
        self,
        dataset: Dataset | Iterable[Mapping[str, Any]],
        scorers: Iterable[Any] = (),
        trials: int = 1,
        *,
        name: str | None = None,
        description: str | None = None,
        preprocess_model_input: Callable[[dict[str, Any]], dict[str, Any]] | None = None,
        metadata: dict[str, Any] | None = None,
        evaluation_name: str | Callable[[Call], str] | None = None,
    ) -> None:
        """Describe an evaluation.

        Args:
            dataset: A `Dataset`, or rows.
            scorers: Functions or ops that take ``output`` and columns of the dataset by name, or
                objects of class `Scorer`.
            trials: How often the model is called for each row.
            name: Name of the evaluation; versions of it have it in common.
            description: A longer description.
            preprocess_model_input: Makes the model's arguments of a row.
            metadata: Anything to keep with it.
            evaluation_name: How each evaluation of a model is shown; may be a function of its call.
        """
        if not isinstance(dataset, Dataset):
            dataset = Dataset(dataset)
        if trials < 1:
            raise UsageError(f"trials must be 1 or more, not {trials}")
        self._fill(
            {
                "name": name,
                "description": description,
                "dataset": dataset,
                "scorers": list(scorers),
                "trials": trials,
                "preprocess_model_input": preprocess_model_input,
                "metadata": metadata,
                "evaluation_name": evaluation_name,
            }
        )

    def value(self, sink: Sink) -> dict[str, Any]:
        name = self.evaluation_name
        return {
            "_type": "Evaluation",
            "name": self.name,
            "description": self.description,
            "dataset": stored(self.dataset, sink),
            "scorers": [Judge(each).reference(sink) for each in self.scorers],
            "preprocess_model_input": stored(self.preprocess_model_input, sink),
            "trials": self.trials,
            "metadata": plain(self.metadata),
            "evaluation_name": name if isinstance(name, str) else None,
            **{name: own.reference(sink) for name, own in _OPS.items()},
            "_class_name": "Evaluation",
            "_bases": ["Object", "BaseModel"],
        }

    async def evaluate(
        self,
        model: Any,
        *,
        parallel: int = 20,
        max_per_minute: float | None = None,
        max_tokens: int | None = None,
        max_cost: float | None = None,
        prices: Prices | None = None,
        resume: bool = True,
        on_progress: Callable[[Progress], None] | None = None,
    ) -> dict[str, Any]:
        """Evaluate a model; gives the summary.

        When the program is killed meanwhile, or a limit stops it, the next call with the same
        dataset, scorers and model goes on: what is computed is not computed again.

        Args:
            model: A `Model`, an op, or a function.
            parallel: How many predictions run at a time.
            max_per_minute: How many predictions begin in a minute at most.
            max_tokens: Stop when so many tokens are used.
            max_cost: Stop when so many dollars are spent; needs ``prices``.
            prices: By model, dollars for a million tokens of prompt and of completion.
            resume: ``False`` begins anew.
            on_progress: Called after each row.

        Raises:
            LimitReached: A limit is reached. What is computed is kept.
        """
        limits = Limits(
            max_per_minute=max_per_minute, max_tokens=max_tokens, max_cost=max_cost, prices=prices
        )
        work = _Work(self, model, limits, parallel, on_progress)
        return await work.run(resume=resume)

    def run(self, model: Any, **options: Unpack[Options]) -> dict[str, Any]:
        """`evaluate` for programs that are not asynchronous."""
        import asyncio

        return asyncio.run(self.evaluate(model, **options))


class _Work:
    """One evaluation of one model."""

    def __init__(
        self,
        evaluation: Evaluation,
        model: Any,
        limits: Limits,
        parallel: int,
        listener: Callable[[Progress], None] | None,
    ) -> None:
        if parallel < 1:
            raise UsageError(f"parallel must be 1 or more, not {parallel}")
        self._evaluation = evaluation
        self._predictor = Predictor(model)
        self._judges = [Judge(each) for each in evaluation.scorers]
        names = [judge.name for judge in self._judges]
        if len(set(names)) < len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise UsageError(f"Two scorers are called {twice!r}", hint="give one another name")
        self._limits = limits
        self._parallel = parallel
        self._listener = listener
        self._sink = active()
        self._digests: list[str] = []
        self._inputs: dict[str, Any] = {}
        self._dataset_ref = ""
        self._scorer_refs: list[str] = []

    async def run(self, *, resume: bool) -> dict[str, Any]:
        evaluation, sink = self._evaluation, self._sink
        self._digests = evaluation.dataset.row_digests(sink)
        if sink is not None:
            self._dataset_ref = evaluation.dataset.reference(sink)
            self._scorer_refs = [judge.reference(sink) for judge in self._judges]
            self._inputs = {
                "self": evaluation.reference(sink),
                "model": self._predictor.reference(sink),
            }
        checkpoint = self._checkpoint(resume=resume)
        root = self._begin(checkpoint)
        try:
            summary = await self._all(root, checkpoint)
        except BaseException as error:
            record.fail(root, error)
            if checkpoint is not None:
                checkpoint.close()
            raise
        if sink is not None and checkpoint is not None:
            # Only now: what the process before had to say of them has arrived.
            for id in checkpoint.broken_off:
                sink.write(Drop(id))
        record.end(root, summary)
        if checkpoint is not None:
            checkpoint.forget()
        return summary

    def _checkpoint(self, *, resume: bool) -> Checkpoint | None:
        sink = self._sink
        if sink is None or sink.run.directory is None or not sink.content:
            return None
        try:
            places = (sink.run.settings.base_url, sink.run.entity or "", sink.run.project)
            names = (*places, self._inputs["self"], self._inputs["model"])
            checkpoint = Checkpoint(Path(sink.run.directory).parent, *names)
            if not resume:
                checkpoint.forget()
                checkpoint.begun = None
            return checkpoint
        except OSError as error:
            complain("The evaluation cannot go on after a kill", error)
            return None

    def _begin(self, checkpoint: Checkpoint | None) -> Call:
        """The evaluation's call: that of the broken-off one, or another."""
        sink = self._sink
        begun = None if checkpoint is None else checkpoint.begun
        if sink is not None and checkpoint is not None and begun is not None:
            root = Call(sink, begun.id, EVALUATE.name, None, self._inputs)
            root.trace_id, root.started = begun.trace, begun.started
            return root
        name = self._evaluation.evaluation_name
        shown = name if isinstance(name, str) else self._evaluation.name
        root = EVALUATE.start(sink, self._inputs, current.get(), display_name=shown)
        if callable(name):
            try:
                root.set_display_name(str(name(root)))
            except Exception as error:  # noqa: BLE001
                complain("evaluation_name failed", error)
        if checkpoint is not None:
            checkpoint.start(Begun(id=root.id, trace=root.trace_id, started=root.started))
        return root

    async def _all(self, root: Call, checkpoint: Checkpoint | None) -> dict[str, Any]:
        import asyncio
        from concurrent.futures import ThreadPoolExecutor

        evaluation = self._evaluation
        known = {} if checkpoint is None else checkpoint.done
        places = [
            (place, trial)
            for place in range(len(evaluation.dataset))
            for trial in range(evaluation.trials)
        ]
        results = {place: known[place] for place in places if place in known}
        silent = self._sink is None or self._sink.run.settings.silent
        reporter = Reporter(
            evaluation.object_name,
            len(places),
            len(results),
            silent=silent,
            listener=self._listener,
        )
        waiting = iter([place for place in places if place not in results])

        async def work(pool: ThreadPoolExecutor) -> None:
            for place, trial in waiting:
                self._limits.check()
                await self._limits.turn()
                done = await self._one(root, checkpoint, place, trial, pool)
                results[place, trial] = done
                if checkpoint is not None:
                    checkpoint.finish(place, trial, done)
                reporter.step(failed=done.failed)

        with ThreadPoolExecutor(self._parallel) as pool:
            tasks = [asyncio.ensure_future(work(pool)) for _ in range(self._parallel)]
            try:
                await asyncio.gather(*tasks)
            except BaseException as error:
                if isinstance(error, LimitReached):  # what runs already is worth its money
                    await asyncio.gather(*tasks, return_exceptions=True)
                    raise LimitReached(
                        f"{error.message}: stopped after {len(results)} of {len(places)} rows",
                        hint="call evaluate again with a higher limit: it goes on from there",
                    ) from None
                for task in tasks:
                    task.cancel()
                raise
        return self._summary(root, [results[place] for place in places])

    async def _one(
        self, root: Call, checkpoint: Checkpoint | None, place: int, trial: int, pool: Any
    ) -> Done:
        """One trial of one row."""
        example = self._evaluation.dataset.rows[place]
        shown: Any = example
        if self._dataset_ref:
            shown = f"{self._dataset_ref}/attr/rows/id/{self._digests[place]}"
        call = PREDICT_AND_SCORE.start(
            self._sink, {**self._inputs, "example": shown}, root, attributes=DECLARATIVE
        )
        if checkpoint is not None:
            checkpoint.begin(place, trial, call.id)
        token = current.set(call if call.sink is not None else None)
        try:
            begin = time.perf_counter()
            given = self._arguments(example)
            output, predicted = await called(
                partial(self._predictor.call, given), self._predictor.op, pool
            )
            latency = time.perf_counter() - begin
            self._limits.count(predicted)
            failed = predicted.exception is not None
            scores: dict[str, Any] = {}
            if not failed:
                scores = await self._scores(predicted, output, example, pool)
        except BaseException as error:
            record.fail(call, error)
            raise
        finally:
            current.reset(token)
        record.end(call, {"output": output, "scores": scores, "model_latency": latency})
        kept = {name: plain(value) for name, value in scores.items()}
        return Done(output=plain(output), scores=kept, latency=latency, failed=failed)

    def _arguments(self, example: dict[str, Any]) -> dict[str, Any]:
        prepare = self._evaluation.preprocess_model_input
        if prepare is None:
            return example
        given = prepare(dict(example))
        if not isinstance(given, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]
            kind = cast("type[Any]", type(given))
            raise UsageError(f"preprocess_model_input gives a map, not a {kind.__name__}")
        return dict(given)

    async def _scores(
        self, predicted: Call, output: Any, example: dict[str, Any], pool: Any
    ) -> dict[str, Any]:
        scores: dict[str, Any] = {}
        refs = self._scorer_refs or [""] * len(self._judges)
        for judge, ref in zip(self._judges, refs, strict=True):
            value, call = await called(partial(judge.call, output, example), judge.op, pool)
            if call.exception is not None:
                continue
            scores[judge.name] = value
            if predicted.sink is not None and predicted.id:
                try:
                    predicted.feedback.add_score(ref, call.id or None, judge.name, value)
                except Error as error:
                    complain("A score is not kept as feedback", error)
        return scores

    def _summary(self, root: Call, results: list[Done]) -> dict[str, Any]:
        call = SUMMARIZE.start(self._sink, self._inputs, root, attributes=DECLARATIVE)
        summary: dict[str, Any] = {}
        outputs = summarize([done.output for done in results])
        if outputs is not None:
            summary["output"] = outputs
        for judge in self._judges:
            values = [done.scores[judge.name] for done in results if judge.name in done.scores]
            summary[judge.name] = judge.summarize(values, summarize)
        latency = summarize([done.latency for done in results if not done.failed])
        if latency is not None:
            summary["model_latency"] = latency
        record.end(call, summary)
        return summary
