"""Where a call is made: under which call, with which attributes, in which conversation."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar, Token, copy_context
from functools import partial, wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from kiseki.tracing.ids import new_id

if TYPE_CHECKING:
    from collections.abc import Callable

    from kiseki.tracing.call import Call

P = ParamSpec("P")
R = TypeVar("R")

current: ContextVar[Call | None] = ContextVar("kiseki_call", default=None)
extra_attributes: ContextVar[Mapping[str, Any] | None] = ContextVar(
    "kiseki_attributes", default=None
)
conversation: ContextVar[Conversation | None] = ContextVar("kiseki_thread", default=None)


class Conversation:
    """What ``with kiseki.thread()`` gives."""

    __slots__ = ("thread_id",)

    def __init__(self, thread_id: str) -> None:
        self.thread_id = thread_id


def get_current_call() -> Call | None:
    """The call of the op that is running; ``None`` outside of ops, and where nothing is traced."""
    call = above()
    return call if call is not None and call.id else None


def above() -> Call | None:
    """The call that another one made here is below."""
    call = current.get()
    while call is not None and call.loose and call.ended is not None:
        call = call.parent
    return call


@contextmanager
def attributes(values: Mapping[str, Any]) -> Generator[None]:
    """Calls made within get these attributes, beside those of a ``with`` around it."""
    before = extra_attributes.get()
    token = extra_attributes.set({**(before or {}), **values})
    try:
        yield
    finally:
        _reset(extra_attributes, token, before)


@contextmanager
def thread(thread_id: str | None = None) -> Generator[Conversation]:
    """Calls made within belong to one conversation; each outermost one is a turn of it.

    Args:
        thread_id: Names the conversation; a new one if not given.
    """
    before = conversation.get()
    made = Conversation(thread_id or new_id())
    token = conversation.set(made)
    try:
        yield made
    finally:
        _reset(conversation, token, before)


def in_context(function: Callable[P, R]) -> Callable[P, R]:
    """The function as if it were called here, for threads and pools that know no context:
    ``pool.submit(kiseki.in_context(work), item)``. It may be called many times."""
    context = copy_context()

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        # A context can be entered by one thread at a time.
        return context.copy().run(partial(function, *args, **kwargs))

    return call


def _reset(variable: ContextVar[Any], token: Token[Any], before: Any) -> None:
    try:
        variable.reset(token)
    except ValueError:  # ended in another context, as generators may be
        variable.set(before)
