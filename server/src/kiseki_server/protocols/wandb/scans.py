"""Why the client asks where a run's history was exported to.

It asks the same question for a scan, which reads rows, and for a download, which fetches files.
The two want different answers: a scan shall give rows as they were logged and only those that
have all the keys asked for, which the client does not see to when it reads files by itself; a
download shall give files of every finished run. Right before a scan, and not before a download, the
client asks for the keys of the history, in an operation of its own.

Nothing else tells the two apart: documents, variables and headers are the same. So a download
right after the program itself has read the run's last step counts as a scan, and is told that the
history is not complete; asked once more, it has its files. The other way round, rows without the
keys asked for would pass for a scan's, and nobody would know.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from datetime import datetime, timedelta

from kiseki_server.domain.accounts.types import User
from kiseki_server.domain.runs.types import Run
from kiseki_server.kit.clock import Clock
from kiseki_server.kit.ids import RunId, UserId

_BEFORE = "RunHistoryKeys"
_SOON = timedelta(seconds=10)
"""A scan asks its two questions one after the other, with nothing of the program in between."""
_MOST = 10_000


class Scans:
    """Remembers for a moment who is about to scan which run."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._noted: OrderedDict[tuple[UserId, RunId], datetime] = OrderedDict()

    def note(self, operation: str, user: User, run: Run) -> None:
        """Somebody has asked for the keys of a history."""
        if operation != _BEFORE:
            return
        with self._lock:
            self._noted[(user.id, run.id)] = self._clock.now()
            self._noted.move_to_end((user.id, run.id))
            while len(self._noted) > _MOST:
                self._noted.popitem(last=False)

    def begins(self, user: User, run: Run) -> bool:
        """Whether what the user asks about the run's history now is for a scan; said once.

        Clients up to 0.25 go on with rows and never ask for files.
        """
        with self._lock:
            noted = self._noted.pop((user.id, run.id), None)
        return noted is not None and self._clock.now() - noted < _SOON
