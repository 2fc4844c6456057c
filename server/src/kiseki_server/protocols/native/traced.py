"""Takes in the calls of a batch, and the code, objects, tables and feedback that come with them.

Everything here may come again: what is known already stays as it is.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec

from kiseki.wire.traced import (
    REF,
    CallEnd,
    CallStart,
    Content,
    Drop,
    Object,
    Rename,
    Rows,
    Table,
    Traced,
)
from kiseki.wire.traced import Feedback as FeedbackRecord
from kiseki_server.domain.calls import expression, rules
from kiseki_server.domain.calls.ingest import Item
from kiseki_server.domain.calls.service import MAX_DELETED, CallService
from kiseki_server.domain.calls.store import CallFilter, CallQuery
from kiseki_server.domain.calls.types import Call, End, Source
from kiseki_server.domain.feedback.service import FeedbackService
from kiseki_server.domain.feedback.types import Feedback
from kiseki_server.domain.filters.fields import microseconds
from kiseki_server.domain.objects import digests
from kiseki_server.domain.objects.files import ProjectFiles
from kiseki_server.domain.objects.refs import STORED, find, rewritten
from kiseki_server.domain.objects.service import ObjectService, check_digest
from kiseki_server.domain.projects.types import Project
from kiseki_server.domain.tables.service import TableService
from kiseki_server.kit.clock import Clock
from kiseki_server.kit.errors import BadRequest, NotFound
from kiseki_server.kit.json import from_text, to_text
from kiseki_server.kit.transactions import UnitOfWork

MAX_ID = 128
MAX_BROKEN_OFF = 10_000
MAX_TEXT = 1 << 20
"""Characters of an exception with its stack; the rest is cut off."""

_EARLIEST = -2_208_988_800_000_000  # 1900, as far as the engine's times go back
_LATEST = 10_413_791_999_000_000  # 2299
_REF = REF.encode()
_MOST_KNOWN = 1000
_BROKEN_OFF = to_text(
    {"type": "ProgramEnded", "message": "the program ended before the call did", "traceback": ""}
)
_RESUMABLE = "Evaluation.evaluate"
"""Another process may go on with it; whether it stands still, evaluations tell themselves."""
_BROKEN_OFF_SUMMARY = '{"status_counts":{"success":0,"error":1}}'
_raw = msgspec.json.Decoder(msgspec.Raw)


@dataclass(frozen=True, slots=True)
class TracedStores:
    """Where such records go; the dependency ``traced_stores``."""

    calls: CallService
    objects: ObjectService
    tables: TableService
    project_files: ProjectFiles
    feedback: FeedbackService
    database: UnitOfWork
    clock: Clock

    def arrival(self, records: Sequence[Traced], at: Project, run: str, user: str) -> Arrived:
        """Check the records, and store code, objects and tables. See `Arrived` for the rest.

        Raises:
            BadRequest: A record cannot be stored; the message says why.
        """
        reader = _Reader(at, run, user, microseconds(self.clock.now()))
        items = reader.items(records)
        feedback = [reader.feedback(each) for each in records if isinstance(each, FeedbackRecord)]
        for record in records:
            match record:
                case Content():
                    self._store_content(at, record)
                case Rows():
                    rows = _value(record.rows, "rows", "[")
                    self.tables.create(at, rows)
                case Table():
                    self.tables.join(at, record.rows, expected_digest=record.digest)
                case Object():
                    self._store_object(at, record, user)
                case _:
                    pass
        names = {each.call: each.name for each in records if isinstance(each, Rename)}
        dropped = [each.call for each in records if isinstance(each, Drop)]
        return Arrived(self, at, items, feedback, names, dropped)

    def break_off(self, at: Project, run: str, moment: int) -> Future[None] | None:
        """End the calls that were under way when a run ended: nobody else will.

        Should the end of one be known after all, it takes the place of this one.
        """
        query = CallQuery(
            project=at.id,
            filter=CallFilter(runs=(run,)),
            condition=expression.parse('status = "running"'),
            limit=MAX_BROKEN_OFF,
            bodies=frozenset(),
        )
        ends = [
            End(
                id=call.id,
                project=at.id,
                ended_at=max(moment, call.started_at),
                received_at=microseconds(self.clock.now()),
                summary=_BROKEN_OFF_SUMMARY,
                exception=_BROKEN_OFF,
            )
            for call in self.calls.page(query)
            if call.op_name != _RESUMABLE
        ]
        return self.calls.submit(ends) if ends else None

    def _store_content(self, at: Project, record: Content) -> None:
        with self.project_files.upload(record.digest[:100]) as upload:
            upload.write(record.data)
            upload.finish(at, expected_digest=record.digest)

    def _store_object(self, at: Project, record: Object, user: str) -> None:
        value = _value(record.value, "object")
        digest = digests.value_digest(value)
        check_digest(digest, record.digest)
        self.objects.create(at, record.name, _inward(at)(value), user=user, digest=digest)


@dataclass(frozen=True, slots=True)
class Arrived:
    """The part of such records that waits for the next commit of calls."""

    _stores: TracedStores
    _at: Project
    _items: Sequence[Item]
    _feedback: Sequence[Feedback]
    _names: dict[str, str]
    _dropped: Sequence[str]

    def submit(self) -> Future[None] | None:
        """Hand over the calls; done when they are durable."""
        return self._stores.calls.submit(self._items) if self._items else None

    @property
    def more(self) -> bool:
        """`finish` has something to do."""
        return bool(self._feedback or self._names or self._dropped)

    def finish(self) -> None:
        """Store what is said about calls, once they are there."""
        if self._feedback:
            with self._stores.database.transaction(write=True):
                self._stores.feedback.give(self._at, self._feedback)
        for first in range(0, len(self._dropped), MAX_DELETED):
            ids = self._dropped[first : first + MAX_DELETED]
            self._stores.calls.delete(self._at.id, ids)
        for id, name in self._names.items():
            try:
                self._stores.calls.rename(self._at.id, id, name)
            except NotFound:  # deleted meanwhile
                continue


class _Reader:
    def __init__(self, at: Project, run: str, user: str, now: int) -> None:
        self._at = at
        self._run = run
        self._user = user
        self._now = now
        self._rewrite = _inward(at)
        self._ops: dict[str, tuple[str, str, str | None]] = {}
        self._known: dict[bytes, str] = {}

    def items(self, records: Sequence[Traced]) -> Sequence[Item]:
        """Calls, starts and ends; those that belong together are one."""
        ends = {each.id: each for each in records if isinstance(each, CallEnd)}
        found: dict[str, Item] = {
            each.id: self._start(each, ends.pop(each.id, None))
            for each in records
            if isinstance(each, CallStart)
        }
        return [*found.values(), *(self._end(each) for each in ends.values())]

    def feedback(self, record: FeedbackRecord) -> Feedback:
        def call(id: str | None) -> str | None:
            return None if id is None else f"{STORED}{self._at.id}/call/{_id(id)}"

        return Feedback(
            id=_id(record.id),
            project=self._at.id,
            ref=call(record.call) or "",
            type=record.kind,
            payload=self._rewrite(_value(record.payload, "payload")),
            user=self._user,
            created_at=datetime.fromtimestamp(_time(round(record.time * 1e6)) / 1e6, UTC),
            runnable_ref=None if record.scorer is None else self._rewrite(record.scorer),
            call_ref=call(record.scorer_call),
        )

    def _start(self, record: CallStart, end: CallEnd | None) -> Call:
        op, name, digest = self._op(record.op)
        inputs, refs = self._body(record.inputs, "inputs", "{")
        output, output_refs = ("null", ()) if end is None else self._body(end.output, "output")
        started_at = _time(record.started)
        return Call(
            id=_id(record.id),
            project=self._at.id,
            trace_id=_id(record.trace),
            op=op,
            op_name=name,
            op_digest=digest,
            source=Source.KISEKI,
            started_at=started_at,
            parent_id=None if record.parent is None else _id(record.parent),
            thread_id=record.thread or None,
            turn_id=record.turn or None,
            display_name=record.display_name or None,
            ended_at=None if end is None else _time(end.ended),
            exception=None if end is None else _exception(end),
            attributes=self._often(record.attributes, "attributes"),
            inputs=inputs,
            output=output,
            summary="{}" if end is None else self._often(end.summary, "summary"),
            input_refs=refs,
            output_refs=output_refs,
            user=self._user,
            run=self._run,
            run_step=record.step,
            run_step_end=None if end is None else end.step,
            expires_at=rules.expiry(started_at, self._at.call_days),
        )

    def _end(self, record: CallEnd) -> End:
        output, refs = self._body(record.output, "output")
        return End(
            id=_id(record.id),
            project=self._at.id,
            ended_at=_time(record.ended),
            received_at=self._now,
            output=output,
            output_refs=refs,
            summary=self._often(record.summary, "summary"),
            exception=_exception(record),
            run_step_end=record.step,
        )

    def _op(self, op: str) -> tuple[str, str, str | None]:
        """The stored reference, the name, and the digest."""
        known = self._ops.get(op)
        if known is None:
            stored, name, digest = op, op, None
            if op.startswith(REF):
                name, _, digest = op.rpartition("/")[2].partition(":")
                stored = self._rewrite(op)
            if not name or "\0" in op or len(op) > 1024:
                raise BadRequest(f"`{op[:200]}` cannot be the op of a call")
            known = self._ops[op] = (stored, name, digest or None)
        return known

    def _often(self, data: bytes, what: str) -> str:
        """A map that many calls have alike."""
        known = self._known.get(data)
        if known is None:
            known = self._body(data, what, "{")[0]
            if len(self._known) < _MOST_KNOWN:
                self._known[data] = known
        return known

    def _body(self, data: bytes, what: str, begin: str = "") -> tuple[str, tuple[str, ...]]:
        """A body as text, and the references in it."""
        if _REF in data:
            value = self._rewrite(_value(data, what, begin))
            return to_text(value), tuple(dict.fromkeys(find(value)))
        return _text(data, what, begin), ()


def _inward(at: Project) -> Callable[[Any], Any]:
    """Puts the project's number into references."""
    place = f"{STORED}{at.id}/"

    def rewrite(value: Any) -> Any:
        return rewritten(value, (REF,), lambda text: place + text.removeprefix(REF))

    return rewrite


def _text(data: bytes, what: str, begin: str = "") -> str:
    """JSON as text, checked and otherwise as it came."""
    try:
        text = data.decode()
        try:
            _raw.decode(text)
        except msgspec.DecodeError:
            json.loads(text)  # knows NaN and the infinities too
    except (ValueError, RecursionError) as error:
        raise BadRequest(f"`{what}` of a call is no JSON: {error}") from None
    if not text.startswith(begin):
        raise BadRequest(f"`{what}` of a call must begin with `{begin}`")
    return text


def _value(data: bytes, what: str, begin: str = "{") -> Any:
    return from_text(_text(data, what, begin))


def _exception(end: CallEnd) -> str | None:
    return None if end.exception is None else end.exception[:MAX_TEXT]


def _time(moment: int) -> int:
    return min(max(moment, _EARLIEST), _LATEST)


def _id(id: str) -> str:
    if not 0 < len(id) <= MAX_ID or "/" in id or "\0" in id:
        raise BadRequest(f"The id of a call has 1 to {MAX_ID} characters and no `/`: `{id[:140]}`")
    return id
