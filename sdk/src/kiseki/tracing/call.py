"""A call: what of it is known while the program runs."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from kiseki.tracing.guard import complain
from kiseki.wire.traced import Rename

if TYPE_CHECKING:
    from kiseki.tracing.feedback import CallFeedback
    from kiseki.tracing.sink import Sink

_counting = threading.Lock()


class Call:
    """One execution of an op. Given by `get_current_call` and ``op.call``."""

    __slots__ = (
        "_feedback",
        "_name",
        "attributes",
        "ended",
        "error_count",
        "exception",
        "id",
        "inputs",
        "loose",
        "op_name",
        "output",
        "parent",
        "parent_id",
        "sink",
        "started",
        "success_count",
        "summary",
        "thread_id",
        "trace_id",
        "turn_id",
        "usage",
    )

    def __init__(
        self,
        sink: Sink | None,
        id: str,
        op_name: str,
        parent: Call | None,
        inputs: dict[str, Any],
    ) -> None:
        self.sink = sink
        self.id = id
        """Empty for a call that is not kept: sampling passed it over."""
        self.op_name = op_name
        self.parent = parent
        if parent is None:
            self.trace_id = id
            self.parent_id: str | None = None
            self.thread_id: str | None = None
            self.turn_id: str | None = None
        else:
            self.trace_id = parent.trace_id
            self.parent_id = parent.id
            self.thread_id = parent.thread_id
            self.turn_id = parent.turn_id
        self.inputs = inputs
        self.attributes: dict[str, Any] = {}
        self.output: Any = None
        """Known once the call is over, where ``op.call`` made it."""
        self.exception: str | None = None
        """What the call ended with, where that was an error."""
        self.summary: dict[str, Any] | None = None
        """Figures to keep with the call; may be filled while it runs."""
        self.started = 0
        self.ended: int | None = None
        self.usage: dict[str, dict[str, Any]] | None = None
        self.success_count = 0
        self.error_count = 0
        self.loose = False
        """Begun and ended by callbacks of a library, which need not happen in one context."""
        self._feedback: CallFeedback | None = None
        self._name: str | None = None

    @property
    def feedback(self) -> CallFeedback:
        """Says something about the call: ``call.feedback.add_reaction("👍")``."""
        if self._feedback is None:
            from importlib import import_module

            module: Any = import_module("kiseki.tracing.feedback")
            self._feedback = module.CallFeedback(self)
        assert self._feedback is not None
        return self._feedback

    @property
    def display_name(self) -> str | None:
        """The name that is shown; ``None``: the op's."""
        return self._name

    @display_name.setter
    def display_name(self, name: str | None) -> None:
        self.set_display_name(name)

    def set_display_name(self, name: str | None) -> None:
        """Show another name for the call; ``None``: that of its op again."""
        self._name = name
        if self.sink is None:
            return
        try:
            self.sink.write(Rename(self.id, (name or "")[:1024]))
        except Exception as error:  # noqa: BLE001
            complain("The name of a call is not kept", error)

    @property
    def ui_url(self) -> str | None:
        """Address of the call's page; ``None`` where there is no server."""
        if self.sink is None or (page := self.sink.run.url) is None:
            return None
        return f"{page.rpartition('/runs/')[0]}/calls/{self.id}"

    def add_usage(self, model: str, usage: dict[str, Any]) -> None:
        """Note what the call used of a language model: counts by name, such as
        ``prompt_tokens`` and ``completion_tokens``."""
        with _counting:
            self.usage = _added(self.usage, {model: {"requests": 1, **usage}})

    def count_in_parent(self, *, failed: bool) -> None:
        """Add the figures of this call, which is over, to the one above it."""
        parent = self.parent
        if parent is None:
            return
        with _counting:
            parent.success_count += self.success_count + (not failed)
            parent.error_count += self.error_count + failed
            if self.usage is not None:
                parent.usage = _added(parent.usage, self.usage)

    def __repr__(self) -> str:
        return f"<Call {self.op_name} {self.id}>"


def _added(
    before: dict[str, dict[str, Any]] | None, more: dict[str, dict[str, Any]]
) -> dict[str, dict[str, Any]]:
    total = {model: dict(counts) for model, counts in (before or {}).items()}
    for model, counts in more.items():
        known = total.setdefault(model, {})
        for name, count in counts.items():
            number = isinstance(count, (int, float)) and not isinstance(count, bool)
            if number:
                known[name] = known.get(name, 0) + count
            elif isinstance(count, dict):
                known.setdefault(name, count)
    return total
