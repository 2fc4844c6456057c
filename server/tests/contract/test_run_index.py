"""The promises of the run index, on every adapter."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from server.tests.filters import NOON, filters, make_run, run_fields, sort_keys
from server.tests.histories import append_of

from kiseki_server.domain.filters.expression import parse, parse_path
from kiseki_server.domain.filters.render import render
from kiseki_server.domain.filters.rules import matches
from kiseki_server.domain.filters.tree import Field, Filter, SortKey
from kiseki_server.domain.history.store import HistoryStore
from kiseki_server.domain.history.types import RunRef
from kiseki_server.domain.runs.fields import RunFields
from kiseki_server.domain.runs.index import Measure, RunIndex
from kiseki_server.domain.runs.types import Run, RunState
from kiseki_server.kit.errors import BadRequest
from kiseki_server.kit.ids import ProjectId
from kiseki_server.storage.columnar.engine import ClientPool
from kiseki_server.storage.columnar.history import ColumnarHistoryStore
from kiseki_server.storage.columnar.run_index import ColumnarRunIndex
from kiseki_server.storage.memory.history import MemoryHistoryStore
from kiseki_server.storage.memory.run_index import MemoryRunIndex

NewRun = Callable[[], RunRef]


class Project:
    """An index with runs of one project."""

    def __init__(self, index: RunIndex, new_run: NewRun) -> None:
        self.index = index
        self._new_run = new_run
        self.id = new_run().project
        self.runs: dict[str, Run] = {}

    def add(self, name: str, **fields: Any) -> Run:
        run = make_run(self._new_run().run, self.id, name=name, **fields)
        self.runs[name] = run
        self.index.put([run])
        return run

    def find(self, text: str | None = None, *sort: str, **options: Any) -> list[str]:
        names = {run.id: run.name for run in self.runs.values()}
        hits = self.index.search(
            self.id, filter=None if text is None else parse(text), sort=order(*sort), **options
        )
        return [names[id] for id in hits.ids]


def order(*sort: str) -> list[SortKey]:
    return [SortKey(Field(parse_path(key.lstrip("-"))), key.startswith("-")) for key in sort]


@pytest.fixture
def histories(pool: ClientPool | None) -> HistoryStore:
    return MemoryHistoryStore() if pool is None else ColumnarHistoryStore(pool)


@pytest.fixture
def project(pool: ClientPool | None, histories: HistoryStore, new_run: NewRun) -> Project:
    index = MemoryRunIndex(histories) if pool is None else ColumnarRunIndex(pool)
    return Project(index, new_run)


def test_newer_runs_come_first(project: Project) -> None:
    project.add("old", created_at=NOON)
    project.add("new", created_at=NOON + timedelta(microseconds=1))
    project.add("newest", created_at=NOON + timedelta(microseconds=1))
    assert project.find() == ["newest", "new", "old"]
    assert project.index.search(project.id).total == 3


def test_a_put_replaces_what_was_known(project: Project) -> None:
    run = project.add("r", config={"lr": 0.1, "old": 1}, summary={"loss": 3})
    project.index.put([make_run(run.id, project.id, name="r", config={"lr": 0.2})])
    assert project.find("config.lr = 0.2") == ["r"]
    assert project.find("config.old exists or summary.loss exists") == []
    assert project.index.search(project.id).total == 1


def test_projects_are_apart(project: Project, new_run: NewRun) -> None:
    project.add("mine")
    other = Project(project.index, new_run)
    other.add("theirs")
    assert (project.find(), other.find()) == (["mine"], ["theirs"])


def test_runs_are_found_by_what_they_logged(project: Project, histories: HistoryStore) -> None:
    for name, keys, rows in (("a", ["loss", "x.y"], 5), ("b", ["loss", "text"], 2), ("c", [], 0)):
        run = project.add(name, created_at=NOON)
        ref = RunRef(project.id, run.id)
        values = {key: "said" if key == "text" else 1.0 for key in keys}
        histories.append([append_of(ref, [(row, row, values) for row in range(rows)])])
    found = {
        text: "".join(sorted(project.find(text)))
        for text in (
            "history.loss exists",
            "history.loss not exists",
            "history.x.y exists",
            "history.x exists",
            'history."text" exists',
            "history.loss = null",
            "history.loss != null",
            "history_lines > 2",
            "history_lines = 0",
            "history_lines in [2, 5]",
            'history.loss exists and not history_lines > 2 and name = "b"',
        )
    }
    assert found == {
        "history.loss exists": "ab",
        "history.loss not exists": "c",
        "history.x.y exists": "a",
        "history.x exists": "",
        'history."text" exists': "b",
        "history.loss = null": "c",
        "history.loss != null": "ab",
        "history_lines > 2": "a",
        "history_lines = 0": "c",
        "history_lines in [2, 5]": "ab",
        'history.loss exists and not history_lines > 2 and name = "b"': "b",
    }
    assert project.find(None, "-history_lines") == ["a", "b", "c"]
    assert project.find(None, "history_lines") == ["c", "b", "a"]
    assert project.index.search(project.id, sort=order("history_lines"), limit=1).total == 3


@pytest.mark.parametrize("text", ["history.loss > 1", "history.loss size 1", "history exists"])
def test_only_whether_a_key_was_logged_can_be_asked(project: Project, text: str) -> None:
    with pytest.raises(BadRequest, match=r"exist|name a key"):
        project.find(text)
    with pytest.raises(BadRequest, match="exist"):
        project.find(None, "history.loss")


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ("tags size 2", "b"),
        ("tags size 0", "c"),
        ("config.layers size 2", "a"),
        ("config.lr size 1", ""),
        ('state = "running"', "bc"),
        ('group in ["g", "h"]', "a"),
        ("group = null", "bc"),
        ('tags contains "x"', "ab"),
        ('tags in ["y", "z"]', "b"),
        ("tags exists", "ab"),
        ('display_name contains "ABL"', "a"),
        ('display_name ~ "^[Aa]bl"', "a"),
        ('user = "ann" and host = null', "abc"),
        ("duration > 59", "a"),
        ("finished_at exists", "a"),
        ('created_at >= "2026-01-31T12:00:10Z"', "bc"),
        ('created_at < "2026-01-31T12:00:10Z"', "a"),
        ('created_at in ["2026-01-31T12:00:00Z", 0]', "a"),
        ("finished_at in [null]", "bc"),
        ("config.lr > 0.01", "a"),
        ("config.lr = 0.001", "b"),
        ('config.lr = "0.01"', "c"),
        ("config.lr exists", "abc"),
        ("config.lr != 0.001", "ac"),
        ("not config.lr < 1", "c"),
        ("config.model.depth = 3", "ab"),
        ('config."model.depth" = 3', "ab"),
        ("config.model exists", "ab"),
        ("config.model = null", "c"),
        ("config.flag = true", "a"),
        ("config.flag = 1", "b"),
        ('config.layers contains "conv"', "a"),
        ("config.layers in [64]", "ab"),
        ("summary.loss < 1", "a"),
        ("summary.loss > 1e300", "c"),
        ("summary.loss exists", "abc"),
        ("summary.loss != 0.5", "bc"),
        ('config."a b\'`\\"{x:String}" = 1', "a"),
    ],
)
def test_filters(project: Project, expression: str, found: str) -> None:
    odd = "a b'`\"{x:String}"
    project.add(
        "a",
        state=RunState.FINISHED,
        display_name="ablation",
        group="g",
        tags=("x",),
        finished_at=NOON + timedelta(seconds=60),
        config={
            "lr": 0.1,
            "model": {"depth": 3},
            "flag": True,
            "layers": ["conv", 64],
            odd: 1,
        },
        summary={"loss": 0.5},
    )
    later = NOON + timedelta(seconds=10)
    project.add(
        "b",
        tags=("x", "y"),
        created_at=later,
        config={"lr": 1e-3, "model.depth": 3, "flag": 1, "layers": [64.0]},
        summary={"loss": math.nan},
    )
    project.add("c", created_at=later, config={"lr": "0.01"}, summary={"loss": math.inf})
    assert sorted(project.find(expression)) == sorted(found)


def test_runs_without_the_field_come_last_both_ways(project: Project) -> None:
    values: dict[str, Any] = {
        "two": 2,
        "text": "b",
        "list": [1],
        "none": None,
        "nan": math.nan,
        "inf": math.inf,
        "low": -1.5,
    }
    for name, value in values.items():
        project.add(name, summary={"v": value})
    assert project.find(None, "summary.v") == ["low", "two", "inf", "text", "nan", "none", "list"]
    assert project.find(None, "-summary.v") == ["text", "inf", "two", "low", "nan", "none", "list"]


def test_several_sort_keys(project: Project) -> None:
    for number, (group, loss) in enumerate([("b", 1), ("a", 1), ("a", 2), ("b", 3)]):
        project.add(f"r{number}", group=group, summary={"loss": loss})
    assert project.find(None, "group", "-summary.loss") == ["r2", "r1", "r3", "r0"]


def test_pages_follow_each_other_while_runs_change(project: Project) -> None:
    for number in range(7):
        project.add(f"r{number}", summary={"v": number // 2})
    sort = order("-summary.v")
    first = project.index.search(project.id, sort=sort, limit=3)
    assert (len(first.ids), first.total) == (3, 7)
    project.add("top", summary={"v": 100})
    project.index.remove([first.ids[-1]])
    second = project.index.search(project.id, sort=sort, limit=3, cursor=first.cursor)
    third = project.index.search(project.id, sort=sort, limit=3, cursor=second.cursor)
    names = {run.id: run.name for run in project.runs.values()}
    assert [names[id] for id in (*first.ids, *second.ids, *third.ids)] == [
        "r6", "r5", "r4", "r3", "r2", "r1", "r0",
    ]  # fmt: skip
    assert third.cursor is None
    assert second.total == 7


def test_a_cursor_of_another_order_or_none_is_refused(project: Project) -> None:
    project.add("a")
    project.add("b")
    cursor = project.index.search(project.id, limit=1).cursor
    with pytest.raises(BadRequest, match="another sort order"):
        project.index.search(project.id, sort=order("name"), cursor=cursor)
    for text in ("", "x", "gaFh", "%%%", "é"):
        with pytest.raises(BadRequest, match="no cursor"):
            project.index.search(project.id, cursor=text)


def test_deleted_runs_match_only_when_asked_for(project: Project) -> None:
    project.add("kept")
    project.add("gone", deleted_at=NOON)
    assert project.find() == ["kept"]
    assert project.find(deleted=True) == ["gone", "kept"]


def test_earlier_forms_of_runs_match_only_when_asked_for(project: Project) -> None:
    now = project.add("now")
    before = project.add("before", archived_of=now.id)
    project.add("gone", archived_of=now.id, deleted_at=NOON)
    assert project.find() == ["now"]
    assert project.index.search(project.id).total == 1
    assert project.find(archived=True) == ["before", "now"]
    project.index.put([replace(before, archived_of=None)])
    assert project.find() == ["before", "now"]


def test_removed_runs_are_gone(project: Project) -> None:
    gone, kept = project.add("gone"), project.add("kept")
    project.index.remove([gone.id])
    assert project.find() == ["kept"]
    project.index.put([gone])
    assert sorted(project.find()) == ["gone", "kept"]
    assert kept.id != gone.id


def test_a_run_that_moved_is_found_in_its_new_project(project: Project, new_run: NewRun) -> None:
    other = new_run().project
    moved = project.add("moved")
    project.add("kept")
    project.index.put([replace(moved, project=other)])
    project.index.remove([moved.id], project=project.id)
    assert project.find() == ["kept"]
    assert project.index.search(other).ids == (moved.id,)


def test_fields_for_completion(project: Project) -> None:
    project.add("a", config={"lr": 1, "model": {"depth": 2, "w.x": 3}, "none": None, "é Z": []})
    project.add("b", config={"lr": "x", "model": 3}, summary={"loss": 1})
    assert project.index.fields(project.id, "config") == [
        "lr", "model", "model.depth", "model.w.x", "é Z",
    ]  # fmt: skip
    assert project.index.fields(project.id, "config", prefix="model.", limit=1) == ["model.depth"]
    assert project.index.fields(project.id, "summary") == ["loss"]
    with pytest.raises(BadRequest):
        project.index.fields(project.id, "tags")


@pytest.mark.parametrize("bad", ['name ~ "("', 'config.a ~ "a(?=b)"', 'created_at > "noon"'])
def test_bad_values_are_refused(project: Project, bad: str) -> None:
    with pytest.raises(BadRequest):
        project.find(bad)


@pytest.mark.parametrize("engine", ["memory", "chdb", "http"])
@settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    runs=st.lists(run_fields, min_size=1, max_size=6),
    filter=filters,
    sort=sort_keys,
    limit=st.integers(1, 4),
    deleted=st.booleans(),
)
def test_adapters_agree(
    request: pytest.FixtureRequest,
    new_run: NewRun,
    engine: str,
    runs: Sequence[dict[str, Any]],
    filter: Filter,
    sort: Sequence[SortKey],
    limit: int,
    deleted: bool,
) -> None:
    """Each run matches as the rules say, and pages come in the order of memory."""
    project = ProjectId(new_run().project)
    made = [make_run(new_run().run, project, **fields) for fields in runs]
    index: RunIndex = MemoryRunIndex()
    index.put(made)
    expected = index.search(project, filter=filter, sort=sort, deleted=deleted)
    wanted = {
        run.id
        for run in made
        if (deleted or run.deleted_at is None) and matches(filter, RunFields(run))
    }
    if engine != "memory":
        index = ColumnarRunIndex(request.getfixturevalue(f"{engine}_pool"))
        index.put(made)
    found: list[int] = []
    cursor = None
    while True:
        hits = index.search(
            project, filter=filter, sort=sort, deleted=deleted, limit=limit, cursor=cursor
        )
        found += hits.ids
        assert hits.total == len(wanted), render(filter)
        cursor = hits.cursor
        if cursor is None:
            break
    assert set(found) == wanted, render(filter)
    assert tuple(found) == expected.ids


def test_runs_are_put_together_by_the_values_of_fields(project: Project) -> None:
    for number in range(3):
        project.add(f"a{number}", config={"lr": 0.1, "fast": True}, summary={"loss": number})
    project.add("b", config={"lr": 0.5}, summary={"loss": 9})
    project.add("c", config={"lr": "auto", "fast": 1}, summary={"loss": math.nan})
    project.add("d", config={"lr": [1, 2]}, summary={"loss": "none"})
    project.add("e", state=RunState.FAILED)

    def groups(*by: str, filter: str | None = None, limit: int = 100) -> Any:
        found = project.index.groups(
            project.id,
            [Field(parse_path(path)) for path in by],
            filter=None if filter is None else parse(filter),
            measures=[Field(("summary", "loss"))],
            limit=limit,
        )
        return found.total, [(group.values, group.count) for group in found.groups]

    assert groups("config.lr") == (
        4,
        [((0.1,), 3), ((None,), 2), ((0.5,), 1), (("auto",), 1)],
    )
    assert groups("config.lr", limit=1) == (4, [((0.1,), 3)])
    assert groups("config.fast", filter="config.lr exists") == (
        3,
        [((True,), 3), ((None,), 2), ((1.0,), 1)],
    )
    assert groups("state", "config.lr", filter="config.lr >= 0.1")[1] == [
        (("running", 0.1), 3),
        (("running", 0.5), 1),
    ]
    assert groups("config.lr", filter="summary.loss > 100") == (0, [])
    measures = project.index.groups(
        project.id, [Field(("config", "lr"))], measures=[Field(("summary", "loss"))]
    )
    assert {group.values[0]: group.measures[0] for group in measures.groups} == {
        0.1: Measure(3, 1.0, 0.0, 2.0, 1.0),
        None: Measure(0, None, None, None, None),
        0.5: Measure(1, 9.0, 9.0, 9.0, None),
        "auto": Measure(0, None, None, None, None),
    }
