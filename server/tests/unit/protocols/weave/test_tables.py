"""Tables over the wire."""

from __future__ import annotations

import json
from typing import Any

import pytest
from server.tests.unit.protocols.weave.conftest import PROJECT, Dialect

from kiseki_server.domain.objects import digests
from kiseki_server.protocols.weave import tables


def create(dialect: Dialect, rows: list[Any], **more: Any) -> tuple[str, list[str]]:
    body = {"table": {"project_id": PROJECT, "rows": rows, **more}}
    answer = dialect.ok("/table/create", body)
    return answer["digest"], answer["row_digests"]


def query(dialect: Dialect, digest: str, **more: Any) -> list[Any]:
    return dialect.ok("/table/query", {"project_id": PROJECT, "digest": digest, **more})["rows"]


def test_a_table_as_the_client_sends_it(each: Dialect) -> None:
    rows = [{"x": 1, "t": 2}, {"x": 2, "t": 5}]
    digest, order = create(each, rows)
    assert digest == "18e364362ac5b61ec3bc90b28556153b714b67a85fa17d9cda077ee44a254aaa"
    assert order == [digests.value_digest(row) for row in rows]
    assert query(each, digest) == [
        {"digest": order[i], "original_index": i, "val": rows[i]} for i in range(2)
    ]
    stats = {"project_id": PROJECT, "digest": digest}
    assert each.ok("/table/query_stats", stats) == {"count": 2}
    many = {"project_id": PROJECT, "digests": [digest, "none"], "include_storage_size": True}
    assert each.ok("/table/query_stats_batch", many) == {
        "tables": [{"digest": digest, "count": 2, "storage_size_bytes": 26}]
    }
    create(each, rows, expected_digest=digest)
    wrong = {"table": {"project_id": PROJECT, "rows": rows, "expected_digest": "x"}}
    assert each.post("/table/create", wrong).status_code == 409


def test_rows_keep_their_numbers_and_references(each: Dialect) -> None:
    row = {"n": [1, 1.0, 10**30], "ref": f"weave:///{PROJECT}/object/a:b", "": "é\0"}
    digest, _ = create(each, [row, row])
    assert [repr(one["val"]) for one in query(each, digest)] == [repr(row)] * 2


def test_pages_filters_and_orders(each: Dialect) -> None:
    rows = [{"i": i, "in": {"k": -i}} for i in range(30)]
    digest, order = create(each, rows)

    def shown(**more: Any) -> list[int]:
        return [row["original_index"] for row in query(each, digest, **more)]

    assert shown(limit=10, offset=25) == [25, 26, 27, 28, 29]
    assert shown(limit=0) == []
    assert shown(filter={"row_digests": [order[3], order[1]]}) == [1, 3]
    assert shown(sort_by=[{"field": "in.k", "direction": "asc"}], limit=2) == [29, 28]
    for bad in ({"sort_by": [{"field": "a..b"}]}, {"sort_by": [{"field": ""}]}, {"limit": -1}):
        body = {"project_id": PROJECT, "digest": digest, **bad}
        assert each.post("/table/query", body).status_code == 400
    assert query(each, "none") == []
    assert each.ok("/table/query_stats", {"project_id": PROJECT, "digest": "x"}) == {"count": 0}


def test_long_answers_come_in_pieces(each: Dialect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "_AT_ONCE", 4)
    for count in (0, 4, 10):
        digest, _ = create(each, [{"i": i} for i in range(count)])
        assert [row["val"]["i"] for row in query(each, digest)] == list(range(count))
    assert [row["val"]["i"] for row in query(each, digest, offset=1, limit=6)] == [*range(1, 7)]


def test_tables_of_rows_that_were_sent_before(each: Dialect) -> None:
    empty = {"project_id": PROJECT, "row_digests": []}
    assert each.ok("/table/create_from_digests", empty) == {"digest": digests.table_digest([])}
    _, one = create(each, [{"a": 1}])
    _, two = create(each, [{"a": 2}])
    body = {"project_id": PROJECT, "row_digests": [*two, *one, *two]}
    digest = each.ok("/table/create_from_digests", body)["digest"]
    assert [row["val"]["a"] for row in query(each, digest)] == [2, 1, 2]
    unknown = digests.value_digest({"a": 3})
    body = {"project_id": PROJECT, "row_digests": [*one, unknown]}
    assert unknown in each.refused("/table/create_from_digests", body, 404)
    assert query(each, digests.table_digest([*one, unknown])) == []
    body = {"project_id": PROJECT, "row_digests": ["nothing"]}
    assert each.refused("/table/create_from_digests", body, 400)


def test_updates_make_another_table(each: Dialect) -> None:
    base, order = create(each, [{"a": 1}, {"a": 2}])
    updates = [
        {"append": {"row": {"a": 3}}},
        {"pop": {"index": 0}},
        {"insert": {"index": 1, "row": {"a": 4}}},
    ]
    body = {"project_id": PROJECT, "base_digest": base, "updates": updates}
    answer = each.ok("/table/update", body)
    new = [digests.value_digest({"a": a}) for a in (3, 4)]
    assert answer["updated_row_digests"] == [new[0], order[0], new[1]]
    assert [row["val"]["a"] for row in query(each, answer["digest"])] == [2, 4, 3]
    assert [row["val"]["a"] for row in query(each, base)] == [1, 2]
    for bad in ({"pop": {"index": 2}}, {"pop": {"index": -1}}, {"append": {"row": 3}}, {}):
        assert each.refused("/table/update", {**body, "updates": [bad]}, 400)
    assert each.refused("/table/update", {**body, "base_digest": "none"}, 404)


def test_what_is_no_table(dialect: Dialect) -> None:
    for rows in ([3], [[1]], [None]):
        body = {"table": {"project_id": PROJECT, "rows": rows}}
        assert "row 0" in dialect.refused("/table/create", body, 400)
    assert dialect.refused("/table/create", {"table": {"project_id": PROJECT, "rows": 3}}, 422)


def obj(dialect: Dialect, name: str, val: Any) -> str:
    body = {"obj": {"project_id": PROJECT, "object_id": name, "val": val}}
    kind = "op" if isinstance(val, dict) and "weave_type" in val else "object"
    return f"weave:///{PROJECT}/{kind}/{name}:{dialect.ok('/obj/create', body)['digest']}"


def test_references_lead_into_values(each: Dialect) -> None:
    table, order = create(each, [{"q": "one", "a/b": [5]}, {"q": "two"}])
    rows = f"weave:///{PROJECT}/table/{table}"
    inner = obj(each, "inner", {"deep": [{"x": 1.0}]})
    outer = obj(each, "outer", {"rows": rows, "inner": inner, "list": [1, [2, None]]})
    op = obj(each, "f", {"_type": "CustomWeaveType", "weave_type": {"type": "Op"}})
    expected = {
        outer: {"rows": rows, "inner": inner, "list": [1, [2, None]]},
        op: {"_type": "CustomWeaveType", "weave_type": {"type": "Op"}},
        f"{outer}/attr/list/index/1/index/0": 2,
        f"{outer}/attr/list/index/9": None,
        f"{outer}/attr/none/key/x": None,
        f"{outer}/attr/rows": rows,
        f"{outer}/attr/rows/id/{order[0]}": {"q": "one", "a/b": [5]},
        f"{outer}/attr/rows/id/{order[1]}/key/q": "two",
        f"{outer}/attr/rows/id/{order[0]}/key/a%2Fb/index/0": 5,
        f"{outer}/attr/rows/id/none": None,
        f"{outer}/attr/inner/attr/deep/index/0/key/x": 1.0,
    }
    assert each.ok("/refs/read_batch", {"refs": list(expected)}) == {
        "vals": list(expected.values())
    }


def test_references_that_lead_nowhere(each: Dialect) -> None:
    here = obj(each, "here", 1)
    gone = obj(each, "gone", 2)
    each.ok("/obj/delete", {"project_id": PROJECT, "object_id": "gone"})
    assert each.ok("/refs/read_batch", {"refs": [here, gone, here]}) == {"vals": [1, None, 1]}
    lost = [f"weave:///{PROJECT}/object/{name}:{'d' * 43}" for name in ("a", "b")]
    answer = each.post("/refs/read_batch", {"refs": [here, *lost]})
    assert (answer.status_code, answer.json()["missing_object_digests"]) == (404, ["d" * 43] * 2)
    calls = f"weave:///{PROJECT}/call/1"
    for bad in (calls, f"weave:///{PROJECT}/table/x", "nothing", "weave:///a/b"):
        assert each.refused("/refs/read_batch", {"refs": [bad]}, 400)
    foreign = "weave:///nobody/p/object/a:b"
    assert each.refused("/refs/read_batch", {"refs": [foreign]}, 404)
    assert each.refused("/refs/read_batch", {"refs": [here] * 1001}, 400)
    assert each.ok("/refs/read_batch", {"refs": []}) == {"vals": []}


def test_values_that_name_each_other_end(each: Dialect) -> None:
    text = json.dumps({"x": "y"})
    first = obj(each, "one", text)
    assert each.ok("/refs/read_batch", {"refs": [f"{first}/attr/x"]}) == {"vals": [None]}
