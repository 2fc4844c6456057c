"""Whatever an argument holds, its field is answered: never by a mistake of ours.

Fields and the way to them come from the schema: what is added is tried at once.
"""

from __future__ import annotations

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
from server.tests.unit.protocols.wandb.conftest import Dialect
from server.tests.unit.protocols.wandb.test_field_access import ARGUMENTS, WAYS

from kiseki_server.protocols.wandb.executable import load_schema
from kiseki_server.protocols.wandb.not_supported import EMPTY, REFUSED

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


@pytest.mark.parametrize(("type", "name"), FIELDS, ids=lambda each: each)
def test_no_argument_breaks_a_field(embedded_dialect: Dialect, type: str, name: str) -> None:
    dialect = embedded_dialect
    dialect.upsert()
    way = "{ %s }" if type == "Query" else ways()[type]
    field = SCHEMA.type_map[type].fields[name]  # pyright: ignore[reportAttributeAccessIssue]
    below = get_named_type(field.type)
    selected = (
        "" if not hasattr(below, "fields") and not hasattr(below, "types") else "{ __typename }"
    )
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
        for bad in bad_values(definition.type):
            values = {each: example(kind) for each, kind in required.items()}
            sound(dialect.post(query, **values, **{argument: bad}), f"{argument}={bad!r:.60}")


def mutations() -> list[str]:
    assert SCHEMA.mutation_type is not None
    return [name for name in SCHEMA.mutation_type.fields if served(f"Mutation.{name}")]


@pytest.mark.parametrize("name", mutations())
def test_no_input_breaks_a_mutation(embedded_dialect: Dialect, name: str) -> None:
    dialect = embedded_dialect
    dialect.upsert()
    assert SCHEMA.mutation_type is not None
    kind = SCHEMA.mutation_type.fields[name].args["input"].type
    given = get_named_type(kind)
    assert isinstance(given, GraphQLInputObjectType)
    query = f"mutation M($input: {kind}) {{ {name}(input: $input) {{ __typename }} }}"
    sound(dialect.post(query, input=example(kind, full=True)), "everything")
    for field, definition in given.fields.items():
        for bad in bad_values(definition.type):
            answer = dialect.post(query, input={**example(kind), field: bad})
            sound(answer, f"{field}={bad!r:.60}")
