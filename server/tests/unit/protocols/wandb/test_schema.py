"""The schema and what is served of it."""

from __future__ import annotations

import inspect

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    Undefined,
)
from server.tests.unit.protocols.wandb.conftest import Dialect
from wandb_compatibility import DOCUMENT, lists

from kiseki_server.protocols.wandb.executable import NODES, load_schema, snake
from kiseki_server.protocols.wandb.not_supported import EMPTY, REFUSED
from kiseki_server.protocols.wandb.server_info import CLIENTS, FEATURES


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    return load_schema()


def fields(schema: GraphQLSchema, name: str) -> set[str]:
    type = schema.type_map[name]
    assert isinstance(type, GraphQLObjectType)
    return {f"{name}.{field}" for field in type.fields}


def is_served(field: str) -> bool:
    type, _, name = field.partition(".")
    node = NODES[type]
    attribute = snake(name)
    sources = [inspect.getsource(each) for each in node.__mro__ if each is not object]
    return hasattr(node, attribute) or any(f"self.{attribute} =" in each for each in sources)


def test_every_field_is_served_or_listed_once(schema: GraphQLSchema) -> None:
    listed = REFUSED.keys() | EMPTY
    assert not REFUSED.keys() & EMPTY
    for name in NODES:
        for field in fields(schema, name):
            assert is_served(field) != (field in listed), field


def test_nothing_is_listed_that_the_schema_does_not_have(schema: GraphQLSchema) -> None:
    known = {field for name in NODES for field in fields(schema, name)}
    assert (REFUSED.keys() | EMPTY) <= known


def test_arguments_fit_those_of_the_methods(schema: GraphQLSchema) -> None:
    for name, node in NODES.items():
        type = schema.type_map[name]
        assert isinstance(type, GraphQLObjectType)
        for field, definition in type.fields.items():
            method = inspect.getattr_static(node, snake(field), None)
            if not inspect.isfunction(method):
                assert not definition.args or f"{name}.{field}" in REFUSED.keys() | EMPTY, field
                continue
            taken = [p for p in inspect.signature(method).parameters if p != "self"]
            assert sorted(map(snake, definition.args)) == sorted(taken), field


@pytest.mark.parametrize("field", sorted(REFUSED))
def test_what_is_refused_says_so_in_one_sentence(
    dialect: Dialect, schema: GraphQLSchema, field: str
) -> None:
    type, _, name = field.partition(".")
    parent = schema.type_map[type]
    assert isinstance(parent, GraphQLObjectType)
    definition = parent.fields[name]
    required = {
        argument: value.type
        for argument, value in definition.args.items()
        if value.default_value is Undefined and str(value.type).endswith("!")
    }
    declared = ", ".join(f"${argument}: {kind}" for argument, kind in required.items())
    passed = ", ".join(f"{argument}: ${argument}" for argument in required)
    call = f"{name}({passed})" if passed else name
    selected = f"{call} {{ __typename }}"
    operation = "mutation" if type == "Mutation" else "query"
    dialect.upsert()
    around = {"Project": 'project(name: "p") { %s }', "Entity": 'entity(name: "admin") { %s }'}
    inner = around.get(type, "%s") % selected
    variables = {argument: _example(kind) for argument, kind in required.items()}
    head = f"{operation} Q({declared})" if declared else operation
    answer = dialect.post(f"{head} {{ {inner} }}", **variables)
    assert answer.status_code == (400 if operation == "mutation" else 200), answer.text
    assert answer.json()["errors"][0]["message"] == f"{REFUSED[field]} ({name})"


def _example(kind: object) -> object:
    """A value of the type, with everything in it that is required."""
    if isinstance(kind, GraphQLNonNull):
        return _example(kind.of_type)
    if isinstance(kind, GraphQLList):
        return []
    if isinstance(kind, GraphQLInputObjectType):
        return {
            name: _example(field.type)
            for name, field in kind.fields.items()
            if isinstance(field.type, GraphQLNonNull) and field.default_value is Undefined
        }
    if isinstance(kind, GraphQLEnumType):
        return next(iter(kind.values))
    plain = {"Boolean": True, "Int": 1, "Int64": 1, "Float": 1.0, "Duration": 1}
    return plain.get(str(kind), "x")


def test_lists_that_cannot_have_anything_are_empty(dialect: Dialect) -> None:
    dialect.upsert()
    data = dialect.data(
        """{
          organization(name: "x") { id }
          entity(name: "admin") {
            artifactCollections { edges { node { id } } } integrations { edges { cursor } }
            triggers { edges { cursor } }
          }
          project(name: "p") {
            allViews { edges { cursor } pageInfo { hasNextPage endCursor } }
            artifactTypes { edges { cursor } } artifactCollections { edges { cursor } totalCount }
            runQueues { id } sweeps { edges { cursor } } triggers { id } members { id }
            teamMembers { role { name } } views
            run(name: "r1") {
              inputArtifacts { totalCount edges { cursor } } outputArtifacts { totalCount }
              sweepName parquetHistory(liveKeys: ["_step"]) { parquetUrls liveData }
            }
          }
        }"""
    )
    nothing = {"edges": []}
    assert data == {
        "organization": None,
        "entity": {"artifactCollections": nothing, "integrations": nothing, "triggers": nothing},
        "project": {
            "allViews": {"edges": [], "pageInfo": {"hasNextPage": False, "endCursor": None}},
            "artifactTypes": nothing,
            "artifactCollections": {"edges": [], "totalCount": 0},
            "runQueues": [],
            "sweeps": nothing,
            "triggers": [],
            "members": [],
            "teamMembers": [],
            "views": None,
            "run": {
                "inputArtifacts": {"totalCount": 0, "edges": []},
                "outputArtifacts": {"totalCount": 0},
                "sweepName": None,
                "parquetHistory": {"parquetUrls": [], "liveData": []},
            },
        },
    }


def test_only_features_that_are_honoured_are_announced(dialect: Dialect) -> None:
    query = "{ serverInfo { features { name isEnabled } cliVersionInfo } }"
    info = dialect.data(query)["serverInfo"]
    assert info["features"] == [{"name": name, "isEnabled": True} for name in FEATURES]
    assert info["cliVersionInfo"]["min_cli_version"] == CLIENTS[-1]


def test_the_reference_lists_what_is_not_served() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    assert text.endswith("\n".join(lists())), "run tools/wandb_compatibility.py"
    assert ", ".join(f"`{name}`" for name in FEATURES) in text
