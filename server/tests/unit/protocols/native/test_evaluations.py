"""Evaluations through our own API, derived from calls as clients write them."""

from __future__ import annotations

import csv
import io
import itertools
import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from litestar.testing import TestClient

from kiseki_server.app.compose import compose
from kiseki_server.app.datadir import ADMIN_KEY
from kiseki_server.app.first_start import ensure_administrator
from kiseki_server.app.server import Application, build_application
from kiseki_server.app.settings import Settings
from kiseki_server.app.stores import memory_stores
from kiseki_server.domain.objects.digests import value_digest

PROJECTS = "/api/v1/projects/admin"
Http = TestClient[Application]
NOW = datetime.now(UTC)
ROWS = [{"q": f"q{n}", "lang": "ja" if n < 10 else "en", "label": str(n % 3)} for n in range(40)]


class World:
    """Writes evaluations as the client does."""

    def __init__(self, http: Http, project: str) -> None:
        self.http = http
        self.project = f"admin/{project}"
        self.ids = itertools.count()

    def post(self, path: str, body: Any) -> Any:
        answer = self.http.post(f"/traces{path}", json=body)
        assert answer.status_code in (200, 201), answer.text
        return answer.json()

    def object(self, name: str, leaf: str, **value: Any) -> str:
        bases = ["Object", "BaseModel"]
        val = {"_type": leaf, "name": name, **value, "_class_name": leaf, "_bases": bases}
        sent = {"project_id": self.project, "object_id": name, "val": val}
        digest = self.post("/obj/create", {"obj": sent})["digest"]
        return f"weave:///{self.project}/object/{name}:{digest}"

    def dataset(self, rows: Sequence[Any]) -> str:
        sent = {"table": {"project_id": self.project, "rows": rows}}
        table = self.post("/table/create", sent)["digest"]
        return self.object("questions", "Dataset", rows=f"weave:///{self.project}/table/{table}")

    def evaluate(
        self,
        evaluation: str,
        model: str,
        results: Sequence[Any],
        *,
        name: str,
        start: datetime = NOW,
        summary: Any = None,
        done: bool = True,
        examples: Sequence[Any],
        exception: str | None = None,
    ) -> str:
        """One trial for each result: (output, scores), or None for a failed prediction."""
        id = f"run-{next(self.ids)}"
        common = {"project_id": self.project, "trace_id": id, "attributes": {}}
        begun = start - timedelta(minutes=5)
        top = {
            **common,
            "id": id,
            "op_name": f"weave:///{self.project}/op/Evaluation.evaluate:abc",
            "display_name": name,
            "started_at": begun.isoformat(),
            "inputs": {"self": evaluation, "model": model},
        }
        usage = {"gpt-4o": {"requests": 1, "prompt_tokens": 100, "completion_tokens": 10}}
        batch: list[Any] = []
        for number, (result, example) in enumerate(zip(results, examples, strict=True)):
            at = begun + timedelta(seconds=number)
            row = f"{id}-{number}"
            output, scores = (None, {}) if result is None else result
            errors = {"status_counts": {"success": 1, "error": int(result is None)}}
            both = {**common, "started_at": at.isoformat(), "ended_at": at.isoformat()}
            batch += [
                {
                    **both,
                    "id": row,
                    "parent_id": id,
                    "op_name": "Evaluation.predict_and_score",
                    "inputs": {"self": evaluation, "model": model, "example": example},
                    "output": {
                        "output": output,
                        "scores": scores,
                        "model_latency": 0.5 + number / 100,
                    },
                    "summary": errors,
                },
                {
                    **both,
                    "id": f"{row}-p",
                    "parent_id": row,
                    "op_name": "M.predict",
                    "inputs": {"self": model},
                    "output": output,
                    "exception": "ValueError: boom" if result is None else None,
                    "summary": {"usage": usage},
                },
                {
                    **both,
                    "id": f"{row}-s",
                    "parent_id": row,
                    "op_name": "judge.score",
                    "attributes": {"weave": {"kind": "scorer"}},
                    "inputs": {"output": output},
                    "output": scores.get("judge"),
                    "summary": {"usage": usage},
                },
            ]
        self.post(f"/v2/{self.project}/calls/complete", {"batch": batch})
        if not done:
            self.post("/call/start", {"start": top})
            return id
        end = {"ended_at": start.isoformat(), "output": summary, "exception": exception}
        self.post(f"/v2/{self.project}/calls/complete", {"batch": [{**top, **end, "summary": {}}]})
        return id


@pytest.fixture(scope="module")
def http(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Http]:
    """A server with four evaluations in the project `tried`; tests only read them."""
    settings = Settings(data_dir=tmp_path_factory.mktemp("evaluations"))
    services = compose(settings, stores=memory_stores())
    ensure_administrator(services)
    key = (settings.data_dir / ADMIN_KEY).read_text().strip()
    with TestClient(build_application(services), base_url="http://127.0.0.1:8080") as client:
        client.headers["Authorization"] = f"Bearer {key}"
        yield client
    services.close()


@pytest.fixture(scope="module")
def ids(http: Http) -> dict[str, str]:
    return made(World(http, "tried"))


def get(http: Http, path: str, expected: int = 200, /, **params: Any) -> Any:
    """An answer about the project `tried`, unless the path begins with another one's name."""
    place = f"tried{path}" if path.startswith("/") else path
    answer = http.get(f"{PROJECTS}/{place}", params=params)
    assert answer.status_code == expected, answer.text
    return answer.json()


def result(right: bool, grade: float, label: str) -> Any:
    return {"label": label, "text": "x" * 2_000}, {"judge": {"ok": right, "grade": grade}}


def made(world: World) -> dict[str, str]:
    """A baseline, a worse model, an identical rerun, and one that was killed half-way."""
    dataset = world.dataset(ROWS)
    judge = world.object("judge", "Scorer")
    evaluation = world.object("asking", "Evaluation", dataset=dataset, scorers=[judge], trials=1)
    refs = [f"{dataset}/attr/rows/id/{value_digest(row)}" for row in ROWS]
    good = [result(n % 10 != 0, 0.9, str(n % 3)) for n in range(40)]
    bad = [
        result(n % 10 != 0 and n >= 10, 0.9 - 0.01 * n, str((n + (n < 10)) % 3)) for n in range(40)
    ]
    models = {name: world.object("m", "Model", kind=name) for name in ("good", "bad")}
    summary = {
        "judge": {"ok": {"true_count": 36, "true_fraction": 0.9}, "grade": {"mean": 0.9}},
        "model_latency": {"mean": 9.0},
        "cost_of_all": 3,
    }

    def run(name: str, model: str, results: Sequence[Any], **given: Any) -> str:
        return world.evaluate(
            evaluation, models[model], results, name=name, examples=refs[: len(results)], **given
        )

    hour = timedelta(hours=1)
    return {
        "base": run("base", "good", good, summary=summary, start=NOW - 4 * hour),
        "worse": run("worse", "bad", bad, summary={}, start=NOW - 3 * hour),
        "again": run("again", "good", good, summary=summary, start=NOW - 2 * hour),
        "killed": run(
            "killed", "good", [*good[:9], None], done=False, start=NOW - timedelta(minutes=30)
        ),
    }


def test_evaluations_are_listed_filtered_and_grouped(http: Http, ids: dict[str, str]) -> None:
    page = get(http, "/evaluations")
    assert [item["name"] for item in page["items"]] == ["killed", "again", "worse", "base"]
    assert page["total"] == 4
    killed, *_, base = page["items"]
    assert (base["status"], base["kind"], base["duration_s"]) == ("completed", "declarative", 300)
    named = [
        base["evaluation"]["name"],
        base["model"]["name"],
        base["model"]["version"],
        base["dataset"]["name"],
        [ref["name"] for ref in base["scorers"]],
    ]
    assert named == ["asking", "m", 0, "questions", ["judge"]]
    figures = {figure["path"]: (figure["metric"], figure["value"]) for figure in base["summary"]}
    assert figures == {
        "judge.ok.true_fraction": ("scores.judge.ok", 0.9),
        "judge.grade.mean": ("scores.judge.grade", 0.9),
        "model_latency.mean": ("latency", 9.0),
        "cost_of_all": (None, 3.0),
    }
    assert killed["status"] == "stalled"
    assert (killed["progress"]["done"], killed["progress"]["failed"]) == (10, 1)
    assert killed["progress"]["total"] == 40
    assert killed["progress"]["eta_s"] == pytest.approx(27, abs=1)

    def names(**params: Any) -> list[str]:
        return [item["name"] for item in get(http, "/evaluations", **params)["items"]]

    assert names(status=["completed"], sort="name") == ["again", "base", "worse"]
    assert names(status="stalled") == ["killed"]
    assert names(status="running") == []
    assert names(model="m:v1") == ["worse"]
    assert names(model="none") == []
    assert names(dataset="questions", search="AGA") == ["again"]
    assert names(dataset="other") == []
    by_figure = names(evaluation="asking", sort="-summary.judge.ok.true_fraction", limit=2)
    assert sorted(by_figure) == ["again", "base"]
    groups = get(http, "/evaluations/groups", by="model")
    assert [(one["ref"]["version"], one["evaluations"]) for one in groups] == [(0, 3), (1, 1)]
    (group,) = get(http, "/evaluations/groups", by="dataset")
    assert (group["ref"]["name"], group["evaluations"]) == ("questions", 4)
    assert get(http, "/evaluations", 400, sort="nothing")["error"] == "bad_request"
    assert get(http, "/evaluations/none", 404)["error"] == "not_found"
    assert get(http, f"/evaluations/{ids['base']}-0", 404)["message"].endswith("is no evaluation")


def test_metrics_come_from_rows_and_stand_beside_the_clients(
    http: Http, ids: dict[str, str]
) -> None:
    base = get(http, f"/evaluations/{ids['base']}")
    metrics = {metric["name"]: metric for metric in base["metrics"]}
    assert list(metrics) == [
        "scores.judge.grade",
        "scores.judge.ok",
        "output.label",
        "latency",
        "tokens",
        "cost",
    ]
    ok = metrics["scores.judge.ok"]
    assert (ok["type"], ok["mean"], ok["rows"], ok["coverage"]) == ("boolean", 0.9, 40, 1)
    assert ok["interval"]["low"] == pytest.approx(0.7695, abs=1e-3)  # Wilson, 36 of 40
    assert (ok["client"], ok["differs"], ok["scorer_ref"]["name"]) == (0.9, False, "judge")
    assert metrics["tokens"]["mean"] == 110, "those of the judge are left out"
    assert metrics["cost"]["mean"] == pytest.approx(100 * 2.5e-6 + 10 * 1e-5)
    assert metrics["latency"]["direction"] == "down"
    assert metrics["latency"]["note"].startswith("The client's `latency`")
    assert [count["rows"] for count in metrics["output.label"]["counts"]] == [14, 13, 13]
    assert base["attributes"] == ["inputs.q", "inputs.lang", "inputs.label"]
    killed = get(http, f"/evaluations/{ids['killed']}")
    assert (killed["rows"], killed["dataset_rows"], killed["failed_trials"]) == (10, 40, 1)
    ok = next(metric for metric in killed["metrics"] if metric["name"] == "scores.judge.ok")
    assert (ok["rows"], ok["coverage"], ok["mean"]) == (9, 0.9, pytest.approx(8 / 9))
    strict = get(http, f"/evaluations/{ids['killed']}", missing="fail")
    ok = next(metric for metric in strict["metrics"] if metric["name"] == "scores.judge.ok")
    assert (ok["rows"], ok["mean"]) == (10, 0.8)


def test_a_regression_is_worse_and_a_rerun_undecided(http: Http, ids: dict[str, str]) -> None:
    compared = [ids["base"], ids["worse"], ids["again"]]
    found = get(http, "/comparison", evaluation=compared)
    assert found == get(http, "/comparison", evaluation=compared), "the same every time"
    assert (found["baseline"], found["shared_rows"], found["union_rows"]) == (ids["base"], 40, 40)
    assert found["warnings"] == []
    metrics = {metric["name"]: metric for metric in found["metrics"]}
    before, worse, again = metrics["scores.judge.ok"]["cells"]
    assert before["delta"] is None
    delta = worse["delta"]
    assert (delta["test"], delta["better"], delta["worse"]) == ("mcnemar_exact", 0, 9)
    assert delta["p"] == pytest.approx(2 / 2**9)
    assert delta["value"] == pytest.approx(-9 / 40)
    assert delta["interval"]["low"] < -9 / 40 < delta["interval"]["high"] < 0
    assert (delta["verdict"], delta["effect"]["size"]) == ("worse", "large")
    assert (again["delta"]["verdict"], again["delta"]["reason"]) == (
        "undecided",
        "All 40 rows are the same.",
    )
    grade = metrics["scores.judge.grade"]["cells"][1]["delta"]
    assert (grade["test"], grade["verdict"]) == ("wilcoxon", "worse")
    assert grade["p_adjusted"] >= grade["p"]
    better = get(http, "/comparison", evaluation=compared, minimize="scores.judge.grade")
    cells = next(one for one in better["metrics"] if one["name"] == "scores.judge.grade")["cells"]
    assert cells[1]["delta"]["verdict"] == "better"
    label = metrics["output.label"]["cells"][1]["delta"]
    assert (label["value"], label["verdict"]) == (0.75, "undecided")
    turned = get(http, "/comparison", evaluation=compared, baseline=ids["worse"])
    cells = next(one for one in turned["metrics"] if one["name"] == "scores.judge.ok")["cells"]
    assert (cells[0]["delta"]["verdict"], cells[1]["delta"]) == ("better", None)
    assert get(http, "/comparison", 400, evaluation=compared, baseline="x")["error"]


def test_what_speaks_against_a_comparison_is_said(http: Http) -> None:
    world = World(http, "odd")
    ids = made(world)
    other = world.dataset([*ROWS[:39], {"q": "new"}])
    judge = world.object("judge", "Scorer", strict=True)
    evaluation = world.object("asking", "Evaluation", dataset=other, scorers=[judge], trials=2)
    model = world.object("m", "Model", kind="good")
    examples = [ROWS[0], ROWS[0], ROWS[1], {"q": "new"}]
    results = [result(True, 1, "0"), result(False, 0, "0"), result(True, 1, "1"), None]
    late = world.evaluate(
        evaluation, model, results, name="late", examples=examples, exception="stopped"
    )
    found = get(http, "odd/comparison", evaluation=[ids["base"], late, ids["killed"]])
    codes = {warning["code"]: warning for warning in found["warnings"]}
    assert set(codes) == {
        "dataset_differs",
        "scorer_differs",
        "trials_differ",
        "rows_differ",
        "few_pairs",
        "unfinished",
        "coverage_differs",
    }
    assert codes["dataset_differs"]["message"] == "The datasets differ: questions:v0, questions:v1."
    assert codes["dataset_differs"]["evaluations"] == [late]
    assert (found["shared_rows"], found["union_rows"]) == (2, 41)
    detail = get(http, f"odd/evaluations/{late}")
    assert (detail["status"], detail["error"], detail["rows"]) == ("failed", "stopped", 3)
    ok = next(metric for metric in detail["metrics"] if metric["name"] == "scores.judge.ok")
    assert (ok["mean"], ok["rows"]) == (0.75, 2), "trials of a row are averaged first"
    assert ok["trial_std"] == pytest.approx(0.7071, abs=1e-4)
    (first, *_) = get(http, f"odd/evaluations/{late}/rows")["items"]
    cell = first["cells"][0]
    assert first["inputs"] == ROWS[0]
    assert (cell["trials"], cell["values"]["scores.judge.ok"]) == (
        2,
        {"value": 0.5, "n": 2, "std": pytest.approx(0.7071, abs=1e-4), "min": 0.0, "max": 1.0},
    )


def test_rows_stand_side_by_side(http: Http, ids: dict[str, str]) -> None:
    compared = [ids["base"], ids["worse"]]

    def rows(**params: Any) -> list[int]:
        page = get(http, "/comparison/rows", evaluation=compared, **{"limit": 100, **params})
        assert page["total"] == len(page["items"])
        return [row["position"] for row in page["items"]]

    assert rows() == list(range(40))
    right = "A.scores.judge.ok = true and B.scores.judge.ok = false"
    assert rows(filter=right) == list(range(1, 10))
    assert rows(only="worse:scores.judge.ok") == list(range(1, 10))
    assert rows(only="better:scores.judge.ok") == []
    assert rows(only="disagree:output.label") == list(range(10))
    assert rows(filter='inputs.lang = "ja" and B.latency > 0.55') == [6, 7, 8, 9]
    assert rows(search="Q39") == [39]
    assert rows(sort="difference.scores.judge.grade")[:2] == [39, 38]
    digest = value_digest(ROWS[7])
    assert rows(digest=[digest]) == [7]
    page = get(http, "/comparison/rows", evaluation=compared, limit=1, sort="-inputs.q")
    (row,) = page["items"]
    assert (row["inputs"], page["total"]) == (ROWS[9], 40)
    cell = row["cells"][1]
    assert (cell["output"]["label"], cell["truncated"], cell["tokens"]) == ("1", False, 110)
    assert cell["values"]["scores.judge.ok"] == {"value": False}
    following = get(
        http,
        "/comparison/rows",
        evaluation=compared,
        limit=1,
        sort="-inputs.q",
        cursor=page["cursor"],
    )
    assert following["items"][0]["inputs"] == ROWS[8]
    values = get(http, "/comparison/values", evaluation=compared, metric=["scores.judge.ok"])
    assert len(values["rows"]) == 40
    assert values["values"]["scores.judge.ok"][1][:11] == [False] * 11
    drawer = get(http, f"/evaluations/{ids['worse']}/rows/{digest}")
    (trial,) = drawer["trials"]
    assert (trial["output"]["label"], trial["prediction"]["op"]) == ("2", "M.predict")
    assert [(score["name"], score["value"]["ok"]) for score in trial["scores"]] == [
        ("judge", False)
    ]
    (failed,) = get(http, f"/evaluations/{ids['killed']}/rows", filter='status = "error"')["items"]
    (trial,) = get(http, f"/evaluations/{ids['killed']}/rows/{failed['digest']}")["trials"]
    assert (trial["status"], trial["error"]) == ("error", "ValueError: boom")
    for wrong in ({"filter": "nothing = 1"}, {"only": "worse:nothing"}, {"sort": "x.y"}):
        assert get(http, "/comparison/rows", 400, evaluation=compared, **wrong)["hint"]


def test_slices_and_confusions_find_the_weak_part(http: Http, ids: dict[str, str]) -> None:
    found = get(http, f"/evaluations/{ids['worse']}/slices", metric="scores.judge.ok")
    worst = found["slices"][0]
    assert (worst["field"], worst["value"], worst["rows"], worst["mean"]) == (
        "inputs.lang",
        "ja",
        10,
        0.0,
    )
    assert worst["worse"]
    assert found["skipped"] == [{"field": "inputs.q", "reason": "no value in at least 5 rows"}]
    beside = get(
        http,
        f"/evaluations/{ids['worse']}/slices",
        metric="scores.judge.ok",
        baseline=ids["base"],
        by="inputs.lang",
    )
    assert [(one["value"], one["difference"]) for one in beside["slices"]] == [
        ("ja", -0.9),
        ("en", 0.0),
    ]
    fields = {"expected": "inputs.label", "predicted": "output.label"}
    table = get(http, f"/evaluations/{ids['worse']}/confusion", **fields)
    assert table["labels"] == ["0", "1", "2"]
    assert table["matrix"] == [[10, 4, 0], [0, 10, 3], [3, 0, 10]]
    assert (table["accuracy"], table["rows"]) == (0.75, 40)
    assert table["kappa"] == pytest.approx(0.625, abs=0.005)
    assert table["weighted_kappa"] is not None
    missing = {"expected": "inputs.label", "predicted": "output.none"}
    wrong = get(http, f"/evaluations/{ids['worse']}/confusion", 400, **missing)
    assert "output.label" in wrong["hint"]


def test_a_gate_says_what_fails(http: Http, ids: dict[str, str]) -> None:
    path = f"/evaluations/{ids['worse']}/gate"
    asked = [
        "scores.judge.ok >= 0.5",
        "failed = 0",
        "status = completed",
        "coverage >= 0.99",
        "scores.judge.ok not worse",
        "latency delta <= 0.1",
    ]
    found = get(http, path, require=asked, baseline=ids["base"])
    assert [check["passed"] for check in found["checks"]] == [True, True, True, True, False, True]
    assert found["passed"] is False
    assert get(http, path, require=asked[:4])["passed"] is True
    assert "baseline" in get(http, path, 400, require="scores.judge.ok better")["hint"]
    assert get(http, path, 400, require="is it good?")["hint"]
    answer = http.get(
        f"{PROJECTS}/tried{path}",
        params={"require": asked, "baseline": ids["base"], "format": "junit"},
    )
    assert 'tests="6" failures="1"' in answer.text
    assert answer.headers["Content-Type"].startswith("application/xml")


def test_an_export_holds_every_trial(http: Http, ids: dict[str, str]) -> None:
    path = f"{PROJECTS}/tried/evaluations/{ids['killed']}/export"
    lines = [json.loads(line) for line in http.get(path).text.splitlines()]
    assert [line["inputs"]["q"] for line in lines] == [f"q{n}" for n in range(10)]
    assert (lines[0]["scores"], lines[0]["output"]["label"]) == (
        {"judge.grade": 0.9, "judge.ok": False},
        "0",
    )
    assert [line["status"] for line in lines] == ["success"] * 9 + ["error"]
    table = list(csv.DictReader(io.StringIO(http.get(path, params={"format": "csv"}).text)))
    assert table[1]["scores.judge.ok"] == "true"
    assert json.loads(table[1]["inputs"]) == ROWS[1]
