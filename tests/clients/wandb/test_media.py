"""Media, tables and charts of the unmodified client, read in the form that the UI draws."""

from __future__ import annotations

import hashlib
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from tests.clients.wandb.conftest import Client
from tests.clients.wandb.environments import MEDIA, NEWEST
from tests.processes import ServerProcess

pytestmark = pytest.mark.clients

LOG = """
import wandb
import numpy as np
import plotly.graph_objects as go
run = wandb.init(project="media", id="r1", settings=QUICK)
pixels = np.zeros((8, 6, 3), dtype=np.uint8)
boxes = {"pred": {
    "box_data": [
        {"position": {"minX": 0.1, "maxX": 0.5, "minY": 0.2, "maxY": 0.6}, "class_id": 1,
         "box_caption": "a cat", "scores": {"accuracy": 0.9}},
        {"position": {"middle": [3, 4], "width": 2, "height": 2}, "domain": "pixel",
         "class_id": 0},
    ],
    "class_labels": {0: "dog", 1: "cat"},
}}
masks = {"truth": {"mask_data": np.zeros((8, 6), dtype=np.uint8), "class_labels": {0: "sky"}}}
run.log({
    "one": wandb.Image(pixels, caption="猫", boxes=boxes, masks=masks),
    "many": [wandb.Image(pixels + i, caption=f"c{i}") for i in range(3)],
    "nested": {"image": wandb.Image(pixels + 9)},
})
for name, content in (("s.wav", b"RIFFxxxxWAVE"), ("v.mp4", b"\\0\\0\\0 ftypmp42"),
                      ("m.pdb", b"ATOM"), ("o.obj", b"v 0 0 0")):
    open(name, "wb").write(content)
run.log({
    "sound": wandb.Audio(np.zeros(80), sample_rate=8000, caption="silence"),
    "sounds": [wandb.Audio("s.wav", caption="s"), wandb.Audio("s.wav")],
    "clip": wandb.Video("v.mp4", caption="v"),
    "clips": [wandb.Video("v.mp4"), wandb.Video("v.mp4")],
    "page": wandb.Html("<b>bold</b>", inject=False),
    "pages": [wandb.Html("<b>a</b>"), wandb.Html("<i>b</i>")],
    "cloud": wandb.Object3D(np.zeros((10, 3))),
    "objects": [wandb.Object3D("o.obj"), wandb.Object3D(np.ones((1, 3)))],
    "molecule": wandb.Molecule("m.pdb"),
    "figure": wandb.Plotly(go.Figure(data=[go.Bar(y=[1, 2])])),
    "histogram": wandb.Histogram(np_histogram=([1, 2], [0, 1, 2])),
})
table = wandb.Table(columns=["n", "t", "any"], data=[[1, "あ", None], [2, None, [3]]])
run.log({
    "table": table,
    "line": wandb.plot.line(wandb.Table(columns=["x", "y"], data=[[1, 2], [2, 3]]), "x", "y",
                            title="T"),
    "roc": wandb.plot.roc_curve([0, 1], [[0.9, 0.1], [0.2, 0.8]], labels=["a", "b"]),
})
run.finish()
"""


@pytest.fixture(scope="module")
def logged(server_process: ServerProcess, tmp_path_factory: pytest.TempPathFactory) -> Client:
    client = Client(NEWEST, server_process, tmp_path_factory.mktemp("media"), MEDIA)
    client.run(LOG)
    return client


def get(client: Client, what: str) -> Any:
    return client.get(f"media/runs/r1/{what}")


def content(client: Client, url: str) -> bytes:
    request = urllib.request.Request(
        client.server.url + url, headers={"Authorization": f"Bearer {client.server.key}"}
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return answer.read()


def test_every_kind_of_media_is_listed_with_its_steps(logged: Client) -> None:
    keys = {key["key"]: (key["kinds"], key["count"]) for key in get(logged, "media/keys")["items"]}
    assert {key: kinds for key, kinds in keys.items() if "roc" not in key} == {
        "one": (["image"], 1),
        "many": (["image"], 1),
        "nested.image": (["image"], 1),
        "sound": (["audio"], 1),
        "sounds": (["audio"], 1),
        "clip": (["video"], 1),
        "clips": (["video"], 1),
        "page": (["html"], 1),
        "pages": (["html"], 1),
        "cloud": (["object3d"], 1),
        "objects": (["object3d"], 1),
        "molecule": (["molecule"], 1),
        "figure": (["figure"], 1),
        "histogram": (["histogram"], 1),
        "table": (["table"], 1),
        "line_table": (["table"], 1),
    }


def test_the_bytes_of_every_item_are_there_as_they_were_logged(logged: Client) -> None:
    items = get(logged, "media")["items"]
    with_file = [item for item in items if item["path"]]
    assert len(with_file) == len(items) - 1  # histograms have none
    for item in with_file:
        found = content(logged, item["url"])
        if item["digest"]:
            assert hashlib.sha256(found).hexdigest() == item["digest"], item
        else:
            assert found


def test_an_image_has_its_boxes_and_masks_by_class(logged: Client) -> None:
    (item,) = get(logged, "media?key=one")["items"]
    assert (item["caption"], item["width"], item["height"]) == ("猫", 6, 8)
    (boxes,) = item["boxes"]
    assert (boxes["set"], boxes["classes"]) == ("pred", {"0": "dog", "1": "cat"})
    assert [(box["label"], box["caption"], box["scores"]) for box in boxes["boxes"]] == [
        ("cat", "a cat", {"accuracy": 0.9}),
        ("dog", None, {}),
    ]
    sides = [[box[side] for side in ("x0", "y0", "x1", "y1")] for box in boxes["boxes"]]
    assert sides == [[0.1, 0.2, 0.5, 0.6], pytest.approx([2 / 6, 3 / 8, 4 / 6, 5 / 8])]
    (mask,) = item["masks"]
    assert (mask["set"], mask["classes"]) == ("truth", {"0": "sky"})
    assert content(logged, mask["url"]).startswith(b"\x89PNG")


def test_lists_become_items_with_their_own_captions(logged: Client) -> None:
    items = get(logged, "media?key=many&key=sounds")["items"]
    assert [(item["key"], item["index"], item["caption"]) for item in items] == [
        ("many", 0, "c0"),
        ("many", 1, "c1"),
        ("many", 2, "c2"),
        ("sounds", 0, "s"),
        ("sounds", 1, None),
    ]


def test_a_histogram_has_edges_and_counts(logged: Client) -> None:
    (item,) = get(logged, "media?kind=histogram")["items"]
    assert item["extra"] == {"bins": [0, 1, 2], "values": [1, 2]}


def test_a_table_is_read_by_rows(logged: Client) -> None:
    table = get(logged, "tables/table")
    assert table["rows"] == [[1, "あ", None], [2, None, [3]]]
    assert [(column["name"], column["kind"]) for column in table["columns"]] == [
        ("n", "number"),
        ("t", "text"),
        ("any", "json"),
    ]


def test_custom_charts_draw_their_tables(logged: Client) -> None:
    charts = {chart["key"]: chart for chart in get(logged, "charts")["items"]}
    assert charts.keys() == {"line", "roc"}
    line = charts["line"]
    assert (line["definition"], line["table"], line["fields"]) == (
        "wandb/line/v0",
        "line_table",
        {"x": "x", "y": "y"},
    )
    assert line["spec"]["title"] == "T"
    for chart in charts.values():
        columns = {column["name"] for column in get(logged, f"tables/{chart['table']}")["columns"]}
        assert set(chart["fields"].values()) <= columns
        assert chart["spec"] is not None


def test_the_files_lie_where_the_client_puts_them(logged: Client, tmp_path: Path) -> None:
    code = f"""
    import json, wandb
    run = wandb.Api().run("admin/media/r1")
    names = [file.name for file in run.files() if file.name.startswith("media/images/one")]
    run.file(names[0]).download(root={str(tmp_path)!r}, replace=True)
    print(json.dumps(names))
    """
    (name,) = logged.result(code)
    (item,) = get(logged, "media?key=one")["items"]
    assert name == item["path"]
    assert hashlib.sha256((tmp_path / name).read_bytes()).hexdigest() == item["digest"]


TABLES_OF_TABLES = """
import json, wandb
run = wandb.init(project="media", id="tables", settings=QUICK)
names = wandb.Table(columns=["id", "name"], data=[[1, "松"], [2, "竹"]])
prices = wandb.Table(columns=["id", "price"], data=[[2, 5.0], [3, 7.0]])
artifact = wandb.Artifact("tables", "dataset")
artifact.add(names, "parts/names")
artifact.add(wandb.Table(columns=["id", "name"], data=[[3, "梅"]]), "parts/more")
both = wandb.JoinedTable(names, prices, "id")
whole = wandb.data_types.PartitionedTable(parts_path="parts")
artifact.add(both, "both")
artifact.add(whole, "whole")
run.log_artifact(artifact).wait()
run.log({"both": both, "whole": whole})
run.finish()

found = wandb.Api().artifact("admin/media/tables:latest")
joined, parts = found.get("both"), found.get("whole")
print(json.dumps({
    "key": joined._join_key,
    "first": joined._table1.data, "second": joined._table2.data,
    "rows": [list(row) for _, row in parts.iterrows()],
}))
"""


def test_tables_that_consist_of_tables_come_back_and_are_listed(
    server_process: ServerProcess, tmp_path: Path
) -> None:
    client = Client(NEWEST, server_process, tmp_path, MEDIA)
    assert client.result(TABLES_OF_TABLES) == {
        "key": "id",
        "first": [[1, "松"], [2, "竹"]],
        "second": [[2, 5.0], [3, 7.0]],
        "rows": [[3, "梅"], [1, "松"], [2, "竹"]],
    }
    items = client.get("media/runs/tables/media?kind=table")["items"]
    shown = {item["key"]: item for item in items}
    assert set(shown) == {"both", "whole"}
    for key, item in shown.items():
        assert item["kind"] == "table"
        assert item["artifact"].endswith(f"/{key}.{item_type(key)}.json")


def item_type(key: str) -> str:
    return {"both": "joined-table", "whole": "partitioned-table"}[key]
