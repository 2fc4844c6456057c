"""What people and programs say about a call."""

from __future__ import annotations

from collections.abc import Mapping
from time import time
from typing import TYPE_CHECKING, Any

from kiseki.errors import ValueRangeError, ValueTypeError
from kiseki.tracing.ids import new_id
from kiseki.tracing.values import to_json
from kiseki.wire.traced import Feedback

if TYPE_CHECKING:
    from kiseki.tracing.call import Call

_MOST_NOTE = 1024


class CallFeedback:
    """Feedback on one call; it goes the way of the call, through the journal."""

    def __init__(self, call: Call) -> None:
        self._call = call

    def add_reaction(self, emoji: str) -> str:
        """React with one emoji. Gives the feedback's id."""
        if not emoji or emoji.isascii():
            raise ValueRangeError(f"A reaction is one emoji, not {emoji!r}")
        return self._add("wandb.reaction.1", {"emoji": emoji})

    def add_note(self, note: str) -> str:
        """Leave a note of up to 1,024 characters."""
        if not 0 < len(note) <= _MOST_NOTE:
            raise ValueRangeError(f"A note has 1 to {_MOST_NOTE} characters, not {len(note)}")
        return self._add("wandb.note.1", {"note": note})

    def add(self, feedback_type: str, payload: Mapping[str, Any]) -> str:
        """Add a map of your own under a type of your own, such as ``"correctness"``."""
        if feedback_type.startswith("wandb."):
            raise ValueRangeError(f"The type {feedback_type!r} is reserved: choose another name")
        if not isinstance(payload, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise ValueTypeError(f"payload is a map, not {type(payload).__name__}")
        return self._add(feedback_type, payload)

    def add_score(self, scorer: str, scorer_call: str | None, name: str, value: Any) -> str:
        """Note what a scorer, by its reference, found; for the parts of the SDK."""
        return self._add(f"wandb.runnable.{name}", {"output": value}, scorer, scorer_call)

    def _add(
        self,
        kind: str,
        payload: Mapping[str, Any],
        scorer: str | None = None,
        scorer_call: str | None = None,
    ) -> str:
        id = new_id()
        if (sink := self._call.sink) is not None and self._call.id:
            data = sink.privacy.output(to_json(payload)) if scorer is None else to_json(payload)
            data = data if data != b"null" else to_json(payload)
            sink.write(Feedback(id, self._call.id, kind, data, time(), scorer, scorer_call))
        return id
