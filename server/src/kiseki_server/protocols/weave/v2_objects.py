"""Ops, datasets, scorers, evaluations and models by REST: conveniences over objects."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from litestar import Response, delete, get, post
from litestar.response import Stream

from kiseki_server.domain.accounts.rules import Action
from kiseki_server.domain.evaluations.making import Maker, clean_name, ref_of
from kiseki_server.domain.objects.files import ProjectFiles
from kiseki_server.domain.objects.service import ObjectService
from kiseki_server.domain.objects.types import Kind, ObjectFilter, ObjectVersion
from kiseki_server.domain.tables.service import TableService
from kiseki_server.kit.errors import NotFound
from kiseki_server.kit.json import from_text
from kiseki_server.protocols.weave.bodies import LIMITED, answer, lines, read
from kiseki_server.protocols.weave.door import Door
from kiseki_server.protocols.weave.objects import bounded
from kiseki_server.protocols.weave.refs import References

PLACE = "/v2/{entity:str}/{project:str}"

Limit = int | None
Offset = int | None
Digests = list[str] | None


class OpIn(msgspec.Struct):
    name: str | None = None
    source_code: str | None = None


class DatasetIn(msgspec.Struct):
    rows: list[Any]
    name: str | None = None
    description: str | None = None


class ScorerIn(msgspec.Struct):
    name: str
    op_source_code: str
    description: str | None = None


class ModelIn(msgspec.Struct):
    name: str
    source_code: str
    description: str | None = None
    attributes: dict[str, Any] | None = None


class EvaluationIn(msgspec.Struct):
    name: str
    dataset: str
    scorers: list[str] | None = None
    trials: int = 1
    description: str | None = None
    evaluation_name: str | None = None
    eval_attributes: dict[str, Any] | None = None


Value = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Sort:
    """One sort of objects, and how it is made and shown."""

    plural: str
    filter: ObjectFilter
    make: Callable[[Maker, bytes, References], ObjectVersion]
    shown: Callable[[Maker, Value], dict[str, Any]]
    ref: str | None = None
    """The field of a new one's answer that has its reference."""


def _make_op(maker: Maker, body: bytes, references: References) -> ObjectVersion:
    sent = read(body or b"{}", OpIn)
    return maker.op(clean_name(sent.name, "Op"), sent.source_code)


def _make_dataset(maker: Maker, body: bytes, references: References) -> ObjectVersion:
    sent = read(body, DatasetIn)
    return maker.dataset(sent.name, sent.description, references.inward(sent.rows))


def _make_scorer(maker: Maker, body: bytes, references: References) -> ObjectVersion:
    sent = read(body, ScorerIn)
    return maker.scorer(sent.name, sent.description, sent.op_source_code)


def _make_model(maker: Maker, body: bytes, references: References) -> ObjectVersion:
    sent = read(body, ModelIn)
    attributes = references.inward(sent.attributes or {})
    return maker.model(sent.name, sent.description, sent.source_code, attributes)


def _make_evaluation(maker: Maker, body: bytes, references: References) -> ObjectVersion:
    sent = read(body, EvaluationIn)
    return maker.evaluation(
        sent.name,
        sent.description,
        dataset=references.inward_text(sent.dataset),
        scorers=references.inward(sent.scorers or []),
        trials=max(1, sent.trials),
        evaluation_name=sent.evaluation_name,
        attributes=references.inward(sent.eval_attributes or {}),
    )


_FIELDS = frozenset({"name", "description", "files"})


def _model_shown(maker: Maker, value: Value) -> dict[str, Any]:
    own = {
        key: entry for key, entry in value.items() if not key.startswith("_") and key not in _FIELDS
    }
    return {**_common(value), "source_code": maker.source(value), "attributes": own or None}


def _evaluation_shown(maker: Maker, value: Value) -> dict[str, Any]:
    return {
        **_common(value),
        "dataset": value.get("dataset"),
        "scorers": value.get("scorers") or [],
        "trials": value.get("trials") or 1,
        "evaluation_name": value.get("evaluation_name"),
        "evaluate_op": value.get("evaluate"),
        "predict_and_score_op": value.get("predict_and_score"),
        "summarize_op": value.get("summarize"),
    }


def _common(value: Value) -> dict[str, Any]:
    return {"name": value.get("name"), "description": value.get("description")}


SORTS = (
    Sort(
        "ops",
        ObjectFilter(kind=Kind.OP, latest=True),
        _make_op,
        lambda maker, value: {"code": maker.source(value)},
    ),
    Sort(
        "datasets",
        ObjectFilter(base_classes=("Dataset",), latest=True),
        _make_dataset,
        lambda maker, value: {**_common(value), "rows": value.get("rows")},
    ),
    Sort(
        "scorers",
        ObjectFilter(base_classes=("Scorer",), latest=True),
        _make_scorer,
        lambda maker, value: {**_common(value), "score_op": value.get("score")},
        ref="scorer",
    ),
    Sort(
        "evaluations",
        ObjectFilter(base_classes=("Evaluation",), latest=True),
        _make_evaluation,
        _evaluation_shown,
        ref="evaluation_ref",
    ),
    Sort(
        "models",
        ObjectFilter(base_classes=("Model",), latest=True),
        _make_model,
        _model_shown,
        ref="model_ref",
    ),
)


def _routes(sort: Sort) -> list[Any]:
    def create(
        body: bytes,
        entity: str,
        project: str,
        door: Door,
        objects: ObjectService,
        tables: TableService,
        project_files: ProjectFiles,
    ) -> Response[bytes]:
        at = door.place(f"{entity}/{project}", Action.WRITE)
        maker = Maker(objects, tables, project_files, at, door.actor.user.name)
        references = References(door)
        made = sort.make(maker, body, references)
        more = {} if sort.ref is None else {sort.ref: references.outward_text(ref_of(made))}
        return answer(
            {
                "digest": made.digest,
                "object_id": made.name,
                "version_index": made.index,
                **more,
            }
        )

    def list_them(
        entity: str,
        project: str,
        door: Door,
        objects: ObjectService,
        tables: TableService,
        project_files: ProjectFiles,
        limit: Limit = None,
        offset: Offset = None,
    ) -> Stream:
        at = door.place(f"{entity}/{project}")
        maker = Maker(objects, tables, project_files, at, door.actor.user.name)
        with door.database.transaction():
            found = objects.find(
                at,
                sort.filter,
                limit=bounded(limit, "limit"),
                offset=bounded(offset, "offset") or 0,
            )
        references = References(door)
        return lines([_shown(sort, maker, each, references) for each in found])

    def read_one(
        entity: str,
        project: str,
        object_id: str,
        digest: str,
        door: Door,
        objects: ObjectService,
        tables: TableService,
        project_files: ProjectFiles,
    ) -> Response[bytes]:
        at = door.place(f"{entity}/{project}")
        maker = Maker(objects, tables, project_files, at, door.actor.user.name)
        with door.database.transaction():
            found = objects.get(at, object_id, digest)
        return answer(_shown(sort, maker, found, References(door)))

    def delete_them(
        entity: str,
        project: str,
        object_id: str,
        door: Door,
        objects: ObjectService,
        digests: Digests = None,
    ) -> Response[bytes]:
        at = door.place(f"{entity}/{project}", Action.WRITE)
        with door.database.transaction(write=True):
            gone = objects.delete(at, object_id, digests)
        return answer({"num_deleted": len(gone)})

    options: dict[str, Any] = {"sync_to_thread": True, "include_in_schema": False}
    path = f"{PLACE}/{sort.plural}"
    return [
        post(path, opt=LIMITED, **options)(create),
        get(path, **options)(list_them),
        get(path + "/{object_id:str}/versions/{digest:str}", **options)(read_one),
        delete(path + "/{object_id:str}", status_code=200, **options)(delete_them),
    ]


def _shown(
    sort: Sort, maker: Maker, version: ObjectVersion, references: References
) -> dict[str, Any]:
    value: Any = from_text(references.outward(maker.objects.text(version)))
    classes, kind = sort.filter.base_classes, sort.filter.kind
    fits = version.kind is kind if classes is None else version.base_class in classes
    if not fits or not isinstance(value, Mapping):
        raise NotFound(f"`{version.name}:{version.digest}` is none of the {sort.plural}")
    fields = sort.shown(maker, value)  # pyright: ignore[reportUnknownArgumentType]
    fields = {"name": version.name, **{k: v for k, v in fields.items() if v is not None}}
    if sort.plural == "ops":
        fields.pop("name")
    return {
        "object_id": version.name,
        "digest": version.digest,
        "version_index": version.index,
        "created_at": version.created_at,
        **fields,
    }


routes: list[Any] = [route for sort in SORTS for route in _routes(sort)]
