"""`file_stream`: what the client sends while a run runs, once, twice and malformed."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest
from server.tests.unit.protocols.wandb.conftest import Dialect

HISTORY = "wandb-history.jsonl"


def row(step: int, **values: Any) -> str:
    return json.dumps({"_step": step, "_timestamp": 1_700_000_000 + step, **values})


def steps(dialect: Dialect, key: str = "a", name: str = "r1") -> list[tuple[int, Any]]:
    items = dialect.native(f"/history?key={key}&limit=1000", name)["items"]
    return [(item["step"], item["values"][key]) for item in items]


@pytest.fixture(params=["memory", "embedded"])
def run(request: pytest.FixtureRequest) -> Dialect:
    """A dialect with a run, on every kind of store."""
    name = "dialect" if request.param == "memory" else "embedded_dialect"
    found: Dialect = request.getfixturevalue(name)
    found.upsert()
    return found


def test_rows_come_once_however_often_they_are_sent(run: Dialect) -> None:
    first = {HISTORY: {"offset": 0, "content": [row(0, a=1), row(1, a=2)]}}
    overlap = {HISTORY: {"offset": 1, "content": [row(1, a=2), row(2, a=3)]}}
    for files in (first, first, overlap, first, overlap):
        assert run.stream(files=files).json()["stopped"] is False
    assert steps(run) == [(0, 1), (1, 2), (2, 3)]
    assert run.run("historyLineCount")["historyLineCount"] == 3


def test_a_gap_left_by_a_lost_resume_is_tolerated(run: Dialect) -> None:
    run.history({"_step": 0, "a": 1})
    run.history({"_step": 9, "a": 2}, offset=50)
    assert steps(run) == [(0, 1), (9, 2)]
    assert run.run("historyLineCount")["historyLineCount"] == 51


def test_an_empty_body_is_a_heartbeat_and_revives(run: Dialect) -> None:
    run.stream(complete=True, exitcode=1)
    failed = run.native()
    assert (failed["state"], failed["exit_code"]) == ("failed", 1)
    assert run.stream().status_code == 200
    alive = run.native()
    assert (alive["state"], alive["exit_code"], alive["finished_at"]) == ("running", None, None)
    assert alive["heartbeat_at"] is not None
    assert run.http.post("/files/admin/p/r1/file_stream").status_code == 200


@pytest.mark.parametrize(("code", "state"), [(0, "finished"), (1, "failed"), (255, "failed")])
def test_the_end_has_a_code(run: Dialect, code: int, state: str) -> None:
    for _ in range(2):
        run.stream(complete=True, exitcode=code)
    ended = run.native()
    assert (ended["state"], ended["exit_code"]) == (state, code)


def test_a_preempted_run_says_so_and_comes_back(run: Dialect) -> None:
    run.stream(preempting=True)
    assert run.native()["state"] == "preempting"
    run.stream()
    assert run.native()["state"] == "running"


def test_the_last_summary_is_the_whole_summary(run: Dialect) -> None:
    run.stream(files={"wandb-summary.json": {"content": ['{"a": 1, "old": 2}']}})
    summary = '{"a": {"max": 3}, "n": {"x": 9007199254740993}, "i": Infinity}'
    run.stream(files={"wandb-summary.json": {"offset": 5, "content": ["{}", summary]}})
    assert run.native()["summary"] == {
        "a": {"max": 3},
        "n": {"x": 9007199254740993},
        "i": "Infinity",
    }
    run.history({"_step": 0, "a": 7})
    assert run.native()["summary"]["a"] == {"max": 3}


def test_output_is_rewritten_by_line_number(run: Dialect) -> None:
    def send(offset: int, *lines: str) -> None:
        run.stream(files={"output.log": {"offset": offset, "content": list(lines)}})

    send(0, "2026-01-01T00:00:00 first", "2026-01-01T00:00:01 10%")
    send(2, "ERROR 2026-01-01T00:00:02 bad")
    send(1, "2026-01-01T00:00:01 100%")
    send(3, '{"ts":"2026-01-01T00:00:03","level":"error","content":"structured"}')
    lines = run.native("/logs")["items"]
    assert [(line["number"], line["text"], line["level"]) for line in lines] == [
        (0, "first", "info"),
        (1, "100%", "info"),
        (2, "bad", "error"),
        (3, "structured", "error"),
    ]


def test_samples_of_the_machine_have_a_stream_of_their_own(run: Dialect) -> None:
    event = '{"_wandb":true,"_timestamp":1700000000,"_runtime":1,"system.cpu":4.5}'
    run.stream(files={"wandb-events.jsonl": {"content": [event]}})
    keys = run.native("/keys?stream=system")["items"]
    assert [item["key"] for item in keys] == ["cpu"]
    assert json.loads(run.run("systemMetrics")["systemMetrics"]) == {"system.cpu": 4.5}
    assert run.native("/keys")["items"] == []


def test_several_processes_write_one_run(run: Dialect) -> None:
    for client in ("aaa", "bbb", "aaa"):  # the last is a repeat
        answer = run.stream(
            files={HISTORY: {"offset": 0, "content": [row(0, a=client), row(1, a=client)]}},
            headers={"X-Wandb-Async-Client-Id": client, "X-Wandb-Use-Async-Filestream": "true"},
        )
        assert answer.status_code == 200
    assert steps(run) == [(0, "aaa"), (1, "aaa"), (2, "bbb"), (3, "bbb")]


def test_gzip_is_undone(run: Dialect) -> None:
    body = gzip.compress(json.dumps({"files": {HISTORY: {"content": [row(3, a=1)]}}}).encode())
    answer = run.http.post(
        "/files/admin/p/r1/file_stream", content=body, headers={"Content-Encoding": "gzip"}
    )
    assert answer.status_code == 200
    assert steps(run) == [(3, 1)]


def test_twelve_mebibytes_are_taken(run: Dialect) -> None:
    text = "x" * 1_000_000
    content = [row(step, text=text) for step in range(12)]
    assert run.stream(files={HISTORY: {"content": content}}).status_code == 200
    assert len(steps(run, "text")) == 12


def test_files_that_nobody_knows_and_uploads_are_no_mistake(run: Dialect) -> None:
    answer = run.stream(
        files={"other.txt": {"offset": 0, "content": ["x"]}, HISTORY: None},
        uploaded=["config.yaml", "../x"],
        dropped=3,
        unknown={"a": 1},
    )
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"{", "file_stream"),
        (b"[]", "file_stream"),
        (b'{"files": 3}', "files"),
        (b'{"files": {"wandb-history.jsonl": {"content": [1]}}}', "content"),
        (b'{"files": {"wandb-history.jsonl": {"content": ["{"]}}}', "line 0"),
        (b'{"files": {"wandb-history.jsonl": {"offset": -1, "content": []}}}', "-1"),
        (b'{"files": {"wandb-summary.json": {"content": ["[]"]}}}', "wandb-summary.json"),
        (b'{"complete": "yes"}', "complete"),
        (b"\xff", "file_stream"),
        (b"[" * 5000, "file_stream"),
    ],
)
def test_malformed_bodies_are_refused_for_good(dialect: Dialect, body: bytes, message: str) -> None:
    dialect.upsert()
    answer = dialect.http.post("/files/admin/p/r1/file_stream", content=body)
    assert answer.status_code == 400
    assert message in answer.json()["error"]


def test_statuses_that_the_client_understands(dialect: Dialect) -> None:
    dialect.upsert()
    assert dialect.stream("none").status_code == 404
    assert dialect.stream(project="none").status_code == 404
    assert dialect.stream("..%2Fr1").status_code == 404
    wrong = dialect.stream(headers={"Authorization": "Basic YXBpOndyb25n"})
    assert (wrong.status_code, bool(wrong.json()["error"])) == (401, True)
    protobuf = {"Content-Type": "application/vnd.wandb.filestream.v1+protobuf"}
    assert dialect.stream(headers=protobuf).status_code == 415
    assert dialect.stream(headers={"X-Wandb-Async-Client-Id": "x" * 101}).status_code == 400
    assert dialect.http.get("/files/admin/p/r1/file_stream").status_code == 405


def test_a_name_with_unusual_characters_arrives_percent_encoded(dialect: Dialect) -> None:
    name = "run é 1+2&x"
    assert dialect.upsert(name=name)["bucket"]["name"] == name
    assert dialect.stream("run%20%C3%A9%201+2&x").status_code == 200


def test_statistics_in_the_summary_are_those_of_the_whole_run(dialect: Dialect) -> None:
    """A client that resumes a run sends those of its own part."""
    metrics = [
        {"1": "acc", "7": [1, 2, 3]},
        {"1": "deep.x", "7": [4], "8": 1},
        {"1": "up", "7": [4], "8": 2},
        {"1": "kept", "7": [2]},
    ]
    dialect.upsert(config={"_wandb": {"value": {"m": metrics}}})

    def part(offset: int, values: list[float], **summary: Any) -> Any:
        rows = [
            {
                "_step": offset + n,
                "acc": value,
                "up": value,
                "deep": {"x": -value, "y": 1},
                "plain": value,
            }
            for n, value in enumerate(values)
        ]
        files = {
            "wandb-history.jsonl": {"offset": offset, "content": list(map(json.dumps, rows))},
            "wandb-summary.json": {"content": [json.dumps(summary)]},
        }
        assert dialect.stream(files=files).status_code == 200
        return dialect.native()["summary"]

    first = {
        "up": {"best": 9},
        "acc": {"min": 1, "max": 9, "mean": 5.5},
        "deep": {"x": {"best": -9}, "y": 1},
    }
    assert part(0, [9, 1, 5, 7], **first, plain=7) == {**first, "plain": 7}
    later = {
        "up": {"best": 4},
        "acc": {"min": 2, "max": 4, "mean": 3},
        "deep": {"x": {"best": -4}, "y": 1},
    }
    whole = {
        "up": {"best": 9},
        "acc": {"min": 1, "max": 9, "mean": 28 / 6},
        "deep": {"x": {"best": -9}, "y": 1},
    }
    assert part(4, [2, 4], **later, plain=4, kept="by hand") == {
        **whole,
        "plain": 4,
        "kept": "by hand",
    }
    content = [json.dumps({**later, "plain": 4})]
    dialect.stream(files={"wandb-summary.json": {"content": content}}, complete=True, exitcode=0)
    assert dialect.native()["summary"] == {**whole, "plain": 4}
