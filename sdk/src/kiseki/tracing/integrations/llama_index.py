"""llama_index: every span of the library, by its own instrumentation."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

from kiseki.tracing.call import Call
from kiseki.tracing.context import current
from kiseki.tracing.definition import SKIPPED, Definition, clean_name
from kiseki.tracing.generators import is_stream
from kiseki.tracing.guard import complain
from kiseki.tracing.integrations.patches import Patches
from kiseki.tracing.record import end, fail

_ROOTS = ("llama_index_instrumentation", "llama_index.core.instrumentation")


def patch(patches: Patches) -> None:
    """Record spans of the library."""
    root = next(name for name in _ROOTS if name in sys.modules)
    module: Any = import_module(root)
    handlers: Any = import_module(f"{root}.span_handlers.base")
    spans: Any = import_module(f"{root}.span.base")
    known = _Spans()

    class KisekiSpanHandler(handlers.BaseSpanHandler[spans.BaseSpan]):  # type: ignore[misc]
        """Hands the library's spans over."""

        def new_span(self, id_: str, bound_args: Any, *args: Any, **kwargs: Any) -> Any:
            instance = kwargs.get("instance", args[0] if args else None)
            known.start(id_, bound_args, instance, kwargs.get("parent_span_id"))
            return spans.BaseSpan(id_=id_, parent_id=kwargs.get("parent_span_id"))

        def prepare_to_exit_span(self, id_: str, *args: Any, **kwargs: Any) -> Any:
            known.end(id_, kwargs.get("result"), None)
            return self.open_spans.get(id_)

        def prepare_to_drop_span(self, id_: str, *args: Any, **kwargs: Any) -> Any:
            known.end(id_, None, kwargs.get("err"))
            return self.open_spans.get(id_)

    dispatcher = getattr(module, "root_dispatcher", None) or module.get_dispatcher()
    handler: Any = KisekiSpanHandler()
    dispatcher.add_span_handler(handler)
    patches.undoing(lambda: dispatcher.span_handlers.remove(handler))


class _Spans:
    """Calls by the ids of the library's spans."""

    def __init__(self) -> None:
        self._calls: dict[str, tuple[Call, Call | None]] = {}
        self._ops: dict[str, Definition] = {}

    def start(self, id: str, bound: Any, instance: Any, parent: str | None) -> None:
        """A span begins."""
        try:
            around = current.get()
            if parent is not None and (above := self._calls.get(parent)) is not None:
                current.set(above[0])
            inputs = {k: v for k, v in bound.arguments.items() if k != "self"}
            inputs.update(inputs.pop("kwargs", None) or {})
            if instance is not None:
                inputs["self"] = _about(instance)
            call = self._op(id.partition("-")[0]).begin((), inputs)
            if call is None or call is SKIPPED:
                current.set(around)
                return
            call.loose = True
            self._calls[id] = (call, around)
            current.set(call)
        except Exception as error:  # noqa: BLE001
            complain("A span of llama_index is not recorded", error)

    def end(self, id: str, result: Any, error: BaseException | None) -> None:
        """A span is over."""
        call, around = self._calls.pop(id, (None, None))
        if call is None:
            return
        try:
            if current.get() is call:
                current.set(around)
            if error is not None:
                fail(call, error)
            else:
                end(call, f"<{type(result).__qualname__}>" if is_stream(result) else result)
        except Exception as trouble:  # noqa: BLE001
            complain("A span of llama_index is not recorded", trouble)

    def _op(self, name: str) -> Definition:
        if name not in self._ops:
            full = clean_name(f"llama_index.{name}")
            self._ops[name] = Definition.foreign(full)
        return self._ops[name]


def _about(instance: Any) -> Any:
    """What tells the object: its class, and its model if it has one."""
    about = {"class": type(instance).__qualname__}
    if isinstance(model := getattr(instance, "model", None), str):
        about["model"] = model
    return about
