"""Train a small network on handwritten digits under several configurations, and watch it live.

    kiseki serve                 # in another terminal
    python examples/digits.py

Takes a minute or so; needs scikit-learn.
"""

from __future__ import annotations

import argparse

from digits_model import Evaluation, Step, configurations, train

import kiseki


def run_one(config: dict[str, float | int], project: str) -> None:
    with kiseki.init(
        project=project,
        config=config,
        group=f"hidden-{config['hidden']}",
        job_type="train",
        tags=["demo", "digits"],
        notes="Two hidden layers on scikit-learn's handwritten digits.",
    ) as run:
        run.define_metric("val/accuracy", summary="max")
        run.define_metric("val/loss", summary="min")
        step = 0
        for event in train(config):
            if isinstance(event, Step):
                run.log(
                    {
                        "train/loss": event.loss,
                        "train/accuracy": event.accuracy,
                        "optimizer/gradient_norm": event.gradient_norm,
                        "optimizer/learning_rate": event.learning_rate,
                        "epoch": event.epoch,
                    },
                    step=step,
                )
                step += 1
                continue
            run.log(
                {
                    "val/loss": event.loss,
                    "val/accuracy": event.accuracy,
                    **{f"recall/digit_{c}": value for c, value in enumerate(event.recall)},
                    "confusion": event.confusion,
                    "samples": event.samples,
                },
                step=step - 1,
            )
            report(event, config)


def report(event: Evaluation, config: dict[str, float | int]) -> None:
    if (event.epoch + 1) % 25 == 0:
        print(
            f"epoch {event.epoch + 1:3d}/{config['epochs']}"
            f"  val/loss {event.loss:.4f}  val/accuracy {event.accuracy:.4f}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--project", default="digits")
    parser.add_argument("--epochs", type=int, default=150)
    parser.add_argument("--runs", type=int, help="how many of the six configurations")
    arguments = parser.parse_args()
    for config in configurations(arguments.epochs, arguments.runs):
        run_one(config, arguments.project)


if __name__ == "__main__":
    main()
