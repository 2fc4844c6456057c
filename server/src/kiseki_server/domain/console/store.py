"""What a store of console lines promises."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, runtime_checkable

from kiseki_server.domain.console.types import Cursor, Line, LinePage
from kiseki_server.domain.history.types import RunRef


@runtime_checkable
class ConsoleStore(Protocol):
    """Lines by run, writer and number.

    A line written again replaces the earlier one, and keeps the time of the first write as its
    place in reading order only if the writer says so by repeating that time. `append` is durable
    and visible when it returns, and harmless when repeated.
    """

    def append(self, lines: Mapping[RunRef, Sequence[Line]]) -> None: ...

    def page(
        self,
        run: RunRef,
        *,
        after: Cursor | None = None,
        before: Cursor | None = None,
        limit: int = 1000,
        regex: str | None = None,
        level: str | None = None,
        label: str | None = None,
        writer: str | None = None,
    ) -> LinePage:
        """Lines after ``after``, or the last lines before ``before``; the first lines for
        neither. Always in reading order.

        Raises:
            BadRequest: The engine does not accept ``regex`` (RE2 syntax).
        """
        ...

    def count(self, run: RunRef, writer: str | None = None) -> int: ...

    def duplicate(self, source: RunRef, target: RunRef) -> None:
        """Let ``target`` have exactly the lines of ``source``; what it had is gone."""
        ...

    def delete(self, runs: Sequence[RunRef]) -> None: ...
