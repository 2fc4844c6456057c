"""Media, tables and charts over HTTP."""

from __future__ import annotations

import json
from typing import Any

import pytest
from litestar.testing import TestClient
from server.tests.histories import append_of

from kiseki_server.app.server import Application
from kiseki_server.app.services import Services
from kiseki_server.domain.history.types import RunRef
from kiseki_server.domain.runs.types import Run

Client = TestClient[Application]
RUN = "/api/v1/projects/admin/digits/runs/r1"
IMAGE = {
    "_type": "image-file",
    "path": "media/images/a 0.png",
    "width": 10,
    "height": 20,
    "boxes": {"pred": {"path": "b.json"}, "late": {"path": "late.json"}, "bad": {"path": "bad"}},
    "masks": {"gt": {"path": "m.png"}},
}


@pytest.fixture
def run(client: Client, services: Services) -> Run:
    client.put(RUN, json={})
    project = services.stores.projects.find("admin", "digits")
    assert project is not None
    found = services.stores.runs.find(project.id, "r1")
    assert found is not None
    return found


def log(services: Services, run: Run, *rows: dict[str, Any]) -> None:
    placed = [(number, number, row) for number, row in enumerate(rows)]
    services.stores.history.append([append_of(RunRef(run.project, run.id), placed)])


def put(services: Services, run: Run, path: str, content: bytes) -> None:
    with services.files.upload(run.id, path) as upload:
        upload.write(content)
        upload.finish()


def test_media_are_listed_by_key(client: Client, services: Services, run: Run) -> None:
    assert client.get(f"{RUN}/media/keys").json() == {"items": []}
    log(services, run, {"x": 1.0, "a": IMAGE}, {"a": 2.0}, {"a": {"_type": "table-file"}})
    assert client.get(f"{RUN}/media/keys").json() == {
        "items": [
            {"key": "a", "kinds": ["image", "table"], "count": 2, "first_step": 0, "last_step": 2}
        ]
    }


def test_an_image_comes_with_boxes_and_masks(client: Client, services: Services, run: Run) -> None:
    box = {"position": {"middle": [5, 5], "width": 10, "height": 10}, "domain": "pixel"}
    boxes = {"box_data": [box | {"class_id": 1}], "class_labels": {"1": "cat"}}
    put(services, run, "b.json", json.dumps(boxes).encode())
    put(services, run, "bad", b"no JSON")
    log(services, run, {"a": IMAGE})
    (item,) = client.get(f"{RUN}/media", params={"key": "a"}).json()["items"]
    assert item.pop("time").startswith("1970-01-01T00:00:00")
    assert item == {
        "run": "r1",
        "key": "a",
        "step": 0,
        "index": 0,
        "kind": "image",
        "artifact": None,
        "path": "media/images/a 0.png",
        "url": f"{RUN}/files/media/images/a%200.png",
        "size": None,
        "digest": None,
        "width": 10,
        "height": 20,
        "caption": None,
        "format": None,
        "boxes": [
            {
                "set": "pred",
                "boxes": [
                    {
                        "x0": 0.0,
                        "y0": 0.0,
                        "x1": 1.0,
                        "y1": 0.5,
                        "label": "cat",
                        "class_id": 1,
                        "caption": None,
                        "scores": {},
                    }
                ],
                "classes": {"1": "cat"},
            }
        ],
        "masks": [{"set": "gt", "path": "m.png", "url": f"{RUN}/files/m.png", "classes": {}}],
        "extra": {},
    }


def test_pages_end_between_steps(client: Client, services: Services, run: Run) -> None:
    pair = {"_type": "images/separated", "filenames": ["a.png", "b.png"]}
    log(services, run, *[{"a": pair, "b": IMAGE, "c": float(step)} for step in range(5)])
    places: list[tuple[int, str, int]] = []
    low: int | None = 1
    while low is not None:
        page = client.get(f"{RUN}/media", params={"low": low, "limit": 2, "kind": "image"}).json()
        assert len(page["items"]) <= 6
        places += [(item["step"], item["key"], item["index"]) for item in page["items"]]
        low = page["next"]
    assert places == [
        (step, key, index) for step in range(1, 5) for key, index in (("a", 0), ("a", 1), ("b", 0))
    ]
    assert client.get(f"{RUN}/media", params={"kind": "audio"}).json()["items"] == []
    assert client.get(f"{RUN}/media", params={"kind": "x"}).status_code == 400
    assert client.get(f"{RUN}/media", params={"limit": 0}).status_code == 400


def test_a_table_is_read_in_pages_at_any_step(client: Client, services: Services, run: Run) -> None:
    for name, rows in (("one", [[1, "a"]]), ("two", [[2, "b"], [3, None]])):
        put(services, run, name, json.dumps({"columns": ["n", "t"], "data": rows}).encode())
    one, two = ({"_type": "table-file", "path": name} for name in ("one", "two"))
    log(services, run, {"val/t": one}, {"x": 1.0}, {"val/t": two})
    for _ in range(2):  # the second time from what was kept of the first
        last = client.get(f"{RUN}/tables/val/t").json()
        assert last == {
            "key": "val/t",
            "step": 2,
            "path": "two",
            "url": f"{RUN}/files/two",
            "columns": [{"name": "n", "kind": "number"}, {"name": "t", "kind": "text"}],
            "rows": [[2, "b"], [3, None]],
            "first": 0,
            "total": 2,
        }
    page = client.get(f"{RUN}/tables/val/t", params={"after": 1, "limit": 1}).json()
    assert (page["rows"], page["first"], page["total"]) == ([[3, None]], 1, 2)
    assert client.get(f"{RUN}/tables/val/t", params={"step": 0}).json()["rows"] == [[1, "a"]]
    nothing = client.get(f"{RUN}/tables/val/t", params={"step": 1})
    assert (nothing.status_code, nothing.json()["message"]) == (
        404,
        "The run `r1` has logged no table under `val/t` at step 1",
    )


def test_a_table_whose_file_is_missing_or_broken_says_so(
    client: Client, services: Services, run: Run
) -> None:
    put(services, run, "broken", b"[1, 2")
    log(
        services,
        run,
        {
            "late": {"_type": "table-file", "path": "late"},
            "broken": {"_type": "table-file", "path": "broken"},
            "none": {"_type": "table-file"},
        },
    )
    statuses = {
        key: client.get(f"{RUN}/tables/{key}").status_code
        for key in ("late", "broken", "none", "x")
    }
    assert statuses == {"late": 404, "broken": 400, "none": 404, "x": 404}


def test_charts_are_listed(client: Client, run: Run) -> None:
    assert client.get(f"{RUN}/charts").json() == {"items": []}
