"""Calls, objects and evaluations of our own SDK, from the program to the server and back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.processes import Program, ServerProcess, eventually

PROJECT = "sdk-tracing"
API = f"/projects/admin/{PROJECT}"

PROGRAM = """
import asyncio, kiseki

run = kiseki.init("admin/sdk-tracing")

@kiseki.op
def retrieve(question, api_key):
    return ["富士"]

@kiseki.op
def answer(question):
    kiseki.get_current_call().add_usage("gpt-4o", {"prompt_tokens": 7, "completion_tokens": 2})
    return retrieve(question, "sk-secret")[0]

class Times(kiseki.Model):
    factor: int
    @kiseki.op
    def predict(self, x):
        return self.factor * x

@kiseki.op
def correct(output, y):
    return output == y

with kiseki.thread("talk"), kiseki.attributes({"env": "test"}):
    answer("high?")
run.log({"loss": 1.0})
_, call = answer.call("again")
call.feedback.add_reaction("👍")

rows = [{"x": 1, "y": 2}, {"x": 2, "y": 4.5}]
dataset = kiseki.Dataset(rows, name="numbers")
evaluation = kiseki.Evaluation(dataset, [correct], trials=2, name="double")
evaluation.run(Times(factor=2, name="twice"))

log = kiseki.EvaluationLogger("own loop", model="mine", dataset=dataset)
log.log_example({"x": 1}, 2, {"good": True})
log.log_summary()

prompt = kiseki.publish(kiseki.StringPrompt("Answer {question}", name="ask"))
assert prompt.get().format(question="this") == "Answer this"
back = kiseki.ref("numbers").get()
assert [row for row in back] == rows, back.rows
model = kiseki.ref("twice:v0").get()
assert (type(model), model.factor, model.predict(3)) == (Times, 2, 6)
assert "def answer" in kiseki.publish(answer).get()
print(run.id, call.id, call.ui_url)
"""


def environment(server: ServerProcess, directory: Path) -> dict[str, str]:
    return {
        **server.client_environment,
        "KISEKI_DIR": str(directory),
        "KISEKI_SYSTEM_METRICS": "false",
        "KISEKI_ENVIRONMENT": "false",
        "KISEKI_CONSOLE": "off",
        "KISEKI_FINISH_TIMEOUT": "60",
        "KISEKI_RETRY_TIMEOUT": "60",
        "KISEKI_SILENT": "true",
    }


def start(server: ServerProcess, directory: Path, code: str) -> Program:
    script = directory / "program.py"  # code is captured from files
    script.write_text(code)
    return Program(
        f"import runpy; runpy.run_path({str(script)!r}, run_name='__main__')",
        environment=environment(server, directory),
        directory=directory,
    )


def calls_of(server: ServerProcess, op: str, project: str = API) -> list[dict[str, Any]]:
    items = server.get(f"{project}/calls?limit=500")["items"]
    return [call for call in items if call["op_name"] == op]


def test_a_program_arrives_with_all_that_belongs_to_it(
    server_process: ServerProcess, tmp_path: Path
) -> None:
    program = start(server_process, tmp_path, PROGRAM)
    assert program.wait(120) == 0, program.output
    run, id, url = program.lines[-1].split()
    assert url == f"{server_process.url}/admin/{PROJECT}/calls/{id}"

    second, first = calls_of(server_process, "answer")
    detail = server_process.get(f"{API}/calls/{first['id']}")
    assert (detail["output"], detail["attributes"]["env"]) == ("富士", "test")
    assert (first["thread_id"], first["turn_id"]) == ("talk", first["id"])
    assert (second["id"], second["run"], second["run_step"], first["run_step"]) == (id, run, 1, 0)
    assert first["usage"][0]["total_tokens"] == 9
    (child, _) = calls_of(server_process, "retrieve")
    inputs = server_process.get(f"{API}/calls/{child['id']}")["inputs"]
    assert inputs == {"question": "again", "api_key": "REDACTED"}

    declarative, imperative = sorted(
        calls_of(server_process, "Evaluation.evaluate"), key=lambda call: call["started_at"]
    )
    output = server_process.get(f"{API}/calls/{declarative['id']}")["output"]
    assert output["correct"] == {"true_count": 2, "true_fraction": 0.5}
    assert output["output"] == {"mean": 3.0}
    trace = server_process.get(f"{API}/traces/{declarative['trace_id']}")["calls"]
    names = sorted(call["op_name"] for call in trace)
    assert names == sorted(
        ["Evaluation.evaluate", "Evaluation.summarize"]
        + 4 * ["Evaluation.predict_and_score", "Times.predict", "correct"]
    )
    row = next(call for call in trace if call["op_name"] == "Evaluation.predict_and_score")
    example = server_process.get(f"{API}/calls/{row['id']}")["inputs"]["example"]
    assert example.startswith(f"weave:///admin/{PROJECT}/object/numbers:")
    assert server_process.get(f"{API}/calls/{imperative['id']}")["output"]["good"] == {
        "true_count": 1,
        "true_fraction": 1.0,
    }

    # The server derives the same from both.
    kinds = {
        each["id"]: (each["kind"], each["status"], each["progress"]["done"], each["source"])
        for each in server_process.get(f"{API}/evaluations")["items"]
    }
    assert kinds == {
        declarative["id"]: ("declarative", "completed", 4, "kiseki"),
        imperative["id"]: ("imperative", "completed", 1, "kiseki"),
    }
    evaluation = server_process.get(f"{API}/evaluations/{declarative['id']}")
    names = [evaluation[part]["name"] for part in ("evaluation", "model", "dataset")]
    assert names == ["double", "twice", "numbers"]
    assert (evaluation["trials"], evaluation["rows"], evaluation["dataset_rows"]) == (2, 2, 2)
    (metric,) = [each for each in evaluation["metrics"] if each["name"] == "scores.correct"]
    assert (metric["mean"], metric["client"], metric["differs"]) == (0.5, 0.5, False)


EVALUATION = """
import kiseki, os, sys
kiseki.init("admin/sdk-resume")

@kiseki.op
def model(x):
    os.write(1, f"computed {{x}}\\n".encode())  # whole, whichever thread it is
    if x >= int(sys.argv[1] if len(sys.argv) > 1 else {stop}):
        sys.stdin.read()  # until the process is killed
    return x

rows = [{{"x": x}} for x in range(12)]
kiseki.Evaluation(rows, [lambda output, x: output == x], name="resumed").run(model, parallel=2)
print("done", flush=True)
"""


def test_an_evaluation_goes_on_after_a_kill(server_process: ServerProcess, tmp_path: Path) -> None:
    script = tmp_path / "evaluate.py"
    script.write_text(EVALUATION.format(stop=7))
    code = "import sys, runpy; sys.argv = ['', {!r}]; runpy.run_path({!r}, run_name='__main__')"

    def begin(stop: int) -> Program:
        return Program(
            code.format(str(stop), str(script)),
            environment=environment(server_process, tmp_path),
            directory=tmp_path,
            stdin=True,
        )

    broken = begin(7)
    eventually(lambda: {"computed 7", "computed 8"} <= set(broken.lines))
    broken.kill()
    broken.close_input()
    again = begin(100)
    again.close_input()
    assert again.wait(120) == 0, again.output
    assert sorted(line for line in again.lines if line != "done") == sorted(
        f"computed {x}" for x in range(7, 12)
    )
    project = "/projects/admin/sdk-resume"

    def finished() -> Any:
        (call,) = calls_of(server_process, "Evaluation.evaluate", project)
        return call if call["status"] == "success" else None

    call = eventually(finished)

    def whole() -> bool:
        """What the process that was killed had to say may come later."""
        trace = server_process.get(f"{project}/traces/{call['trace_id']}")["calls"]
        names = [each["op_name"] for each in trace if each["status"] == "success"]
        ops = ("Evaluation.predict_and_score", "model", "lambda")
        return [names.count(op) for op in ops] == [12, 12, 12] and len(names) == len(trace)

    eventually(whole)
    output = server_process.get(f"{project}/calls/{call['id']}")["output"]
    assert output["lambda"] == {"true_count": 12, "true_fraction": 1.0}
