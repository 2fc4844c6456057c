"""The graph of runs and artifacts in the browser: opened, searched, walked through."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect
from tests.artifacts import Shelf
from tests.browser.axe import problems
from tests.processes import ServerProcess

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def chain(shelf: Shelf) -> dict[str, int]:
    """raw → clean → data → train → model, and eight runs that only looked at the data."""
    raw = shelf.log("raw", {"a": b"raw"}, type="raw-data")
    clean = shelf.run("clean", display_name="clean up", job_type="preprocess")
    shelf.use(clean, raw["id"])
    data = shelf.log("data", {"a": b"data"}, run=clean)
    train = shelf.run("train", display_name="train it", job_type="train")
    shelf.use(train, data["id"])
    model = shelf.log("net", {"a": b"net"}, type="model", run=train)
    for number in range(8):
        looked = shelf.run(f"look-{number}", display_name=f"look {number}", job_type="look")
        shelf.use(looked, data["id"])
    return {"raw": raw["id"], "data": data["id"], "model": model["id"]}


def test_a_model_is_traced_back_to_its_raw_data_and_clusters_open(
    page: Page, server_process: ServerProcess
) -> None:
    chain(Shelf(server_process, "lin-chain"))
    page.goto(f"{server_process.url}/admin/lin-chain/artifacts/model/net/v0")
    page.get_by_role("link", name="Lineage").click()
    graph = page.get_by_role("application")
    expect(graph.get_by_role("button", name="data:v0")).to_be_visible()
    expect(graph.get_by_role("button", name="raw:v0")).to_have_count(0)  # four steps away
    page.get_by_role("combobox", name="Steps").select_option("5")
    expect(graph.get_by_role("button", name="raw:v0")).to_be_visible()
    expect(graph.get_by_role("button", name="look 1")).to_have_count(0)
    assert problems(page) == []

    page.get_by_text("Both ways").click()
    data = graph.get_by_role("button", name="data:v0")
    expect(data).to_be_visible()
    page.goto(f"{server_process.url}/admin/lin-chain/lineage?version=data:v0")
    graph.get_by_role("button", name="8 runs").click()
    expect(graph.get_by_role("button", name="look 7")).to_be_visible()
    page.reload()  # what is open stands in the address
    expect(graph.get_by_role("button", name="look 7")).to_be_visible()
    page.get_by_text("Where it comes from").click()
    expect(graph.get_by_role("button", name="look 7")).to_have_count(0)
    expect(graph.get_by_role("button", name="raw:v0")).to_be_visible()


def test_ancestors_and_descendants_stand_out_and_keys_walk_along_the_edges(
    page: Page, server_process: ServerProcess
) -> None:
    chain(Shelf(server_process, "lin-keys"))
    page.goto(f"{server_process.url}/admin/lin-keys/lineage?version=data:v0")
    graph = page.get_by_role("application")
    train = graph.get_by_role("button", name="train it")
    train.click()
    for name, dim in (("raw:v0", False), ("net:v0", False), ("8 runs", True)):
        node = graph.get_by_role("button", name=name)
        assert (node.get_attribute("data-dim") is not None) is dim, name
    expect(page.get_by_role("region", name="train it")).to_contain_text("train")

    graph.focus()
    page.keyboard.press("ArrowRight")
    expect(graph.get_by_role("button", name="net:v0")).to_have_attribute("aria-pressed", "true")
    for name in ("train it", "data:v0", "clean up", "raw:v0"):
        page.keyboard.press("ArrowLeft")
        expect(graph.get_by_role("button", name=name)).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="raw")).to_be_visible()
    expect(page.get_by_role("region", name="Where it goes")).to_contain_text("clean up")


def wide(pairs: int) -> dict[str, Any]:
    """The answer of a server on which so many runs used one version and made one each."""
    at = {"entity": "admin", "project": "lin-many", "state": "finished", "created_at": None}
    source = {"id": "version:0", "kind": "version", "name": "source", "index": 0, **at}
    nodes: list[dict[str, Any]] = [{**source, "title": "source:v0", "type": "dataset"}]
    edges: list[dict[str, Any]] = []
    for n in range(1, pairs + 1):
        run = {"id": f"run:{n}", "kind": "run", "name": f"r{n}", "index": None, **at}
        made = {"id": f"version:{n}", "kind": "version", "name": f"out-{n:04}", "index": 0, **at}
        nodes.append({**run, "title": f"job {n:04}", "type": "job"})
        nodes.append({**made, "title": f"out-{n:04}:v0", "type": "result"})
        edges.append({"source": "version:0", "target": f"run:{n}", "used_as": None})
        edges.append({"source": f"run:{n}", "target": f"version:{n}", "used_as": None})
    return {
        "start": "version:0",
        "nodes": nodes,
        "clusters": [],
        "edges": edges,
        "truncated": False,
    }


def test_two_thousand_nodes_are_laid_out_and_searched(
    page: Page, server_process: ServerProcess
) -> None:
    Shelf(server_process, "lin-many").run("r1")
    page.route(
        "**/api/v1/projects/admin/lin-many/lineage?*",
        lambda route: route.fulfill(json=wide(1000)),
    )
    page.goto(f"{server_process.url}/admin/lin-many/lineage?version=source:v0&way=down")
    graph = page.get_by_role("application")
    expect(page.get_by_text("2,001 nodes")).to_be_visible()
    expect(graph.get_by_role("button", name="source:v0")).to_be_visible(timeout=90_000)
    page.get_by_role("button", name="Show all").click()
    expect(graph).not_to_have_attribute("data-readable", "true")
    assert graph.get_by_role("button").count() < 10  # the others are painted
    page.get_by_role("textbox", name="Find in the graph").fill("out-0777")
    expect(page.get_by_text("1 found")).to_be_visible()
    node = graph.get_by_role("button", name="out-0777:v0")
    expect(node).to_be_in_viewport()
    node.click()
    page.keyboard.press("ArrowLeft")
    expect(graph.get_by_role("button", name="job 0777")).to_have_attribute("aria-pressed", "true")
    box = node.bounding_box()
    assert box is not None
    page.mouse.move(700, 400)
    page.mouse.wheel(0, -300)  # zooming in
    wider = node.bounding_box()
    assert wider is not None
    assert wider["width"] > box["width"]


def test_a_run_shows_what_it_used_and_made(page: Page, server_process: ServerProcess) -> None:
    chain(Shelf(server_process, "lin-run"))
    page.goto(f"{server_process.url}/admin/lin-run/runs/train")
    tabs = page.get_by_role("navigation", name="Parts of the run")
    tabs.get_by_role("link", name="Artifacts", exact=True).click()
    inputs = page.get_by_role("region", name="Inputs")
    outputs = page.get_by_role("region", name="Outputs")
    expect(inputs.get_by_role("link", name="data:v0")).to_be_visible()
    expect(outputs.get_by_role("link", name="net:v0")).to_be_visible()
    mini = page.get_by_role("application")
    expect(mini.get_by_role("button", name="clean up")).to_be_visible()
    assert problems(page) == []
    page.get_by_role("link", name="Open the page").click()
    expect(page.get_by_role("heading", name="Lineage of train")).to_be_visible()
