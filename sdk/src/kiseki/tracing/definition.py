"""What makes an op of a function: its name, its options, and its versions."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from os import urandom
from typing import Any, Literal

from kiseki.errors import ValueRangeError
from kiseki.tracing.call import Call
from kiseki.tracing.code import PLACEHOLDER, code_of
from kiseki.tracing.context import current
from kiseki.tracing.guard import complain
from kiseki.tracing.inputs import Binder
from kiseki.tracing.record import CLIENT, end, start
from kiseki.tracing.sink import Sink, active
from kiseki.tracing.values import to_json

Kind = Literal["llm", "tool", "agent", "search", "embedding", "scorer", "guardrail", "task"]
Inputs = Callable[[dict[str, Any]], Mapping[str, Any]]
Output = Callable[[Any], Any]
DisplayName = str | Callable[[Call], str]

MOST_NAME = 128
_BAD = re.compile(r"[^\w.-]+")

SKIPPED = Call(None, "", "", None, {})
"""Stands for a call that sampling passed over, with all below it."""


class Definition:
    """One op."""

    def __init__(
        self,
        function: Callable[..., Any],
        *,
        name: str | None = None,
        call_display_name: DisplayName | None = None,
        kind: str | None = None,
        color: str | None = None,
        postprocess_inputs: Inputs | None = None,
        postprocess_output: Output | None = None,
        sample_rate: float = 1.0,
        accumulator: Callable[[Any, Any], Any] | None = None,
        capture_code: bool = True,
        type: str = "function",
    ) -> None:
        if not 0.0 <= sample_rate <= 1.0:
            raise ValueRangeError(f"sample_rate lies between 0 and 1, not {sample_rate!r}")
        self.function = function
        self.name = clean_name(name or _name_of(function))
        self.call_display_name = call_display_name
        self.postprocess_inputs = postprocess_inputs
        self.postprocess_output = postprocess_output
        self.sample_rate = sample_rate
        self.accumulator = accumulator
        self.capture_code = capture_code
        self.bind = Binder(function)
        about = {**CLIENT, "python": {"type": type}, "kind": kind, "color": color}
        self._attributes = to_json({"kiseki": {k: v for k, v in about.items() if v is not None}})
        self._plain = call_display_name is None and postprocess_inputs is None and sample_rate == 1
        self._sink: Sink | None = None
        self._ref = self.name

    @classmethod
    def foreign(cls, name: str, kind: str | None = None) -> Definition:
        """An op that stands for a function of a library, whose code is not ours to keep."""
        return cls(_foreign, name=name, kind=kind, capture_code=False)

    def begin(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Call | None:
        """A call of the op; ``None`` where nothing is recorded. Never raises."""
        try:
            sink = active()
            if sink is None:
                return None
            if (parent := current.get()) is not None:
                if parent is SKIPPED:
                    return None
                if parent.sink is not sink:  # of a run that is over
                    current.set(None)
            if sink is not self._sink:
                self._ref = self.publish(sink)
                self._sink = sink
            inputs = self.bind(args, kwargs)
            if self._plain:
                return start(sink, self._ref, self.name, inputs, self._attributes)
            return self._begin_specially(sink, inputs)
        except Exception as error:  # noqa: BLE001
            complain(f"A call of {self.name} is not recorded", error)
            return None

    def _begin_specially(self, sink: Sink, inputs: dict[str, Any]) -> Call:
        if self.sample_rate < 1 and _random() >= self.sample_rate:
            return SKIPPED
        shown: Mapping[str, Any] | None = None
        if self.postprocess_inputs is not None:
            try:
                shown = dict(self.postprocess_inputs(dict(inputs)))
            except Exception as error:  # noqa: BLE001
                complain(f"postprocess_inputs of {self.name} failed; inputs are left out", error)
                shown = {"_kiseki": f"postprocess_inputs failed: {type(error).__name__}"}
        display = self.call_display_name
        call = start(
            sink,
            self._ref,
            self.name,
            inputs,
            self._attributes,
            shown=shown,
            display_name=display if isinstance(display, str) else None,
        )
        if callable(display):
            try:
                call.set_display_name(str(display(call)))
            except Exception as error:  # noqa: BLE001
                complain(f"call_display_name of {self.name} failed", error)
        return call

    def finish(self, call: Call, output: Any) -> None:
        """The call has returned. Never raises."""
        if call.sink is None:
            return
        if self.postprocess_output is not None:
            try:
                output = self.postprocess_output(output)
            except Exception as error:  # noqa: BLE001
                complain(f"postprocess_output of {self.name} failed; the output is left out", error)
                output = {"_kiseki": f"postprocess_output failed: {type(error).__name__}"}
        end(call, output)

    def publish(self, sink: Sink) -> str:
        """Publish the op's code; a reference to this version of it."""
        code = PLACEHOLDER
        if self.capture_code and sink.code:
            try:
                code = code_of(self.function, sink.privacy.is_secret)
            except Exception as error:  # noqa: BLE001
                complain(f"The code of {self.name} cannot be captured", error)
        digest = sink.publish_content(code.encode("utf-8", "replace"))
        value: dict[str, Any] = {
            "_type": "CustomWeaveType",
            "weave_type": {"type": "Op"},
            "files": {"obj.py": digest},
        }
        return sink.publish_value("op", self.name, to_json(value))


def clean_name(name: str) -> str:
    """A name as ops and objects may have it."""
    return _BAD.sub("-", name).strip("-")[:MOST_NAME] or "op"


def _name_of(function: Callable[..., Any]) -> str:
    name = getattr(function, "__qualname__", None) or type(function).__qualname__
    return str(name).rpartition("<locals>.")[2].replace("<lambda>", "lambda")


def _random() -> float:
    # Not the generator that the user may have seeded.
    return int.from_bytes(urandom(4), "big") / 2**32


def _foreign(**inputs: Any) -> None:
    """Takes whatever a library's function takes; is never called."""
