"""The trainer of Hugging Face's transformers, on a model made here."""

from __future__ import annotations

import pytest
from tests.clients.frameworks.conftest import Framework

pytestmark = [pytest.mark.clients, pytest.mark.timeout(1200)]

TRAIN = """
import hashlib, json, pathlib
import torch, wandb
from transformers import BertConfig, BertForSequenceClassification, Trainer, TrainingArguments

torch.manual_seed(0)
model = BertForSequenceClassification(BertConfig(
    vocab_size=20, hidden_size=8, num_hidden_layers=1, num_attention_heads=2,
    intermediate_size=8, max_position_embeddings=8, num_labels=2,
))
data = [{"input_ids": torch.randint(0, 20, (6,)), "labels": n % 2} for n in range(16)]
trainer = Trainer(
    model=model, train_dataset=data, eval_dataset=data,
    args=TrainingArguments(
        "out", report_to="wandb", run_name="tiny", num_train_epochs=2, logging_steps=1,
        per_device_train_batch_size=4, eval_strategy="epoch", save_strategy="epoch",
        use_cpu=True, disable_tqdm=True, save_only_model=True,
    ),
)
trainer.train()
id = wandb.run.id
wandb.finish()
kept = {str(path): {file.name: hashlib.md5(file.read_bytes()).hexdigest()
                    for file in path.iterdir()}
        for path in sorted(pathlib.Path("out").iterdir())}
print(json.dumps({"id": id, "log": trainer.state.log_history, "kept": list(kept.values()),
                  "parameters": model.num_parameters()}))
"""


def test_the_log_the_arguments_and_checkpoints_arrive(heavy: Framework) -> None:
    said = heavy.result(
        TRAIN, WANDB_PROJECT="transformers", WANDB_LOG_MODEL="checkpoint", HF_HUB_OFFLINE="1"
    )
    id, log = said["id"], said["log"]
    rows = heavy.numbers("transformers", id)
    expected = [
        {
            "train/global_step": entry["step"],
            **{
                (f"eval/{key[5:]}" if key.startswith("eval_") else f"train/{key}"): value
                for key, value in entry.items()
                if key != "step" and not key.startswith(("train_", "total_"))
            },
        }
        for entry in log
    ]
    assert rows == expected
    run = heavy.get(f"transformers/runs/{id}")
    assert (run["display_name"], run["state"]) == ("tiny", "finished")
    wanted = {
        "hidden_size": 8,
        "num_train_epochs": 2,
        "logging_steps": 1,
        "model/num_parameters": said["parameters"],
    }
    assert run["config"] | wanted == run["config"]
    last = log[-1]
    assert run["summary"]["train_loss"] == last["train_loss"]
    assert run["summary"]["total_flos"] == last["total_flos"]
    metrics = {metric["name"]: metric for metric in run["metrics"]}
    assert (metrics["*"]["step_metric"], metrics["*"]["step_sync"]) == ("train/global_step", True)

    versions = heavy.versions("transformers", "model-tiny")
    assert [version["aliases"] for version in versions] == [
        ["base_model"],
        ["checkpoint_global_step_4", "epoch_1.0"],
        ["checkpoint_global_step_8", "epoch_2.0"],
        ["final_model", "latest"],
    ]
    for number, kept in enumerate(said["kept"], start=1):
        assert heavy.digests("transformers", "model-tiny", f"v{number}") == kept
    weights = "model.safetensors"
    final = heavy.digests("transformers", "model-tiny", "final_model")
    assert final[weights] == said["kept"][-1][weights]
