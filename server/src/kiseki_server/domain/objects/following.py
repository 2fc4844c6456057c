"""What references lead to: values of objects, and places inside of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from kiseki_server.domain.objects.refs import ObjectRef, Step, TableRef, parse
from kiseki_server.domain.objects.service import ObjectService
from kiseki_server.domain.objects.types import ObjectVersion
from kiseki_server.domain.tables.service import TableService
from kiseki_server.kit.errors import BadRequest
from kiseki_server.kit.ids import ProjectId
from kiseki_server.kit.json import from_text
from kiseki_server.kit.transactions import UnitOfWork

MAX_HOPS = 10
"""References that stand in the way of a path and are followed."""

_Place = tuple[Any, tuple[Step, ...]]


class Follower:
    """Reads what references name, many at once. ``readable`` says of which projects the caller
    may see anything. References have their stored form, and so have those in the values."""

    def __init__(
        self,
        objects: ObjectService,
        tables: TableService,
        database: UnitOfWork,
        readable: Callable[[ProjectId], bool],
    ) -> None:
        self._objects = objects
        self._tables = tables
        self._database = database
        self._readable = readable

    def values(self, refs: Sequence[ObjectRef]) -> tuple[list[Any], list[ObjectRef]]:
        """The values in the order of the references, and those whose object is not there.

        What was deleted, what a path does not lead to, and what the caller may not see is null.
        """
        versions = self._versions(refs)
        missing = [ref for ref in dict.fromkeys(refs) if ref not in versions]
        places: list[_Place] = [(self._value(versions.get(ref)), ref.path) for ref in refs]
        for _ in range(MAX_HOPS):
            places = [_walk(value, path) for value, path in places]
            halted = [at for at, (value, path) in enumerate(places) if path and _is_ref(value)]
            if not halted:
                break
            self._pass(places, halted)
        return [None if path else value for value, path in places], missing

    def _versions(self, refs: Sequence[ObjectRef]) -> Mapping[ObjectRef, ObjectVersion]:
        found: dict[ObjectRef, ObjectVersion] = {}
        by_project: dict[ProjectId, list[ObjectRef]] = {}
        for ref in refs:
            by_project.setdefault(ref.project, []).append(ref)
        with self._database.transaction():
            for project, own in by_project.items():
                if not self._readable(project):
                    continue
                keys = {ref: (ref.kind, ref.name, ref.version) for ref in own}
                known = self._objects.by_digest(project, keys.values())
                found |= {ref: known[key] for ref, key in keys.items() if key in known}
        return found

    def _value(self, version: ObjectVersion | None) -> Any:
        if version is None or version.deleted_at is not None:
            return None
        return from_text(self._objects.text(version))

    def _pass(self, places: list[_Place], halted: Sequence[int]) -> None:
        """Put what the references name in their places, rows of tables in one read."""
        rows: dict[ProjectId, set[str]] = {}
        wanted: dict[int, tuple[ProjectId, str]] = {}
        objects: dict[int, ObjectRef] = {}
        for at in halted:
            text, path = places[at]
            ref = _parsed(text)
            edge, value = path[0]
            if isinstance(ref, TableRef) and edge == "id" and self._readable(ref.project):
                rows.setdefault(ref.project, set()).add(value)
                wanted[at] = (ref.project, value)
            elif isinstance(ref, ObjectRef):
                objects[at] = ref
            else:
                places[at] = (None, path)
        texts = {project: self._tables.rows(project, some) for project, some in rows.items()}
        for at, (project, row) in wanted.items():
            text = texts[project].get(row)
            rest = places[at][1][1:]
            places[at] = (None if text is None else from_text(text), rest)
        versions = self._versions(list(objects.values()))
        for at, ref in objects.items():
            places[at] = (self._value(versions.get(ref)), (*ref.path, *places[at][1]))


def _walk(value: Any, path: tuple[Step, ...]) -> _Place:
    """As far as the path leads inside of the value; up to a reference at most."""
    for position, (edge, name) in enumerate(path):
        if isinstance(value, dict) and edge in {"attr", "key"}:
            value = cast("dict[str, Any]", value).get(name)
        elif isinstance(value, list) and edge == "index":
            items = cast("list[Any]", value)
            value = items[int(name)] if int(name) < len(items) else None
        elif _is_ref(value):
            return cast("Any", value), path[position:]
        else:
            return None, path[position:]
    return value, ()


def _is_ref(value: Any) -> bool:
    return isinstance(value, str) and _parsed(value) is not None


def _parsed(text: str) -> ObjectRef | TableRef | None:
    try:
        ref = parse(text)
    except BadRequest:
        return None
    return ref if isinstance(ref, ObjectRef | TableRef) else None
