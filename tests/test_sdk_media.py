"""Media and tables of our own SDK, from the program to what the UI reads."""

from __future__ import annotations

import hashlib
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from tests.processes import Program, ServerProcess, eventually

PROJECT = "sdk-media"

LOG = """
import kiseki
import numpy as np
run = kiseki.init(id="r1")
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
    "one": kiseki.Image(pixels, caption="猫", boxes=boxes, masks=masks),
    "many": [kiseki.Image(pixels + i, caption=f"c{i}") for i in range(3)],
    "nested": {"image": kiseki.Image(pixels + 9)},
    "loss": 0.5,
})
for name, content in (("v.mp4", b"\\0\\0\\0 ftypmp42"), ("m.pdb", b"ATOM"), ("o.obj", b"v 0 0 0")):
    open(name, "wb").write(content)
class Figure:
    def to_json(self):
        return '{"data": []}'
run.log({
    "sound": kiseki.Audio(np.zeros(80), sample_rate=8000, caption="silence"),
    "clips": [kiseki.Video("v.mp4", caption="v"), kiseki.Video("v.mp4")],
    "page": kiseki.Html("<b>bold</b>"),
    "objects": [kiseki.Object3D("o.obj"), kiseki.Object3D(np.ones((1, 3)))],
    "molecule": kiseki.Molecule("m.pdb"),
    "figure": kiseki.Plotly(Figure()),
    "histogram": kiseki.Histogram(np_histogram=([1, 2], [0, 1, 2])),
})
table = kiseki.Table(columns=["n", "t", "any"], data=[[1, "あ", None], [2, None, [3]]])
points = kiseki.Table(columns=["x", "y"], data=[[1, 2], [2, 3]])
run.log({
    "table": table,
    "line": kiseki.plot.line(points, "x", "y", title="T"),
    "roc": kiseki.plot.roc_curve([0, 1], [[0.9, 0.1], [0.2, 0.8]], labels=["a", "b"]),
    "matrix": kiseki.plot.confusion_matrix(y_true=[0, 1], preds=[0, 0], class_names=["a", "b"]),
})
rows = kiseki.Table(columns=["i", "image"], log_mode="INCREMENTAL")
for i in range(5):
    rows.add_data(i, kiseki.Image(pixels + i))
    if i % 2 == 0:
        run.log({"rows": rows})
print(run.finish().complete)
"""


def environment(server: ServerProcess) -> dict[str, str]:
    return {
        **server.client_environment,
        "KISEKI_SYSTEM_METRICS": "false",
        "KISEKI_ENVIRONMENT": "false",
        "KISEKI_PROJECT": PROJECT,
        "KISEKI_FINISH_TIMEOUT": "60",
    }


@pytest.fixture(scope="module")
def logged(
    server_process: ServerProcess, tmp_path_factory: pytest.TempPathFactory
) -> ServerProcess:
    directory = tmp_path_factory.mktemp("media")
    program = Program(LOG, environment=environment(server_process), directory=directory)
    assert program.wait() == 0, program.output
    assert "True" in program.lines, program.output
    return server_process


def get(server: ServerProcess, what: str, run: str = "r1") -> Any:
    return server.get(f"/projects/admin/{PROJECT}/runs/{run}/{what}")


def content(server: ServerProcess, url: str) -> bytes:
    request = urllib.request.Request(
        server.url + url, headers={"Authorization": f"Bearer {server.key}"}
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return answer.read()


def test_every_kind_of_media_is_listed(logged: ServerProcess) -> None:
    keys = {key["key"]: (*key["kinds"], key["count"]) for key in get(logged, "media/keys")["items"]}
    assert keys == {
        "one": ("image", 1),
        "many": ("image", 1),
        "nested.image": ("image", 1),
        "sound": ("audio", 1),
        "clips": ("video", 1),
        "page": ("html", 1),
        "objects": ("object3d", 1),
        "molecule": ("molecule", 1),
        "figure": ("figure", 1),
        "histogram": ("histogram", 1),
        "table": ("table", 1),
        "line_table": ("table", 1),
        "roc_table": ("table", 1),
        "matrix_table": ("table", 1),
        "rows": ("table", 3),
    }


def test_the_bytes_of_every_item_are_there_as_they_were_logged(logged: ServerProcess) -> None:
    items = get(logged, "media")["items"]
    with_file = [item for item in items if item["path"]]
    assert len(with_file) == len(items) - 1  # histograms have none
    for item in with_file:
        found = content(logged, item["url"])
        assert found
        if item["digest"]:
            assert hashlib.sha256(found).hexdigest() == item["digest"], item


def test_an_image_has_its_boxes_and_masks_by_class(logged: ServerProcess) -> None:
    (item,) = get(logged, "media?key=one")["items"]
    assert (item["caption"], item["width"], item["height"]) == ("猫", 6, 8)
    (boxes,) = item["boxes"]
    assert (boxes["set"], boxes["classes"]) == ("pred", {"0": "dog", "1": "cat"})
    assert [(box["label"], box["caption"]) for box in boxes["boxes"]] == [
        ("cat", "a cat"),
        ("dog", None),
    ]
    (mask,) = item["masks"]
    assert (mask["set"], mask["classes"]) == ("truth", {"0": "sky"})
    assert content(logged, mask["url"]).startswith(b"\x89PNG")


def test_lists_become_items_with_their_own_captions(logged: ServerProcess) -> None:
    items = get(logged, "media?key=many&key=clips")["items"]
    assert [(item["key"], item["index"], item["caption"]) for item in items] == [
        ("many", 0, "c0"),
        ("many", 1, "c1"),
        ("many", 2, "c2"),
        ("clips", 0, "v"),
        ("clips", 1, None),
    ]


def test_a_table_is_read_by_rows(logged: ServerProcess) -> None:
    table = get(logged, "tables/table")
    assert table["rows"] == [[1, "あ", None], [2, None, [3]]]
    assert [(column["name"], column["kind"]) for column in table["columns"]] == [
        ("n", "number"),
        ("t", "text"),
        ("any", "json"),
    ]


def test_a_table_that_was_logged_row_by_row_is_whole_at_each_step(logged: ServerProcess) -> None:
    last = get(logged, "tables/rows")
    assert ([row[0] for row in last["rows"]], last["total"]) == ([0, 1, 2, 3, 4], 5)
    middle = get(logged, "tables/rows?after=2&limit=2")
    assert ([row[0] for row in middle["rows"]], middle["total"]) == ([2, 3], 5)
    first_step = get(logged, "media/keys")["items"]
    first_step = next(key["first_step"] for key in first_step if key["key"] == "rows")
    assert [row[0] for row in get(logged, f"tables/rows?step={first_step}")["rows"]] == [0]
    image = last["rows"][3][1]
    found = content(logged, f"/api/v1/projects/admin/{PROJECT}/runs/r1/files/{image['path']}")
    assert hashlib.sha256(found).hexdigest() == image["sha256"]


def test_charts_draw_their_tables(logged: ServerProcess) -> None:
    charts = {chart["key"]: chart for chart in get(logged, "charts")["items"]}
    assert charts.keys() == {"line", "roc", "matrix"}
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


KILLED = """
import kiseki, os, signal
import numpy as np
run = kiseki.init(id="killed")
for i in range(100):
    image = kiseki.Image(np.full((16, 16), i, np.uint8))
    run.log({"image": image, "table": kiseki.Table(["i"], [[i]])})
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_log_took_survives_the_kill_of_the_program(
    server_process: ServerProcess, tmp_path: Path
) -> None:
    program = Program(KILLED, environment=environment(server_process), directory=tmp_path)
    program.wait()
    path = f"/projects/admin/{PROJECT}/runs/killed"

    def ended() -> bool:
        status, run = server_process.request("GET", path)
        return status == 200 and run["state"] == "crashed"

    eventually(ended)
    items = get(server_process, "media?limit=1000", "killed")["items"]
    assert [(item["key"], item["step"]) for item in items] == [
        (key, step) for step in range(100) for key in ("image", "table")
    ]

    def arrived() -> bool:
        files = get(server_process, "files?limit=1000", "killed")["items"]
        return {item["path"] for item in items} <= {file["path"] for file in files}

    eventually(arrived)
    for item in items[::20]:
        assert hashlib.sha256(content(server_process, item["url"])).hexdigest() == item["digest"]
