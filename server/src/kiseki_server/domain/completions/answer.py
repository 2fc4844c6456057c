"""Puts the pieces of a streamed answer together."""

from __future__ import annotations

from typing import Any, cast

_Piece = dict[str, Any]


class Assembly:
    """A chat completion that comes in pieces."""

    def __init__(self) -> None:
        self._head: _Piece = {}
        self._choices: dict[int, _Piece] = {}
        self._usage: Any = None

    def add(self, piece: _Piece) -> None:
        """Take in what came next; what is none of it is passed over."""
        for name in ("id", "created", "model", "system_fingerprint"):
            if piece.get(name) is not None:
                self._head.setdefault(name, piece[name])
        self._usage = piece.get("usage") or self._usage
        choices = piece.get("choices")
        for choice in cast("list[Any]", choices) if isinstance(choices, list) else ():
            if isinstance(choice, dict):
                self._choice(cast("_Piece", choice))

    def _choice(self, choice: _Piece) -> None:
        index = choice.get("index")
        index = index if isinstance(index, int) else 0
        known = self._choices.setdefault(
            index,
            {"index": index, "message": {"role": "assistant", "content": None},
             "finish_reason": None},
        )  # fmt: skip
        known["finish_reason"] = choice.get("finish_reason") or known["finish_reason"]
        delta = choice.get("delta")
        if isinstance(delta, dict):
            _merge(known["message"], cast("_Piece", delta))

    @property
    def whole(self) -> _Piece:
        """The answer so far, as if it had come at once."""
        choices = [self._choices[index] for index in sorted(self._choices)]
        found = {**self._head, "object": "chat.completion", "choices": choices}
        return found if self._usage is None else {**found, "usage": self._usage}


def _merge(message: _Piece, delta: _Piece) -> None:
    for name, value in delta.items():
        if name == "role" or value is None:
            continue
        if name == "tool_calls" and isinstance(value, list):
            for call in cast("list[Any]", value):
                if isinstance(call, dict):
                    _tool_call(message.setdefault("tool_calls", []), cast("_Piece", call))
        elif isinstance(value, str):
            message[name] = (message.get(name) or "") + value
        else:
            message[name] = value


def _tool_call(calls: list[_Piece], piece: _Piece) -> None:
    index = piece.get("index")
    place = index if isinstance(index, int) and 0 <= index <= len(calls) else len(calls)
    if place == len(calls):
        calls.append({"id": None, "type": "function", "function": {"name": "", "arguments": ""}})
    known = calls[place]
    known["id"] = piece.get("id") or known["id"]
    function = piece.get("function")
    if isinstance(function, dict):
        for name in ("name", "arguments"):
            known["function"][name] += str(cast("_Piece", function).get(name) or "")
