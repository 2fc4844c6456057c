"""The one way in for calls, whatever the dialect, and how their halves come together."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

from kiseki_server.domain.calls.rules import joined
from kiseki_server.domain.calls.store import Writes
from kiseki_server.domain.calls.types import Call, CallKey, End

Item = Call | End
"""A call, started or finished, or the end of one."""


@dataclass(frozen=True, slots=True)
class CallBatch:
    """What one request brings."""

    items: Sequence[Item]
    bytes: int
    """Size of the bodies."""


@runtime_checkable
class CallIngest(Protocol):
    """Collects the batches of all requests and stores them together (group commit).

    The future completes when the batch is durable and visible, or fails with a `KisekiError`.
    """

    def submit(self, arrival: CallBatch) -> Future[None]: ...


class Merge:
    """Brings starts and ends together; they may come in any order, and more than once.

    Args:
        opened: Calls under these ids that have not ended.
        waiting: Ends that have come without a start.
        stored: Finished calls under these ids.
    """

    def __init__(
        self,
        opened: Mapping[CallKey, Call],
        waiting: Mapping[CallKey, End],
        stored: Mapping[CallKey, Call],
    ) -> None:
        self._before: Collection[CallKey] = opened.keys() | waiting.keys()
        self._opened = dict(opened)
        self._waiting = dict(waiting)
        self._stored = stored
        self._finished: dict[CallKey, Call] = {}
        self._touched: set[CallKey] = set()

    def add(self, item: Item) -> None:
        """Take in what came next."""
        self._touched.add(item.key)
        if isinstance(item, End):
            self._end(item)
        elif item.ended_at is None:
            self._start(item)
        else:
            self._finish(item)

    def _start(self, call: Call) -> None:
        key = call.key
        known = self._finished.get(key) or self._stored.get(key)
        if (end := self._waiting.get(key)) is not None:
            self._finish(joined(call, end))
        elif known is not None:  # sent again after its end
            self._finish(
                replace(
                    call,
                    ended_at=known.ended_at,
                    output=known.output,
                    summary=known.summary,
                    exception=known.exception,
                    output_refs=known.output_refs,
                    run_step_end=known.run_step_end,
                    large=(
                        *(each for each in call.large if each.body != "output"),
                        *(each for each in known.large if each.body == "output"),
                    ),
                )
            )
        else:
            self._opened[key] = call

    def _end(self, end: End) -> None:
        key = end.key
        start = self._finished.get(key) or self._opened.get(key) or self._stored.get(key)
        if start is None:
            self._waiting[key] = end
        else:
            self._finish(joined(start, end))

    def _finish(self, call: Call) -> None:
        self._finished[call.key] = call
        self._opened.pop(call.key, None)
        self._waiting.pop(call.key, None)

    def writes(self) -> Writes:
        """What has to be stored now."""
        return Writes(
            finished=list(self._finished.values()),
            opened=[call for key, call in self._opened.items() if key in self._touched],
            waiting=[end for key, end in self._waiting.items() if key in self._touched],
            closed=[key for key in self._finished if key in self._before],
        )
