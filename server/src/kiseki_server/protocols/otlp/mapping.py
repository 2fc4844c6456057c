"""What spans of GenAI programs mean as calls.

The keys are those of the semantic conventions that are in use: OpenTelemetry's own for GenAI
(``gen_ai.*``, https://opentelemetry.io/docs/specs/semconv/gen-ai/), OpenInference (``llm.*``,
``input.value``, https://github.com/Arize-ai/openinference), OpenLLMetry (``traceloop.*``), the
Vercel AI SDK (``ai.*``) and a few frameworks' own. Of several keys for one thing the first counts.
Attributes that mean nothing to us stay under their names.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, cast

from kiseki_server.domain.calls.types import Call, Source
from kiseki_server.kit.ids import ProjectId
from kiseki_server.kit.json import to_text
from kiseki_server.protocols.otlp.spans import Attributes, Event, Span

_INPUTS = (
    "ai.prompt",
    "gen_ai.prompt",
    "input.value",
    "mlflow.spanInputs",
    "gen_ai.input.messages",
    "pydantic_ai.all_messages",
    "traceloop.entity.input",
    "gcp.vertex.agent.tool_call_args",
    "gcp.vertex.agent.llm_request",
    "llm.input_messages",
    "gen_ai.tool.call.arguments",
    "input",
    "inputs",
)
_OUTPUTS = (
    "ai.response",
    "gen_ai.completion",
    "output.value",
    "gen_ai.output.messages",
    "mlflow.spanOutputs",
    "final_result",
    "gen_ai.content.completion",
    "traceloop.entity.output",
    "gcp.vertex.agent.tool_response",
    "gcp.vertex.agent.llm_response",
    "llm.output_messages",
    "gen_ai.tool.call.result",
    "output",
    "outputs",
)
_MODEL = (
    "gen_ai.response.model",
    "gen_ai.request.model",
    "llm.model_name",
    "embedding.model_name",
    "reranker.model_name",
    "ai.model.id",
)
_USAGE: Mapping[str, Sequence[str]] = {
    "prompt_tokens": (
        "gen_ai.usage.prompt_tokens",
        "gen_ai.usage.input_tokens",
        "llm.token_count.prompt",
        "ai.usage.promptTokens",
    ),
    "completion_tokens": (
        "gen_ai.usage.completion_tokens",
        "gen_ai.usage.output_tokens",
        "llm.token_count.completion",
        "ai.usage.completionTokens",
    ),
    "total_tokens": (
        "llm.usage.total_tokens",
        "gen_ai.usage.total_tokens",
        "llm.token_count.total",
    ),
    "cache_read_input_tokens": (
        "gen_ai.usage.cache_read.input_tokens",
        "gen_ai.usage.cache_read_input_tokens",
        "llm.token_count.prompt_details.cache_read",
    ),
    "cache_creation_input_tokens": (
        "gen_ai.usage.cache_creation.input_tokens",
        "gen_ai.usage.cache_creation_input_tokens",
        "llm.token_count.prompt_details.cache_write",
    ),
    "reasoning_tokens": (
        "gen_ai.usage.reasoning.output_tokens",
        "gen_ai.usage.reasoning_tokens",
        "llm.token_count.completion_details.reasoning",
    ),
}
_NAMED: Mapping[str, Sequence[str]] = {
    "kind": ("weave.span.kind", "traceloop.span.kind", "openinference.span.kind"),
    "system": ("gen_ai.system_instructions", "gen_ai.system", "llm.system"),
    "provider": ("gen_ai.provider.name", "llm.provider", "ai.model.provider"),
    "model_parameters": (
        "gen_ai.request",
        "llm.invocation_parameters",
        "embedding.invocation_parameters",
    ),
    "operation_name": ("gen_ai.operation.name",),
    "response_id": ("gen_ai.response.id",),
    "finish_reasons": ("gen_ai.response.finish_reasons",),
    "agent_name": ("gen_ai.agent.name",),
    "agent_id": ("gen_ai.agent.id",),
    "tools": ("gen_ai.tool.definitions", "llm.tools"),
    "metadata": ("metadata",),
}
_THREAD = ("wandb.thread_id", "gen_ai.conversation.id", "session.id", "gcp.vertex.agent.session_id")
_MESSAGE_EVENTS = {
    "gen_ai.system.message": "system",
    "gen_ai.user.message": "user",
    "gen_ai.assistant.message": "assistant",
    "gen_ai.tool.message": "tool",
}
_LONGEST_NAME = 128
_NS = 1_000


def call_of(span: Span, project: ProjectId, place: str, user: str) -> Call:
    """The call that a span is.

    Args:
        place: ``entity/project``; the run's name in the span may begin with it.
    """
    reader = _Reader(span)
    inputs, output = reader.inputs(), reader.output()
    thread = reader.text(*_THREAD)
    is_turn = reader.take("wandb.is_turn")
    if is_turn is None:
        is_turn = thread is not None
    run = (reader.text("wandb.wb_run_id") or "").removeprefix(place + "/")
    step, step_end = reader.whole("wandb.wb_run_step"), reader.whole("wandb.wb_run_step_end")
    display_name = reader.text("wandb.display_name")
    start = reader.moment("langfuse.startTime", span.start)
    end = reader.moment("langfuse.endTime", span.end)
    usage = reader.usage()
    name = span.name[:_LONGEST_NAME] or "span"
    return Call(
        id=span.span_id,
        project=project,
        trace_id=span.trace_id,
        parent_id=span.parent_id,
        thread_id=thread,
        turn_id=span.span_id if is_turn is True else None,
        op=name,
        op_name=name,
        display_name=display_name,
        source=Source.OTLP,
        started_at=start,
        ended_at=max(start, end),
        exception=_exception(span),
        inputs=to_text(inputs),
        output=to_text(output),
        summary=to_text({"usage": usage} if usage else {}),
        attributes=to_text(reader.attributes()),
        otel=to_text(_dump(span)),
        user=user,
        run=run or None,
        run_step=step,
        run_step_end=step_end,
    )


class _Reader:
    """Takes what is understood out of a span's attributes; what is left is kept as it is."""

    def __init__(self, span: Span) -> None:
        self._span = span
        self._left = _finite(dict(span.attributes))
        self._named: Attributes = {}
        own = self.take("wandb.attributes")
        self._own = cast("Attributes", own) if isinstance(own, dict) else {}
        for name, keys in _NAMED.items():
            if (value := self._first(keys)[1]) is not None:
                self._named[name] = value
        self.model = self._model()
        if self.model is not None:
            self._named["model"] = self.model

    def inputs(self) -> Attributes:
        """The inputs under the key that they came by; a map of inputs is the inputs."""
        key, value = self._first(_INPUTS)
        if key is None:
            messages = _messages(self._span.events)
            return {"messages": messages} if messages else {}
        if key in ("input", "inputs") and isinstance(value, dict):
            return cast("Attributes", value)
        return {key: value}

    def output(self) -> Any:
        """The output; that of a model is put together from events where no attribute has it."""
        key, value = self._first(_OUTPUTS)
        if key is not None:
            return value
        choices = [
            _parsed_all(event.attributes)
            for event in self._span.events
            if event.name == "gen_ai.choice"
        ]
        return {"choices": choices} if choices else None

    def usage(self) -> Attributes:
        """Tokens by model, as clients of the other dialects report them."""
        counts: Attributes = {}
        for name, keys in _USAGE.items():
            if (value := _whole(self._first(keys)[1])) is not None:
                counts[name] = value
        if not counts:
            return {}
        counts["requests"] = 1
        return {str(self.model or self._named.get("provider") or "unknown"): counts}

    def attributes(self) -> Attributes:
        """What is known by name, then what is left, then what the user has set."""
        found: Attributes = {
            **_nested(self._left),
            **self._named,
            "otel": {
                "kind": self._span.kind,
                "resource": _nested(_finite(self._span.resource)),
                "scope": dict(self._span.scope),
            },
        }
        return {**found, **self._own}

    def _model(self) -> Any:
        """The model that answered, or else the one that was asked."""
        if (answered := self._first(_MODEL)[1]) is not None:
            return answered
        asked = self._named.get("model_parameters")
        return cast("Attributes", asked).get("model") if isinstance(asked, dict) else None

    def take(self, key: str) -> Any:
        """The value under a key or below it, taken out; ``None`` if there is none."""
        if key in self._left:
            return _parsed(self._left.pop(key))
        below = {
            name[len(key) + 1 :]: value
            for name, value in self._left.items()
            if name.startswith(f"{key}.")
        }
        if not below:
            return None
        for name in below:
            del self._left[f"{key}.{name}"]
        return _nested({name: _parsed(value) for name, value in below.items()})

    def text(self, *keys: str) -> str | None:
        value = self._first(keys)[1]
        return None if value is None else str(value)[:1_024] or None

    def whole(self, key: str) -> int | None:
        return _whole(self.take(key))

    def moment(self, key: str, otherwise: int) -> int:
        """Microseconds since 1970; an attribute may say it in place of the span, in ISO 8601."""
        text = self.take(key)
        try:
            time = datetime.fromisoformat(str(text)) if text else None
        except ValueError:
            time = None
        if time is None:
            return otherwise // _NS
        zoned = time if time.tzinfo else time.replace(tzinfo=UTC)
        return int(zoned.timestamp() * 1_000_000)

    def _first(self, keys: Sequence[str]) -> tuple[str | None, Any]:
        for key in keys:
            if (value := self.take(key)) is not None:
                return key, value
        return None, None


def _nested(flat: Mapping[str, Any]) -> Any:
    """Dotted keys as maps and lists; a key whose place is taken stays as it is."""
    root: Attributes = {}
    for key, value in flat.items():
        parts = key.split(".")
        place, fits = root, all(parts)
        for part in parts[:-1]:
            inner: Any = place.setdefault(part, {}) if fits else None
            fits = isinstance(inner, dict)
            if not fits:
                break
            place = cast("Attributes", inner)
        if fits and parts[-1] not in place:
            place[parts[-1]] = value
        else:
            root[key] = value
    return _with_lists(root)


def _with_lists(value: Any) -> Any:
    """Maps whose keys count from 0 as lists."""
    if not isinstance(value, dict):
        return value
    entries = {key: _with_lists(item) for key, item in cast("Attributes", value).items()}
    if entries and all(key.isascii() and key.isdigit() for key in entries):
        places = sorted(entries, key=int)
        if [int(key) for key in places] == list(range(len(places))):
            return [entries[key] for key in places]
    return entries


def _parsed(value: Any) -> Any:
    """What a text that holds JSON of a map or a list says."""
    if isinstance(value, str) and value[:1] in {"{", "["}:
        try:
            return _finite(json.loads(value))
        except (ValueError, RecursionError):
            return value
    if isinstance(value, list):
        return [_parsed(item) for item in cast("list[Any]", value)]
    return value


def _parsed_all(attributes: Attributes) -> Any:
    return _nested({key: _parsed(value) for key, value in attributes.items()})


def _finite(value: Any) -> Any:
    """JSON knows no NaN and no infinity; they become null."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in cast("Attributes", value).items()}
    if isinstance(value, list):
        return [_finite(item) for item in cast("list[Any]", value)]
    return value


def _messages(events: Sequence[Event]) -> list[Any]:
    return [
        {"role": _MESSAGE_EVENTS[event.name], **_parsed_all(event.attributes)}
        for event in events
        if event.name in _MESSAGE_EVENTS
    ]


def _exception(span: Span) -> str | None:
    """What went wrong, with the stack where the span has recorded one."""
    if span.status != "error":
        return None
    for event in reversed(span.events):
        if event.name == "exception":
            known = event.attributes
            return to_text(
                {
                    "type": known.get("exception.type"),
                    "message": known.get("exception.message") or span.message,
                    "traceback": known.get("exception.stacktrace"),
                }
            )
    return span.message or "error"


def _dump(span: Span) -> Attributes:
    return {
        "name": span.name,
        "trace_id": span.trace_id,
        "span_id": span.span_id,
        "parent_id": span.parent_id,
        "kind": span.kind,
        "start_time_unix_nano": span.start,
        "end_time_unix_nano": span.end,
        "status": {"code": span.status, "message": span.message},
        "trace_state": span.trace_state,
        "attributes": _finite(span.attributes),
        "events": [
            {
                "name": event.name,
                "time_unix_nano": event.time,
                "attributes": _finite(event.attributes),
            }
            for event in span.events
        ],
        "links": _finite([dict(link) for link in span.links]),
        "resource": _finite(span.resource),
        "scope": dict(span.scope),
    }


def _whole(value: Any) -> int | None:
    if isinstance(value, bool) or value is None:
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return int(number) if math.isfinite(number) and abs(number) < 2**53 else None
