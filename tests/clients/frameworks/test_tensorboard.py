"""What a program writes for TensorBoard, sent by the client beside it."""

from __future__ import annotations

import hashlib

import pytest
from tests.clients.frameworks.conftest import Framework

pytestmark = pytest.mark.clients

WRITE = """
import hashlib, json, pathlib
import numpy as np, wandb
from tensorboardX import SummaryWriter
run = wandb.init(project="tensorboard", id="r1", sync_tensorboard=True, settings=QUICK)
with SummaryWriter("logs/train") as writer:
    for step in range(0, 50, 10):
        writer.add_scalar("loss/train", 1 / (step + 1), step)
        writer.add_scalar("accuracy", step / 50, step)
    writer.add_histogram("weights", np.arange(100), 50)
    writer.add_image("picture", np.zeros((3, 4, 6), dtype=np.uint8), 50)
run.finish()
(path,) = pathlib.Path("logs/train").iterdir()
print(json.dumps([path.name, hashlib.md5(path.read_bytes()).hexdigest()]))
"""


def test_scalars_histograms_pictures_and_the_events_file_arrive(light: Framework) -> None:
    name, digest = light.result(WRITE)
    assert light.numbers("tensorboard", "r1") == [
        *(
            {
                "global_step": step,
                "loss/train": pytest.approx(1 / (step + 1)),
                "accuracy": pytest.approx(step / 50),
            }
            for step in range(0, 50, 10)
        ),
        {"global_step": 50},
    ]
    summary = light.get("tensorboard/runs/r1")["summary"]
    assert (summary["accuracy"], summary["global_step"]) == (pytest.approx(0.8), 50)
    items = light.get("tensorboard/runs/r1/media")["items"]
    assert {(item["key"], item["kind"], item["width"], item["height"]) for item in items} == {
        ("picture", "image", 6, 4),
        ("weights", "histogram", None, None),
    }
    weights, picture = sorted(items, key=lambda item: item["kind"])
    assert light.bytes(picture["url"]).startswith(b"\x89PNG")
    assert sum(weights["extra"]["values"]) == 100
    where = "/api/v1/projects/admin/tensorboard/runs/r1/files/logs/train"
    assert hashlib.md5(light.bytes(f"{where}/{name}")).hexdigest() == digest
