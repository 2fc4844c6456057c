"""Large bodies of calls: whole as blobs, and short where the calls are.

What a call's list, filters and previews need is the short form; whoever shows a call asks for it
`whole`. A body's blob is named before the call that has it is stored, so that a call never names
bytes that are not there; what a crash leaves named without a call is dropped by `sweep`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Protocol, cast

from kiseki_server.domain.calls.ingest import Item
from kiseki_server.domain.calls.store import CallStore
from kiseki_server.domain.calls.types import Call, CallKey, Large
from kiseki_server.domain.files.arrival import Receiver
from kiseki_server.domain.files.store import BlobStore
from kiseki_server.domain.files.types import Blob
from kiseki_server.kit.clock import Clock
from kiseki_server.kit.ids import ProjectId
from kiseki_server.kit.json import from_text, to_text
from kiseki_server.kit.transactions import UnitOfWork

LARGE = 256 << 10
"""Characters from which on a body is put away; see docs/decisions/0006-calls.md."""
PARTS = ("attributes", "inputs", "output", "otel")
"""Bodies that are put away. A summary never is: lists and statistics are made of it."""
UNCLAIMED = timedelta(hours=1)
"""So long a body may be without its call: it is on its way."""

_SHORT = 16 << 10
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class BodyName:
    """A blob that a call has as one of its bodies."""

    project: ProjectId
    call: str
    blob: str
    at: datetime


class BodyNames(Protocol):
    """Which blobs are bodies of calls, inside the caller's transaction. It counts their names."""

    def add(self, name: BodyName) -> None:
        """Name a reserved blob; one that the call has already gets the new time."""
        ...

    def older(self, before: datetime, after: tuple[int, str, str] | None) -> Sequence[BodyName]:
        """Some names from before a time, in the order of project, call and blob."""
        ...

    def drop(self, project: ProjectId, calls: Collection[str], before: datetime) -> None:
        """Remove the names of calls that are older than a time."""
        ...

    def forget(self, project: ProjectId) -> None:
        """Remove everything of a project."""
        ...


class CallBodies:
    """Puts large bodies away and brings them back."""

    def __init__(
        self,
        names: BodyNames,
        blobs: BlobStore,
        receiver: Receiver,
        database: UnitOfWork,
        clock: Clock,
    ) -> None:
        self._names = names
        self._blobs = blobs
        self._receiver = receiver
        self._database = database
        self._clock = clock

    def shortened(self, items: Sequence[Item]) -> list[Item]:
        """The calls and ends with their large bodies put away, all of them together; durable when
        this returns."""
        waiting: dict[int, list[tuple[str, str, Future[Blob]]]] = {}
        for place, item in enumerate(items):
            for body in PARTS:
                text: str | None = getattr(item, body, None)
                if text is not None and len(text) >= LARGE:
                    stored = self._put(item.key, text.encode("utf-8", "replace"))
                    waiting.setdefault(place, []).append((body, text, stored))
        found = list(items)
        for place, bodies in waiting.items():
            blobs = [(body, stored.result()) for body, _, stored in bodies]
            found[place] = replace(
                found[place],
                large=tuple(Large(body, blob.digest, blob.size) for body, blob in blobs),
                **cast("dict[str, Any]", {body: short(text) for body, text, _ in bodies}),
            )
        return found

    def _put(self, key: CallKey, data: bytes) -> Future[Blob]:
        def name(blob: Blob) -> Blob:
            project, call = key
            self._names.add(BodyName(project, call, blob.digest, self._clock.now()))
            return blob

        with self._receiver.begin("a call's body", name) as arrival:
            arrival.write(data)
            return arrival.submit()

    def whole(self, call: Call) -> Call:
        """The call with its bodies as they came."""
        if not call.large:
            return call
        texts = {each.body: b"".join(self._blobs.read(each.blob)).decode() for each in call.large}
        return replace(call, large=(), **cast("Mapping[str, Any]", texts))

    def drop(self, project: ProjectId, calls: Collection[str]) -> None:
        """Let go of the bodies of calls that are deleted."""
        with self._database.transaction(write=True):
            self._names.drop(project, calls, self._clock.now() + UNCLAIMED)

    def sweep(self, calls: CallStore) -> int:
        """Let go of bodies whose calls are gone, or never came; of how many calls. For a job."""
        before = self._clock.now() - UNCLAIMED
        after: tuple[int, str, str] | None = None
        total = 0
        while True:
            with self._database.transaction():
                names = self._names.older(before, after)
            if not names:
                return total
            last = names[-1]
            after = (last.project, last.call, last.blob)
            of_projects: dict[ProjectId, set[str]] = {}
            for name in names:
                of_projects.setdefault(name.project, set()).add(name.call)
            for project, ids in of_projects.items():
                _, waiting = calls.pending([(project, id) for id in ids])
                known = {*calls.find(project, ids), *(id for _, id in waiting)}
                if gone := ids - known:
                    with self._database.transaction(write=True):
                        self._names.drop(project, gone, before)
                    total += len(gone)


def short(text: str) -> str:
    """A body of the same shape with the beginnings of its long texts and lists."""
    try:
        value: object = from_text(text)
    except (ValueError, RecursionError):
        return "null"
    for characters, items, depth in ((1_000, 50, 12), (200, 10, 6), (50, 3, 3)):
        found = to_text(_cut(value, characters, items, depth))
        if len(found) <= _SHORT:
            return found
    return "{}" if isinstance(value, dict) else "[]" if isinstance(value, list) else '"…"'


def _cut(value: object, characters: int, items: int, depth: int) -> object:
    if isinstance(value, str):
        return value if len(value) <= characters else value[:characters] + "…"
    if isinstance(value, list):
        if depth == 0:
            return []
        some = cast("list[object]", value)[:items]
        return [_cut(each, characters, items, depth - 1) for each in some]
    if isinstance(value, dict):
        if depth == 0:
            return {}
        entries = list(cast("dict[str, object]", value).items())[: 4 * items]
        return {
            key: _cut(each, characters, items, depth - 1)
            for key, each in entries
            if len(key) <= characters
        }
    return value
