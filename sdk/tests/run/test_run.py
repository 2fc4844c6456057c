"""Logging: steps, values, summary, metrics, and what is known of a run."""

from __future__ import annotations

import math
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import kiseki
from kiseki.errors import (
    ForkedRunError,
    JournalFullError,
    RunFinishedError,
    SettingError,
    ValueRangeError,
    ValueTypeError,
)
from kiseki.wire.records import Exit, History, MetricDefinition, Summary, Update

from .conftest import Begin, records_of


def rows_of(run: kiseki.Run) -> list[tuple[int, dict[str, Any]]]:
    return [(r.step, r.values) for r in records_of(run) if isinstance(r, History)]


def last_of(run: kiseki.Run, kind: type) -> Any:
    return [record for record in records_of(run) if isinstance(record, kind)][-1]


def test_each_log_is_a_step(begin: Begin) -> None:
    run = begin()
    run.log({"loss": 1.5})
    run.log({"loss": 1, "note": "x", "ok": True, "none": None})
    assert rows_of(run) == [
        (0, {"loss": 1.5}),
        (1, {"loss": 1, "note": "x", "ok": True, "none": None}),
    ]
    assert run.step == 2


def test_a_row_without_commit_is_completed_by_the_next(begin: Begin) -> None:
    run = begin()
    run.log({"a": 1}, commit=False)
    run.log({"b": 2})
    run.log({"c": 3})
    assert [step for step, _ in rows_of(run)] == [0, 0, 1]


def test_a_given_step_stays_open_until_it_is_committed(begin: Begin) -> None:
    run = begin()
    run.log({"a": 1}, step=10)
    run.log({"b": 2})
    run.log({"c": 3}, step=20, commit=True)
    run.log({"d": 4})
    assert [step for step, _ in rows_of(run)] == [10, 10, 20, 21]
    assert run.step == 22


def test_steps_may_come_in_any_order(begin: Begin) -> None:
    run = begin()
    run.log({"a": 1}, step=5)
    run.log({"a": 0}, step=np.int64(2))  # type: ignore[arg-type]
    run.log({"a": 3}, step=1, commit=True)
    assert [step for step, _ in rows_of(run)] == [5, 2, 1]
    assert run.step == 5


def test_an_empty_row_is_a_step_without_a_record(begin: Begin) -> None:
    run = begin()
    run.log({})
    run.log({"a": 1})
    assert rows_of(run) == [(1, {"a": 1})]
    assert run.rows_logged == 1


def test_nested_rows_and_special_numbers(begin: Begin) -> None:
    run = begin()
    run.log({"a": {"b": math.inf, "c": np.float32(0.5)}, "d": -math.inf, "e": math.nan})
    ((_, values),) = rows_of(run)
    assert math.isnan(values.pop("e"))
    assert values == {"a.b": math.inf, "a.c": 0.5, "d": -math.inf}


@pytest.mark.parametrize(
    ("row", "error", "message"),
    [
        ({"ok": 1, "bad": object()}, ValueTypeError, "'bad' is of type object"),
        ({"ok": 1, "big": 2**70}, ValueRangeError, "'big' is an integer of 71 bits"),
        ({"ok": 1, 3: 1}, ValueTypeError, r"keys are text; got 3 \(int\)"),
        ([1, 2], ValueTypeError, "log takes a dict of names to values, not list"),
    ],
)
def test_of_a_wrong_row_nothing_is_written(
    begin: Begin, row: Any, error: type[Exception], message: str
) -> None:
    run = begin()
    run.log({"ok": 0, "bad": 0, "big": 0})
    with pytest.raises(error, match=message):
        run.log(row)
    assert run.step == 1
    run.log({"ok": 2})
    assert rows_of(run) == [(0, {"ok": 0, "bad": 0, "big": 0}), (1, {"ok": 2})]
    assert run.summary["ok"] == 2


def test_a_lone_surrogate_is_kept_as_its_escape(begin: Begin) -> None:
    run = begin()
    run.log({"text": "plain"})
    run.log({"text": "a\ud800b"})
    assert rows_of(run)[1][1] == {"text": "a\\ud800b"}


def test_keys_of_a_text_subclass_are_text(begin: Begin) -> None:
    class Key(str):
        __slots__ = ()

    run = begin()
    run.log({"a": 1})
    run.log({Key("a"): 2})
    assert rows_of(run)[1][1] == {"a": 2}


@pytest.mark.parametrize("step", [1.5, "3", None.__class__])
def test_a_step_is_an_integer(begin: Begin, step: Any) -> None:
    with pytest.raises(ValueTypeError, match="step is an integer"):
        begin().log({"a": 1}, step=step)


@pytest.mark.parametrize("step", [-1, 2**63])
def test_a_step_has_a_range(begin: Begin, step: int) -> None:
    with pytest.raises(ValueRangeError, match="step is between 0"):
        begin().log({"a": 1}, step=step)


def test_threads_log_without_loss(begin: Begin) -> None:
    run = begin(settings={"segment_bytes": 64 << 10})

    def work(name: str) -> None:
        for number in range(1000):
            run.log({name: number})

    threads = [threading.Thread(target=work, args=(f"t{i}",)) for i in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    rows = rows_of(run)
    assert [step for step, _ in rows] == list(range(6000))
    for i in range(6):
        assert [v[f"t{i}"] for _, v in rows if f"t{i}" in v] == list(range(1000))
    assert {key: run.summary[key] for key in run.summary} == {f"t{i}": 999 for i in range(6)}


def test_the_summary_holds_last_values_unless_set(begin: Begin) -> None:
    run = begin()
    run.log({"a": 1, "b": {"c": 5}})
    row = {"a": 2}
    run.log(row)
    row["a"] = 99
    run.summary["best"] = np.float32(0.5)
    run.summary.update({"a": 7}, note="x")
    run.log({"a": 3})
    assert run.summary["a"] == 7
    assert run.summary.best == 0.5
    assert run.summary["b.c"] == 5
    assert run.summary["b"] == {"c": 5}
    assert run.summary.get("nothing") is None
    assert dict(run.summary) == {"a": 7, "b.c": 5, "best": 0.5, "note": "x"}
    del run.summary["a"]
    assert "a" not in run.summary
    with pytest.raises(AttributeError, match="no 'a'"):
        _ = run.summary.a
    with pytest.raises(ValueTypeError, match=r"'x\.y' is of type object"):
        run.summary.x = {"y": object()}
    assert [(r.values, r.removed) for r in records_of(run) if isinstance(r, Summary)] == [
        ({"best": 0.5}, []),
        ({"a": 7, "note": "x"}, []),
        ({}, ["a"]),
    ]


def test_metrics_are_defined(begin: Begin) -> None:
    run = begin()
    epoch = run.define_metric("epoch", hidden=True)
    run.define_metric("val/*", step_metric=epoch, summary="min,last", goal="minimize")
    assert [r for r in records_of(run) if isinstance(r, MetricDefinition)] == [
        MetricDefinition("epoch", None, None, True),
        MetricDefinition("val/*", "epoch", True, None, ["min", "last"], "minimize"),
    ]


def test_a_row_gets_the_last_value_of_its_x_axis(begin: Begin) -> None:
    run = begin()
    run.define_metric("val/*", step_metric="epoch")
    run.define_metric("val/raw", step_metric="epoch", step_sync=False)
    run.log({"val/acc": 0})
    run.log({"epoch": 3})
    run.log({"val/acc": 1})
    run.log({"val/raw": 1, "other": 2})
    run.log({"val/acc": 2, "epoch": 4})
    assert [values for _, values in rows_of(run)] == [
        {"val/acc": 0},
        {"epoch": 3},
        {"val/acc": 1, "epoch": 3},
        {"val/raw": 1, "other": 2},
        {"val/acc": 2, "epoch": 4},
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": 3}, "name is the key of a metric, not 3"),
        ({"name": ""}, "name is empty"),
        ({"name": "a", "step_metric": 3}, "step_metric is the key of a metric, not 3"),
        ({"name": "a", "step_metric": "b*"}, "step_metric is one key"),
        ({"name": "a", "summary": "median"}, "summary is any of min, max, .*, not 'median'"),
        ({"name": "a", "goal": "up"}, "goal is minimize or maximize, not 'up'"),
        ({"name": "a", "summary": "best"}, "needs a goal"),
    ],
)
def test_a_wrong_definition_is_refused(begin: Begin, arguments: Any, message: str) -> None:
    with pytest.raises((SettingError, ValueTypeError), match=message):
        begin().define_metric(**arguments)


def test_fields_can_be_changed(begin: Begin) -> None:
    run = begin(name="first", tags=["a"], notes="n", group="g", job_type="train", id="abc")
    assert (run.name, run.tags, run.notes, run.group, run.job_type, run.id, run.project) == (
        "first", ("a",), "n", "g", "train", "abc", "p",
    )  # fmt: skip
    run.name = "second"
    run.tags += ("b", "a")
    run.notes = "more"
    assert run.tags == ("a", "b")
    assert [r for r in records_of(run) if isinstance(r, Update)] == [
        Update(display_name="second"),
        Update(tags=["a", "b"]),
        Update(notes="more"),
    ]
    with pytest.raises(ValueTypeError, match="list of texts"):
        run.tags = "text"
    with pytest.raises(ValueTypeError, match="tags: text is wanted, not 3"):
        run.tags = ["a", 3]  # type: ignore[list-item]


def test_after_finish_nothing_is_logged(begin: Begin) -> None:
    run = begin()
    run.log({"a": 1})
    receipt = run.finish()
    assert run.finish() is receipt
    assert (receipt.rows_logged, receipt.complete) == (1, False)
    assert "kiseki sync" in receipt.message
    assert kiseki.run is None
    for use in (
        lambda: run.log({"a": 2}),
        lambda: run.config.update({"a": 1}),
        lambda: setattr(run, "name", "x"),
    ):
        with pytest.raises(RunFinishedError, match="is finished"):
            use()
    assert last_of(run, Exit).code == 0
    assert rows_of(run) == [(0, {"a": 1})]


def test_a_context_manager_ends_the_run_with_the_reason(begin: Begin) -> None:
    def fail() -> None:
        with begin() as run:
            runs.append(run)
            raise ValueError("loss is nan")

    runs: list[kiseki.Run] = []
    with pytest.raises(ValueError, match="loss is nan"):
        fail()
    exit = last_of(runs[0], Exit)
    assert exit.code == 1
    assert exit.reason.startswith("ValueError: loss is nan (test_run.py:")
    with begin() as run:
        pass
    assert (last_of(run, Exit).code, last_of(run, Exit).reason) == (0, None)


@pytest.mark.parametrize(
    ("error", "code"), [(KeyboardInterrupt(), 255), (SystemExit(3), 3), (SystemExit(None), 0)]
)
def test_exit_codes_of_what_ends_a_run(begin: Begin, error: BaseException, code: int) -> None:
    run = begin()
    with pytest.raises(type(error)), run:
        raise error
    assert last_of(run, Exit).code == code


def test_a_disabled_run_does_nothing(tmp_path: Path, begin: Begin) -> None:
    run = begin(mode="disabled", config={"lr": 1})
    run.log({"a": 1})
    run.define_metric("a")
    run.summary["b"] = 2
    with pytest.raises(ValueTypeError):
        run.log({"a": object()})
    assert (run.summary["a"], run.config.lr, run.disabled, run.url) == (1, 1, True, None)
    assert run.finish().rows_logged == 1
    assert not (tmp_path / "kiseki-runs").exists()


def test_two_runs_in_one_process(begin: Begin) -> None:
    first = begin()
    assert begin() is first
    second = begin(reinit="create_new")
    assert kiseki.run is first
    first.log({"a": 1})
    second.log({"a": 2})
    third = begin(reinit=True)
    assert kiseki.run is third
    assert isinstance(records_of(first)[-1], Exit)
    assert isinstance(records_of(second)[-1], Exit)
    assert rows_of(first) == [(0, {"a": 1})]
    assert rows_of(second) == [(0, {"a": 2})]
    with pytest.raises(SettingError, match="reinit is"):
        begin(reinit="sometimes")


def test_a_forked_child_is_told_how_to_log(begin: Begin) -> None:
    run = begin(id="abc")
    stop = threading.Event()

    def log_on() -> None:
        while not stop.is_set():
            run.log({"parent": 1})

    thread = threading.Thread(target=log_on)
    thread.start()
    try:
        for _ in range(10):
            pid = os.fork()
            if not pid:
                code = 1
                try:
                    run.log({"child": 1})
                except ForkedRunError as error:
                    if "label='worker 1'" in str(error) and kiseki.run is None:
                        code = 0
                finally:
                    os._exit(code)
            assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    finally:
        stop.set()
        thread.join()
    assert {tuple(values) for _, values in rows_of(run)} == {("parent",)}


def test_a_full_disk_is_said_in_the_call(begin: Begin, small_disk: Callable[[int], Path]) -> None:
    disk = small_disk(1)
    run = begin(dir=disk, settings={"segment_bytes": 64 << 10})
    logged = 0

    def fill() -> None:
        nonlocal logged
        while True:
            run.log({"text": "x" * 500})
            logged += 1

    with pytest.raises(JournalFullError, match="No space is left"):
        fill()
    step = run.step
    receipt = run.finish()
    rows = rows_of(run)
    assert len(rows) == logged == receipt.rows_logged == step
    assert isinstance(records_of(run)[-1], Exit)


LOG_FOREVER = """
import os, sys, kiseki
run = kiseki.init(project="p", dir=sys.argv[1], settings={"segment_bytes": 65536})
print(run.dir, flush=True)
number = 0
while True:
    run.log({"number": number, "text": "x" * (number * 7919 % 700)}, step=number)
    os.write(1, b"%d\\n" % number)
    number += 1
"""


def test_every_logged_row_survives_kill_9(tmp_path: Path) -> None:
    for wanted in (1, 57, 700, 2500):
        with subprocess.Popen(
            [sys.executable, "-c", LOG_FOREVER, str(tmp_path)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        ) as process:
            assert process.stdout is not None
            directory = process.stdout.readline().strip()
            returned = -1
            for line in process.stdout:
                if line.endswith("\n"):
                    returned = int(line)
                if returned == wanted:
                    process.kill()
        rows = [r for r in records_of(directory) if isinstance(r, History)]
        assert [row.step for row in rows] == list(range(len(rows)))
        assert returned + 1 <= len(rows) <= returned + 2
        assert all(
            row.values == {"number": i, "text": "x" * (i * 7919 % 700)}
            for i, row in enumerate(rows)
        )
