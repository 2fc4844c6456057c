"""How runs change, what they may be called, what their summaries say."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from server.tests.recording import NOON, memory_world

from kiseki.wire.records import MetricDefinition
from kiseki_server.domain.runs import rules
from kiseki_server.domain.runs.names import check_display_name, check_name, made_up
from kiseki_server.domain.runs.summaries import SummaryPolicy, glob_matches
from kiseki_server.domain.runs.types import RunChange, RunState
from kiseki_server.domain.runs.writers import Writer, leader, outcome
from kiseki_server.kit.errors import BadRequest, Conflict
from kiseki_server.kit.ids import RunId

RUN = memory_world().draft("one")
LATER = NOON + timedelta(minutes=1)


def test_a_change_without_news_is_no_change() -> None:
    assert rules.apply(RUN, RunChange(state=RunState.RUNNING), LATER) is RUN


def test_config_and_summary_merge_by_key_or_are_replaced() -> None:
    run = replace(RUN, config={"a": 1, "b": {"c": 2}}, summary={"x": 1}, summary_set=("x",))
    merged = rules.apply(
        run, RunChange(config={"b": 3}, remove_config=["a"], summary={"y": 2}), LATER
    )
    assert (merged.config, merged.summary) == ({"b": 3}, {"x": 1, "y": 2})
    assert (merged.summary_set, merged.updated_at) == (("x", "y"), LATER)
    replaced = rules.apply(run, RunChange(replace_config={}, replace_summary={"z": 1}), LATER)
    assert (replaced.config, replaced.summary, replaced.summary_set) == ({}, {"z": 1}, ("z",))
    removed = rules.apply(run, RunChange(remove_summary=["x"]), LATER)
    assert (removed.summary, removed.summary_set) == ({}, ())


def test_an_end_notes_when_and_why_and_a_resume_forgets_it() -> None:
    ended = rules.apply(
        RUN, RunChange(state=RunState.FAILED, exit_code=1, state_reason="boom"), LATER
    )
    assert (ended.finished_at, ended.exit_code, ended.state_reason) == (LATER, 1, "boom")
    stopped = replace(ended, stop_requested=True)
    resumed = rules.apply(stopped, RunChange(state=RunState.RUNNING), LATER)
    assert resumed == replace(RUN, updated_at=LATER)


@pytest.mark.parametrize("state", [s for s in RunState if s is not RunState.PENDING])
def test_no_run_becomes_pending_again(state: RunState) -> None:
    with pytest.raises(Conflict, match="pending"):
        rules.apply(replace(RUN, state=state), RunChange(state=RunState.PENDING), LATER)


def test_empty_text_clears() -> None:
    run = replace(RUN, group="g", job_type="j", notes="n")
    cleared = rules.apply(run, RunChange(group="", job_type="", notes=""), LATER)
    assert cleared == replace(RUN, updated_at=LATER)


@pytest.mark.parametrize(
    "change",
    [
        RunChange(display_name=""),
        RunChange(display_name="a\nb"),
        RunChange(display_name="x" * 129),
        RunChange(tags=("",)),
        RunChange(tags=tuple(str(n) for n in range(201))),
        RunChange(notes="x" * ((1 << 20) + 1)),
        RunChange(notes="\0"),
        RunChange(host="\0"),
        RunChange(exit_code=1 << 31),
        RunChange(metrics=[MetricDefinition(name="")]),
    ],
)
def test_bad_fields_are_refused(change: RunChange) -> None:
    with pytest.raises(BadRequest):
        rules.apply(RUN, change, LATER)


def test_tags_keep_their_order_each_once() -> None:
    assert rules.check_tags(("b", " a ", "b")) == ("b", "a")


def test_a_later_definition_of_a_metric_changes_what_it_gives() -> None:
    first = MetricDefinition(name="loss", summary=["min"], goal="minimize")
    later = MetricDefinition(name="loss", hidden=True, summary=["max"])
    other = MetricDefinition(name="acc")
    assert rules.merge_metrics([first], [other, later]) == (
        MetricDefinition(name="loss", summary=["max"], goal="minimize", hidden=True),
        other,
    )


@pytest.mark.parametrize("name", ["abc", "日本語", "a b", "A.b_c-d", "x" * 128, "🚀"])
def test_run_ids_may_be_almost_anything(name: str) -> None:
    assert check_name(name) == name


@pytest.mark.parametrize(
    "name",
    ["", "x" * 129, *"/\\#?%:", "a/b", "..", ".", "a\nb", "a\0", " a", "a ", "\x7f", "\ud800"],
)
def test_run_ids_hold_nothing_that_an_address_cannot(name: str) -> None:
    with pytest.raises(BadRequest):
        check_name(name)


def test_made_up_names_differ_by_their_number() -> None:
    names = [made_up(number) for number in range(1, 500)]
    assert all(re.fullmatch(r"[a-z]+-[a-z]+-\d+", name) for name in names)
    assert len(set(names)) == len(names)
    assert len({name.rsplit("-", 1)[0] for name in names}) > 400
    assert check_display_name(names[0]) == names[0]


@pytest.mark.parametrize(
    ("writer", "of"),
    [("abc.system", "abc"), ("abc.system-3", "abc"), ("abc", None), ("abc.systems", None)],
)
def test_a_sampler_is_known_by_its_name(writer: str, of: str | None) -> None:
    assert leader(writer) == of


def test_a_run_ends_with_its_last_writer_and_takes_the_worst_end() -> None:
    def writer(name: str, at: int, ended: RunState | None, label: str | None) -> Writer:
        return Writer(RunId(1), name, 0, label, at, ended)

    done = writer("a", 1, RunState.FINISHED, "rank 0")
    assert outcome([]) is None
    assert outcome([done, writer("b", 2, None, "rank 1")]) is None
    assert outcome([done, writer("b", 2, RunState.FAILED, "rank 1")]) is RunState.FAILED
    assert outcome([writer("b", 1, None, "rank 0"), replace(done, started_at=2)]) is (
        RunState.FINISHED
    )
    assert outcome([done, writer("a.system", 3, None, "rank 0")]) is RunState.FINISHED


class Numbers:
    min, max, mean, first, last = 1.0, 9.0, 4.0, 2.0, 3.0


@pytest.mark.parametrize(
    ("summary", "goal", "rendered"),
    [
        (["min", "max"], None, {"min": 1.0, "max": 9.0}),
        (["best"], "maximize", {"best": 9.0}),
        (["best"], None, {"best": 1.0}),
        (["first", "mean", "last"], None, {"first": 2.0, "mean": 4.0, "last": 3.0}),
        (["copy", "min"], None, {"last": 3.0, "min": 1.0}),
    ],
)
def test_summaries_say_what_the_metric_asks(
    summary: list[str], goal: str | None, rendered: dict[str, float]
) -> None:
    metric = MetricDefinition(name="loss", summary=summary, goal=goal)
    assert SummaryPolicy([metric]).entry("loss").render(Numbers()) == rendered


def test_an_exact_name_wins_over_a_glob_and_a_later_glob_over_an_earlier() -> None:
    def metric(name: str, *summary: str) -> MetricDefinition:
        return MetricDefinition(name=name, summary=list(summary))

    policy = SummaryPolicy(
        [metric("val/*", "min"), metric("val/loss", "max"), metric("val/a*", "none")]
    )
    names = {key: policy.entry(key).aggregates for key in ("val/loss", "val/x", "train/x")}
    assert names == {
        "val/loss": (("max", "max"),),
        "val/x": (("min", "min"),),
        "train/x": (),
    }
    assert policy.entry("val/acc").hidden


_parts: Any = st.text("ab*", max_size=8)


@given(_parts, st.text("ab", max_size=10))
def test_globs_match_like_regular_expressions(pattern: str, key: str) -> None:
    expression = ".*".join(re.escape(part) for part in pattern.split("*"))
    expected = re.fullmatch(expression, key) is not None
    if "*" in pattern:
        assert glob_matches(pattern, key) is expected


def test_remarks_lie_over_the_notes_of_a_client_by_section_and_name() -> None:
    notes = {"visualize": {"a": 1, "b": 1}, "t": 3}
    run = replace(RUN, client={"_wandb": notes, "other": 1})
    remarks = {"visualize": {"b": 2, "c": 2}, "mask/class_labels": {"m": {"value": {}}}}
    after = rules.apply(run, RunChange(remarks=remarks), LATER)
    assert after.client == {
        "_wandb": {
            "visualize": {"a": 1, "b": 2, "c": 2},
            "t": 3,
            "mask/class_labels": {"m": {"value": {}}},
        },
        "other": 1,
    }
    assert rules.apply(after, RunChange(remarks=remarks), LATER) is after
    odd = replace(RUN, client={"_wandb": "text"})
    assert rules.apply(odd, RunChange(remarks={"s": {"n": 1}}), LATER).client == {
        "_wandb": {"s": {"n": 1}}
    }
