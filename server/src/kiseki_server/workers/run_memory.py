"""What the group commit remembers of runs between two commits, bounded in size."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from itertools import islice

from kiseki_server.domain.history.summary import SummaryState
from kiseki_server.domain.history.types import Stream
from kiseki_server.domain.runs.summaries import SummaryPolicy
from kiseki_server.domain.runs.types import Run
from kiseki_server.kit.ids import RunId


class Remembered:
    """One run."""

    def __init__(self, policy: SummaryPolicy, *, new: bool) -> None:
        self.policy = policy
        self._new = new
        self._state: SummaryState | None = None
        self._keys: dict[Stream, set[str]] = {}

    def __len__(self) -> int:
        return 16 + len(self._state or ()) + sum(map(len, self._keys.values()))

    def state(self, load: Callable[[], Mapping[str, int]]) -> SummaryState:
        """The state of the summary; ``load`` gives the last steps that the store holds."""
        if self._state is None:
            self._state = SummaryState({} if self._new else load())
        return self._state

    def pass_by(self) -> None:
        """Rows have been stored that the state does not take in: it is to be loaded."""
        self._new = False
        self._state = None

    def note_keys(self, stream: Stream, keys: Sequence[str]) -> bool:
        """Whether some of the keys were not seen before."""
        known = self._keys.setdefault(stream, set())
        if known.issuperset(keys):
            return False
        known.update(keys)
        return True


class RunMemory:
    """The runs that arrived lately; the least recent go first when it grows too large.

    All of it can be read again from the stores, so losing it costs time alone.
    """

    def __init__(self, most: int = 1_000_000) -> None:
        """``most``: about how many keys of runs to remember, some 150 bytes each."""
        self._most = most
        self._runs: OrderedDict[RunId, Remembered] = OrderedDict()
        self._sizes: dict[RunId, int] = {}
        """Of each run when it was last measured; their sum is kept, since there may be many."""
        self._size = 0

    def see(self, run: Run) -> None:
        """Note what the truth says of the run's metrics."""
        known = self._runs.get(run.id)
        if known is None:
            policy = SummaryPolicy(run.metrics)
            self._runs[run.id] = Remembered(policy, new=run.heartbeat_at is None)
        else:
            self._runs.move_to_end(run.id)
            if known.policy.metrics != run.metrics:
                known.policy = SummaryPolicy(run.metrics)

    def of(self, run: RunId) -> Remembered:
        """The run, which has been seen in this commit."""
        return self._runs[run]

    def forget(self, run: RunId) -> None:
        self._runs.pop(run, None)
        self._size -= self._sizes.pop(run, 0)

    def shrink(self, keep: int) -> None:
        """Drop the least recent runs until the rest fits, but never the last ``keep``.

        Those last ones are the runs of this commit, the only ones that can have grown.
        """
        for run in islice(reversed(self._runs), keep):
            size = len(self._runs[run])
            self._size += size - self._sizes.get(run, 0)
            self._sizes[run] = size
        while self._size > self._most and len(self._runs) > keep:
            run, _ = self._runs.popitem(last=False)
            self._size -= self._sizes.pop(run, 0)
