"""Captured output: whole lines, the last state of bars, and streams left as they were."""

from __future__ import annotations

import io
import itertools
import logging
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiseki.run.console import MOST_CHARACTERS, Console, Line, Screen
from kiseki.wire import records

from .conftest import Begin, records_of


def screen() -> Screen:
    return Screen(False, itertools.count())


def shown(lines: list[Line]) -> list[str]:
    """What the last states of the lines are, by number."""
    last = {line.number: line.text for line in lines}
    return [last[number] for number in sorted(last)]


def test_lines_are_given_when_they_end() -> None:
    view = screen()
    assert view.feed("one\ntw", 1.0) == [Line(0, 1.0, False, "one")]
    assert view.feed("o\n\nrest", 1.1) == [Line(1, 1.1, False, "two"), Line(2, 1.1, False, "")]
    assert view.finish(1.2) == [Line(3, 1.2, False, "rest")]


def test_a_progress_bar_becomes_its_last_state() -> None:
    view = screen()
    lines: list[Line] = []
    for percent in range(101):
        lines += view.feed(f"\r{percent}% |{'#' * (percent // 10)}", percent * 0.05)
    lines += view.feed("\nnext\n", 5.1)
    assert shown(lines) == ["100% |##########", "next"]
    bars = [line for line in lines if line.number == 0]
    assert 4 <= len(bars) <= 7
    assert all(b.time - a.time >= 0.99 for a, b in itertools.pairwise(bars[:-1]))


def test_windows_line_ends_keep_the_text() -> None:
    view = screen()
    assert shown(view.feed("a\r\nb\r\n", 0)) == ["a", "b"]


def test_stacked_bars_stay_in_their_lines() -> None:
    """As tqdm draws two bars with position 0 and 1."""
    view = screen()
    lines: list[Line] = []
    for number in range(50):
        lines += view.feed(f"\rfirst {number}", number * 0.1)
        lines += view.feed(f"\n\rsecond {number}\x1b[A", number * 0.1)
    lines += view.feed("\n\nafter\n", 5.0)
    lines += view.finish(5.0)
    assert shown(lines) == ["first 49", "second 49", "after"]
    assert len(lines) < 16


def test_colors_are_kept_and_erasing_is_done() -> None:
    view = screen()
    assert shown(view.feed("\x1b[31mred\x1b[0m\n", 0)) == ["\x1b[31mred\x1b[0m"]
    lines = view.feed("gone\r\x1b[K", 1) + view.feed("here\n", 1)
    assert shown(lines) == ["here"]


def test_very_long_lines_are_cut() -> None:
    view = screen()
    for _ in range(100):
        view.feed("x" * 1000, 0)
    (line,) = view.feed("\n", 0)
    assert line.text == "x" * MOST_CHARACTERS + "…"


@given(st.lists(st.text(alphabet="ab\n", max_size=8), max_size=30))
def test_plain_text_comes_back_whole(parts: list[str]) -> None:
    view = screen()
    lines: list[Line] = []
    for now, part in enumerate(parts):
        lines += view.feed(part, float(now))
    lines += view.finish(99.0)
    text = "".join(parts)
    expected = text.split("\n")
    if not expected[-1]:
        expected.pop()
    assert shown(lines) == expected


@given(st.lists(st.sampled_from(["a", "bb", "\r", "\n", "\x1b[A", "\x1b[2B", "\x1b[K", "\x1b[1m"])))
def test_any_control_characters_are_survived(parts: list[str]) -> None:
    view = screen()
    lines: list[Line] = []
    for now, part in enumerate(parts):
        lines += view.feed(part, now * 0.3)
    lines += view.finish(99.0)
    numbers = {line.number for line in lines}
    assert numbers <= set(range(len(parts) + 1))


class Stream(io.StringIO):
    """A stream like those of Python."""


@contextmanager
def streams() -> Iterator[tuple[Stream, Stream]]:
    with redirect_stdout(Stream()) as out, redirect_stderr(Stream()) as err:
        yield out, err


def test_output_is_written_through_and_kept() -> None:
    with streams() as (out, err):
        handler = logging.StreamHandler(err)
        lines: list[Line] = []
        console = Console(lines.append, clock=lambda: 5.0)
        console.start()
        print("hello", 1)
        handler.emit(logging.makeLogRecord({"msg": "warned"}))
        thread = threading.Thread(target=print, args=("from a thread",))
        thread.start()
        thread.join()
        sys.stdout.writelines(["a\n", "b"])
        console.stop()
        console.stop()
        print("afterwards")
        assert out.getvalue() == "hello 1\nfrom a thread\na\nbafterwards\n"
        assert err.getvalue() == "warned\n"
        assert lines == [
            Line(0, 5.0, False, "hello 1"),
            Line(1, 5.0, True, "warned"),
            Line(2, 5.0, False, "from a thread"),
            Line(3, 5.0, False, "a"),
            Line(4, 5.0, False, "b"),
        ]
        assert "write" not in vars(out)


def test_threads_print_whole_lines() -> None:
    with streams() as (_out, _err):
        lines: list[Line] = []
        console = Console(lines.append)
        console.start()

        def work(name: int) -> None:
            for number in range(500):
                sys.stdout.write(f"{name}/{number}\n")

        threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        console.stop()
        assert sorted(line.text for line in lines) == sorted(
            f"{i}/{n}" for i in range(4) for n in range(500)
        )
        assert [line.number for line in lines] == list(range(2000))


def test_a_print_from_within_is_no_endless_loop() -> None:
    with streams() as (_out, _err):
        lines: list[Line] = []

        def sink(line: Line) -> None:
            lines.append(line)
            if len(lines) < 3:
                print("from the sink")

        console = Console(sink)
        console.start()
        print("start")
        console.stop()
        assert [line.text for line in lines] == ["start", "from the sink", "from the sink"]


def test_a_print_never_fails_because_of_us(capfd: pytest.CaptureFixture[str]) -> None:
    with streams() as (out, _err):

        def sink(line: Line) -> None:
            raise OSError("the disk is full")

        console = Console(sink)
        console.start()
        print("one")
        print("two")
        console.stop()
        assert out.getvalue() == "one\ntwo\n"
        assert capfd.readouterr().err == (
            "kiseki: console output is no longer kept: the disk is full\n"
        )


def test_two_captures_at_once() -> None:
    with streams() as (out, _err):
        first: list[Line] = []
        second: list[Line] = []
        one, two = Console(first.append), Console(second.append)
        one.start()
        print("a")
        two.start()
        print("b")
        one.stop()
        print("c")
        two.stop()
        print("d")
        assert [line.text for line in first] == ["a", "b"]
        assert [line.text for line in second] == ["b", "c"]
        assert out.getvalue() == "a\nb\nc\nd\n"


def test_a_stream_that_cannot_be_wrapped_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    class Slotted:
        __slots__ = ()

        def write(self, text: str) -> int:
            return len(text)

    monkeypatch.setattr(sys, "stdout", Slotted())
    monkeypatch.setattr(sys, "stderr", None)
    console = Console(lambda line: None)
    console.start()
    console.stop()


def test_the_output_of_a_run_is_in_its_journal(begin: Begin) -> None:
    run = begin(settings={"console": "wrap"})
    print("loss", 0.5)
    print("oh \ud800", file=sys.stderr) if sys.stderr.errors != "strict" else None
    run.finish()
    print("not kept")
    kept = [r for r in records_of(run) if isinstance(r, records.Console)]
    assert kept[0] == records.Console(0, kept[0].time, False, "loss 0.5")
    assert all("not kept" not in line.text for line in kept)


def test_console_off(begin: Begin) -> None:
    run = begin(settings={"console": "off"})
    print("not kept")
    run.finish()
    found: list[Any] = [r for r in records_of(run) if isinstance(r, records.Console)]
    assert found == []
