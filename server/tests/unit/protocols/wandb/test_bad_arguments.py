"""Whatever an argument holds, its field is answered: never by a mistake of ours.

Fields and the way to them come from the schema: what is added is tried at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    get_named_type,
)
from litestar.testing import TestClient
from server.tests.applications import application
from server.tests.unit.protocols.wandb.conftest import Dialect
from server.tests.unit.protocols.wandb.test_field_access import ARGUMENTS, WAYS

from kiseki_server.app.compose import compose
from kiseki_server.app.datadir import ADMIN_KEY
from kiseki_server.app.first_start import ensure_administrator
from kiseki_server.app.settings import Settings
from kiseki_server.app.stores import open_stores
from kiseki_server.protocols.wandb.executable import load_schema
from kiseki_server.protocols.wandb.not_supported import EMPTY, REFUSED
from kiseki_server.storage.columnar.engine import ClientPool
from kiseki_server.storage.sql.engine import Database

SCHEMA = load_schema()
MISTAKE = "Something went wrong"

TEXTS = ["", "\0", "a\nb", "..", "../x", "x" * 5_000, "UnVuOjE6cjE=", "QQ==", "🧪", "%", "-1", "0"]
JSON = [
    "", "{", "null", "[]", "1e400", '{"a": 1e400}', '{"$and": 5}', '{"name": {"$in": 3}}',
    '{"keys": 5}', '{"keys": ["\\u0000"]}', '{"samples": -1}', '{"minStep": 1e30}', "[" * 2_000,
    '{"state": {"$regex": "("}}', '{"created_at": {"$gt": "yesterday"}}',
    '{"config.a": {"$gt": {}}}',
]  # fmt: skip
BAD: dict[str, list[Any]] = {
    "String": TEXTS,
    "ID": TEXTS,
    "JSONString": JSON,
    "Int": [-1, 0, 2**31 - 1, -(2**31)],
    "Int64": [-1, 0, 2**63 - 1, -(2**63)],
    "Duration": [-1, 2**63 - 1],
    "Float": [-1.0, 1e308],
    "Boolean": [False],
}


def listed(kind: Any) -> bool:
    kind = kind.of_type if isinstance(kind, GraphQLNonNull) else kind
    return isinstance(kind, GraphQLList)


def bad_values(kind: Any) -> list[Any]:
    values = BAD.get(get_named_type(kind).name, [])
    if not listed(kind):
        return values
    # Null among texts is refused by the type, where it is not meant.
    return [[], values, *([value] for value in values)] if values else [[]]


def served(field: str) -> bool:
    return field not in REFUSED and field not in EMPTY


def own(query: str) -> str:
    """The query about what these tests make."""
    return query.replace('"vision"', '"admin"').replace('"digits"', '"p"')


def ways() -> dict[str, str]:
    """A query to a thing of each type, with `%s` where its fields stand."""
    found: dict[str, str] = {}
    assert SCHEMA.query_type is not None
    waiting: list[tuple[Any, str]] = []
    for name, field in SCHEMA.query_type.fields.items():
        calls = [call for call in WAYS.get(name, []) if "%(" not in call]
        if calls:
            waiting.append((get_named_type(field.type), own(f"{{ {calls[0]} {{ %s }} }}")))
    while waiting:
        type, way = waiting.pop(0)
        if not isinstance(type, GraphQLObjectType) or type.name in found or way.count("{") > 8:
            continue
        found[type.name] = way
        for name, field in type.fields.items():
            full = f"{type.name}.{name}"
            if served(full) and isinstance(get_named_type(field.type), GraphQLObjectType):
                call = name + own(ARGUMENTS.get(full, ""))
                waiting.append((get_named_type(field.type), way % f"{call} {{ %s }}"))
    return found


FIELDS = [
    (type, name)
    for type in [*ways(), "Query"]
    for name, field in SCHEMA.type_map[type].fields.items()  # pyright: ignore[reportAttributeAccessIssue]
    if field.args and served(f"{type}.{name}")
]


def example(kind: Any, full: bool = False) -> Any:
    """A value of the type, with everything in it that is required, or everything."""
    if isinstance(kind, GraphQLNonNull):
        return example(kind.of_type, full)
    if isinstance(kind, GraphQLList):
        return [example(kind.of_type, full)]
    if isinstance(kind, GraphQLInputObjectType):
        return {
            name: example(field.type)
            for name, field in kind.fields.items()
            if full or isinstance(field.type, GraphQLNonNull)
        }
    if isinstance(kind, GraphQLEnumType):
        return next(iter(kind.values))
    plain = {"Boolean": True, "Int": 1, "Int64": 1, "Float": 1.0, "Duration": 1, "JSONString": "{}"}
    return plain.get(str(kind), NAMES.get(str(kind), "p"))


NAMES = {"ID": "UnVuOjE6cjE=", "String": "p"}


def sound(answer: Any, what: str) -> None:
    assert answer.status_code < 500, f"{what}: {answer.text[:300]}"
    assert MISTAKE not in answer.text, what
    assert len(answer.content) < 30_000, what


@pytest.mark.parametrize("type", ["User", "Entity", "Project", "Run"])
def test_the_ways_lead_to_things(dialect: Dialect, type: str) -> None:
    dialect.upsert()
    assert f'"__typename":"{type}"' in dialect.post(ways()[type] % "__typename").text


def calls(type: str, name: str) -> Iterator[tuple[str, str, dict[str, Any], Any]]:
    """For each argument: its name, a query with it, values of the others, and its type."""
    way = "{ %s }" if type == "Query" else ways()[type]
    field = SCHEMA.type_map[type].fields[name]  # pyright: ignore[reportAttributeAccessIssue]
    below = get_named_type(field.type)
    plain = not hasattr(below, "fields") and not hasattr(below, "types")
    selected = "" if plain else "{ __typename }"
    for argument, definition in field.args.items():
        required = {
            other: each.type
            for other, each in field.args.items()
            if other != argument and isinstance(each.type, GraphQLNonNull)
        }
        kinds = {argument: definition.type, **required}
        head = ", ".join(f"${each}: {kind}" for each, kind in kinds.items())
        call = ", ".join(f"{each}: ${each}" for each in kinds)
        query = f"query Q({head}) {way % f'{name}({call}) {selected}'}"
        values = {each: example(kind) for each, kind in required.items()}
        yield argument, query, values, definition.type


@pytest.mark.parametrize(("type", "name"), FIELDS, ids=lambda each: each)
def test_no_argument_breaks_a_field(embedded_dialect: Dialect, type: str, name: str) -> None:
    embedded_dialect.upsert()
    for argument, query, values, kind in calls(type, name):
        for bad in bad_values(kind):
            answer = embedded_dialect.post(query, **values, **{argument: bad})
            sound(answer, f"{argument}={bad!r:.60}")


def mutations() -> list[str]:
    assert SCHEMA.mutation_type is not None
    return [name for name in SCHEMA.mutation_type.fields if served(f"Mutation.{name}")]


def mutation(name: str) -> tuple[str, GraphQLInputObjectType, Any]:
    """A document with the mutation, its input, and the type of that as it is declared."""
    assert SCHEMA.mutation_type is not None
    kind = SCHEMA.mutation_type.fields[name].args["input"].type
    given = get_named_type(kind)
    assert isinstance(given, GraphQLInputObjectType)
    query = f"mutation M($input: {kind}) {{ {name}(input: $input) {{ __typename }} }}"
    return query, given, kind


@pytest.mark.parametrize("name", mutations())
def test_no_input_breaks_a_mutation(embedded_dialect: Dialect, name: str) -> None:
    embedded_dialect.upsert()
    query, given, kind = mutation(name)
    sound(embedded_dialect.post(query, input=example(kind, full=True)), "everything")
    for field, definition in given.fields.items():
        for bad in bad_values(definition.type):
            answer = embedded_dialect.post(query, input={**example(kind), field: bad})
            sound(answer, f"{field}={bad!r:.60}")


@pytest.fixture
def postgresql_dialect(
    settings: Settings,
    postgresql_database: Database,
    migrated_postgres: str,
    chdb_pool: ClientPool,
) -> Iterator[Dialect]:
    """The dialect over PostgreSQL, whose texts hold no NUL."""
    postgresql_database.ping()
    settings = replace(settings, database_url=migrated_postgres)
    services = compose(settings, stores=open_stores(settings, engine=chdb_pool))
    try:
        ensure_administrator(services)
        key = (settings.data_dir / ADMIN_KEY).read_text().strip()
        with TestClient(application(services), base_url="http://127.0.0.1:8080") as client:
            client.headers["Authorization"] = f"Bearer {key}"
            yield Dialect(client)
    finally:
        services.close()


@pytest.mark.postgres
def test_no_nul_breaks_postgresql(postgresql_dialect: Dialect) -> None:
    dialect = postgresql_dialect
    dialect.upsert()
    for field in FIELDS:
        for argument, query, values, kind in calls(*field):
            if get_named_type(kind).name in ("String", "ID"):
                bad = ["\0"] if listed(kind) else "\0"
                sound(dialect.post(query, **values, **{argument: bad}), f"{field} {argument}")
    for name in mutations():
        query, given, kind = mutation(name)
        for field, definition in given.fields.items():
            if get_named_type(definition.type).name in ("String", "ID"):
                bad = ["\0"] if listed(definition.type) else "\0"
                answer = dialect.post(query, input={**example(kind), field: bad})
                sound(answer, f"{name} {field}")
