"""Forks and rewinds, as the client asks for them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from server.tests.unit.protocols.wandb.conftest import Dialect

REWIND = """
mutation RewindRun(
  $runName: String!, $entity: String, $project: String, $metricName: String!, $metricValue: Float!
) {
  rewindRun(input: {
    runName: $runName, entityName: $entity, projectName: $project, metricName: $metricName,
    metricValue: $metricValue
  }) { rewoundRun { id name historyLineCount config project { name entity { name } } } }
}
"""


@pytest.fixture(params=["memory", "embedded"])
def dialect(request: pytest.FixtureRequest) -> Dialect:
    """On stores in memory, and on those that the server has by default."""
    name = "dialect_in_memory" if request.param == "memory" else "embedded_dialect"
    return request.getfixturevalue(name)


@pytest.fixture
def dialect_in_memory(client: Any) -> Dialect:
    return Dialect(client)


def branched(run: str, step: Any, **config: Any) -> dict[str, Any]:
    own = {"t": {"4": "3.11"}, "branch_point": {"run_id": run, "step": step}}
    return {**{k: {"value": v} for k, v in config.items()}, "_wandb": {"value": own}}


def train(dialect: Dialect, name: str = "r1", steps: int = 10) -> None:
    metrics = [{"1": "acc", "7": [2], "6": [3]}]
    config = {"lr": {"value": 0.1}, "_wandb": {"value": {"t": {}, "m": metrics}}}
    dialect.upsert(name=name, config=config, groupName="g", tags=["a"], notes="n")
    dialect.history(
        *(
            {"_step": n, "_timestamp": 1e9 + n, "_runtime": n, "acc": 50 - n, "deep": {"x": n},
             "flag": n % 2 == 0}
            for n in range(steps)
        ),
        name=name,
    )  # fmt: skip
    summary = {"_step": 9, "_runtime": 9, "acc": {"max": 50}, "deep": {"x": 9}, "best": 3}
    files = {"wandb-summary.json": {"content": [json.dumps(summary)]}}
    dialect.stream(name, files=files, complete=True, exitcode=0)


def rows(dialect: Dialect, name: str) -> list[tuple[int, Any]]:
    items = dialect.native("/history?limit=1000", name=name)["items"]
    return [(row["step"], row["values"]["acc"]) for row in items]


def rewind(dialect: Dialect, step: float, **given: Any) -> Any:
    variables = {"runName": "r1", "entity": "admin", "project": "p", "metricName": "_step"}
    return dialect.post(REWIND, **{**variables, "metricValue": step, **given})


def test_a_fork_begins_as_its_parent_was_at_the_step(dialect: Dialect) -> None:
    train(dialect)
    made = dialect.upsert(name="f1", config=branched("r1", 4, depth=3))
    bucket = made["bucket"]
    assert (made["inserted"], bucket["name"], bucket["historyLineCount"]) == (True, "f1", 5)
    assert rows(dialect, "f1") == [(n, 50 - n) for n in range(5)]
    run = dialect.native(name="f1")
    assert run["branch"] == {"run": "r1", "step": 4}
    assert run["config"] == {"lr": 0.1, "depth": 3}
    assert (run["state"], run["group"], run["tags"]) == ("running", "g", ["a"])
    assert (run["notes"], run["exit_code"], run["finished_at"]) == (None, None, None)
    assert run["summary"] == {
        "_step": 4,
        "_runtime": 4,
        "acc": {"max": 50},
        "deep": {"x": 4},
        "flag": True,
    }
    assert rows(dialect, "r1") == [(n, 50 - n) for n in range(10)]


def test_a_fork_goes_on_behind_what_it_took_over(dialect: Dialect) -> None:
    train(dialect)
    lines = dialect.upsert(name="f1", config=branched("r1", 4))["bucket"]["historyLineCount"]
    later = {"_step": 5, "acc": -5, "new": 1}
    summary = {"_step": 5, "acc": {"max": -5}, "new": 1}
    files = {
        "wandb-history.jsonl": {"offset": lines, "content": [json.dumps(later)]},
        "wandb-summary.json": {"content": [json.dumps(summary)]},
    }
    for _ in range(2):
        assert dialect.stream("f1", files=files).status_code == 200
    assert rows(dialect, "f1") == [*((n, 50 - n) for n in range(5)), (5, -5)]
    run = dialect.native(name="f1")
    assert run["summary"]["deep"] == {"x": 4}
    assert (run["summary"]["new"], run["summary"]["_step"]) == (1, 5)
    assert dialect.run("historyLineCount", "f1") == {"historyLineCount": 6}
    # Each later config says again where the run comes from.
    again = dialect.upsert(name="f1", config=branched("r1", 4, more=1))
    assert (again["inserted"], again["bucket"]["historyLineCount"]) == (False, 6)
    assert dialect.native(name="f1")["config"] == {"lr": 0.1, "more": 1}


def test_a_fork_of_a_fork_has_the_whole_history(dialect: Dialect) -> None:
    train(dialect)
    dialect.upsert(name="f1", config=branched("r1", 4))
    dialect.history({"_step": 5, "acc": 0}, {"_step": 6, "acc": -1}, offset=5, name="f1")
    dialect.upsert(name="f2", config=branched("f1", 5))
    assert rows(dialect, "f2") == [*((n, 50 - n) for n in range(5)), (5, 0)]
    near = dialect.native("/branches", name="f1")
    assert (near["parent"]["id"], [fork["id"] for fork in near["forks"]]) == ("r1", ["f2"])


@pytest.mark.parametrize(
    ("point", "status", "said"),
    [
        (("none", 3), 404, "has no run `none`"),
        (("r1", 10), 400, "has no step 10. Its history goes from step 0 to step 9"),
        (("empty", 0), 400, "has no history"),
        (("r1", -1), 400, "names no run and step"),
        (("r1", 1.5), 400, "names no run and step"),
        (("f1", 1), 400, "cannot be a fork of itself"),
        (("gone", 1), 410, "was deleted"),
    ],
)
def test_a_fork_of_nothing_is_refused(
    dialect: Dialect, point: tuple[str, Any], status: int, said: str
) -> None:
    train(dialect)
    dialect.upsert(name="empty")
    train(dialect, "gone")
    assert dialect.http.delete("/api/v1/projects/admin/p/runs/gone").status_code == 204
    query = (
        'mutation M($c: JSONString) { upsertBucket(input: {modelName: "p", name: "f1", '
        "config: $c}) { inserted } }"
    )
    answer = dialect.post(query, c=json.dumps(branched(*point)))
    assert answer.status_code == status, answer.text
    assert said in answer.json()["errors"][0]["message"]
    assert dialect.run("id", "f1") is None


def test_another_run_is_not_made_a_fork(dialect: Dialect) -> None:
    train(dialect)
    train(dialect, "r2")
    query = (
        'mutation M($c: JSONString) { upsertBucket(input: {modelName: "p", name: "r2", '
        "config: $c}) { inserted } }"
    )
    answer = dialect.post(query, c=json.dumps(branched("r1", 3)))
    assert answer.status_code == 400
    assert "which is no fork of `r1` at step 3" in answer.json()["errors"][0]["message"]
    assert dialect.native(name="r2")["config"] == {"lr": 0.1}


def test_a_run_is_rewound_and_its_earlier_form_kept(dialect: Dialect) -> None:
    train(dialect)
    answer = rewind(dialect, 6)
    assert answer.status_code == 200, answer.text
    made = answer.json()["data"]["rewindRun"]["rewoundRun"]
    assert (made["name"], made["historyLineCount"]) == ("r1", 7)
    assert json.loads(made["config"])["lr"] == {"value": 0.1}
    assert rows(dialect, "r1") == [(n, 50 - n) for n in range(7)]
    run = dialect.native()
    assert (run["notes"], run["tags"], run["branch"]) == ("n", ["a"], {"run": "r1@1", "step": 6})
    assert run["summary"]["deep"] == {"x": 6}
    again = dialect.upsert(id=made["id"], config=branched("r1", 6, lr=0.2))
    assert (again["inserted"], again["bucket"]["historyLineCount"]) == (False, 7)
    dialect.history({"_step": 7, "acc": 0}, offset=7)
    assert rows(dialect, "r1")[-2:] == [(6, 44), (7, 0)]

    (before,) = dialect.native("/branches")["archived"]
    assert (before["id"], before["archived_of"]) == ("r1@1", run["number"])
    assert (before["state"], before["config"]) == ("finished", {"lr": 0.1})
    assert rows(dialect, "r1@1") == [(n, 50 - n) for n in range(10)]
    page = dialect.data('{ project(name: "p") { runCount runs { edges { node { name } } } } }')[
        "project"
    ]
    assert page["runCount"] == 1
    assert page["runs"]["edges"] == [{"node": {"name": "r1"}}]


def test_a_run_is_rewound_twice(dialect: Dialect) -> None:
    train(dialect)
    assert rewind(dialect, 6).status_code == 200
    assert rewind(dialect, 2).status_code == 200
    assert rows(dialect, "r1") == [(n, 50 - n) for n in range(3)]
    forms = dialect.native("/branches")["archived"]
    assert [form["id"] for form in forms] == ["r1@1", "r1@2"]
    assert [len(rows(dialect, form["id"])) for form in forms] == [10, 7]
    refused = rewind(dialect, 5)
    assert refused.status_code == 400
    assert "has no step 5" in refused.json()["errors"][0]["message"]
    assert rewind(dialect, 1, runName="r1@1").status_code == 400


def test_what_cannot_be_rewound_says_so(dialect: Dialect) -> None:
    train(dialect)
    answer = rewind(dialect, 3, runName="none")
    assert answer.json() == {"data": {"rewindRun": {"rewoundRun": None}}}
    assert rewind(dialect, 1.5).status_code == 400
    assert rewind(dialect, 3, metricName="epoch").status_code == 400
    assert rewind(dialect, 3, project="nothing").status_code == 404
    assert dialect.native("/branches")["archived"] == []
