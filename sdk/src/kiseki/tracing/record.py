"""Writes down that a call begins and how it ends. Nothing here raises."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from time import time_ns
from typing import TYPE_CHECKING, Any

import msgspec

from kiseki.run.version import __version__
from kiseki.tracing.call import Call
from kiseki.tracing.context import above, conversation, current, extra_attributes
from kiseki.tracing.guard import complain
from kiseki.tracing.ids import new_id
from kiseki.tracing.values import to_json

if TYPE_CHECKING:
    from kiseki.tracing.sink import Sink

_encode = msgspec.msgpack.Encoder().encode
_SUCCESS = b'{"status_counts":{"success":1,"error":0}}'
_FAILURE = b'{"status_counts":{"success":0,"error":1}}'
_MOST_STACK = 200_000

CLIENT = {"client_version": __version__, "source": "kiseki-python"}
"""What else there is to know of the process stands with the run."""


def start(
    sink: Sink,
    op: str,
    name: str,
    inputs: dict[str, Any],
    attributes: bytes,
    *,
    shown: Mapping[str, Any] | None = None,
    display_name: str | None = None,
) -> Call:
    """A call begins, below the one that runs.

    Args:
        sink: Where it is written.
        op: Reference or name of the op.
        name: The op's name.
        inputs: As the op got them.
        attributes: JSON of the op's own attributes.
        shown: What is kept of the inputs.
        display_name: A name for the call alone.
    """
    now = time_ns()
    parent = current.get()
    if parent is not None and parent.loose:
        parent = above()
    call = Call(sink, new_id(now), name, parent, inputs)
    call.started = now // 1000
    if (talk := conversation.get()) is not None and (
        parent is None or parent.thread_id != talk.thread_id
    ):
        call.thread_id = talk.thread_id
        call.turn_id = call.id
    if (extra := extra_attributes.get()) is not None:
        attributes = _merged(sink, attributes, extra)
        call.attributes = dict(extra)
    body = to_json(inputs if shown is None else shown)
    sink.append(
        _encode(
            (
                "call",
                call.id,
                call.trace_id,
                call.parent_id,
                op,
                call.started,
                sink.privacy.inputs(body),
                attributes,
                display_name,
                call.thread_id,
                call.turn_id,
                sink.run.step,
            )
        )
    )
    return call


def end(call: Call, output: Any) -> None:
    """The call is over."""
    sink = call.sink
    if sink is None or call.ended is not None:
        return
    try:
        call.ended = time_ns() // 1000
        body = sink.privacy.output(to_json(output))
        summary = _summary(call, failed=False)
        sink.append(_encode(("return", call.id, call.ended, body, summary, None, sink.run.step)))
        if call.parent is not None:
            call.count_in_parent(failed=False)
    except Exception as error:  # noqa: BLE001
        complain("The end of a call is not kept", error)


def fail(call: Call, error: BaseException, output: Any = None) -> None:
    """The call is over, by an error."""
    sink = call.sink
    if sink is None or call.ended is not None:
        return
    try:
        call.ended = time_ns() // 1000
        call.exception = _error_text(sink, error)
        body = sink.privacy.output(to_json(output))
        summary = _summary(call, failed=True)
        sink.append(
            _encode(("return", call.id, call.ended, body, summary, call.exception, sink.run.step))
        )
        call.count_in_parent(failed=True)
    except Exception as trouble:  # noqa: BLE001
        complain("The end of a call is not kept", trouble)


def _summary(call: Call, *, failed: bool) -> bytes:
    nothing = call.usage is None and call.summary is None
    if nothing and not call.success_count and not call.error_count:
        return _FAILURE if failed else _SUCCESS
    counts = {
        "success": call.success_count + (not failed),
        "error": call.error_count + failed,
    }
    summary: dict[str, Any] = {**(call.summary or {}), "status_counts": counts}
    if call.usage is not None:
        summary["usage"] = call.usage
    return to_json(summary)


def _merged(sink: Sink, own: bytes, extra: Mapping[str, Any]) -> bytes:
    known = msgspec.json.decode(own)
    try:
        more = sink.privacy.inputs(to_json(extra)) if sink.content else to_json(extra)
        return to_json({**msgspec.json.decode(more), **known})
    except Exception as error:  # noqa: BLE001
        complain("Attributes of a call are not kept", error)
        return own


def _error_text(sink: Sink, error: BaseException) -> str:
    """JSON with type, message and stack of the error."""
    kind = type(error).__name__
    if not sink.content:
        return to_json({"type": kind, "message": "", "traceback": ""}).decode()
    try:
        lines = traceback.format_exception(error)
        stack = "".join(lines)[-_MOST_STACK:]
    except Exception:  # noqa: BLE001
        stack = ""
    try:
        message = str(error)
    except Exception:  # noqa: BLE001
        message = ""
    clean = sink.privacy.text
    return to_json({"type": kind, "message": clean(message), "traceback": clean(stack)}).decode()
