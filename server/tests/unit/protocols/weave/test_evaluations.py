"""Evaluations as REST users write them, and what everybody reads of them."""

from __future__ import annotations

import json
from typing import Any

from server.tests.unit.protocols.weave.conftest import Dialect

V2 = "/traces/v2/admin/tried"
PLACE = {"project_id": "admin/tried"}


def create(dialect: Dialect, kind: str, **body: Any) -> Any:
    return dialect.ok(f"/v2/admin/tried/{kind}", body)


def listed(dialect: Dialect, kind: str, **params: Any) -> list[Any]:
    answer = dialect.http.get(f"{V2}/{kind}", params=params)
    assert answer.status_code == 200, answer.text
    return [json.loads(line) for line in answer.text.splitlines()]


def got(dialect: Dialect, path: str, status: int = 200) -> Any:
    answer = dialect.http.get(f"{V2}/{path}")
    assert answer.status_code == status, answer.text
    return answer.json()


def gone(dialect: Dialect, path: str, **params: Any) -> int:
    answer = dialect.http.delete(f"{V2}/{path}", params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()["num_deleted"]


def test_the_five_sorts_of_objects(dialect: Dialect) -> None:
    op = create(dialect, "ops", name="My Op/1!", source_code="def f(): ...")
    assert (op["object_id"], op["version_index"]) == ("my_op_1", 0)
    assert got(dialect, f"ops/my_op_1/versions/{op['digest']}")["code"] == "def f(): ..."
    assert (
        "not captured"
        in got(dialect, f"ops/op/versions/{create(dialect, 'ops')['digest']}")["code"]
    )
    data = create(dialect, "datasets", name="Questions", rows=[{"q": 1}, {"q": 2}])
    (shown,) = listed(dialect, "datasets")
    assert shown["rows"].startswith("weave:///admin/tried/table/")
    assert (shown["name"], shown["object_id"]) == ("Questions", "questions")
    rows = dialect.ok("/table/query", {**PLACE, "digest": shown["rows"].rpartition("/")[2]})
    assert [row["val"] for row in rows["rows"]] == [{"q": 1}, {"q": 2}]
    scorer = create(dialect, "scorers", name="judge", op_source_code="def score(): ...")
    shown = got(dialect, f"scorers/judge/versions/{scorer['digest']}")
    assert "/op/judge_score:" in shown["score_op"]
    assert scorer["scorer"] == f"weave:///admin/tried/object/judge:{scorer['digest']}"
    model = create(dialect, "models", name="m", source_code="x = 1", attributes={"k": 2})
    shown = got(dialect, f"models/m/versions/{model['digest']}")
    assert (shown["source_code"], shown["attributes"]) == ("x = 1", {"k": 2})
    evaluation = create(
        dialect,
        "evaluations",
        name="asking",
        dataset=f"weave:///admin/tried/object/questions:{data['digest']}",
        scorers=[scorer["scorer"]],
        trials=2,
    )
    shown = got(dialect, f"evaluations/asking/versions/{evaluation['digest']}")
    assert (shown["scorers"], shown["trials"]) == ([scorer["scorer"]], 2)
    assert "/op/asking.predict_and_score:" in shown["predict_and_score_op"]
    assert gone(dialect, "models/m", digests=[model["digest"]]) == 1
    assert listed(dialect, "models") == []
    assert got(dialect, f"models/m/versions/{model['digest']}", 404)
    assert got(dialect, f"models/questions/versions/{data['digest']}", 404)
    dialect.refused("/v2/admin/tried/scorers", {"name": "x"}, 422)


def test_a_run_is_written_and_read_back(dialect: Dialect) -> None:
    data = create(dialect, "datasets", name="questions", rows=[{"q": 1}, {"q": 2}, {"q": 3}])
    dataset = f"weave:///admin/tried/object/questions:{data['digest']}"
    scorer = create(dialect, "scorers", name="judge", op_source_code="...")["scorer"]
    model = create(dialect, "models", name="m", source_code="...")["model_ref"]
    evaluation = create(dialect, "evaluations", name="asking", dataset=dataset, scorers=[scorer])[
        "evaluation_ref"
    ]
    made = create(dialect, "evaluation_runs", evaluation=evaluation, model=model)
    run = made["evaluation_run_id"]
    status = {**PLACE, "call_id": run}
    predictions: list[str] = []
    for q in (1, 2):
        body = {"model": model, "inputs": {"q": q}, "output": {"a": q}, "evaluation_run_id": run}
        id = create(dialect, "predictions", **body)["prediction_id"]
        create(dialect, "scores", prediction_id=id, scorer=scorer, value={"ok": q == 1})
        predictions.append(id)
    assert create(dialect, f"predictions/{predictions[0]}/finish") == {"success": True}
    answer = dialect.ok("/evaluations/status", status)
    assert answer["status"] == {"code": "running", "completed_rows": 1, "total_rows": 3}
    # Scores of a trial that is not finished count already, and so does one that comes late.
    results = dialect.ok(
        "/v2/admin/tried/eval_results/query",
        {"evaluation_run_ids": [run], "include_summary": True, "include_raw_data_rows": True},
    )
    assert (results["total_rows"], results["summary"]["row_count"]) == (2, 2)
    by_row = {row["raw_data_row"]["q"]: row["evaluations"][0]["trials"] for row in results["rows"]}
    assert [by_row[q][0]["scores"] for q in (1, 2)] == [
        {"judge": {"ok": True}},
        {"judge": {"ok": False}},
    ]
    assert by_row[2][0]["predict_call_id"] == predictions[1]
    (stat,) = results["summary"]["evaluations"][0]["scorer_stats"]
    assert (stat["scorer_key"], stat["path"], stat["pass_rate"]) == ("judge", "ok", 0.5)
    create(dialect, f"predictions/{predictions[1]}/finish")
    late = {"prediction_id": predictions[1], "scorer": scorer, "value": {"ok": True}}
    score = create(dialect, "scores", **late)["score_id"]
    assert got(dialect, f"scores/{score}")["scorer"] == scorer
    assert len(listed(dialect, "scores", evaluation_run_id=run)) == 3
    assert create(dialect, f"evaluation_runs/{run}/finish", summary={"own": 1})["success"]
    dialect.refused(f"/v2/admin/tried/evaluation_runs/{run}/finish", {}, 400)
    (shown,) = listed(dialect, "evaluation_runs", models=[model])
    assert (shown["status"], shown["evaluation"]) == ("completed", evaluation)
    assert shown["summary"] == {
        "judge": {"ok": {"true_count": 2, "true_fraction": 1.0}},
        "output": {"a": {"mean": 1.5}},
        "own": 1,
    }
    assert listed(dialect, "evaluation_runs", models=["weave:///admin/tried/object/m:x"]) == []
    code = dialect.ok("/evaluations/status", status)["status"]["code"]
    assert code == "complete"
    (said,) = [
        row
        for row in dialect.ok("/feedback/query", PLACE)["result"]
        if row["call_ref"].endswith(score)
    ]
    assert said["weave_ref"] == f"weave:///admin/tried/call/{predictions[1]}"
    assert (said["feedback_type"], said["payload"]) == (
        "wandb.runnable.judge",
        {"output": {"ok": True}},
    )
    # Everybody sees it as an evaluation.
    (row,) = dialect.http.get("/api/v1/projects/admin/tried/evaluations").json()["items"]
    assert (row["id"], row["kind"], row["status"]) == (run, "api", "completed")
    assert row["progress"]["total"] == 3
    alone = create(dialect, "predictions", model=model, inputs={}, output=1)["prediction_id"]
    assert got(dialect, f"predictions/{alone}")["output"] == 1
    assert gone(dialect, "predictions", prediction_ids=[alone]) == 1
    assert got(dialect, f"predictions/{alone}", 404)["reason"].startswith("There is no prediction")
    assert gone(dialect, "evaluation_runs", evaluation_run_ids=[run]) == 1
    assert listed(dialect, "predictions") == []


def test_what_is_refused(dialect: Dialect) -> None:
    wrong = {"evaluation": "asking", "model": "m"}
    assert "no reference" in dialect.refused("/v2/admin/tried/evaluation_runs", wrong, 400)
    call = {
        **PLACE,
        "id": "c",
        "trace_id": "t",
        "op_name": "other",
        "started_at": "2026-11-30T12:00:00Z",
        "ended_at": "2026-11-30T12:00:01Z",
    }
    dialect.ok("/v2/admin/tried/calls/complete", {"batch": [call]})
    assert "no evaluation" in dialect.refused("/evaluations/status", {**PLACE, "call_id": "c"}, 400)
    none = dialect.ok("/evaluations/status", {**PLACE, "call_id": "none"})
    assert none == {"status": {"code": "not_found"}}
    for path in ("evaluate_model", "rescore"):
        assert "in a program" in dialect.refused(f"/evaluations/{path}", PLACE, 501)
    dialect.refused("/v2/admin/tried/eval_results/query", {}, 400)
