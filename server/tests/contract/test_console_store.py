"""The promises of the console store, on every adapter."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kiseki_server.domain.console.store import ConsoleStore
from kiseki_server.domain.console.types import Cursor, Line
from kiseki_server.domain.history.types import RunRef
from kiseki_server.kit.errors import BadRequest
from kiseki_server.storage.columnar.console import ColumnarConsoleStore
from kiseki_server.storage.columnar.engine import ClientPool
from kiseki_server.storage.memory.console import MemoryConsoleStore


@pytest.fixture
def store(pool: ClientPool | None) -> ConsoleStore:
    return MemoryConsoleStore() if pool is None else ColumnarConsoleStore(pool)


@pytest.fixture
def run(new_run: Callable[[], RunRef]) -> RunRef:
    return new_run()


def line(number: int, text: str = "text", **fields: object) -> Line:
    values = {"writer": "w", "time": number * 1000, "level": "info", "label": None} | fields
    return Line(number=number, text=text, **values)  # type: ignore[arg-type]


def place(line: Line) -> Cursor:
    return Cursor(line.time, line.writer, line.number)


def numbers(lines: Sequence[Line]) -> list[int]:
    return [line.number for line in lines]


def test_lines_come_back_as_they_were(store: ConsoleStore, run: RunRef) -> None:
    lines = [
        line(0, "日本語 \x1b[31mred\x1b[0m\ttab\\n"),
        line(1, "", level="error", label="rank 1"),
        line(2, "two\nlines"),
    ]
    store.append({run: lines})
    page = store.page(run)
    assert page.lines == tuple(lines)
    assert page.total == 3


def test_a_line_written_again_is_replaced(store: ConsoleStore, run: RunRef) -> None:
    store.append({run: [line(0, "10%"), line(1, "other"), line(0, "20%")]})
    assert [found.text for found in store.page(run).lines] == ["20%", "other"]
    store.append({run: [line(0, "30%")]})
    store.append({run: [line(0, "30%")]})
    assert [found.text for found in store.page(run).lines] == ["30%", "other"]
    assert store.count(run) == 2


def test_lines_of_one_label_are_found(store: ConsoleStore, run: RunRef) -> None:
    store.append({run: [line(0, label="a"), line(1, label="b"), line(2), line(3, label="a")]})
    page = store.page(run, label="a")
    assert (numbers(page.lines), page.total) == ([0, 3], 2)
    assert numbers(store.page(run, label="a", after=place(line(0))).lines) == [3]
    assert store.page(run, label="c").total == 0


def test_a_duplicate_has_the_same_lines(
    store: ConsoleStore, run: RunRef, new_run: Callable[[], RunRef]
) -> None:
    other = new_run()
    lines = (line(0, "日本語", label="rank 1"), line(1, level="error"))
    store.append({run: lines, other: [line(7)]})
    store.append({run: [line(0, "日本語", label="rank 1")]})
    for source, target in ((run, other), (other, run), (run, other)):
        store.duplicate(source, target)
        store.delete([source])
        assert (store.page(source).lines, store.page(target).lines) == ((), lines)
    store.append({other: [line(1, "later")]})
    assert [found.text for found in store.page(other).lines] == ["日本語", "later"]


def test_reading_order_is_time_then_writer_then_number(store: ConsoleStore, run: RunRef) -> None:
    lines = [
        line(0, time=5, writer="b"),
        line(1, time=5, writer="a"),
        line(0, time=5, writer="a"),
        line(2, time=1, writer="c"),
    ]
    store.append({run: lines})
    assert [(found.writer, found.number) for found in store.page(run).lines] == [
        ("c", 2),
        ("a", 0),
        ("a", 1),
        ("b", 0),
    ]
    assert store.count(run, "a") == 2
    assert numbers(store.page(run, writer="a").lines) == [0, 1]


def test_pages_go_both_ways(store: ConsoleStore, run: RunRef) -> None:
    lines = [line(number) for number in range(10)]
    store.append({run: lines})
    assert numbers(store.page(run, limit=3).lines) == [0, 1, 2]
    assert numbers(store.page(run, after=place(lines[2]), limit=3).lines) == [3, 4, 5]
    assert numbers(store.page(run, before=place(lines[5]), limit=3).lines) == [2, 3, 4]
    between = store.page(run, after=place(lines[2]), before=place(lines[6]), limit=2)
    assert numbers(between.lines) == [3, 4]
    assert between.total == 10


def test_search_by_expression_and_level(store: ConsoleStore, run: RunRef) -> None:
    store.append({run: [line(0, "epoch 1"), line(1, "Error: x", level="error"), line(2, "epoch")]})
    page = store.page(run, regex=r"epoch \d$", limit=5)
    assert (numbers(page.lines), page.total) == ([0], 1)
    assert numbers(store.page(run, level="error").lines) == [1]
    assert numbers(store.page(run, regex="(?i)error", level="info").lines) == []
    with pytest.raises(BadRequest, match="regular expression"):
        store.page(run, regex="(")


def test_deleted_lines_are_gone(store: ConsoleStore, new_run: Callable[[], RunRef]) -> None:
    gone, kept = new_run(), new_run()
    store.append({gone: [line(0)], kept: [line(0)]})
    store.delete([gone])
    assert (store.count(gone), store.count(kept)) == (0, 1)
    store.append({gone: [line(0, "again")]})
    assert [found.text for found in store.page(gone).lines] == ["again"]


lines = st.builds(
    line,
    st.integers(0, 6),
    st.sampled_from(["", "a", "ab", "日本", "A\nb"]),
    time=st.integers(0, 4),
    writer=st.sampled_from(["v", "w", ""]),
    level=st.sampled_from(["info", "error"]),
)
cursors = st.one_of(
    st.none(), st.builds(Cursor, st.integers(-1, 5), st.sampled_from(["v", "w"]), st.integers(0, 6))
)


@pytest.mark.parametrize("engine", ["chdb", "http"])
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    appends=st.lists(st.lists(lines, max_size=8), max_size=4),
    after=cursors,
    before=cursors,
    limit=st.integers(0, 6),
    regex=st.sampled_from([None, "a", "^A.b$", "本"]),
    level=st.sampled_from([None, "error"]),
)
def test_adapters_agree(
    request: pytest.FixtureRequest,
    new_run: Callable[[], RunRef],
    engine: str,
    appends: list[list[Line]],
    after: Cursor | None,
    before: Cursor | None,
    limit: int,
    regex: str | None,
    level: str | None,
) -> None:
    columnar = ColumnarConsoleStore(request.getfixturevalue(f"{engine}_pool"))
    memory = MemoryConsoleStore()
    run = new_run()
    for written in appends:
        for store in (columnar, memory):
            store.append({run: written})
    query = {"after": after, "before": before, "limit": limit, "regex": regex, "level": level}
    assert columnar.page(run, **query) == memory.page(run, **query)  # type: ignore[arg-type]
