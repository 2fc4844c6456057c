"""Fills MLflow through its database, where its API would take too long."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from typing import Any, Self

from benchmarks import servers

RUN = (
    "insert into runs (run_uuid, name, source_type, source_name, entry_point_name,"
    " user_id, status, start_time, end_time, source_version, lifecycle_stage,"
    " artifact_uri, experiment_id) values (?,?,?,?,?,?,?,?,?,?,?,?,?)"
)
METRIC = "insert into metrics (key, value, timestamp, run_uuid, step, is_nan) values (?,?,?,?,?,0)"
LATEST = (
    "insert into latest_metrics (key, value, timestamp, step, is_nan, run_uuid)"
    " values (?,?,?,?,0,?)"
)
PARAMETER = "insert into params (key, value, run_uuid) values (?,?,?)"


class Filler:
    """Adds runs to a server that is running; what was added is there after `close`."""

    def __init__(self, server: servers.Server) -> None:
        self._server = server
        self._database = sqlite3.connect(server.data / "mlflow.db", timeout=60)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._database.commit()
        self._database.close()

    def run(self, identity: str, experiment: int) -> None:
        self._database.execute(
            RUN,
            (
                identity, identity, "LOCAL", "", "", "bench", "FINISHED", 1, 2, "", "active",
                f"{self._server.data}/artifacts/{identity}", experiment,
            ),
        )  # fmt: skip

    def parameters(self, identity: str, values: Mapping[str, Any]) -> None:
        rows = [(key, str(value), identity) for key, value in values.items()]
        self._database.executemany(PARAMETER, rows)

    def latest(self, identity: str, values: Mapping[str, float]) -> None:
        rows = [(key, value, 1, 1, identity) for key, value in values.items()]
        self._database.executemany(LATEST, rows)

    def history(self, identity: str, key: str, values: Iterable[float]) -> None:
        rows = ((key, value, step, identity, step) for step, value in enumerate(values))
        self._database.executemany(METRIC, rows)
