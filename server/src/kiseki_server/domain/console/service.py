"""Reading the output of runs."""

from __future__ import annotations

from kiseki_server.domain.console.store import ConsoleStore
from kiseki_server.domain.console.types import Cursor, LinePage
from kiseki_server.domain.history.types import RunRef
from kiseki_server.domain.runs.types import Run
from kiseki_server.kit.errors import BadRequest

MAX_LINES = 10_000

END = Cursor(time=10_413_791_999_999_999, writer="\U0010ffff", number=0)
"""Behind every line: the last microsecond of 2299, beyond which no engine counts."""


class ConsoleService:
    """Questions about output; the caller has asked whether the run may be read."""

    def __init__(self, console: ConsoleStore) -> None:
        self._console = console

    def page(
        self,
        run: Run,
        *,
        after: Cursor | None = None,
        before: Cursor | None = None,
        limit: int = 1000,
        regex: str | None = None,
        level: str | None = None,
        label: str | None = None,
    ) -> LinePage:
        """Lines behind ``after``, or the last ones before ``before``, in reading order.

        Raises:
            BadRequest: Both places are given, or the expression is none.
        """
        if after is not None and before is not None:
            raise BadRequest("Give `after` or `before`, not both")
        if not 1 <= limit <= MAX_LINES:
            raise BadRequest(f"`limit` must lie between 1 and {MAX_LINES}, not {limit}")
        return self._console.page(
            RunRef(run.project, run.id),
            after=after,
            before=before,
            limit=limit,
            regex=regex or None,
            level=level or None,
            label=label or None,
        )
