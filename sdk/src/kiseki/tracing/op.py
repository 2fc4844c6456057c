"""``op``: calls of a function are recorded."""

from __future__ import annotations

import functools
import inspect
from collections.abc import AsyncGenerator, Callable, Generator
from typing import Any, Protocol, TypeVar, cast, overload

from kiseki.tracing.call import Call
from kiseki.tracing.context import current
from kiseki.tracing.definition import SKIPPED, Definition, DisplayName, Inputs, Output
from kiseki.tracing.generators import (
    Pieces,
    Stream,
    is_stream,
    run_generator,
)
from kiseki.tracing.record import fail
from kiseki.tracing.sink import active

F = TypeVar("F", bound=Callable[..., Any])


class OpDecorator(Protocol):
    """What ``op(name=…)`` gives."""

    def __call__(self, function: F, /) -> F: ...


@overload
def op(function: F, /) -> F: ...
@overload
def op(
    function: None = None,
    /,
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
) -> OpDecorator: ...
def op(function: Any = None, /, **options: Any) -> Any:
    """Record calls of a function, with their inputs, outputs, errors and times.

    It takes functions, ``async`` functions, generators of both kinds, methods, class methods and
    static methods. On a class it makes ops of the public methods that stand in it. Calls are
    recorded while there is a run (``kiseki.init("entity/project")``); otherwise, and where
    recording fails, the function just runs.

    ``f.call(…)`` on an op gives ``(result, call)``. An error of the function is then in
    ``call.exception``, and the result is ``None``. For a method give the object as well:
    ``model.predict.call(model, …)``.

    Args:
        function: What is decorated.
        name: The op's name; the function's if not given, with its class before it.
        call_display_name: What calls are shown as; may be a function of the call.
        kind: "llm", "tool", "agent", "search", "scorer" … .
        color: How the op is shown.
        postprocess_inputs: Gets the inputs and gives what is kept of them.
        postprocess_output: The same for the output.
        sample_rate: Which share of calls is kept, with all that is below them.
        accumulator: ``accumulator(state, piece)`` puts the pieces of a stream together; the first
            state is ``None``. Also for functions that return an iterator. Without it the output of
            a generator is the list of its pieces.
        capture_code: Whether the code is kept as a version of the op.
    """
    if function is None:
        return functools.partial(_decorated, options=options)
    return _decorated(function, options)


def definition_of(function: Any) -> Definition | None:
    """How an op is defined; ``None``: it is none."""
    return getattr(function, "__kiseki_op__", None)


def _decorated(function: Any, options: dict[str, Any]) -> Any:
    if isinstance(function, type):
        return _class(function, options)
    if isinstance(function, (classmethod, staticmethod)):
        inner = cast("Any", function).__func__
        return type(cast("Any", function))(_decorated(inner, options))
    if definition_of(function) is not None:
        if not options:
            return function
        function = function.__wrapped__
    if not callable(function):
        raise TypeError(f"op decorates functions and classes, not {type(function).__name__}")
    known = cast("Any", function)
    if inspect.isasyncgenfunction(function):
        definition = Definition(known, type="async_generator", **options)
        wrapper = _async_generator(definition, known)
    elif inspect.iscoroutinefunction(function):
        definition = Definition(known, type="async_function", **options)
        wrapper = _coroutine(definition, known)
    elif inspect.isgeneratorfunction(function):
        definition = Definition(known, type="generator", **options)
        wrapper = _generator(definition, known)
    else:
        definition = Definition(known, **options)
        wrapper = _function(definition, known)
    made = cast("Any", functools.update_wrapper(wrapper, known))
    made.__kiseki_op__ = definition
    made.__kiseki_ref__ = functools.partial(_ref, definition)
    made.name = definition.name
    made.call = _async_caller(made) if inspect.iscoroutinefunction(made) else _caller(made)
    return made


def _class(cls: type, options: dict[str, Any]) -> type:
    if options.get("name") is not None:
        raise TypeError("op(name=…) is for functions; a class names its ops by its methods")
    for name, member in list(vars(cls).items()):
        public = not name.startswith("_") or name == "__call__"
        if public and (
            inspect.isfunction(member) or isinstance(member, (classmethod, staticmethod))
        ):
            setattr(cls, name, _decorated(member, options))
    return cls


def _function(op: Definition, function: Callable[..., Any]) -> Callable[..., Any]:
    begin, finish, enter = op.begin, op.finish, current.set

    def call(*args: Any, **kwargs: Any) -> Any:
        call = begin(args, kwargs)
        if call is None:
            return function(*args, **kwargs)
        around = call.parent if call is not SKIPPED else current.get()
        enter(call)
        try:
            output = function(*args, **kwargs)
        except BaseException as error:
            enter(around)
            fail(call, error)
            raise
        enter(around)
        if op.accumulator is not None and call is not SKIPPED and is_stream(output):
            return Stream(output, Pieces(op, call))
        finish(call, output)
        return output

    return call


def _coroutine(op: Definition, function: Callable[..., Any]) -> Callable[..., Any]:
    async def call(*args: Any, **kwargs: Any) -> Any:
        call = op.begin(args, kwargs)
        if call is None:
            return await function(*args, **kwargs)
        around = call.parent if call is not SKIPPED else current.get()
        current.set(call)
        try:
            output = await function(*args, **kwargs)
        except BaseException as error:
            current.set(around)
            fail(call, error)
            raise
        current.set(around)
        if op.accumulator is not None and call is not SKIPPED and is_stream(output):
            return Stream(output, Pieces(op, call))
        op.finish(call, output)
        return output

    return call


def _generator(op: Definition, function: Callable[..., Any]) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        call = op.begin(args, kwargs)
        if call is None:
            given = cast("Generator[Any, Any, Any]", function(*args, **kwargs))
            return (yield from given)
        return (yield from run_generator(op, function(*args, **kwargs), call))

    return call


def _async_generator(op: Definition, function: Callable[..., Any]) -> Callable[..., Any]:
    async def call(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
        call = op.begin(args, kwargs)
        generator = function(*args, **kwargs)
        step: Callable[[], Any] = generator.__anext__
        pieces = Pieces(op, call or SKIPPED)
        while True:
            with pieces.around():
                try:
                    piece = await step()
                except StopAsyncIteration:
                    pieces.finish()
                    return
                except BaseException as error:
                    pieces.fail(error)
                    raise
            pieces.add(piece)
            try:
                sent: Any = yield piece
            except GeneratorExit as left:
                with pieces.around():
                    await generator.aclose()
                pieces.fail(left)
                raise
            except BaseException as thrown:  # noqa: BLE001
                step = functools.partial(generator.athrow, thrown)
            else:
                step = functools.partial(generator.asend, sent)

    return call


class _Begun:
    """An op whose call has begun already."""

    def __init__(self, op: Definition, call: Call) -> None:
        self._op = op
        self._call: Call | None = call

    def begin(self, args: Any, kwargs: Any) -> Call | None:
        return self._call

    def __getattr__(self, name: str) -> Any:
        return getattr(self._op, name)


def _caller(made: Any) -> Callable[..., tuple[Any, Call]]:
    op: Definition = made.__kiseki_op__

    def call(*args: Any, **kwargs: Any) -> tuple[Any, Call]:
        """Call the op; its result and the call."""
        call = op.begin(args, kwargs) or _untraced(op, args, kwargs)
        around = _enter(call)
        try:
            output = op.function(*args, **kwargs)
        except BaseException as error:
            _leave(call, around)
            _failed(call, error)
            if not isinstance(error, Exception):
                raise
            return None, call
        _leave(call, around)
        return _given(op, call, output), call

    return call


def _async_caller(made: Any) -> Callable[..., Any]:
    op: Definition = made.__kiseki_op__

    async def call(*args: Any, **kwargs: Any) -> tuple[Any, Call]:
        """Call the op; its result and the call."""
        call = op.begin(args, kwargs) or _untraced(op, args, kwargs)
        around = _enter(call)
        try:
            output = await op.function(*args, **kwargs)
        except BaseException as error:
            _leave(call, around)
            _failed(call, error)
            if not isinstance(error, Exception):
                raise
            return None, call
        _leave(call, around)
        return _given(op, call, output), call

    return call


def _given(op: Definition, call: Call, output: Any) -> Any:
    if call.sink is not None:
        begun = cast("Definition", _Begun(op, call))
        if inspect.isgenerator(output):
            return run_generator(op, output, call)
        if inspect.isasyncgen(output):
            return _async_generator(begun, lambda: output)()
        if op.accumulator is not None and is_stream(output):
            return Stream(output, Pieces(op, call))
        op.finish(call, output)
    call.output = output
    return output


def _failed(call: Call, error: BaseException) -> None:
    fail(call, error)
    if call.exception is None:
        call.exception = f"{type(error).__name__}: {error}"


def _enter(call: Call) -> Call | None:
    around = current.get()
    if call.sink is not None or call is SKIPPED:
        current.set(call)
    return around


def _leave(call: Call, around: Call | None) -> None:
    if call.sink is not None or call is SKIPPED:
        current.set(around)


def _untraced(op: Definition, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Call:
    return Call(None, "", op.name, None, op.bind(args, kwargs))


def _ref(definition: Definition) -> str:
    sink = active()
    return definition.name if sink is None else definition.publish(sink)
