"""The whole server in one process, on the embedded stores."""

from __future__ import annotations

import time

import msgspec
import numpy as np
from litestar.testing import TestClient
from server.tests.applications import application

from kiseki.wire.batch import VERSION, Acknowledgement, Batch, Points, RunStart
from kiseki.wire.records import Environment
from kiseki_server.app.datadir import ADMIN_KEY
from kiseki_server.app.services import Services


def points(key: str, values: list[float]) -> Points:
    count = len(values)
    return Points(
        steps=np.arange(count, dtype="<i8").tobytes(),
        times=np.full(count, time.time_ns() // 1000, "<i8").tobytes(),
        positions=np.arange(1, count + 1, dtype="<u8").tobytes(),
        keys=[key],
        key=np.zeros(count, "<u4").tobytes(),
        row=np.arange(count, dtype="<u4").tobytes(),
        value=np.array(values, "<f8").tobytes(),
    )


def test_what_is_acknowledged_can_be_read(embedded_services: Services) -> None:
    services = embedded_services
    key = (services.settings.data_dir / ADMIN_KEY).read_text().strip()
    start = RunStart(time=time.time(), environment=Environment())
    batch = Batch(
        version=VERSION,
        entity=None,
        project="digits",
        run="r1",
        writer="w",
        first=0,
        next=5,
        start=start,
        history=points("loss", [4.0, float("nan"), 1.0, float("inf")]),
    )
    with TestClient(application(services), base_url="http://127.0.0.1") as client:
        client.headers["Authorization"] = f"Bearer {key}"
        ready = client.get("/ready").json()
        assert ready == {"status": "ready", "metadata database": "ok", "columnar engine": "ok"}
        for _ in range(2):  # a repeat changes nothing
            sent = client.post("/api/v1/ingest", content=msgspec.msgpack.encode(batch))
            acknowledged = msgspec.msgpack.decode(sent.content, type=Acknowledgement)
            assert acknowledged == Acknowledgement(
                next=5, entity="admin", project="digits", run="r1", url="/admin/digits/runs/r1"
            )
        run = "/api/v1/projects/admin/digits/runs/r1"
        rows = client.get(f"{run}/history").json()["items"]
        assert [row["values"] for row in rows] == [
            {"loss": 4.0},
            {"loss": "NaN"},
            {"loss": 1.0},
            {"loss": "Infinity"},
        ]
        (stats,) = client.get(f"{run}/stats").json()["items"]
        assert (stats["count"], stats["min"], stats["nonfinite"]) == (4, 1.0, 2)
        assert client.get(run).json()["summary"] == {"loss": "Infinity"}
        found = client.post(
            "/api/v1/projects/admin/digits/runs/search", json={"filter": 'state = "running"'}
        ).json()
        assert ([item["id"] for item in found["items"]], found["total"]) == (["r1"], 1)
        (project,) = client.get("/api/v1/projects").json()["items"]
        assert (project["runs"], project["running"]) == (1, 1)
