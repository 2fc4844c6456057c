"""What the objects say that evaluations were made with: datasets, scorers, trials."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from kiseki_server.domain.evaluations.types import Definition, NamedRef
from kiseki_server.domain.objects.refs import ObjectRef, TableRef, parse
from kiseki_server.domain.objects.service import ObjectService
from kiseki_server.domain.objects.types import Kind, ObjectVersion
from kiseki_server.domain.tables.service import TableService
from kiseki_server.kit.errors import BadRequest
from kiseki_server.kit.ids import ProjectId
from kiseki_server.kit.json import from_text
from kiseki_server.kit.transactions import UnitOfWork

Readable = Callable[[ProjectId], bool]
"""Whether the caller may read in a project."""
_UNKNOWN = Definition()


@dataclass(slots=True)
class Definitions:
    """Reads objects by their references for one caller, each once."""

    objects: ObjectService
    tables: TableService
    database: UnitOfWork
    readable: Readable
    _versions: dict[str, ObjectVersion | None] = field(
        default_factory=dict[str, "ObjectVersion | None"]
    )

    def of(self, evaluations: Iterable[str]) -> Mapping[str, Definition]:
        """What evaluation objects say, by their references."""
        wanted = list(dict.fromkeys(evaluations))
        self._read(wanted)
        values = {ref: self._value(ref) for ref in wanted}
        self._read(
            inner
            for value in values.values()
            for inner in (value.get("dataset"), *_list(value.get("scorers")))
            if isinstance(inner, str)
        )
        tables = self._tables(value.get("dataset") for value in values.values())
        return {ref: self._definition(value, tables) for ref, value in values.items()}

    def named(self, refs: Iterable[str]) -> Mapping[str, NamedRef]:
        """What people call the versions that references name."""
        wanted = list(dict.fromkeys(refs))
        self._read(wanted)
        return {ref: self._named(ref) for ref in wanted}

    def _definition(self, value: Mapping[str, Any], tables: Mapping[str, int]) -> Definition:
        if not value:
            return _UNKNOWN
        dataset = value.get("dataset")
        table = self._table(dataset)
        trials, text = value.get("trials"), value.get("description")
        metadata = value.get("metadata")
        return Definition(
            dataset=self._named(dataset) if isinstance(dataset, str) else None,
            scorers=tuple(
                self._named(each) for each in _list(value.get("scorers")) if isinstance(each, str)
            ),
            trials=trials if isinstance(trials, int) and trials > 0 else 1,
            rows=None if table is None else tables.get(table.digest),
            table=None if table is None else table.digest,
            description=text if isinstance(text, str) else None,
            metadata=cast("Mapping[str, Any]", metadata) if isinstance(metadata, dict) else None,
        )

    def _tables(self, datasets: Iterable[object]) -> Mapping[str, int]:
        """Rows of the tables that datasets consist of."""
        found: dict[str, int] = {}
        refs = [table for each in datasets if (table := self._table(each)) is not None]
        for project in {ref.project for ref in refs}:
            digests = {ref.digest for ref in refs if ref.project == project}
            known = self.tables.known(project, digests)
            found |= {digest: table.rows for digest, table in known.items()}
        return found

    def _table(self, dataset: object) -> TableRef | None:
        value: Mapping[str, Any] = self._value(dataset) if isinstance(dataset, str) else {}
        ref = _parsed(value.get("rows"))
        return ref if isinstance(ref, TableRef) and self.readable(ref.project) else None

    def _value(self, text: str) -> Mapping[str, Any]:
        version = self._versions.get(text)
        if version is None or version.deleted_at is not None:
            return {}
        value = from_text(self.objects.text(version))
        known: Mapping[str, Any] = cast("Any", value) if isinstance(value, dict) else {}
        return known

    def _named(self, text: str) -> NamedRef:
        ref, version = _parsed(text), self._versions.get(text)
        if not isinstance(ref, ObjectRef):
            return NamedRef(text, None, text.rpartition("/")[2][:128], None)
        if version is None:
            return NamedRef(text, ref.kind, ref.name, ref.version)
        deleted = version.deleted_at is not None
        return NamedRef(text, ref.kind, ref.name, ref.version, version.index, deleted)

    def _read(self, refs: Iterable[str]) -> None:
        wanted: dict[ProjectId, dict[str, tuple[Kind, str, str]]] = {}
        for text in refs:
            if text in self._versions:
                continue
            self._versions[text] = None
            ref = _parsed(text)
            if isinstance(ref, ObjectRef):
                key = (ref.kind, ref.name, ref.version)
                wanted.setdefault(ref.project, {})[text] = key
        for project, keys in wanted.items():
            if not self.readable(project):
                continue
            with self.database.transaction():
                known = self.objects.by_digest(project, keys.values())
            self._versions.update({text: known.get(key) for text, key in keys.items()})


def _parsed(text: object) -> ObjectRef | TableRef | None:
    if not isinstance(text, str):
        return None
    try:
        ref = parse(text)
    except BadRequest:
        return None
    return ref if isinstance(ref, ObjectRef | TableRef) else None


def _list(value: object) -> Sequence[Any]:
    return cast("list[Any]", value) if isinstance(value, list) else ()
