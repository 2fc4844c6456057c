"""What every store gives of the calls that evaluations consist of."""

from __future__ import annotations

import itertools
import secrets
from dataclasses import replace
from typing import Any

import pytest

from kiseki_server.domain.calls.query import Field, In, Literal
from kiseki_server.domain.calls.store import CallFilter, CallQuery, CallStore, Writes
from kiseki_server.domain.calls.types import Call, Source, Usage
from kiseki_server.domain.evaluations.store import EvaluationStore, Outline, Place, Tally
from kiseki_server.kit.ids import ProjectId
from kiseki_server.kit.json import from_text, to_text
from kiseki_server.storage.columnar.calls import ColumnarCallStore
from kiseki_server.storage.columnar.engine import ClientPool
from kiseki_server.storage.columnar.evaluations import ColumnarEvaluationStore
from kiseki_server.storage.memory.calls import MemoryCallStore
from kiseki_server.storage.memory.evaluations import MemoryEvaluationStore

NOON = 1_764_504_000_000_000
_numbers = itertools.count(secrets.randbelow(1 << 40) << 20)
PLACES = (
    Place(("inputs",), 60),
    Place(("output", "scores"), 40),
    Place(("output", "a.b"), 40, entry=12),
)


@pytest.fixture
def stores(pool: ClientPool | None) -> tuple[CallStore, EvaluationStore]:
    if pool is None:
        memory = MemoryCallStore()
        return memory, MemoryEvaluationStore(memory)
    columnar = ColumnarCallStore(pool)
    return columnar, ColumnarEvaluationStore(columnar)


@pytest.fixture
def project() -> ProjectId:
    return ProjectId(next(_numbers))


def call(project: ProjectId, number: int, **given: Any) -> Call:
    values: dict[str, Any] = {
        "parent_id": "top",
        "trace_id": "t",
        "op": "row",
        "op_name": "row",
        "source": Source.WEAVE,
        "started_at": NOON + number,
        "ended_at": NOON + number + 10,
    }
    return Call(id=f"c{number}", project=project, **{**values, **given})


def test_outlines_bring_what_stands_at_places(
    stores: tuple[CallStore, EvaluationStore], project: ProjectId
) -> None:
    calls, evaluations = stores
    usage = {"gpt": {"prompt_tokens": 2, "completion_tokens": 3, "requests": 1}}
    first = call(
        project,
        0,
        inputs=to_text({"example": "ref"}),
        output=to_text({"scores": {"日": [1, None]}, "a.b": 2.5}),
        summary=to_text({"usage": usage}),
        input_refs=("x", "y"),
    )
    long = call(
        project,
        1,
        inputs=to_text({"example": "x" * 60}),
        output=to_text({"scores": None, "a.b": {"text": "y" * 50, 'a"': {"b": 1}, "c": "日"}}),
    )
    failed = call(project, 2, exception="boom")
    opened = call(project, 3, ended_at=None, op="weave:///p/op/row:abc")
    other = call(project, 4, parent_id="another")
    calls.write(Writes(finished=[first, long, failed, other], opened=[opened]))
    query = CallQuery(project=project, filter=CallFilter(parent_ids=("top",)), limit=10)
    found = evaluations.outlines(query, PLACES)
    plain = Outline(
        id="c0",
        parent_id="top",
        op="row",
        op_name="row",
        started_at=NOON,
        ended_at=NOON + 10,
        exception=None,
        failed=False,
        input_refs=(),
        usage=(),
        texts=(),
    )
    assert [replace(each, texts=()) for each in found] == [
        replace(
            plain,
            input_refs=("x", "y"),
            usage=(
                Usage(
                    model="gpt",
                    requests=1,
                    prompt_tokens=2,
                    completion_tokens=3,
                    total_tokens=5,
                ),
            ),
        ),
        replace(plain, id="c1", started_at=NOON + 1, ended_at=NOON + 11),
        replace(
            plain, id="c2", started_at=NOON + 2, ended_at=NOON + 12, exception="boom", failed=True
        ),
        replace(plain, id="c3", started_at=NOON + 3, ended_at=None, op="weave:///p/op/row:abc"),
    ]
    texts = [[from_text(text) if text else None for text in each.texts] for each in found]
    assert texts == [
        [{"example": "ref"}, {"日": [1, None]}, 2.5],
        [None, None, {'a"': {"b": 1}, "c": "日"}],  # too long, null, and too long as a whole
        [{}, None, None],
        [{}, None, None],
    ]
    assert [each.id for each in evaluations.outlines(query, (), used=True)] == ["c0"]
    after = replace(query, after=(NOON, "c0"), limit=1)
    assert [each.id for each in evaluations.outlines(after, ())] == ["c1"]


def test_tallies_count_what_is_below_a_call(
    stores: tuple[CallStore, EvaluationStore], project: ProjectId
) -> None:
    calls, evaluations = stores
    rows = [
        call(project, 0),
        call(project, 1, exception="boom"),
        call(project, 2, summary='{"status_counts":{"error":1}}'),
        call(project, 3, parent_id="another"),
        call(project, 4, op="other", op_name="other"),
        call(project, 5, parent_id=None),
    ]
    calls.write(Writes(finished=rows, opened=[call(project, 6, ended_at=None)]))
    query = CallQuery(
        project=project,
        filter=CallFilter(parent_ids=("top", "another", "none")),
        condition=In(Field(("op_name",)), (Literal("row"),)),
    )
    found = evaluations.tallies(query)
    assert {parent: replace(each, mark=0) for parent, each in found.items()} == {
        "top": Tally(calls=4, ended=3, failed=2, last=NOON + 12, mark=0),
        "another": Tally(calls=1, ended=1, failed=0, last=NOON + 13, mark=0),
    }
    assert evaluations.tallies(query) == found
    calls.write(Writes(finished=[replace(rows[0], output="1")]))
    assert evaluations.tallies(query)["top"].mark != found["top"].mark
    assert evaluations.tallies(query)["another"] == found["another"]
