"""Evaluations as the weave client sends them, for tests and pictures."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.assets import Assets, typed
from tests.processes import ServerProcess

ROWS = [
    {
        "query": ("椅子", "red lamp", "登山靴", "mug")[number % 4] + f" {number}",
        "lang": "ja" if number % 4 in (0, 2) else "en",
        "label": "ESCI"[number % 4],
    }
    for number in range(40)
]
MODELS = ("plain", "markdown", "again")


class Evaluations(Assets):
    """Evaluations of one dataset in a project."""

    def begin(self) -> None:
        sent = {"table": {"project_id": self.place, "rows": ROWS}}
        table = self.post("/table/create", sent)
        rows = f"weave:///{self.place}/table/{table['digest']}"
        dataset = self.publish("queries", typed("Dataset", name="queries", rows=rows))
        self.examples = [f"{dataset}/attr/rows/id/{row}" for row in table["row_digests"]]
        judge = self.publish("judge", typed("Judge", "Scorer", name="judge"))
        fields: dict[str, Any] = {"dataset": dataset, "scorers": [judge], "trials": 1}
        self.evaluation = self.publish(
            "relevance", typed("Evaluation", name="relevance", metadata=None, **fields)
        )

    def run(self, name: str, version: str, rows: int = len(ROWS), *, done: bool = True) -> str:
        """The markdown model is wrong on half of the Japanese queries, the others hardly ever."""
        worse = version == "markdown"
        model = self.publish("searcher", typed("Searcher", "Model", name=None, prompt=version))
        id = f"{self.project}-{name}"
        begun = datetime.now(UTC) - timedelta(minutes=30 - 5 * MODELS.index(version))
        common = {"project_id": self.place, "trace_id": id, "attributes": {}}
        inputs = {"self": self.evaluation, "model": model}
        batch: list[dict[str, Any]] = []
        right = 0
        for number in range(rows):
            row = ROWS[number]
            wrong = number % 13 == 12 or (worse and row["lang"] == "ja" and number % 4 == 0)
            label = "I" if wrong and row["label"] != "I" else row["label"]
            ok = label == row["label"]
            right += ok
            grade = round(0.9 - number / 200 - (0.3 if wrong else 0.0), 3)
            output = {
                "label": label,
                "text": f"{'**' if worse else ''}{label}{'**' if worse else ''}: {row['query']}",
            }
            scores = {"judge": {"correct": ok, "grade": grade}}
            at = begun + timedelta(seconds=number)
            took = timedelta(milliseconds=(900 if worse else 500) + 7 * number)
            both = {**common, "started_at": at.isoformat(), "ended_at": (at + took).isoformat()}
            key = f"{id}-{number}"
            usage = {"gpt-4o": {"requests": 1, "prompt_tokens": 120, "completion_tokens": 20}}
            batch += [
                {
                    **both,
                    "id": key,
                    "parent_id": id,
                    "op_name": "Evaluation.predict_and_score",
                    "inputs": {**inputs, "example": self.examples[number]},
                    "output": {
                        "output": output,
                        "scores": scores,
                        "model_latency": took.total_seconds(),
                    },
                    "summary": {},
                },
                {
                    **both,
                    "id": f"{key}-p",
                    "parent_id": key,
                    "op_name": "Searcher.predict",
                    "inputs": {"self": model},
                    "output": output,
                    "summary": {"usage": usage},
                },
                {
                    **both,
                    "id": f"{key}-s",
                    "parent_id": key,
                    "op_name": "judge.score",
                    "attributes": {"weave": {"kind": "scorer"}},
                    "inputs": {"output": output},
                    "output": scores["judge"],
                    "summary": {},
                },
            ]
        self.post(f"/v2/{self.place}/calls/complete", {"batch": batch})
        top = {
            **common,
            "id": id,
            "op_name": f"weave:///{self.place}/op/Evaluation.evaluate:abc",
            "display_name": name,
            "started_at": begun.isoformat(),
            "inputs": inputs,
        }
        if not done:
            self.post("/call/start", {"start": {**top, "started_at": begun.isoformat()}})
            return id
        counts = {"true_count": right, "true_fraction": right / rows}
        summary = {"judge": {"correct": counts}}
        end = {"ended_at": (begun + timedelta(minutes=1)).isoformat(), "output": summary}
        self.post(f"/v2/{self.place}/calls/complete", {"batch": [{**top, **end, "summary": {}}]})
        return id


def judged(server: ServerProcess, project: str) -> dict[str, str]:
    """A baseline, a worse prompt, an equal one, and one that is under way; ids by name."""
    made = Evaluations(server, project)
    made.begin()
    return {
        "plain": made.run("plain", "plain"),
        "markdown": made.run("markdown", "markdown"),
        "again": made.run("again", "again"),
        "half": made.run("half", "again", rows=17, done=False),
    }
