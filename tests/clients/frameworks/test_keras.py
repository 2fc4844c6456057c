"""The callbacks for Keras, which need TensorFlow."""

from __future__ import annotations

import pytest
from tests.clients.frameworks.conftest import Framework

pytestmark = [pytest.mark.clients, pytest.mark.timeout(1200)]

TRAIN = """
import hashlib, json, pathlib
import keras, numpy as np, wandb
from wandb.integration.keras import WandbMetricsLogger, WandbModelCheckpoint
run = wandb.init(project="keras", id="r1", config={"units": 4}, settings=QUICK)
keras.utils.set_random_seed(0)
model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4), keras.layers.Dense(1)])
model.compile("sgd", "mse")
x = np.random.default_rng(0).normal(size=(32, 3))
fitted = model.fit(
    x, x.sum(1), epochs=3, batch_size=8, validation_split=0.25, verbose=0,
    callbacks=[WandbMetricsLogger(), WandbModelCheckpoint("models/{epoch}.keras")],
)
run.finish()
kept = [hashlib.md5(path.read_bytes()).hexdigest()
        for path in sorted(pathlib.Path("models").iterdir())]
print(json.dumps({"history": fitted.history, "kept": kept}))
"""


def test_metrics_by_epoch_and_models_arrive(heavy: Framework) -> None:
    said = heavy.result(TRAIN, TF_CPP_MIN_LOG_LEVEL="3")
    loss, held = said["history"]["loss"], said["history"]["val_loss"]
    assert heavy.numbers("keras", "r1") == [
        {
            "epoch/epoch": n,
            "epoch/loss": loss[n],
            "epoch/val_loss": held[n],
            "epoch/learning_rate": pytest.approx(0.01),
        }
        for n in range(3)
    ]
    run = heavy.get("keras/runs/r1")
    metrics = {metric["name"]: metric for metric in run["metrics"]}
    assert metrics["epoch/*"]["step_metric"] == "epoch/epoch"
    assert (run["state"], run["config"]) == ("finished", {"units": 4})
    assert run["summary"]["epoch/loss"] == loss[-1]

    versions = heavy.versions("keras", "run_r1_model")
    assert [version["aliases"] for version in versions] == [
        ["epoch_0"],
        ["epoch_1"],
        ["epoch_2", "latest"],
    ]
    names = ["1.keras", "2.keras", "3.keras"]
    found = [heavy.digests("keras", "run_r1_model", f"epoch_{n}") for n in range(3)]
    assert found == [{name: digest} for name, digest in zip(names, said["kept"], strict=True)]
