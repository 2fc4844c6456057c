"""Evaluations that the real client runs: what the server makes of them, also of one that dies."""

from __future__ import annotations

from typing import Any

import pytest
from tests.clients.weave.conftest import Client
from tests.processes import eventually

pytestmark = pytest.mark.clients

DEFINITIONS = """
    import asyncio
    from weave import EvaluationLogger

    rows = [{"q": f"q{n}", "n": n, "lang": "ja" if n < 4 else "en"} for n in range(12)]
    dataset = weave.Dataset(name="questions", rows=rows)

    class Model(weave.Model):
        wrong_below: int = 0
        @weave.op
        def predict(self, n):
            if n == 11:
                raise ValueError("eleven")
            return {"label": "a" if n % 2 else "b", "value": n if n >= self.wrong_below else -1}

    @weave.op
    def exact(n, output):
        return {"ok": output["value"] == n, "far": abs(output["value"] - n)}

    class Judge(weave.Scorer):
        @weave.op
        def score(self, n, output):
            return n % 3 == 0
"""


def get(client: Client, project: str, path: str) -> Any:
    return client.server.get(f"/projects/admin/{project}{path}")


def test_what_the_client_evaluates_is_listed_read_and_compared(client: Client) -> None:
    project = "evaluated"
    said = client.result(
        DEFINITIONS
        + """
    weave.init("evaluated")
    evaluation = weave.Evaluation(
        name="asking", dataset=dataset, scorers=[exact, Judge()], trials=2
    )
    print("summaries", json.dumps([
        asyncio.run(evaluation.evaluate(Model(wrong_below=below))) for below in (0, 5)
    ]))
    logger = EvaluationLogger(name="by hand", model="loop", dataset=[{"n": 1}, {"n": 2}])
    for n in (1, 2):
        prediction = logger.log_prediction(inputs={"n": n}, output="x" * 300_000)
        prediction.log_score("correct", n == 1)
        prediction.log_score("near", n / 2)
        prediction.finish()
    logger.log_summary({"own": 7})
    stopped = EvaluationLogger(name="stopped", model="loop", dataset=[{"n": 1}])
    stopped.log_prediction(inputs={"n": 1}, output="x").log_score("correct", True)
    stopped.fail(ValueError("no more"))
    weave.get_client().flush()
    print(json.dumps(True))
    """
    )
    assert said is True
    page = get(client, project, "/evaluations?sort=started_at")
    good, bad, logged, stopped = page["items"]
    assert [one["status"] for one in page["items"]] == [*["completed"] * 3, "failed"]
    assert [one["kind"] for one in page["items"]] == [*["declarative"] * 2, *["imperative"] * 2]
    assert (good["dataset"]["name"], good["model"]["version"], bad["model"]["version"]) == (
        "questions",
        0,
        1,
    )
    assert {ref["name"] for ref in good["scorers"]} == {"exact", "Judge"}
    assert (good["trials"], good["progress"]["done"], good["progress"]["total"]) == (2, 24, 24)
    assert "no more" in stopped["error"]

    detail = get(client, project, f"/evaluations/{good['id']}")
    metrics = {metric["name"]: metric for metric in detail["metrics"]}
    ok = metrics["scores.exact.ok"]
    assert (ok["mean"], ok["rows"], detail["failed_trials"]) == (1.0, 11, 2)
    assert ok["scorer_ref"]["name"] == "exact"
    # The client counts the row that failed; the figures stand side by side, with the reason.
    assert ok["differs"]
    assert ok["client"] == pytest.approx(22 / 24)
    assert "as false" in ok["note"]
    assert metrics["scores.exact.far"]["differs"] is False
    assert metrics["output.label"]["type"] == "category"

    ids = f"evaluation={good['id']}&evaluation={bad['id']}"
    compared = get(client, project, f"/comparison?{ids}&minimize=scores.exact.far")
    deltas = {one["name"]: one["cells"][1]["delta"] for one in compared["metrics"]}
    assert (compared["shared_rows"], compared["warnings"]) == (12, [])
    assert (deltas["scores.exact.ok"]["worse"], deltas["scores.exact.ok"]["pairs"]) == (5, 11)
    assert deltas["scores.exact.far"]["value"] > 0
    assert deltas["scores.Judge"]["verdict"] == "undecided"
    worse = get(client, project, f"/comparison/rows?{ids}&only=worse:scores.exact.ok")
    assert [row["inputs"]["n"] for row in worse["items"]] == [0, 1, 2, 3, 4]
    (failed,) = get(client, project, f"/evaluations/{good['id']}/rows?filter=failed%20%3E%200")[
        "items"
    ]
    drawer = get(client, project, f"/evaluations/{good['id']}/rows/{failed['digest']}")
    assert [trial["status"] for trial in drawer["trials"]] == ["error", "error"]
    assert "eleven" in drawer["trials"][0]["error"]
    whole = get(client, project, f"/evaluations/{good['id']}/rows/{worse['items'][0]['digest']}")
    assert {score["name"] for score in whole["trials"][0]["scores"]} == {"exact", "Judge"}

    detail = get(client, project, f"/evaluations/{logged['id']}")
    assert (detail["rows"], detail["dataset_rows"], detail["attributes"]) == (2, 2, ["inputs.n"])
    metrics = {metric["name"]: metric for metric in detail["metrics"]}
    assert (metrics["scores.correct"]["mean"], metrics["scores.near"]["mean"]) == (0.5, 0.75)
    assert 7.0 in [figure["value"] for figure in detail["summary"]]
    (first, _) = get(client, project, f"/evaluations/{logged['id']}/rows")["items"]
    assert (first["position"], first["cells"][0]["truncated"]) == (0, True)
    drawer = get(client, project, f"/evaluations/{logged['id']}/rows/{first['digest']}")
    assert len(drawer["trials"][0]["output"]) == 300_000


def test_an_evaluation_that_is_killed_keeps_what_it_had(client: Client) -> None:
    project = "killed-evaluation"
    program = client.start(
        DEFINITIONS
        + """
    weave.init("killed-evaluation")

    @weave.op
    def slow(n):
        if n > 6:
            import time
            print("waiting", flush=True)
            time.sleep(600)
        return {"label": "a", "value": n}

    asyncio.run(
        weave.Evaluation(name="asking", dataset=dataset, scorers=[exact]).evaluate(slow)
    )
    """,
        WEAVE_PARALLELISM="1",
    )
    eventually(lambda: "waiting" in program.output, 120)

    def done() -> Any:
        found = get(client, project, "/evaluations")["items"]
        return next((one for one in found if one["progress"]["done"] == 7), None)

    running = eventually(done)
    program.process.kill()
    program.wait(60)
    assert (running["status"], running["progress"]["total"]) == ("running", 12)
    assert running["progress"]["eta_s"] > 0
    detail = get(client, project, f"/evaluations/{running['id']}")
    metrics = {metric["name"]: metric for metric in detail["metrics"]}
    assert (metrics["scores.exact.ok"]["mean"], metrics["scores.exact.ok"]["rows"]) == (1.0, 7)
    gate = f"/evaluations/{running['id']}/gate?require=status%20%3D%20completed"
    assert get(client, project, gate)["passed"] is False
    assert detail["client_summary"] is None
