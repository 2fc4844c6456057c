"""`POST /graphql` as an endpoint: bodies, errors and their statuses."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from server.tests.unit.protocols.wandb.conftest import UPSERT, Dialect


def errors(answer: Any) -> list[str]:
    return [error["message"] for error in answer.json()["errors"]]


def test_viewer_is_the_owner_of_the_key(dialect: Dialect) -> None:
    data = dialect.data("{ viewer { id entity username teams { edges { node { name } } } } }")
    assert base64.b64decode(data["viewer"].pop("id")).startswith(b"User:")
    assert data["viewer"] == {
        "entity": "admin",
        "username": "admin",
        "teams": {"edges": [{"node": {"name": "admin"}}]},
    }


def test_an_empty_operation_name_is_none(dialect: Dialect) -> None:
    body = {"query": "query A { viewer { entity } }", "operationName": ""}
    assert dialect.http.post("/graphql", json=body).json() == {
        "data": {"viewer": {"entity": "admin"}}
    }


def test_the_operation_is_chosen_by_its_name(dialect: Dialect) -> None:
    query = "query A { viewer { entity } } query B { viewer { username } }"
    body = {"query": query, "operationName": "B"}
    assert dialect.http.post("/graphql", json=body).json() == {
        "data": {"viewer": {"username": "admin"}}
    }
    assert dialect.http.post("/graphql", json={"query": query}).status_code == 400
    missing = dialect.http.post("/graphql", json={"query": query, "operationName": "C"})
    assert errors(missing) == ["The document has no operation `C`"]


def test_variables_that_nobody_declares_are_ignored(dialect: Dialect) -> None:
    query = "query Q { viewer { entity } }"
    assert dialect.data(query, locked=True, scheduler={"a": [1]}) == {"viewer": {"entity": "admin"}}


def test_a_single_value_stands_for_a_list(dialect: Dialect) -> None:
    dialect.upsert()
    query = (
        'query Q($specs: [JSONString!]!) { project(name: "p", entityName: "admin") '
        '{ run(name: "r1") { sampledHistory(specs: $specs) } } }'
    )
    assert dialect.data(query, specs="{}")["project"]["run"]["sampledHistory"] == [[]]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "no GraphQL request"),
        (b"[]", "no GraphQL request"),
        (b'{"variables": {}}', "query"),
        (b"{", "no GraphQL request"),
        (b'{"query": "{ viewer { id"}', "no GraphQL"),
        (b'{"query": "{ nothing }"}', "nothing"),
        (b'{"query": "query Q($a: [Int!]!) { viewer { id } }", "variables": {}}', "$a"),
        (b'{"query": "fragment F on User { id }"}', "F"),
        (b'{"query": "\xff"}', "no GraphQL request"),
    ],
)
def test_malformed_requests_are_refused_with_the_reason(
    dialect: Dialect, body: bytes, message: str
) -> None:
    answer = dialect.http.post("/graphql", content=body)
    assert answer.status_code == 400
    assert message in errors(answer)[0]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("{ a: viewer { id } " + "viewer { id } " * 6000 + "}", "token"),
        ("{ viewer " + "{ defaultEntity { user " * 20 + "{ id }" + "}}" * 20 + "}", "levels deep"),
        ("{" + " ".join(f"a{n}: viewer {{ id }}" for n in range(101)) + "}", "aliases"),
        (
            "query Q { viewer { ...A } } fragment A on User { ...B } fragment B on User { ...A }",
            "contains itself",
        ),
        (
            "{ models(first: 999) { edges { node { runs(first: 999) { edges { cursor } } } } } }",
            "500000 are allowed",
        ),
    ],
    ids=["long", "deep", "wide", "circular", "costly"],
)
def test_what_would_cost_too_much_is_refused(dialect: Dialect, query: str, message: str) -> None:
    answer = dialect.post(query)
    assert answer.status_code in (400, 413)
    assert message in errors(answer)[0]


def test_fragments_that_multiply_are_counted_as_what_they_become(dialect: Dialect) -> None:
    parts = [f"fragment F{n} on User {{ ...F{n + 1} ...F{n + 1} }}" for n in range(20)]
    query = "{ viewer { ...F0 } } " + " ".join(parts) + " fragment F20 on User { id }"
    answer = dialect.post(query)
    assert answer.status_code == 400
    assert "fields" in errors(answer)[0]


def test_a_body_of_sixteen_mebibytes_is_read_and_more_is_not(dialect: Dialect) -> None:
    query = "query Q($x: String) { project(name: $x) { id } }"
    assert dialect.post(query, x="p" * (15 << 20)).status_code == 200
    assert dialect.post(query, x="p" * (17 << 20)).status_code == 413


@pytest.mark.parametrize("header", ["Bearer wrong-key", "Basic YXBpOndyb25n", "Basic !", "x"])
def test_a_wrong_key_is_401_with_a_message(dialect: Dialect, header: str) -> None:
    answer = dialect.http.post(
        "/graphql", json={"query": "{ viewer { id } }"}, headers={"Authorization": header}
    )
    assert answer.status_code == 401
    assert errors(answer)[0]
    assert answer.headers["www-authenticate"].startswith("Basic")


def test_a_basic_key_is_accepted(dialect: Dialect, admin_key: str) -> None:
    header = "Basic " + base64.b64encode(f"api:{admin_key}".encode()).decode()
    answer = dialect.http.post(
        "/graphql", json={"query": "{ viewer { entity } }"}, headers={"Authorization": header}
    )
    assert answer.json() == {"data": {"viewer": {"entity": "admin"}}}


def test_a_missing_thing_is_null(dialect: Dialect) -> None:
    query = '{ project(name: "none", entityName: "admin") { id } }'
    assert dialect.data(query) == {"project": None}
    assert dialect.data('{ project(name: "x", entityName: "nobody") { id } }') == {"project": None}
    dialect.upsert()
    assert dialect.run("id", name="none") is None


@pytest.mark.parametrize(
    ("variables", "status", "message"),
    [
        ({"entity": "nobody"}, 404, "nobody"),
        ({"name": "../x"}, 400, "../x"),
        ({"name": "a/b"}, 400, "a/b"),
        ({"project": "a/b"}, 400, "a/b"),
        ({"config": "{"}, 400, "The config"),
        ({"config": "[]"}, 400, "The config"),
        ({"sweep": "abc"}, 400, "Sweeps are not supported yet"),
        ({"state": "finished"}, 400, "finished"),
        ({"id": "bm90aGluZw=="}, 404, "id of no run"),
        (
            {"config": '{"_wandb":{"value":{"branch_point":{"run_id":"a"}}}}'},
            400,
            "no run and step",
        ),
    ],
)
def test_a_refused_mutation_says_so_by_its_status(
    dialect: Dialect, variables: dict[str, Any], status: int, message: str
) -> None:
    answer = dialect.post(UPSERT, **{"name": "r1", "project": "p", **variables})
    assert answer.status_code == status
    assert message in errors(answer)[0]
    assert answer.json()["data"] in (None, {"upsertBucket": None})


def test_what_failed_has_changed_nothing(embedded_dialect: Dialect) -> None:
    dialect = embedded_dialect
    mutation = (
        'mutation { a: upsertBucket(input: {name: "kept", modelName: "p"}) { inserted } '
        'b: upsertBucket(input: {name: "../x", modelName: "p"}) { inserted } }'
    )
    assert dialect.post(mutation).status_code == 400
    assert dialect.run("id", name="kept") is None


def test_a_query_answers_what_it_can(dialect: Dialect) -> None:
    dialect.upsert()
    query = '{ viewer { entity } project(name: "p") { name sweep(sweepName: "a") { id } } }'
    answer = dialect.post(query)
    assert answer.status_code == 200
    assert answer.json()["data"] == {
        "viewer": {"entity": "admin"},
        "project": {"name": "p", "sweep": None},
    }
    assert errors(answer) == ["Sweeps are not supported yet (sweep)"]


def test_not_a_number_is_text_in_inline_json_and_bare_in_json_text(dialect: Dialect) -> None:
    dialect.upsert()
    files = {
        "wandb-history.jsonl": {"content": ['{"_step":0,"a":NaN,"b":-Infinity}']},
        "wandb-summary.json": {"content": ['{"a":NaN,"b":-Infinity}']},
    }
    dialect.stream(files=files)
    spec = json.dumps({"keys": ["a", "b"]}).replace('"', '\\"')
    found = dialect.run(f'sampledHistory(specs: ["{spec}"]) summaryMetrics')
    assert found == {
        "sampledHistory": [[{"a": "NaN", "b": "-Infinity"}]],
        "summaryMetrics": '{"a":NaN,"b":-Infinity}',
    }


def test_introspection_tells_old_clients_what_there_is(dialect: Dialect) -> None:
    query = """
      query Probe($name: String!) {
        __type(name: $name) { name fields { name } inputFields { name } }
      }
    """
    for name, kind, member in (
        ("Query", "fields", "serverInfo"),
        ("ServerInfo", "fields", "cliVersionInfo"),
        ("Run", "fields", "projectId"),
        ("UseArtifactInput", "inputFields", "usedAs"),
        ("CreateArtifactInput", "inputFields", "ttlDurationSeconds"),
        ("ServerSettings", "fields", "name"),
    ):
        found = dialect.data(query, name=name)["__type"]
        assert member in [each["name"] for each in found[kind]]
