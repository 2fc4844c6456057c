"""Trees of XGBoost and LightGBM, logged by the client's callbacks."""

from __future__ import annotations

import pytest
from tests.clients.frameworks.conftest import Framework

pytestmark = pytest.mark.clients

DATA = """
import hashlib, json, pathlib
import numpy as np, wandb
random = np.random.default_rng(0)
x = random.normal(size=(200, 4))
y = (x[:, 0] + 0.5 * x[:, 1] > 0).astype(int)
NAMES = list("abcd")
def digests(pattern):
    paths = pathlib.Path(run.dir).glob(pattern)
    return {path.name: hashlib.md5(path.read_bytes()).hexdigest() for path in paths}
"""

XGBOOST = """
import xgboost
from wandb.integration.xgboost import WandbCallback
run = wandb.init(project="xgboost", id="r1", settings=QUICK)
held = xgboost.DMatrix(x[150:], y[150:], feature_names=NAMES)
scores = {}
model = xgboost.train(
    {"objective": "binary:logistic", "eval_metric": ["logloss", "auc"], "max_depth": 2, "seed": 1},
    xgboost.DMatrix(x[:150], y[:150], feature_names=NAMES),
    6, evals=[(held, "held")], evals_result=scores, early_stopping_rounds=3,
    callbacks=[WandbCallback(log_model=True)], verbose_eval=False,
)
files = digests("*_model.json")
run.finish()
gain = model.get_score(importance_type="gain")
print(json.dumps({"scores": scores["held"], "gain": gain, "files": files}))
"""

LIGHTGBM = """
import lightgbm
from wandb.integration.lightgbm import log_summary, wandb_callback
run = wandb.init(project="lightgbm", id="r1", settings=QUICK)
train = lightgbm.Dataset(x[:150], y[:150], feature_name=NAMES)
held = lightgbm.Dataset(x[150:], y[150:], reference=train)
scores = {}
model = lightgbm.train(
    {"objective": "binary", "metric": ["binary_logloss", "auc"], "num_leaves": 4,
     "verbosity": -1, "num_threads": 1},
    train, 6, valid_sets=[held], valid_names=["held"],
    callbacks=[wandb_callback(), lightgbm.record_evaluation(scores), lightgbm.early_stopping(5)],
)
log_summary(model, save_model_checkpoint=True)
importance = dict(zip(model.feature_name(), map(int, model.feature_importance())))
run.finish()
print(json.dumps({"scores": scores["held"], "importance": importance,
                  "best": model.best_iteration, "model": model.model_to_string()}))
"""


def test_xgboost_logs_scores_config_importance_and_the_model(light: Framework) -> None:
    said = light.result(DATA + XGBOOST)
    loss, auc = said["scores"]["logloss"], said["scores"]["auc"]
    assert light.numbers("xgboost", "r1") == [
        *({"epoch": n, "held-logloss": loss[n], "held-auc": auc[n]} for n in range(len(loss))),
        {"best_score": max(auc), "best_iteration": auc.index(max(auc))},
    ]
    run = light.get("xgboost/runs/r1")
    learner = run["config"]["learner"]
    assert learner["learner_train_param"]["objective"] == "binary:logistic"
    assert learner["gradient_booster"]["tree_train_param"]["max_depth"] == "2"
    assert run["summary"]["held-logloss"] == {"min": min(loss)}
    assert run["summary"]["held-auc"] == {"max": max(auc)}
    assert (run["state"], run["summary"]["best_score"]) == ("finished", max(auc))
    assert light.charts("xgboost", "r1") == {"Feature Importance": "wandb/bar/v0"}
    rows = light.table("xgboost", "r1", "Feature Importance_table")
    assert dict(map(tuple, rows)) == pytest.approx(said["gain"])
    (version,) = light.versions("xgboost", "r1_model.json")
    assert (version["type"], version["aliases"]) == ("model", ["latest"])
    assert light.digests("xgboost", "r1_model.json", "latest") == said["files"]


def test_lightgbm_logs_scores_config_importance_and_the_model(light: Framework) -> None:
    said = light.result(DATA + LIGHTGBM)
    loss, auc = said["scores"]["binary_logloss"], said["scores"]["auc"]
    assert light.numbers("lightgbm", "r1") == [
        {"iteration": n, "held_binary_logloss": loss[n], "held_auc": auc[n]}
        for n in range(len(loss))
    ]
    run = light.get("lightgbm/runs/r1")
    assert {key: run["config"][key] for key in ("objective", "num_leaves", "metric")} == {
        "objective": "binary",
        "num_leaves": 4,
        "metric": ["binary_logloss", "auc"],
    }
    best = said["best"] - 1
    assert run["summary"]["best_iteration"] == said["best"]
    assert run["summary"]["best_score"] == {
        "held": {"binary_logloss": loss[best], "auc": auc[best]}
    }
    assert run["summary"]["held_binary_logloss"] == {"min": min(loss)}
    assert light.charts("lightgbm", "r1") == {"Feature Importance": "wandb/bar/v0"}
    rows = light.table("lightgbm", "r1", "Feature Importance_table")
    assert dict(map(tuple, rows)) == said["importance"]
    (version,) = light.versions("lightgbm", "model_r1")
    assert version["aliases"] == ["best", "latest"]
    (path,) = light.digests("lightgbm", "model_r1", "best")
    saved = light.bytes(
        f"/api/v1/projects/admin/lightgbm/artifacts/collections/model_r1/versions/best/files/{path}"
    )
    assert saved.decode() == said["model"]
