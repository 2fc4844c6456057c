"""Calls as this dialect sends them, and as we keep them."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from kiseki_server.domain.calls import rules
from kiseki_server.domain.calls.types import Call, End, Source
from kiseki_server.domain.filters.fields import microseconds
from kiseki_server.domain.objects.refs import STORED, find
from kiseki_server.domain.projects.types import Project
from kiseki_server.kit.errors import BadRequest, Malformed
from kiseki_server.kit.json import from_text, stored, to_text
from kiseki_server.protocols.weave.door import external
from kiseki_server.protocols.weave.refs import EXTERNAL, References

MAX_ID = 128
_EMPTY = msgspec.Raw(b"{}")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NULL = msgspec.Raw(b"null")


class _Common(msgspec.Struct, kw_only=True):
    project_id: str
    op_name: str
    started_at: datetime
    id: str | None = None
    trace_id: str | None = None
    parent_id: str | None = None
    thread_id: str | None = None
    turn_id: str | None = None
    display_name: str | None = None
    attributes: msgspec.Raw = _EMPTY
    inputs: msgspec.Raw = _EMPTY
    otel_dump: msgspec.Raw = _NULL
    wb_run_id: str | None = None
    wb_run_step: int | None = None


class StartBody(_Common, kw_only=True):
    """A call that begins."""


class CompleteBody(_Common, kw_only=True):
    """A call that is over."""

    ended_at: datetime | None = None
    output: msgspec.Raw = _NULL
    summary: msgspec.Raw = _EMPTY
    exception: str | None = None
    wb_run_step_end: int | None = None


class EndBody(msgspec.Struct, kw_only=True):
    """How a call ended."""

    project_id: str
    id: str
    ended_at: datetime
    output: msgspec.Raw = _NULL
    summary: msgspec.Raw = _EMPTY
    exception: str | None = None
    wb_run_step_end: int | None = None


class Reader:
    """Turns what one request brings for one project into what we keep."""

    def __init__(self, project: Project, references: References, user: str, now: datetime) -> None:
        self._project = project
        self._references = references
        self._user = user
        self._now = microseconds(now)
        self._place = external(project)

    def start(self, body: StartBody) -> Call:
        return self._call(body)

    def complete(self, body: CompleteBody) -> Call:
        return self._call(body, body)

    def end(self, body: EndBody) -> End:
        output, refs = self._value(body.output)
        return End(
            id=_id(body.id, "id"),
            project=self._project.id,
            ended_at=_time(body.ended_at),
            received_at=self._now,
            output=output,
            summary=self._map(body.summary, "summary")[0],
            exception=body.exception,
            output_refs=refs,
            run_step_end=body.wb_run_step_end,
        )

    def _call(self, body: _Common, end: CompleteBody | None = None) -> Call:
        op = self._references.inward_text(body.op_name) if ":///" in body.op_name else body.op_name
        name, digest = _op_parts(op)
        inputs, input_refs = self._map(body.inputs, "inputs")
        output, output_refs = ("null", ()) if end is None else self._value(end.output)
        started_at = _time(body.started_at)
        id = _id(body.id, "id") if body.id else str(uuid.uuid4())
        return Call(
            id=id,
            project=self._project.id,
            trace_id=_id(body.trace_id, "trace_id") if body.trace_id else str(uuid.uuid4()),
            op=op,
            op_name=name,
            op_digest=digest,
            source=Source.WEAVE,
            started_at=started_at,
            parent_id=body.parent_id or None,
            thread_id=body.thread_id or None,
            turn_id=body.turn_id or None,
            display_name=body.display_name or None,
            ended_at=None if end is None or end.ended_at is None else _time(end.ended_at),
            exception=None if end is None else end.exception,
            attributes=self._map(body.attributes, "attributes")[0],
            inputs=inputs,
            output=output,
            summary="{}" if end is None else self._map(end.summary, "summary")[0],
            otel=None if bytes(body.otel_dump) == b"null" else bytes(body.otel_dump).decode(),
            input_refs=input_refs,
            output_refs=output_refs,
            user=self._user,
            run=self._run(body.wb_run_id),
            run_step=body.wb_run_step,
            run_step_end=None if end is None else end.wb_run_step_end,
            expires_at=rules.expiry(started_at, self._project.call_days),
        )

    def _run(self, run: str | None) -> str | None:
        """The run's name within the project; another project's run keeps its whole path."""
        return (run or "").removeprefix(self._place + "/") or None

    def _map(self, raw: msgspec.Raw, name: str) -> tuple[str, tuple[str, ...]]:
        text, refs = self._value(raw)
        if not text.startswith("{"):
            if text == "null":
                return "{}", ()
            raise Malformed(f"`{name}` must be a map")
        return text, refs

    def _value(self, raw: msgspec.Raw) -> tuple[str, tuple[str, ...]]:
        """A body as text in one form, and the references in it."""
        data = bytes(raw)
        if data in (b"{}", b"null"):
            return data.decode(), ()
        value, text = stored(data)
        if EXTERNAL.encode() in data or STORED.encode() in data:
            value = self._references.inward(value)
            return to_text(value), tuple(dict.fromkeys(find(value)))
        return text, ()


class Writer:
    """Renders calls for one reader, as JSON."""

    def __init__(self, project: Project, references: References, columns: frozenset[str]) -> None:
        self._place = external(project)
        self._references = references
        self._columns = columns

    def call(self, call: Call, derived: dict[str, Any], extra: dict[str, Any]) -> bytes:
        """One call; ``derived`` goes into ``summary.weave``, ``extra`` beside the fields."""
        run = call.run
        attributes = msgspec.Raw(self._out(call.attributes))
        if call.otel is not None:
            known = from_text(call.attributes)
            known["otel_span"] = from_text(call.otel)
            attributes = msgspec.Raw(self._out(to_text(known)))
        fields: dict[str, Any] = {
            "id": call.id,
            "project_id": self._place,
            "op_name": self._references.outward_text(call.op),
            "trace_id": call.trace_id,
            "started_at": iso(call.started_at),
            "display_name": call.display_name,
            "parent_id": call.parent_id,
            "thread_id": call.thread_id,
            "turn_id": call.turn_id,
            "attributes": attributes,
            "inputs": msgspec.Raw(self._out(call.inputs)),
            "ended_at": None if call.ended_at is None else iso(call.ended_at),
            "exception": call.exception,
            "output": msgspec.Raw(self._out(call.output)),
            "summary": self._summary(call, derived),
            "wb_user_id": call.user,
            "wb_run_id": run if run is None or "/" in run else f"{self._place}/{run}",
            "wb_run_step": call.run_step,
            "wb_run_step_end": call.run_step_end,
            "deleted_at": None,
            "expire_at": None if call.expires_at is None else iso(call.expires_at),
        }
        if self._columns:
            fields = {
                name: value if name in self._columns else _ABSENT.get(name)
                for name, value in fields.items()
                if name in self._columns or name in _ABSENT
            }
        return msgspec.json.encode({**fields, **extra})

    def _summary(self, call: Call, derived: dict[str, Any]) -> msgspec.Raw:
        known = from_text(call.summary)
        known["weave"] = derived
        return msgspec.Raw(self._out(to_text(known)))

    def _out(self, text: str) -> bytes:
        return self._references.outward(text).encode("utf-8", "replace")


_ABSENT: dict[str, Any] = {"attributes": {}, "inputs": {}, "summary": {}}
"""What stands for a map that was not asked for."""


def iso(microseconds: int) -> str:
    """A time as the clients read it."""
    moment = (_EPOCH + timedelta(microseconds=microseconds)).isoformat()
    return moment.removesuffix("+00:00") + "Z"


def same_project(items: Sequence[str]) -> str:
    """The one project that all items of a request name.

    Raises:
        BadRequest: They name several.
    """
    names = set(items)
    if len(names) > 1:
        raise BadRequest("All items of a request must belong to one project")
    return names.pop()


def _time(moment: datetime) -> int:
    return microseconds(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def _id(id: str, name: str) -> str:
    if not 0 < len(id) <= MAX_ID or "/" in id or "\0" in id:
        raise Malformed(f"`{name}` has 1 to {MAX_ID} characters and no `/`, not `{id[:140]}`")
    return id


def _op_parts(op: str) -> tuple[str, str | None]:
    """The name and the digest of an op's reference, or of a plain name."""
    if not op.startswith((STORED, EXTERNAL)):
        return op, None
    name, _, digest = op.rpartition("/")[2].partition(":")
    return name, digest or None
