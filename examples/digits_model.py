"""A small network for scikit-learn's handwritten digits, in plain NumPy.

What `digits.py` and `digits_wandb.py` train: two hidden layers with dropout, Adam, minibatches.
Nothing here knows that anybody is logging.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

Array = NDArray[np.float32]

CLASSES = 10


@dataclass
class Digits:
    """1,797 images of 8 × 8 pixels, split three to one."""

    train_x: Array
    train_y: NDArray[np.int64]
    test_x: Array
    test_y: NDArray[np.int64]


def load(seed: int = 0) -> Digits:
    data = load_digits()
    x = (data.data / 16.0).astype(np.float32)
    train_x, test_x, train_y, test_y = train_test_split(
        x, data.target, test_size=0.25, random_state=seed, stratify=data.target
    )
    return Digits(train_x, train_y, test_x, test_y)


def softmax(logits: Array) -> Array:
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    return shifted / shifted.sum(axis=1, keepdims=True)


@dataclass
class Network:
    """Dense layers with ReLU between them."""

    sizes: tuple[int, ...]
    dropout: float
    seed: int
    weights: list[Array] = field(init=False)
    biases: list[Array] = field(init=False)

    def __post_init__(self) -> None:
        self.rng = np.random.default_rng(self.seed)
        pairs = list(zip(self.sizes[:-1], self.sizes[1:], strict=True))
        self.weights = [
            (self.rng.standard_normal(pair) * np.sqrt(2 / pair[0])).astype(np.float32)
            for pair in pairs
        ]
        self.biases = [np.zeros(pair[1], dtype=np.float32) for pair in pairs]

    def probabilities(self, x: Array) -> Array:
        for weight, bias in zip(self.weights[:-1], self.biases[:-1], strict=True):
            x = np.maximum(x @ weight + bias, 0)
        return softmax(x @ self.weights[-1] + self.biases[-1])

    def gradients(self, x: Array, y: NDArray[np.int64]) -> tuple[float, float, list[Array]]:
        """Mean cross-entropy, accuracy and the gradient of every weight and bias."""
        inputs, masks = [x], []
        for weight, bias in zip(self.weights[:-1], self.biases[:-1], strict=True):
            x = np.maximum(x @ weight + bias, 0)
            mask = (self.rng.random(x.shape, dtype=np.float32) >= self.dropout) / (1 - self.dropout)
            masks.append(mask.astype(np.float32))
            x = x * masks[-1]
            inputs.append(x)
        probabilities = softmax(x @ self.weights[-1] + self.biases[-1])
        rows = np.arange(len(y))
        loss = float(-np.log(probabilities[rows, y] + 1e-9).mean())
        accuracy = float((probabilities.argmax(axis=1) == y).mean())

        delta = probabilities
        delta[rows, y] -= 1
        delta /= len(y)
        gradients: list[Array] = []
        for layer in reversed(range(len(self.weights))):
            gradients += [delta.sum(axis=0), inputs[layer].T @ delta]
            if layer:
                delta = (delta @ self.weights[layer].T) * masks[layer - 1] * (inputs[layer] > 0)
        return loss, accuracy, gradients[::-1]


class Adam:
    """Adam (Kingma and Ba, 2015, algorithm 1)."""

    def __init__(self, parameters: list[Array], rate: float) -> None:
        self.parameters = parameters
        self.rate = rate
        self.first = [np.zeros_like(p) for p in parameters]
        self.second = [np.zeros_like(p) for p in parameters]
        self.time = 0

    def step(self, gradients: list[Array]) -> float:
        """Update in place; gives the norm of all gradients together."""
        self.time += 1
        scale = self.rate * np.sqrt(1 - 0.999**self.time) / (1 - 0.9**self.time)
        for p, g, m, v in zip(self.parameters, gradients, self.first, self.second, strict=True):
            m += 0.1 * (g - m)
            v += 0.001 * (g * g - v)
            p -= scale * m / (np.sqrt(v) + 1e-8)
        return float(np.sqrt(sum(float((g * g).sum()) for g in gradients)))


@dataclass(frozen=True)
class Step:
    """One minibatch."""

    epoch: int
    loss: float
    accuracy: float
    gradient_norm: float
    learning_rate: float


@dataclass(frozen=True)
class Evaluation:
    """The test set after an epoch."""

    epoch: int
    loss: float
    accuracy: float
    recall: list[float]
    """By class: the share of its images that were recognised."""
    confusion: list[list[int]]
    """Rows are true classes, columns predicted ones."""
    samples: list[dict[str, float | int]]
    """The predictions that the network was least sure of."""


def evaluate(network: Network, data: Digits, epoch: int) -> Evaluation:
    probabilities = network.probabilities(data.test_x)
    predicted = probabilities.argmax(axis=1)
    confusion = np.zeros((CLASSES, CLASSES), dtype=int)
    np.add.at(confusion, (data.test_y, predicted), 1)
    truth = probabilities[np.arange(len(predicted)), data.test_y]
    return Evaluation(
        epoch=epoch,
        loss=float(-np.log(truth + 1e-9).mean()),
        accuracy=float((predicted == data.test_y).mean()),
        recall=[float(confusion[c, c] / confusion[c].sum()) for c in range(CLASSES)],
        confusion=confusion.tolist(),
        samples=[
            {
                "image": int(i),
                "truth": int(data.test_y[i]),
                "prediction": int(predicted[i]),
                "confidence": float(probabilities[i].max()),
            }
            for i in truth.argsort()[:8]
        ],
    )


def train(config: dict[str, float | int]) -> Iterator[Step | Evaluation]:
    """Yields every minibatch, and an evaluation after every epoch."""
    data = load()
    network = Network(
        sizes=(64, int(config["hidden"]), int(config["hidden"]) // 2, CLASSES),
        dropout=float(config["dropout"]),
        seed=int(config["seed"]),
    )
    parameters = [p for pair in zip(network.weights, network.biases, strict=True) for p in pair]
    adam = Adam(parameters, float(config["learning_rate"]))
    rng = np.random.default_rng(int(config["seed"]))
    batch = int(config["batch_size"])
    for epoch in range(int(config["epochs"])):
        adam.rate = float(config["learning_rate"]) * 0.97**epoch
        order = rng.permutation(len(data.train_y))
        for begin in range(0, len(order) - batch + 1, batch):
            rows = order[begin : begin + batch]
            loss, accuracy, gradients = network.gradients(data.train_x[rows], data.train_y[rows])
            norm = adam.step(gradients)
            yield Step(epoch, loss, accuracy, norm, adam.rate)
        yield evaluate(network, data, epoch)


CONFIGURATIONS: list[dict[str, float | int]] = [
    {"learning_rate": 3e-4, "hidden": 512, "dropout": 0.0},
    {"learning_rate": 1e-3, "hidden": 512, "dropout": 0.2},
    {"learning_rate": 3e-3, "hidden": 256, "dropout": 0.2},
    {"learning_rate": 1e-3, "hidden": 128, "dropout": 0.5},
    {"learning_rate": 1e-2, "hidden": 256, "dropout": 0.0},
    {"learning_rate": 3e-2, "hidden": 512, "dropout": 0.5},
]


def configurations(epochs: int, runs: int | None = None) -> list[dict[str, float | int]]:
    """Complete configurations of the demo."""
    return [
        {**chosen, "batch_size": 16, "epochs": epochs, "seed": number}
        for number, chosen in enumerate(CONFIGURATIONS[:runs])
    ]
