"""Ops that give their output piece by piece.

The call begins when the first piece is asked for, as the function itself does, and ends with the
last. Between two pieces the program around it runs, and is not below the call.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Generator, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, cast

from kiseki.tracing.call import Call
from kiseki.tracing.context import current
from kiseki.tracing.definition import SKIPPED, Definition
from kiseki.tracing.guard import complain
from kiseki.tracing.record import fail


class Pieces:
    """What a stream has given so far, put together by the op's accumulator."""

    def __init__(self, op: Definition, call: Call) -> None:
        self.op = op
        self.call = call
        self._pieces: list[Any] = []
        self._state: Any = None
        self._begun = False

    def add(self, piece: Any) -> None:
        """Take in what came next."""
        if self.call.sink is None:
            return
        accumulator = self.op.accumulator
        if accumulator is None:
            self._pieces.append(piece)
            return
        try:
            self._state = accumulator(self._state if self._begun else None, piece)
            self._begun = True
        except StopIteration as done:
            self._state = done.value
        except Exception as error:  # noqa: BLE001
            complain(f"The accumulator of {self.op.name} failed", error)

    @contextmanager
    def around(self) -> Generator[None]:
        """What happens within is below the call."""
        before = current.get()
        kept = self.call.sink is not None or self.call is SKIPPED
        if kept:
            current.set(self.call)
        try:
            yield
        finally:
            if kept:
                current.set(before)

    @property
    def output(self) -> Any:
        return self._pieces if self.op.accumulator is None else self._state

    def finish(self) -> None:
        self.op.finish(self.call, self.output)

    def fail(self, error: BaseException) -> None:
        if isinstance(error, GeneratorExit):  # whoever read it had enough
            self.finish()
        else:
            fail(self.call, error, self.output)


def run_generator(
    op: Definition, generator: Generator[Any, Any, Any], call: Call
) -> Generator[Any, Any, Any]:
    """The same pieces, recorded as they pass."""
    pieces = Pieces(op, call)
    step: Callable[[], Any] = partial(next, generator)
    while True:
        with pieces.around():
            try:
                piece = step()
            except StopIteration as done:
                pieces.finish()
                return done.value
            except BaseException as error:
                pieces.fail(error)
                raise
        pieces.add(piece)
        try:
            sent = yield piece
        except GeneratorExit as left:
            with pieces.around():
                generator.close()
            pieces.fail(left)
            raise
        except BaseException as thrown:  # noqa: BLE001
            step = partial(generator.throw, thrown)
        else:
            step = partial(generator.send, sent)


class Stream:
    """An iterator that a library gave, recorded as it is read; in all else the iterator itself."""

    def __init__(self, stream: Any, pieces: Pieces) -> None:
        self._kiseki_stream = stream
        self._kiseki_pieces = pieces

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        try:
            piece = next(self._kiseki_stream)
        except StopIteration:
            self._kiseki_pieces.finish()
            raise
        except BaseException as error:
            self._kiseki_pieces.fail(error)
            raise
        self._kiseki_pieces.add(piece)
        return piece

    def __aiter__(self) -> AsyncIterator[Any]:
        return self

    async def __anext__(self) -> Any:
        try:
            piece = await self._kiseki_stream.__anext__()
        except StopAsyncIteration:
            self._kiseki_pieces.finish()
            raise
        except BaseException as error:
            self._kiseki_pieces.fail(error)
            raise
        self._kiseki_pieces.add(piece)
        return piece

    def __enter__(self) -> Any:
        entered = self._kiseki_stream.__enter__()
        return self if entered is self._kiseki_stream else Stream(entered, self._kiseki_pieces)

    def __exit__(self, *exception: object) -> Any:
        try:
            return self._kiseki_stream.__exit__(*exception)
        finally:
            self._kiseki_pieces.finish()

    async def __aenter__(self) -> Any:
        entered = await self._kiseki_stream.__aenter__()
        return self if entered is self._kiseki_stream else Stream(entered, self._kiseki_pieces)

    async def __aexit__(self, *exception: object) -> Any:
        try:
            return await self._kiseki_stream.__aexit__(*exception)
        finally:
            self._kiseki_pieces.finish()

    def close(self) -> Any:
        self._kiseki_pieces.finish()
        return self._kiseki_stream.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._kiseki_stream, name)

    def __del__(self) -> None:
        try:
            self._kiseki_pieces.finish()
        except Exception:  # noqa: BLE001
            return


def is_stream(value: Any) -> bool:
    """It gives pieces, and no other form of them is there."""
    kind = cast("Any", type(value))
    return hasattr(kind, "__next__") or hasattr(kind, "__anext__")
