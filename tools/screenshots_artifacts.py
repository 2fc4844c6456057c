"""Artifacts, their lineage and a registry to take pictures of."""

from __future__ import annotations

import json
import math
import random
import struct
import zlib
from collections.abc import Iterator

from tests.artifacts import Shelf
from tests.processes import ServerProcess

PROJECT = "pets"


def picture(seed: int, side: int = 48) -> bytes:
    """A small PNG with soft colours."""
    shades = random.Random(seed)  # noqa: S311 – colours, not secrets
    base = [shades.randrange(60, 200) for _ in range(3)]
    rows = b"".join(
        b"\0"
        + b"".join(
            bytes(min(255, c + 40 * (x + y) // side + shades.randrange(12)) for c in base)
            for x in range(side)
        )
        for y in range(side)
    )

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    parts = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


def tensors(width: int) -> bytes:
    """A file of two tensors in the format safetensors."""
    sizes = {"encoder.weight": [width, 64], "head.bias": [37]}
    header: dict[str, object] = {"__metadata__": {"format": "pt"}}
    at = 0
    for name, shape in sizes.items():
        end = at + 4 * math.prod(shape)
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [at, end]}
        at = end
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + bytes(at)


def seed(server: ServerProcess) -> None:
    """A dataset in four versions, models trained on it, evaluations, and a registry of the best."""
    shelf = Shelf(server, PROJECT)
    raw = shelf.log(
        "pets-raw",
        {f"photos/{kind}/{n:03}.png": picture(n) for kind in ("cat", "dog") for n in range(20)}
        | {"LICENSE": b"CC-BY 4.0\n"},
        type="raw-data",
        description="Photographs as they were collected.",
        metadata={"photos": 40, "collected": {"from": "2026-03", "by": "field team"}},
        tags=["photos"],
    )
    data = [_data(shelf, number, raw["id"]) for number in range(4)]
    models = [_model(shelf, number, data[number // 2 % 4]["id"]) for number in range(7)]
    for number in range(9):
        run = shelf.run(
            f"eval-{number}", display_name=f"evaluation {number}", job_type="eval", state="finished"
        )
        shelf.use(run, models[6]["id"], "candidate")
        shelf.use(run, data[3]["id"], "test")
    shelf.log("評価レポート", {"report.md": "# 評価\n\n正解率 0.93\n".encode()}, type="report")
    _registry(server, shelf, models)


def _data(shelf: Shelf, number: int, raw: int) -> dict[str, int]:
    run = shelf.run(
        f"prepare-{number}",
        display_name=f"prepare {number}",
        job_type="preprocess",
        state="finished",
    )
    shelf.use(run, raw)
    rows = [[f"{n:03}.png", "cat" if n % 3 else "dog", n / 100] for n in range(240 + 60 * number)]
    table = {"columns": ["file", "label", "blur"], "data": rows}
    files = {
        "labels.table.json": json.dumps(table).encode(),
        "splits/train.csv": b"file,label\n" + b"".join(b"%03d.png,cat\n" % n for n, _ in _n(rows)),
        "splits/test.csv": b"file,label\n001.png,dog\n002.png,cat\n",
        "README.md": f"# Pets, version {number}\n\nCleaned and split.\n".encode(),
        "stats.json": json.dumps({"rows": len(rows), "mean_blur": 0.4 + number / 50}).encode(),
        "sample.png": picture(number, 96),
    }
    if number > 1:
        files["splits/validation.csv"] = b"file,label\n003.png,dog\n"
    metadata = {
        "rows": len(rows),
        "classes": 2,
        "balance": round(0.5 + 0.08 / (number + 1), 3),
        "source": {"name": "pets-raw", "cleaned": number > 0},
    }
    return shelf.log(
        "pets", files, run=run, metadata=metadata, tags=["images"],
        aliases=["gold"] if number == 3 else [],
        description="Cats and dogs, cleaned, labelled and split.",
    )  # fmt: skip


def _n(rows: list[list[object]]) -> Iterator[tuple[int, object]]:
    return enumerate(rows)


def _model(shelf: Shelf, number: int, data: int) -> dict[str, int]:
    run = shelf.run(
        f"train-{number}",
        display_name=f"resnet lr={0.1 / (number + 1):.3f}",
        job_type="train",
        state="finished",
    )
    shelf.use(run, data, "train")
    accuracy = round(0.8 + 0.13 * (1 - math.exp(-number / 2)), 4)
    return shelf.log(
        "pet-classifier",
        {
            "model.safetensors": tensors(256 + 64 * number),
            "config.json": json.dumps({"layers": 18, "lr": 0.1 / (number + 1)}).encode(),
        },
        type="model",
        run=run,
        metadata={"accuracy": accuracy, "loss": round(1.2 - accuracy, 4), "epochs": 10 + number},
        aliases=["best"] if number == 6 else [],
    )


def _registry(server: ServerProcess, shelf: Shelf, models: list[dict[str, int]]) -> None:
    (org, *_) = server.get("/orgs")["items"]
    place = f"/orgs/{org['name']}/registries"
    made = shelf.call(
        "POST",
        place,
        {
            "name": "models",
            "description": "Models that may be served.",
            "visibility": "organization",
            "types": ["model"],
        },
    )
    shelf.call("POST", place, {"name": "datasets", "description": "公開できるデータセット"})
    shelf.call("PUT", f"{place}/models/protected-aliases", {"aliases": ["production"]})
    at = {"entity": made["entity"], "project": made["project"]}
    shelf.link(models[2]["id"], "pet-classifier", "archived", **at)
    shelf.link(models[5]["id"], "pet-classifier", "production", **at)
    shelf.link(models[6]["id"], "pet-classifier", "staging", **at)
