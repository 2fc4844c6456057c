"""What nobody sends by accident: answered quickly, in few words, with the limit that it breaks."""

from __future__ import annotations

import gzip
import json
from typing import Any
from urllib.parse import quote

import pytest
from server.tests.unit.protocols.wandb.conftest import UPSERT, Dialect

from kiseki_server.app.services import Services
from kiseki_server.domain.filters.rules import MAX_DEPTH, MAX_NODES
from kiseki_server.protocols.wandb import documents
from kiseki_server.protocols.wandb.executable import load_schema
from kiseki_server.protocols.wandb.json_lines import DEPTH

MESSAGE = 2_000
"""No answer to nonsense is longer."""


def refused(answer: Any, status: int, message: str) -> None:
    assert answer.status_code == status, answer.text[:500]
    assert message in answer.json()["errors"][0]["message"]
    assert len(answer.text) <= MESSAGE


# Documents

TEN = 10_000_000


@pytest.mark.parametrize(
    "query",
    [
        "{" + " viewer { id }" * (TEN // 14) + "}",
        '{ project(name: "' + "x" * TEN + '") { id } }',
        '{ project(name: """' + "x\n" * (TEN // 2) + '""") { id } }',
        '{ project(name: "' + "x" * TEN,
        "{ viewer { id } } #" + "x" * TEN,
        "{ viewer { id } }" + "," * TEN,
        "{ " + "x" * TEN + " }",
        "query " + "x" * TEN + " { viewer { id } }",
    ],
    ids=["fields", "string", "block", "open", "comment", "commas", "name", "operation"],
)
def test_a_document_of_ten_megabytes_is_not_even_parsed(dialect: Dialect, query: str) -> None:
    refused(dialect.post(query), 413, f"{documents.MAX_LENGTH} are allowed")


def test_a_variable_of_ten_megabytes_is_read(dialect: Dialect) -> None:
    query = "query Q($name: String) { project(name: $name) { id } }"
    assert dialect.data(query, name="x" * TEN) == {"project": None}


@pytest.mark.parametrize(
    "query",
    [
        "{ viewer " * 2000 + "{ id }" + "}" * 2000,
        "{ viewer { " + "... on User { " * 1200 + "id" + "}" * 1200 + "} }",
        '{ project(name: "p") { runs(filters: '
        + "{a: " * 2000
        + "1"
        + "}" * 2000
        + ") { edges } } }",
        "{ project(name: " + "[" * 2000 + "]" * 2000 + ") { id } }",
        "query Q($a: " + "[" * 2000 + "Int" + "]" * 2000 + ") { viewer { id } }",
    ],
    ids=["fields", "fragments", "object", "list", "type"],
)
def test_depth_is_bounded_in_whatever_can_be_nested(dialect: Dialect, query: str) -> None:
    refused(dialect.post(query), 400, "nested too deeply")


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("{ viewer { ...A } } fragment A on User { id ...A }", "`A` contains itself"),
        (
            ("{ viewer { ...A } } fragment A on User { ...B } fragment B on User { ...C } "
            "fragment C on User { ...A }"),
            "contains itself",
        ),
        ("{ viewer { id } } fragment A on User { id ...A }", "within itself"),
        ("{ viewer { id } } fragment A on User { ...B } fragment B on User { ...A }", "itself"),
        ("{" + " ".join(f"a{n}: viewer {{ id }}" for n in range(500)) + "}", "100 aliases"),
        (
            "{ viewer { " + " ".join(f"a{n}: email" for n in range(500)) + " } }",
            "100 aliases",
        ),
        ("{ viewer { " + "id " * 4000 + "} }", "ask for each field once"),
        ("{ viewer " + "@include(if: true) " * 2000 + "{ id } }", "5000 tokens"),
        (" ".join(f"query Q{n} {{ viewer {{ id }} }}" for n in range(2000)), "5000 tokens"),
        (
            "{ __schema { types { fields { type "
            + "{ fields { type " * 8 + "{ name }" + "} }" * 8 + " } } } }",
            "introspection depth",
        ),
        ("{ viewer { projects(first: " + "9" * 4000 + ") { edges { cursor } } } }", "Int"),
        ("{ " + "x" * 10_000 + " }", "Cannot query field"),
        ('{ viewer { projects(first: -5) { edges { cursor } } } }', "at least 0"),
        (
            ("{ models(first: 1000) { edges { node { runs(first: 1000) { edges { node { "
            "files(first: 1000) { edges { cursor } } } } } } } } }"),
            "500000 are allowed",
        ),
    ],
    ids=[
        "itself", "circle", "unused", "unused circle", "roots", "aliases", "repeated",
        "directives", "operations", "introspection", "number", "name", "negative", "pages",
    ],
)  # fmt: skip
def test_bombs_are_refused_before_they_go_off(dialect: Dialect, query: str, message: str) -> None:
    answer = dialect.post(query)
    assert answer.status_code in (200, 400, 413)
    refused(answer, answer.status_code, message)
    assert answer.json()["data"] is None or set(answer.json()["data"]["viewer"].values()) == {None}


def test_the_server_remembers_no_more_documents_than_it_has_room_for() -> None:
    known = documents.Documents(load_schema())
    for number in range(30):
        known.read("{ viewer { id } } #" + f"{number:03}" + "x" * (200 << 10))
    assert len(known) <= (1 << 20) / (200 << 10)


# Variables

FILTERED = (
    'query Q($filters: JSONString) { project(name: "p") '
    "{ runs(filters: $filters) { edges { cursor } } } }"
)


@pytest.mark.parametrize("operator", ["$and", "$or", "$nor"])
@pytest.mark.parametrize("depth", [MAX_DEPTH + 1, 100, 250])
def test_filters_have_a_depth(dialect: Dialect, operator: str, depth: int) -> None:
    dialect.upsert()
    text = f'{{"{operator}": [' * depth + '{"state": "finished"}' + "]}" * depth
    refused(dialect.post(FILTERED, filters=text), 200, f"more than {MAX_DEPTH} levels deep")


@pytest.mark.parametrize(
    ("filters", "message"),
    [
        ('{"$not":' * 100 + '{"state": "finished"}' + "}" * 100, f"more than {MAX_DEPTH} levels"),
        ('{"$and": [' * 100_000, f"{DEPTH} levels are accepted"),
        ('{"a": ' + "[" * 100_000 + "]" * 100_000 + "}", f"{DEPTH} levels are accepted"),
        (json.dumps({"$or": [{"state": str(n)} for n in range(9_999)]}), f"{MAX_NODES} conditions"),
        (json.dumps({"name": {"$in": [str(n) for n in range(20_000)]}}), f"{MAX_NODES} conditions"),
        (json.dumps({"name": {"$regex": "(" * 900}}), "regular expression"),
        (json.dumps({"name": {"$regex": "a" * 5_000}}), "1000 characters"),
        (json.dumps({"name": {"$regex": "(?=a)"}}), "no regular expression"),
        (json.dumps({"name": {"$where": "sleep(1)"}}), "$where"),
        ('"finished"', "filter"),
        ("{", "no JSON"),
    ],
    ids=[
        "not", "open", "lists", "wide", "in", "parentheses", "long regex", "look ahead",
        "unknown", "text", "cut",
    ],
)  # fmt: skip
def test_filters_are_bounded(dialect: Dialect, filters: str, message: str) -> None:
    dialect.upsert()
    refused(dialect.post(FILTERED, filters=filters), 200, message)


def test_variables_have_a_depth(dialect: Dialect) -> None:
    body = b'{"query": "{ viewer { id } }", "variables": {"a": ' + b"[" * 100_000 + b"]" * 100_000
    answer = dialect.http.post("/graphql", content=body + b"}}")
    refused(answer, 400, f"{DEPTH} levels are accepted")


@pytest.mark.parametrize("variable", ["config", "summaryMetrics"])
def test_json_text_has_a_depth(dialect: Dialect, variable: str) -> None:
    text = '{"a": {"value": ' + "[" * 50_000 + "]" * 50_000 + "}}"
    answer = dialect.post(UPSERT, name="r1", project="p", **{variable: text})
    refused(answer, 400, f"{DEPTH} levels are accepted")


# Packed bodies

PACKED = gzip.compress(b'{"files": {}}')


@pytest.mark.parametrize(
    ("body", "encoding", "status", "message"),
    [
        (PACKED[:-6], "gzip", 400, "ends in the middle"),
        (PACKED[:-8] + bytes(8), "gzip", 400, "no gzip"),
        (b"garbage", "gzip", 400, "no gzip"),
        (PACKED + b"junk", "gzip", 400, "no gzip"),
        (gzip.compress(b" " * (100 << 20)), "gzip", 413, "64 MiB"),
        (PACKED, "br", 400, "`br` are not accepted"),
        (PACKED, "gzip, gzip", 400, "are not accepted"),
    ],
    ids=["cut", "checksum", "garbage", "junk", "bomb", "unknown", "twice"],
)
@pytest.mark.parametrize("path", ["/files/admin/p/r1/file_stream", "/graphql"])
def test_broken_bodies_are_refused(
    dialect: Dialect, path: str, body: bytes, encoding: str, status: int, message: str
) -> None:
    dialect.upsert()
    answer = dialect.http.post(path, content=body, headers={"Content-Encoding": encoding})
    refused(answer, status, message)


# Names

CONTROL = ["\n", "\0", "\x1b[31m", "\x7f", "\x85", "\u2028"]


@pytest.mark.parametrize("character", CONTROL, ids=repr)
@pytest.mark.parametrize("field", ["name", "project", "displayName"])
def test_names_hold_no_control_characters(dialect: Dialect, character: str, field: str) -> None:
    given = {"name": "r1", "project": "p", field: f"a{character}b"}
    answer = dialect.post(UPSERT, **given)
    assert answer.status_code == 400
    assert character not in answer.json()["errors"][0]["message"] or field == "project"


@pytest.mark.parametrize("field", ["groupName", "jobType", "notes", "host"])
def test_no_text_holds_a_nul(dialect: Dialect, field: str) -> None:
    refused(dialect.post(UPSERT, name="r1", project="p", **{field: "a\0b"}), 400, "NUL")


def test_half_a_character_is_no_text(dialect: Dialect) -> None:
    body = b'{"query": "{ viewer { id } }", "variables": {"name": "\\ud800"}}'
    refused(dialect.http.post("/graphql", content=body), 400, "no GraphQL request")


PATHS = [
    "../up", "a/../../up", "/etc/passwd", "a\\..\\b", "C:\\x", "a\0b", "a\nb", "..", ".",
    "", "a//../..", "/".join("a" * 3_000),
]  # fmt: skip
CREATE = """
mutation M($files: [String!]!) {
  createRunFiles(input: {entityName: "admin", projectName: "p", runName: "r1", files: $files}) {
    files { name uploadUrl }
  }
}
"""


@pytest.mark.parametrize("path", PATHS, ids=lambda path: repr(path[:12]))
def test_no_file_leaves_its_run(dialect: Dialect, services: Services, path: str) -> None:
    dialect.upsert()
    (file,) = dialect.data(CREATE, files=[path])["createRunFiles"]["files"]
    assert file == {"name": path, "uploadUrl": None}
    if path.strip(".") and not path.startswith("/"):  # others are addresses of something else
        address = f"/api/v1/projects/admin/p/runs/r1/files/{quote(path, safe='')}"
        answer = dialect.http.put(address, content=b"x")
        assert answer.status_code in (400, 404, 405), answer.text
    assert dialect.native("/files")["items"] == []
    outside = services.settings.data_dir.parent
    assert not list(outside.rglob("up"))
