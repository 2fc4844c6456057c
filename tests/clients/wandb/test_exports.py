"""Histories as Parquet files, downloaded and scanned by the client."""

from __future__ import annotations

import io
import math
import urllib.request
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from tests.clients.wandb.conftest import Client

pytestmark = pytest.mark.clients

_MIXED = """
import json, wandb
rows = [
    (0, {"loss": 0.5, "count": 1, "deep": {"er": {"x": 1.5}}, "name": "first", "flag": True}),
    (3, {"loss": float("nan"), "count": 2**60 + 1}),
    (4, {"loss": float("inf"), "list": [1, 2.5], "thing": {"_type": "own", "n": 3}}),
    (2**40, {"loss": float("-inf"), "mixed": "text", "name": "last"}),
    (2**40 + 1, {"mixed": 7}),
]
with wandb.init(project=PROJECT, id="mixed", settings=QUICK) as run:
    for step, row in rows:
        run.log(row, step=step)
"""


def _table(path: Path | io.BytesIO) -> list[dict[str, Any]]:
    table: Any = pq.read_table(path)
    kept = [name for name in table.column_names if name not in ("_timestamp", "_runtime")]
    return table.select(kept).to_pylist()


def _check_mixed(rows: list[dict[str, Any]]) -> None:
    assert math.isnan(rows[1].pop("loss"))
    found = [{key: value for key, value in row.items() if value is not None} for row in rows]
    assert found == [
        {"_step": 0, "loss": 0.5, "count": 1, "deep.er.x": 1.5, "name": "first", "flag": True},
        {"_step": 3, "count": 2**60 + 1},
        {"_step": 4, "loss": math.inf, "list": [1.0, 2.5], "thing": {"_type": "own", "n": 3.0}},
        {"_step": 2**40, "loss": -math.inf, "mixed": "text", "name": "last"},
        {"_step": 2**40 + 1, "mixed": "7"},
    ]


def test_a_finished_history_is_downloaded_exactly(client: Client) -> None:
    found = client.result(
        _MIXED.replace("PROJECT", "'exported'")
        + """
api = wandb.Api()
result = api.run("admin/exported/mixed").download_history_exports("files")
print(json.dumps({
    "paths": [str(path) for path in result.paths],
    "live": result.contains_live_data,
    "errors": result.errors or {},
}))
"""
    )
    assert found["live"] is False
    assert found["errors"] == {}
    (path,) = found["paths"]
    _check_mixed(_table(client.directory / path))
    request = urllib.request.Request(
        f"{client.server.url}/api/v1/projects/admin/exported/runs/mixed/export.parquet",
        headers={"Authorization": f"Bearer {client.server.key}"},
    )
    with urllib.request.urlopen(request) as answer:
        _check_mixed(_table(io.BytesIO(answer.read())))


def test_a_running_history_is_not_complete(client: Client) -> None:
    found = client.result(
        """
        import json, wandb
        from wandb.apis.public.runhistory import IncompleteRunHistoryError
        with wandb.init(project="exported-live", id="r", settings=QUICK) as run:
            run.log({"a": 1})
            api = wandb.Api()
            for _ in range(600):
                if api.run("admin/exported-live/r").history(pandas=False):
                    break
            try:
                api.run("admin/exported-live/r").download_history_exports("files")
                said = "complete"
            except IncompleteRunHistoryError:
                said = "incomplete"
            part = api.run("admin/exported-live/r").download_history_exports(
                "files", require_complete_history=False
            )
        run = api.run("admin/exported-live/r")
        print(json.dumps([said, len(part.paths), part.contains_live_data,
                          len(run.download_history_exports("files").paths)]))
        """
    )
    assert found == ["incomplete", 0, True, 1]


def test_a_scan_gives_the_rows_that_have_all_keys(each: Client) -> None:
    """Whatever has been exported: a run that was downloaded, resumed, and downloaded again."""
    project = f"exported-sparse-{each.version}"
    found = each.result(
        f"""
        import json, wandb
        api = wandb.Api()
        def log(steps):
            with wandb.init(project="{project}", id="r", resume="allow", settings=QUICK) as run:
                for step in steps:
                    row = {{"train": step, "text": str(step)}}
                    run.log(row | {{"val": step / 2}} if step % 3 == 0 else row, step=step)
        def scanned(**how):
            rows = api.run("admin/{project}/r").scan_history(**how)
            return [{{k: v for k, v in row.items() if k not in ("_timestamp", "_runtime")}}
                    for row in rows]
        log(range(4))
        seen = [scanned(keys=["val"]), scanned()]
        api.run("admin/{project}/r").download_history_exports("files")
        log(range(4, 8))
        seen += [scanned(keys=["_step", "val"]), scanned(min_step=3, max_step=5)]
        print(json.dumps(seen))
        """
    )

    def row(step: int) -> dict[str, Any]:
        shown = {"_step": step, "train": step, "text": str(step)}
        return shown if step % 3 else {**shown, "val": step / 2}

    assert [[each_row.pop("val") for each_row in rows] for rows in found[::2]] == [
        [0, 1.5],
        [0, 1.5, 3],
    ]
    assert found[1] == [row(step) for step in range(4)]
    assert found[3] == [row(step) for step in (3, 4)]


def test_a_long_history_is_scanned_from_files(client: Client) -> None:
    """The client reads what it needs of them, and finds what the pages would have shown."""
    client.server.request("PUT", "/projects/admin/exported-long/runs/r", {})
    found = client.result(
        """
        import json, time, urllib.request, wandb
        key, url = KEY, URL
        def send(lines, offset, **more):
            files = {"wandb-history.jsonl": {"offset": offset, "content": lines}}
            request = urllib.request.Request(
                url + "/files/admin/exported-long/r/file_stream",
                data=json.dumps({"files": files, **more}).encode(),
                headers={"Authorization": "Bearer " + key},
            )
            urllib.request.urlopen(request).read()
        rows = 30_000
        for offset in range(0, rows, 10_000):
            lines = [
                json.dumps({"_step": n, "_timestamp": 1.5e9 + n, "_runtime": n,
                            "a": n / 4, "b": "s%d" % n})
                for n in range(offset, offset + 10_000)
            ]
            send(lines, offset)
        send([], rows, complete=True, exitcode=0)
        run = wandb.Api().run("admin/exported-long/r")
        some = list(run.scan_history(keys=["a", "_step"], page_size=10_000, use_cache=False))
        whole = list(run.scan_history(page_size=10_000))
        part = list(run.scan_history(keys=["b"], min_step=12_000, max_step=12_002))
        print(json.dumps([
            len(some), some[-1], sum(row["a"] for row in some), len(whole), whole[20_001], part,
        ]))
        """.replace("KEY", repr(client.server.key), 1).replace("URL", repr(client.server.url), 1)
    )
    assert found == [
        30_000,
        {"_step": 29_999, "a": 29_999 / 4},
        sum(range(30_000)) / 4,
        30_000,
        {"_step": 20_001, "_timestamp": 1.5e9 + 20_001, "_runtime": 20_001, "a": 20_001 / 4,
         "b": "s20001"},
        [{"_step": 12_000, "b": "s12000"}, {"_step": 12_001, "b": "s12001"}],
    ]  # fmt: skip
    kept = "admin_exported-long_r_0.runhistory.parquet"
    assert (client.directory / ".cache" / "wandb" / "runhistory" / kept).exists()
