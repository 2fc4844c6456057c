"""Uses every public name. It is never run; it only has to type-check."""

# pyright: strict
from __future__ import annotations

import argparse
from pathlib import Path
from typing import assert_type

import kiseki
import kiseki as wandb


def train() -> None:
    with kiseki.init(
        "digits",
        entity="me",
        name="first",
        id="abc",
        config={"lr": 0.1},
        config_exclude_keys=["secret"],
        allow_val_change=True,
        tags=("a", "b"),
        notes="n",
        group="g",
        job_type="train",
        mode="offline",
        dir=Path("runs"),
        resume="allow",
        reinit="create_new",
        label="rank 0",
        api_key="key",
        base_url="http://127.0.0.1:8080",
        settings=kiseki.Settings(silent=True, console="off", finish_timeout=3),
    ) as run:
        assert_type(run, kiseki.Run)
        run.log({"loss": 0.5, "nested": {"a": 1}}, step=3, commit=True)
        metric = run.define_metric("loss", step_metric="epoch", summary=["min"], goal="minimize")
        assert_type(metric, kiseki.Metric)
        run.define_metric("accuracy", step_metric=metric)
        assert_type(run.config, kiseki.Config)
        run.config.epochs = 3
        run.config["batch"] = 32
        run.config.update({"lr": 0.2}, allow_val_change=True)
        run.config.update(argparse.Namespace(a=1))
        assert_type(run.summary, kiseki.Summary)
        run.summary["best"] = 1
        run.summary.update({"best": 2})
        run.tags += ("c",)
        assert_type(run.save("models/*.pt", base_path=Path("models"), policy="now"), list[str])
        run.log({"image": kiseki.Image("a.png", caption="c", boxes={}, masks=None)})
        run.log({"list": [kiseki.Audio([0.0], sample_rate=8000)], "video": kiseki.Video("a.mp4")})
        run.log({"scene": kiseki.Object3D("a.obj"), "molecule": kiseki.Molecule("a.pdb")})
        run.log({"page": kiseki.Html("<b>"), "histogram": kiseki.Histogram([1.0, 2.0])})
        run.log({"figure": kiseki.Plotly("figure.json")})
        table = kiseki.Table(columns=["x", "y"], data=[[1, 2]], log_mode="INCREMENTAL")
        table.add_data(3, 4)
        run.log({"table": table, "line": kiseki.plot.line(table, "x", "y", title="T")})
        run.log({"own": kiseki.plot_table("me/chart", table, {"x": "x"})})
        artifact = kiseki.Artifact("digits", "dataset", metadata={"n": 1})
        artifact.add_file("a.txt", name="b.txt", policy="immutable")
        artifact.add_dir(Path("data"))
        artifact.add(table, "rows")
        artifact.add_reference("s3://bucket/key")
        with artifact.new_file("new.txt") as file:
            file.write("text")
        assert_type(run.log_artifact(artifact, aliases=["best"]), kiseki.Artifact)
        used = run.use_artifact("digits:best", type="dataset")
        assert_type(used.wait(timeout=3).download(root=Path("data")), str)
        assert_type(used.get_entry("b.txt").size, int)
        run.link_artifact(used, "portfolio", ["shown"])
        used.ttl = 3600
        used.save()
        assert_type(used.new_draft(), kiseki.Artifact)
        run.restore("config.yaml", replace=True)
        run.name = "second"
        run.notes = "more"
        assert_type(run.id, str)
        assert_type(run.url, str | None)
        assert_type(run.entity, str | None)
        assert_type(run.step, int)
        assert_type(run.offline, bool)
        receipt = run.finish(exit_code=0)
        assert_type(receipt, kiseki.Receipt)
        assert_type(receipt.complete, bool)


def train_with_wandb_names() -> None:
    assert_type(wandb.login("key"), bool)
    wandb.init(project="digits", config={"lr": 0.1}, settings={"silent": True})
    assert_type(wandb.run, kiseki.Run | None)
    if wandb.run is not None:
        wandb.run.log({"a": 1})
    wandb.config.lr = 0.1
    wandb.summary["a"] = 1
    wandb.define_metric("loss", summary="min")
    wandb.log({"loss": 1}, step=2)
    wandb.save("*.yaml")
    wandb.alert("Title", "text", level=wandb.AlertLevel.WARN, wait_duration=60)
    assert_type(wandb.log_artifact("a.txt", name="a", type="t"), wandb.Artifact)
    wandb.link_artifact(wandb.use_artifact("a:latest"), "portfolio")
    wandb.restore("config.yaml")
    assert_type(wandb.finish(), kiseki.Receipt | None)


def read() -> None:
    api = kiseki.Api("http://127.0.0.1:8080", api_key="key")
    for run in api.runs("me/digits", filters={"config.lr": {"$gt": 0.1}}, order="-created_at"):
        assert_type(run.id, str)
        for row in run.scan_history(keys=["loss"]):
            assert row["_step"] >= 0
    assert_type(api.artifact("me/digits/data:v0"), kiseki.Artifact)
    assert_type(api.artifact_exists("me/digits/data:v0"), bool)
    for version in api.artifact_versions("me/digits/data"):
        assert_type(version.version, str)


@kiseki.op
def plain(x: int) -> str:
    return str(x)


@kiseki.op(name="other", kind="tool", sample_rate=0.5, postprocess_inputs=lambda inputs: inputs)
async def asynchronous(x: int) -> str:
    return str(x)


async def trace() -> None:
    kiseki.redact("birthday", function=lambda value: value)
    with kiseki.attributes({"env": "test"}), kiseki.thread("talk") as talk:
        assert_type(talk.thread_id, str)
        assert_type(plain(1), str)
        assert_type(await asynchronous(1), str)
    call = kiseki.get_current_call()
    assert_type(call, kiseki.Call | None)
    if call is not None:
        call.set_display_name("shown")
        assert_type(call.feedback.add_reaction("👍"), str)
        call.feedback.add_note("note")
        call.feedback.add("correctness", {"score": 1})
    with kiseki.ThreadPoolExecutor(2) as pool:
        pool.submit(plain, 1).result()
    kiseki.Thread(target=kiseki.in_context(plain), args=(1,)).start()


class Times(kiseki.Model):
    factor: int
    tags: list[str] = []  # noqa: RUF012

    @kiseki.op
    def predict(self, x: int) -> int:
        return self.factor * x


class Close(kiseki.Scorer):
    def score(self, *, output: int, y: int) -> bool:
        return abs(output - y) < 2


async def evaluate() -> None:
    model = Times(factor=2, name="twice")
    assert_type(model.predict(1), int)
    dataset = kiseki.Dataset([{"x": 1, "y": 2}], name="numbers")
    evaluation = kiseki.Evaluation(dataset, [Close(), plain], trials=2, name="e")
    summary = await evaluation.evaluate(model, max_cost=1, prices={"m": (1, 2)}, parallel=4)
    assert summary["Close"]
    evaluation.run(model, resume=False, on_progress=lambda progress: print(progress.done))
    with kiseki.EvaluationLogger("own", model=model, dataset=dataset).log_prediction({}) as row:
        row.log_score("good", True)
    prompt = kiseki.StringPrompt("Answer {question}", name="ask")
    assert_type(prompt.format(question="this"), str)
    kiseki.MessagesPrompt([{"role": "user", "content": "{question}"}]).format(question="this")
    assert_type(kiseki.publish(prompt), kiseki.Ref)
    kiseki.ref("ask:v0").get()
    assert isinstance(prompt, kiseki.Prompt)
    assert isinstance(prompt, kiseki.Object)


def careful() -> str:
    try:
        kiseki.log({"a": 1})
    except kiseki.errors.JournalFullError as error:
        return error.message
    except kiseki.Error as error:
        return error.hint or kiseki.__version__
    return ""
