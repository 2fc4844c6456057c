"""Calls that an evaluation makes: the model's, the scorers', and its own around them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from contextvars import copy_context
from typing import Any

from kiseki.errors import UsageError
from kiseki.evals.model import Model, Scorer
from kiseki.evals.objects import Object
from kiseki.tracing import record
from kiseki.tracing.call import Call
from kiseki.tracing.context import current
from kiseki.tracing.definition import Definition
from kiseki.tracing.op import definition_of, op
from kiseki.tracing.sink import Sink
from kiseki.tracing.values import to_json

META = "_weave_eval_meta"
"""The attribute by which readers of evaluations tell how a call came about."""


class OwnOp:
    """An op of the evaluation itself: there is no code of the user behind it."""

    def __init__(self, name: str, type: str = "function") -> None:
        def own() -> None: ...

        self.name = name
        self._definition = Definition(own, name=name, capture_code=False)
        self._about = {"kiseki": {**record.CLIENT, "python": {"type": type}}}

    def reference(self, sink: Sink) -> str:
        """A reference to it, published if it is not yet."""
        return self._definition.publish(sink)

    def start(
        self,
        sink: Sink | None,
        inputs: dict[str, Any],
        parent: Call | None,
        *,
        display_name: str | None = None,
        attributes: Mapping[str, Any] | None = None,
    ) -> Call:
        """A call of it below another one."""
        if sink is None:
            return Call(None, "", self.name, None, inputs)
        about = to_json({**self._about, **(attributes or {})})
        around = current.get()
        current.set(parent)
        try:
            ref = self.reference(sink)
            return record.start(sink, ref, self.name, inputs, about, display_name=display_name)
        finally:
            current.set(around)


class Predictor:
    """A model, however it is written: an object with ``predict``, an op, or a function."""

    def __init__(self, model: Any) -> None:
        self.model = model
        method: Any = model
        self._bound: Any = None
        if isinstance(model, Model):
            method = model.predict_method()
            if method is None:
                raise UsageError(
                    f"{type(model).__name__} has no method that predicts",
                    hint="give it a method `predict` that is decorated with @kiseki.op",
                )
        if not callable(method):
            raise UsageError(f"A {type(model).__name__} cannot be evaluated: it is no model")
        self._bound = getattr(method, "__self__", None)
        function = getattr(method, "__func__", method)
        self.op: Any = function if definition_of(function) is not None else op(function)

    def reference(self, sink: Sink) -> str:
        """What stands for the model."""
        if isinstance(self.model, Object):
            return self.model.reference(sink)
        return self.op.__kiseki_op__.publish(sink)

    def call(self, example: Mapping[str, Any]) -> Any:
        """Call it with those columns of the example that it takes; a pair, maybe to be awaited."""
        known = definition_of(self.op)
        assert known is not None
        given = matched(known.function, example, skip=self._bound is not None)
        if given is None:
            names = ", ".join(map(repr, example))
            raise UsageError(
                f"{known.name} takes none of the dataset's columns ({names})",
                hint="name its parameters like columns, or give the evaluation a "
                "preprocess_model_input",
            )
        before = () if self._bound is None else (self._bound,)
        return self.op.call(*before, **given)


class Judge:
    """A scorer, however it is written: an object with ``score``, an op, or a function."""

    def __init__(self, scorer: Any) -> None:
        self.scorer = scorer
        self._columns: Mapping[str, str] = {}
        method = scorer
        if isinstance(scorer, Scorer):
            method = getattr(scorer, "score", None)
            self._columns = scorer.column_map or {}
        if not callable(method):
            raise UsageError(
                f"A {type(scorer).__name__} cannot be a scorer",
                hint="give a function, or a kiseki.Scorer with a method `score`",
            )
        self._bound: Any = getattr(method, "__self__", None)
        function = getattr(method, "__func__", method)
        self.op: Any = function if definition_of(function) is not None else op(function)
        self.name = scorer.object_name if isinstance(scorer, Scorer) else self.op.__kiseki_op__.name

    def reference(self, sink: Sink) -> str:
        """What stands for the scorer."""
        if isinstance(self.scorer, Object):
            return self.scorer.reference(sink)
        return self.op.__kiseki_op__.publish(sink)

    def call(self, output: Any, example: Mapping[str, Any]) -> Any:
        """Judge an output; a pair, maybe to be awaited."""
        known: Definition = self.op.__kiseki_op__
        columns = {**example, **{to: example[by] for to, by in self._columns.items()}}
        available = {"output": output, "model_output": output, **columns}
        available["output"] = output
        given = matched(known.function, available, skip=self._bound is not None)
        if not given or not {"output", "model_output"} & given.keys():
            raise UsageError(
                f"The scorer {self.name} does not take the parameter `output`",
                hint="give it `output`, and columns of the dataset by name",
            )
        before = () if self._bound is None else (self._bound,)
        return self.op.call(*before, **given)

    def summarize(self, values: list[Any], otherwise: Callable[[list[Any]], Any]) -> Any:
        """What all scores come to."""
        if isinstance(self.scorer, Scorer):
            return self.scorer.summarize(values)
        return otherwise(values)


async def called(begin: Callable[[], Any], function: Any, pool: Any) -> tuple[Any, Call]:
    """The result of an op's ``call``, in a thread unless it is asynchronous."""
    if inspect.iscoroutinefunction(function):
        return await begin()
    import asyncio

    context = copy_context()
    return await asyncio.get_running_loop().run_in_executor(pool, context.run, begin)


def matched(
    function: Callable[..., Any], columns: Mapping[str, Any], *, skip: bool
) -> dict[str, Any] | None:
    """Those of the columns that are parameters; ``None``: one without default is missing."""
    parameters = list(inspect.signature(function).parameters.values())[int(skip) :]
    if any(each.kind is inspect.Parameter.VAR_KEYWORD for each in parameters):
        return dict(columns)
    given: dict[str, Any] = {}
    for each in parameters:
        if each.kind is inspect.Parameter.VAR_POSITIONAL:
            continue
        if each.name in columns:
            given[each.name] = columns[each.name]
        elif each.default is inspect.Parameter.empty:
            return None
    return given
