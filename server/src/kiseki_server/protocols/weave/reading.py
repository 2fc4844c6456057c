"""What references lead to."""

from __future__ import annotations

import msgspec
from litestar import Response, post

from kiseki_server.domain.objects.following import Follower
from kiseki_server.domain.objects.refs import ObjectRef
from kiseki_server.domain.objects.service import ObjectService
from kiseki_server.domain.tables.service import TableService
from kiseki_server.kit.errors import BadRequest, MissingDigests
from kiseki_server.kit.json import to_text
from kiseki_server.protocols.weave.bodies import LIMITED, answer, read
from kiseki_server.protocols.weave.door import Door
from kiseki_server.protocols.weave.refs import References

MAX_REFS = 1000


class ReadBatch(msgspec.Struct):
    refs: list[str]


def follower(door: Door, objects: ObjectService, tables: TableService) -> Follower:
    """Reads references for the caller."""

    return Follower(objects, tables, door.database, References(door).sees)


@post("/refs/read_batch", opt=LIMITED, sync_to_thread=True, include_in_schema=False)
def read_refs(
    body: bytes, door: Door, objects: ObjectService, tables: TableService
) -> Response[bytes]:
    """The values of references, in their order."""
    asked = read(body, ReadBatch).refs
    if len(asked) > MAX_REFS:
        raise BadRequest(f"{len(asked)} references were asked for; {MAX_REFS} can be at once")
    references = References(door)
    refs = [references.ref(text) for text in asked]
    wanted: list[ObjectRef] = []
    for text, ref in zip(asked, refs, strict=True):
        if not isinstance(ref, ObjectRef):
            raise BadRequest(f"`{text[:200]}` names no object", hint="ask for objects and ops only")
        wanted.append(ref)
    values, missing = follower(door, objects, tables).values(wanted)
    if missing:
        names = ", ".join(f"{ref.name}:{ref.version}" for ref in missing[:10])
        raise MissingDigests(
            f"There is no object {names}", digests=[ref.version for ref in missing]
        )
    shown = [msgspec.Raw(references.outward(to_text(value)).encode()) for value in values]
    return answer({"vals": shown})


routes = [read_refs]
