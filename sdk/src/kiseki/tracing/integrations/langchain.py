"""langchain: every run of a chain, model, tool or retriever, by the library's own callbacks."""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from importlib import import_module
from typing import Any, cast

from kiseki.tracing.call import Call
from kiseki.tracing.context import current
from kiseki.tracing.definition import SKIPPED, Definition, clean_name
from kiseki.tracing.guard import complain
from kiseki.tracing.integrations.patches import Patches
from kiseki.tracing.integrations.recording import counts, maps
from kiseki.tracing.record import end, fail

_KINDS = {"llm": "llm", "chat_model": "llm", "tool": "tool", "retriever": "search"}


def patch(patches: Patches) -> None:
    """Record runs of the library."""
    base: Any = import_module("langchain_core.tracers.base")
    hooks: Any = import_module("langchain_core.tracers.context")
    runs = _Runs()

    class KisekiTracer(base.BaseTracer):
        """Hands the library's runs over."""

        run_inline = True  # in the context of what runs, so that calls below find it

        def _persist_run(self, run: Any) -> None:
            pass

        def _start_trace(self, run: Any) -> None:
            super()._start_trace(run)  # pyright: ignore[reportUnknownMemberType]
            runs.start(run)

        def _end_trace(self, run: Any) -> None:
            runs.end(run)
            super()._end_trace(run)  # pyright: ignore[reportUnknownMemberType]

    tracer: Any = KisekiTracer()
    variable: ContextVar[Any] = ContextVar("kiseki_langchain", default=tracer)
    hooks.register_configure_hook(variable, True)
    added = hooks._configure_hooks[-1]  # noqa: SLF001
    patches.undoing(lambda: hooks._configure_hooks.remove(added))  # noqa: SLF001


class _Runs:
    """Calls by the ids of the library's runs."""

    def __init__(self) -> None:
        self._calls: dict[Any, tuple[Call, Call | None]] = {}
        self._ops: dict[tuple[str, str], Definition] = {}

    def start(self, run: Any) -> None:
        """A run begins."""
        try:
            around = current.get()
            known = self._calls.get(run.parent_run_id)
            if known is not None:
                current.set(known[0])
            call = self._op(run).begin((), dict(run.inputs or {}))
            if call is None or call is SKIPPED:
                current.set(around)
                return
            call.loose = True
            self._calls[run.id] = (call, around)
            current.set(call)
        except Exception as error:  # noqa: BLE001
            complain("A run of langchain is not recorded", error)

    def end(self, run: Any) -> None:
        """A run is over."""
        call, around = self._calls.pop(run.id, (None, None))
        if call is None:
            return
        try:
            if current.get() is call:
                current.set(around)
            if call.usage is None and run.run_type in ("llm", "chat_model"):
                _note_usage(call, run)
            if run.error:
                fail(call, _Failed(str(run.error)))
            else:
                end(call, run.outputs)
        except Exception as error:  # noqa: BLE001
            complain("A run of langchain is not recorded", error)

    def _op(self, run: Any) -> Definition:
        key = (clean_name(f"langchain.{run.name}"), str(run.run_type))
        if key not in self._ops:
            kind = _KINDS.get(key[1])
            self._ops[key] = Definition.foreign(key[0], kind)
        return self._ops[key]


class _Failed(Exception):
    """What the library says of an error, as text."""


def _note_usage(call: Call, run: Any) -> None:
    outputs: dict[str, Any] = run.outputs or {}
    params: dict[str, Any] = _field(run.extra, "invocation_params") or {}
    summary: dict[str, Any] = outputs.get("llm_output") or {}
    names: list[Any] = [summary.get("model_name"), params.get("model"), params.get("model_name")]
    model = str(next((name for name in names if name), run.name))
    for generations in outputs.get("generations") or ():
        for generation in maps(generations):
            message = generation.get("message")
            fields: Any = _field(message, "kwargs") or message
            usage = _field(fields, "usage_metadata")
            if isinstance(usage, Mapping):
                answered: Any = _field(fields, "response_metadata")
                name: Any = _field(answered, "model_name") or _field(answered, "model")
                call.add_usage(str(name or model), counts(cast("Mapping[str, Any]", usage)))
                return
    usage = summary.get("token_usage")
    if isinstance(usage, Mapping):
        call.add_usage(model, counts(cast("Mapping[str, Any]", usage)))


def _field(value: Any, name: str) -> Any:
    if isinstance(value, Mapping):
        return cast("Mapping[str, Any]", value).get(name)
    return getattr(value, name, None)
