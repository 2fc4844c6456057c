"""Lightning's own logger, with checkpoints as artifacts."""

from __future__ import annotations

import pytest
from tests.clients.frameworks.conftest import Framework

pytestmark = [pytest.mark.clients, pytest.mark.timeout(1200)]

TRAIN = """
import hashlib, json, pathlib
import lightning, torch, wandb
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.loggers import WandbLogger

class Line(lightning.LightningModule):
    def __init__(self, width=3, rate=0.1):
        super().__init__()
        self.save_hyperparameters()
        self.layer = torch.nn.Linear(width, 1)
        self.losses, self.held = [], []

    def training_step(self, batch, number):
        loss = (self.layer(batch[0]) ** 2).mean()
        self.log("loss", loss)
        self.losses.append(loss.item())
        return loss

    def validation_step(self, batch, number):
        loss = (self.layer(batch[0]) ** 2).mean()
        self.log("held", loss)
        self.held.append(loss.item())

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=self.hparams.rate)

torch.manual_seed(0)
data = torch.utils.data.TensorDataset(torch.randn(32, 3))
loader = torch.utils.data.DataLoader(data, batch_size=8)
held = torch.utils.data.DataLoader(data, batch_size=32)
logger = WandbLogger(project="lightning", id="r1", log_model="all", settings=QUICK)
saved = ModelCheckpoint("kept", monitor="held", save_top_k=-1, filename="{epoch}")
trainer = lightning.Trainer(
    max_epochs=3, logger=logger, callbacks=[saved], log_every_n_steps=1, accelerator="cpu",
    enable_progress_bar=False, enable_model_summary=False, num_sanity_val_steps=0,
)
model = Line()
logger.watch(model, log="gradients", log_freq=1, log_graph=False)
trainer.fit(model, loader, held)
logger.log_image("picture", [torch.zeros(3, 4, 6)], caption=["black"])
logger.log_table("table", columns=["n"], data=[[1], [2]])
wandb.finish()
kept = {path.name: hashlib.md5(path.read_bytes()).hexdigest()
        for path in pathlib.Path("kept").iterdir()}
print(json.dumps({"losses": model.losses, "held": model.held, "kept": kept,
                  "best": pathlib.Path(saved.best_model_path).name}))
"""


def test_metrics_hyperparameters_and_checkpoints_arrive(heavy: Framework) -> None:
    said = heavy.result(TRAIN)
    rows = heavy.numbers("lightning", "r1")
    assert [(row["trainer/global_step"], row["loss"]) for row in rows if "loss" in row] == list(
        enumerate(said["losses"])
    )
    held = [(row["trainer/global_step"], row["held"]) for row in rows if "held" in row]
    assert held == list(zip((3, 7, 11), said["held"], strict=True))
    run = heavy.get("lightning/runs/r1")
    assert run["config"] | {"width": 3, "rate": 0.1} == run["config"]
    metrics = {metric["name"]: metric for metric in run["metrics"]}
    assert metrics["*"]["step_metric"] == "trainer/global_step"
    assert (run["state"], run["summary"]["loss"]) == ("finished", said["losses"][-1])

    versions = heavy.versions("lightning", "model-r1")
    digests = [heavy.digests("lightning", "model-r1", f"v{n}") for n in range(len(versions))]
    names = [version["metadata"]["original_filename"] for version in versions]
    assert dict(zip(names, [found["model.ckpt"] for found in digests], strict=True)) == said["kept"]
    assert names[-1] == said["best"]
    assert [version["aliases"] for version in versions][-1] == ["best", "latest"]
    assert [version["metadata"]["score"] for version in versions] == pytest.approx(said["held"])

    keys = {key["key"]: key for key in heavy.get("lightning/runs/r1/media/keys")["items"]}
    assert {key: keys[key]["kinds"] for key in ("picture", "table")} == {
        "picture": ["image"],
        "table": ["table"],
    }
    assert (keys["gradients/layer.weight"]["kinds"], keys["gradients/layer.weight"]["count"]) == (
        ["histogram"],
        len(said["losses"]),
    )
    assert heavy.table("lightning", "r1", "table") == [[1], [2]]
