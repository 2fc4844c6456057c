"""What the files of the libraries have in common: a function of a library becomes an op."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from typing import Any, cast

from kiseki.tracing.call import Call
from kiseki.tracing.context import current
from kiseki.tracing.definition import SKIPPED, Definition
from kiseki.tracing.generators import Pieces, Stream, is_stream
from kiseki.tracing.guard import complain
from kiseki.tracing.inputs import Binder
from kiseki.tracing.record import end, fail


class Recorder:
    """Records calls of one function of a library.

    Args:
        function: The library's.
        name: The op's name.
        asynchronous: Whether what it returns is awaited.
        join: Makes one answer of the pieces of a stream.
        drop: Parameters that say nothing.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        name: str,
        *,
        asynchronous: bool = False,
        join: Callable[[list[Any]], Any] | None = None,
        kind: str = "llm",
        drop: frozenset[str] = frozenset({"self", "extra_headers"}),
    ) -> None:
        self._function = function
        self._asynchronous = asynchronous
        self._join = join
        self._drop = drop
        self._binder = Binder(function)
        self.op = Definition.foreign(name, kind)

    def wrapper(self) -> Callable[..., Any]:
        """What takes the function's place."""
        function = self._function

        def call(*args: Any, **kwargs: Any) -> Any:
            call = self._begin(args, kwargs)
            if call is None:
                return function(*args, **kwargs)
            around = _enter(call)
            try:
                output = function(*args, **kwargs)
            except BaseException as error:
                current.set(around)
                fail(call, error)
                raise
            current.set(around)
            return self._given(call, output)

        async def call_later(*args: Any, **kwargs: Any) -> Any:
            call = self._begin(args, kwargs)
            if call is None:
                return await function(*args, **kwargs)
            around = _enter(call)
            try:
                output = await function(*args, **kwargs)
            except BaseException as error:
                current.set(around)
                fail(call, error)
                raise
            current.set(around)
            return self._given(call, output)

        return functools.wraps(function)(call_later if self._asynchronous else call)

    def _begin(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Call | None:
        try:
            known = {**self._binder(args, kwargs)} if args else dict(kwargs)
            shown = {
                name: value
                for name, value in known.items()
                if name not in self._drop and value is not None and not _is_unset(value)
            }
            call = self.op.begin((), shown)
        except Exception as error:  # noqa: BLE001
            complain(f"A call of {self.op.name} is not recorded", error)
            return None
        return None if call is SKIPPED else call

    def _given(self, call: Call, output: Any) -> Any:
        """Note the output, or record it as it is read."""
        if is_stream(output):
            return self._streamed(call, output)
        finish(call, output)
        return output

    def _streamed(self, call: Call, stream: Any) -> Any:
        pieces = _Answer(self.op, call, self._join)
        # The clients' streams read from here; so the user gets the very class that was promised.
        inner = getattr(stream, "_iterator", None)
        if inner is None:
            return Stream(stream, pieces)
        later = hasattr(cast("Any", type(inner)), "__anext__")
        stream._iterator = _read_later(inner, pieces) if later else _read(inner, pieces)  # noqa: SLF001
        return stream


class _Answer(Pieces):
    """The pieces of a stream, put together when it is over."""

    def __init__(self, op: Definition, call: Call, join: Callable[[list[Any]], Any] | None) -> None:
        super().__init__(op, call)
        self._join = join

    @property
    def output(self) -> Any:
        pieces: list[Any] = super().output
        if self._join is None:
            return pieces
        try:
            return self._join([plain_answer(piece) for piece in pieces])
        except Exception as error:  # noqa: BLE001
            complain(f"A stream of {self.op.name} cannot be put together", error)
            return pieces

    def finish(self) -> None:
        if self.call.ended is None:
            finish(self.call, self.output)


def finish(call: Call, output: Any) -> None:
    """End a call with an answer of a library, and note what it used."""
    try:
        shown = plain_answer(output)
        note_usage(call, shown)
    except Exception as error:  # noqa: BLE001
        complain(f"An answer of {call.op_name} cannot be read", error)
        shown = output
    end(call, shown)


def plain_answer(output: Any) -> Any:
    """An answer as a map, without what was not set."""
    if callable(parse := getattr(output, "parse", None)) and hasattr(output, "http_response"):
        output = parse()  # the raw response; it keeps what it has parsed
        if is_stream(output):
            return "a stream that is read by the caller"
    if callable(dump := getattr(output, "model_dump", None)):
        return dump(exclude_unset=True, warnings=False)
    return output


def note_usage(call: Call, answer: Any) -> None:
    """Note tokens that an answer tells, unless a call below has told them."""
    if not isinstance(answer, Mapping) or call.usage is not None:
        return
    known = cast("Mapping[str, Any]", answer)
    usage, model = known.get("usage"), known.get("model")
    if isinstance(usage, Mapping) and isinstance(model, str):
        call.add_usage(model, counts(cast("Mapping[str, Any]", usage)))


def counts(usage: Mapping[str, Any]) -> dict[str, Any]:
    """Counts by the names that all of ours have."""
    found = {
        name: value
        for name, value in usage.items()
        if isinstance(value, int) and not isinstance(value, bool)
    }
    for details in ("prompt_tokens_details", "input_tokens_details"):
        if isinstance(inner := usage.get(details), Mapping):
            cached = cast("Mapping[str, Any]", inner).get("cached_tokens")
            if cached:
                found.setdefault("cache_read_input_tokens", cached)
    for details in ("completion_tokens_details", "output_tokens_details"):
        if isinstance(inner := usage.get(details), Mapping):
            reasoning = cast("Mapping[str, Any]", inner).get("reasoning_tokens")
            if reasoning:
                found["reasoning_tokens"] = reasoning
    return found


def maps(values: Any) -> list[dict[str, Any]]:
    """Those of the values that are maps."""
    return [cast("dict[str, Any]", value) for value in values or () if isinstance(value, dict)]


def _read(inner: Iterator[Any], pieces: Pieces) -> Iterator[Any]:
    try:
        for piece in inner:
            pieces.add(piece)
            yield piece
    except BaseException as error:
        pieces.fail(error)
        raise
    pieces.finish()


async def _read_later(inner: AsyncIterator[Any], pieces: Pieces) -> AsyncIterator[Any]:
    try:
        async for piece in inner:
            pieces.add(piece)
            yield piece
    except BaseException as error:
        pieces.fail(error)
        raise
    pieces.finish()


def _enter(call: Call) -> Call | None:
    around = current.get()
    current.set(call)
    return around


def _is_unset(value: Any) -> bool:
    """Stands for an argument that was not given."""
    return type(value).__name__ in {"NotGiven", "Omit"}
