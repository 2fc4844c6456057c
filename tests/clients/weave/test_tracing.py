"""Calls that the real client traces: what arrives, and what it reads back."""

from __future__ import annotations

from typing import Any

import pytest
from tests.clients.weave.conftest import Client

pytestmark = pytest.mark.clients


def test_ops_of_every_kind_are_traced_with_their_nesting(client: Client) -> None:
    found = client.result(
        """
        import asyncio
        weave.init("trace-kinds")

        @weave.op
        def double(x):
            return x * 2

        @weave.op
        async def later(x):
            await asyncio.sleep(0)
            return double(x) + 1

        @weave.op
        def counting(n):
            for i in range(n):
                yield double(i)

        @weave.op
        def failing(x):
            raise ValueError(f"no {x}")

        class Model:
            @weave.op
            def predict(self, x):
                return {"y": double(x), "nested": [1, 2.0, None, "日本"]}

        assert asyncio.run(later(5)) == 11
        assert list(counting(3)) == [0, 2, 4]
        try:
            failing(7)
        except ValueError:
            pass
        with weave.attributes({"team": "search", "a.b": {"c": 1}}):
            Model().predict(4)
        client = weave.get_client()
        client.flush()
        calls = list(client.get_calls())
        names = {call.id: call.func_name for call in calls}
        print(json.dumps([
            {
                "op": call.func_name,
                "parent": names.get(call.parent_id),
                "output": call.output,
                "exception": (call.exception or "")[:200],
                "status": call.summary["weave"]["status"],
                "team": call.attributes.get("team"),
            }
            for call in calls
        ], default=str))
        """
    )
    by_op: dict[str, list[dict[str, Any]]] = {}
    for call in found:
        by_op.setdefault(call["op"], []).append(call)
    (later,) = by_op["later"]
    assert (later["output"], later["status"], later["parent"]) == (11, "success", None)
    assert {call["parent"] for call in by_op["double"]} == {"later", "counting", "Model.predict"}
    (counting,) = by_op["counting"]
    assert counting["status"] == "success"
    (failing,) = by_op["failing"]
    assert failing["status"] == "error"
    assert "no 7" in failing["exception"]
    (predicted,) = by_op["Model.predict"]
    assert predicted["team"] == "search"
    assert len(found) == 1 + 1 + 1 + 3 + 1 + 1 + 1


def test_calls_are_found_filtered_sorted_and_counted(client: Client) -> None:
    found = client.result(
        """
        weave.init("trace-queries")

        @weave.op
        def answer(question, temperature):
            return {"text": question.upper(), "score": temperature}

        for number in range(25):
            answer(f"question {number}", number / 10)
        client = weave.get_client()
        client.flush()
        get = lambda **asked: [c.inputs["question"] for c in client.get_calls(**asked)]
        field = lambda path: {"$getField": path}
        hot = {"$expr": {"$gt": [field("inputs.temperature"), {"$literal": 2.2}]}}
        loud = {"$expr": {"$contains": {"input": field("output.text"),
                                        "substr": {"$literal": "ION 1"}}}}
        print(json.dumps({
            "all": len(client.get_calls()),
            "hot": get(query=hot),
            "loud": len(get(query=loud)),
            "newest": get(sort_by=[{"field": "started_at", "direction": "desc"}], limit=2),
            "best": get(sort_by=[{"field": "output.score", "direction": "desc"}], limit=2),
            "offset": get(limit=2, offset=3),
            "roots": len(get(filter={"trace_roots_only": True})),
            "op": len(get(filter={"op_names": [
                f"weave:///{client.entity}/{client.project}/op/answer:*"]})),
            "none": get(filter={"trace_ids": ["nothing"]}),
        }))
        """
    )
    assert found == {
        "all": 25,
        "hot": ["question 23", "question 24"],
        "loud": 11,
        "newest": ["question 24", "question 23"],
        "best": ["question 24", "question 23"],
        "offset": ["question 3", "question 4"],
        "roots": 25,
        "op": 25,
        "none": [],
    }


def test_a_call_is_renamed_read_alone_and_deleted_with_what_is_below(client: Client) -> None:
    found = client.result(
        """
        weave.init("trace-changes")

        @weave.op
        def inner(x):
            return x

        @weave.op
        def outer(x):
            return inner(x)

        _, first = outer.call(1)
        _, second = outer.call(2)
        client = weave.get_client()
        client.flush()
        second.set_display_name("Second, renamed")
        client.flush()
        read = client.get_call(second.id)
        before = len(list(client.get_calls()))
        first.delete()
        client.flush()
        print(json.dumps({
            "name": read.display_name,
            "before": before,
            "after": sorted(c.func_name + str(c.inputs["x"]) for c in client.get_calls()),
        }))
        """
    )
    assert found == {"name": "Second, renamed", "before": 4, "after": ["inner2", "outer2"]}


def test_threads_group_turns(client: Client) -> None:
    found = client.result(
        """
        weave.init("trace-threads")

        @weave.op
        def say(text):
            return think(text)

        @weave.op
        def think(text):
            return text[::-1]

        for conversation in ("one", "two"):
            with weave.thread(conversation):
                say("hello")
                say("again")
        client = weave.get_client()
        client.flush()
        calls = [c for c in client.get_calls() if c.thread_id == "one"]
        print(json.dumps({
            "calls": len(calls),
            "turns": sum(c.turn_id == c.id for c in calls),
            "inside": len({c.turn_id for c in calls}),
        }))
        """
    )
    assert found == {"calls": 4, "turns": 2, "inside": 2}


def test_large_values_come_back_whole(client: Client) -> None:
    found = client.result(
        """
        weave.init("trace-large")

        @weave.op
        def echo(text, rows):
            return {"text": text, "rows": rows}

        text = "日本語 " * 400_000
        rows = [{"i": i, "f": i / 3, "s": str(i)} for i in range(5_000)]
        echo(text, rows)
        client = weave.get_client()
        client.flush()
        (call,) = client.get_calls()
        print(json.dumps([call.inputs["text"] == text, len(call.output["rows"]),
                          call.output["rows"][4999]["f"] == 4999 / 3]))
        """
    )
    assert found == [True, 5_000, True]


def test_the_older_way_of_sending_works_too(client: Client) -> None:
    found = client.result(
        """
        weave.init("trace-legacy")

        @weave.op
        def add(a, b):
            return a + b

        for n in range(50):
            add(n, 1)
        client = weave.get_client()
        client.flush()
        calls = list(client.get_calls())
        print(json.dumps([len(calls), sum(c.output for c in calls),
                          sum(c.ended_at is not None for c in calls)]))
        """,
        WEAVE_USE_CALLS_COMPLETE="false",
    )
    assert found == [50, sum(range(50)) + 50, 50]


def test_calls_without_a_flush_are_there_after_the_program(client: Client) -> None:
    client.run(
        """
        weave.init("trace-exit")

        @weave.op
        def add(a, b):
            return a + b

        for n in range(500):
            add(n, 1)
        """
    )
    count = client.result(
        """
        client = weave.init("trace-exit")
        print(json.dumps(len(client.get_calls())))
        """
    )
    assert count == 500


def test_each_version_traces_and_reads_back(each: Client) -> None:
    project = f"trace-version-{each.version.replace('.', '-')}"
    found = each.result(
        f"""
        weave.init("{project}")

        @weave.op
        def add(a, b=2):
            return a + b

        add(3)
        client = weave.get_client()
        client.flush() if hasattr(client, "flush") else client._flush()
        (call,) = client.get_calls()
        print(json.dumps([call.inputs["a"], call.inputs["b"], call.output]))
        """
    )
    assert found == [3, 2, 5]
