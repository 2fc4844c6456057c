"""The plots of scikit-learn models that the client draws."""

from __future__ import annotations

import pytest
from tests.clients.frameworks.conftest import Framework

pytestmark = pytest.mark.clients

PLOT = """
import json
import wandb
from sklearn.cluster import KMeans
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import Ridge
from sklearn.metrics import confusion_matrix
from sklearn.model_selection import train_test_split
data = load_iris()
x, held_x, y, held_y = train_test_split(data.data, data.target, random_state=0)
run = wandb.init(project="sklearn", id="r1", settings=QUICK)
forest = RandomForestClassifier(5, random_state=0).fit(x, y)
said = forest.predict(held_x)
wandb.sklearn.plot_classifier(
    forest, x, held_x, y, held_y, said, forest.predict_proba(held_x), list(data.target_names),
    model_name="forest", feature_names=data.feature_names,
)
wandb.sklearn.plot_learning_curve(forest, x, y)
ridge = Ridge().fit(x, y)
wandb.sklearn.plot_residuals(ridge, x, y)
wandb.sklearn.plot_outlier_candidates(ridge, x, y)
wandb.sklearn.plot_calibration_curve(RandomForestClassifier(5).fit(x, y == 1), x, y == 1, "odd")
class Means(KMeans):
    _estimator_type = "clusterer"  # what the client asks for, and scikit-learn 1.6 took away
means = Means(3, random_state=0, n_init=1).fit(x)
wandb.sklearn.plot_elbow_curve(means, x)
wandb.sklearn.plot_silhouette(means, x, means.labels_)
run.finish()
importances = dict(zip(data.feature_names, forest.feature_importances_.tolist()))
matrix = confusion_matrix(held_y, said).tolist()
print(json.dumps({"importances": importances, "matrix": matrix,
                  "names": list(data.target_names)}))
"""


def test_plots_are_charts_over_the_values_of_the_models(light: Framework) -> None:
    said = light.result(PLOT)
    assert light.charts("sklearn", "r1") == {
        "calibration_curve": "wandb/calibration/v1",
        "class_proportions": "wandb/class_proportions/v1",
        "confusion_matrix": "wandb/confusion_matrix/v1",
        "elbow_curve": "wandb/elbow/v1",
        "feature_importances": "wandb/feature_importances/v1",
        "learning_curve": "wandb/learning_curve/v1",
        "outlier_candidates": "wandb/outliers/v1",
        "precision_recall": "wandb/area-under-curve/v0",
        "residuals": "wandb/residuals_plot/v1",
        "roc": "wandb/area-under-curve/v0",
        "silhouette_plot": "wandb/silhouette_/v1",
        "summary_metrics": "wandb/metrics/v1",
    }
    importances = light.table("sklearn", "r1", "feature_importances")
    assert dict(map(tuple, importances)) == pytest.approx(said["importances"])
    names = said["names"]
    # The client puts the true class, by which scikit-learn orders rows, into the first column.
    assert light.table("sklearn", "r1", "confusion_matrix") == [
        [names[i], names[j], said["matrix"][i][j]] for i in range(3) for j in range(3)
    ]
    assert light.get("sklearn/runs/r1")["state"] == "finished"
