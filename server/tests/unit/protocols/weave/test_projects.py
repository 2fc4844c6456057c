"""Projects as a whole, and the addresses of the trace API."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import pytest
from server.tests.recording import SetClock

from kiseki_server.app.compose import project_upkeep
from kiseki_server.app.services import Services
from kiseki_server.domain.calls.store import CallQuery
from kiseki_server.domain.feedback.types import FeedbackFilter
from kiseki_server.domain.objects.types import ObjectFilter

from .conftest import PROJECT, Dialect
from .test_calls import read, send, whole

HERE = {"project_id": PROJECT}


def test_what_a_project_takes(each: Dialect) -> None:
    send(each, whole("a", inputs={"text": "x" * 1_000}))
    table = {"table": {"project_id": PROJECT, "rows": [{"n": 1}]}}
    each.ok("/table/create", table)
    found = each.ok("/project/stats", HERE)
    assert found["trace_storage_size_bytes"] > 1_000
    assert found["tables_storage_size_bytes"] == len('{"n":1}')
    assert (found["objects_storage_size_bytes"], found["files_storage_size_bytes"]) == (0, 0)
    less = each.ok("/project/stats", {**HERE, "include_trace_storage_size": False})
    assert less == {**found, "trace_storage_size_bytes": 0}


def test_calls_are_kept_for_as_long_as_the_project_says(each: Dialect) -> None:
    send(each, whole("before"))
    assert each.ok("/project/ttl_settings/read", HERE) == {"retention_days": None}
    for days in (0, -1, 40_000):
        each.refused("/project/ttl_settings/update", {**HERE, "retention_days": days}, 400)
    kept = {"retention_days": 30}
    assert each.ok("/project/ttl_settings/update", {**HERE, **kept}) == kept
    assert each.ok("/project/ttl_settings/read", HERE) == kept
    send(each, whole("after", started_at="2026-11-30T12:00:00Z"))
    ends = {call["id"]: call["expire_at"] for call in read(each)}
    assert ends == {"before": None, "after": "2026-12-30T12:00:00Z"}
    each.ok("/project/ttl_settings/update", {**HERE, "retention_days": None})
    assert each.ok("/project/ttl_settings/read", HERE) == {"retention_days": None}


def test_nothing_is_sampled_or_taken_out(dialect: Dialect) -> None:
    send(dialect, whole("a"))
    assert dialect.ok("/project/ingest_sampling_settings/read", HERE)["sample_rate"] == 1
    address = f"/traces/project/sensitive_data_settings?project_id={PROJECT}"
    assert dialect.http.get(address).json() == {"policy": "off"}


def test_files_have_addresses_without_a_key(each: Dialect) -> None:
    form = {"files": {"file": ("f", b"bytes")}, "data": HERE}
    digest = each.http.post("/traces/file/create", **form).json()["digest"]
    found = each.ok("/files/resolve_url", {**HERE, "uris": [f"kiseki:///{digest}", digest]})
    assert found["expires_at"]
    (first, second) = found["download_urls"]
    assert first == second
    bare = {"Authorization": ""}
    assert each.http.get(first, headers=bare).content == b"bytes"
    other = first.replace(digest, digest[::-1])
    assert each.http.get(other, headers=bare).status_code == 403
    each.refused("/files/resolve_url", {**HERE, "uris": ["nothing"]}, 404)
    each.refused("/files/resolve_url", {**HERE, "uris": ["a"] * 1_001}, 400)


def test_the_trace_api_answers_at_the_servers_own_address(dialect: Dialect) -> None:
    send(dialect, whole("a"))
    http = dialect.http
    assert http.post("/calls/query_stats", json=HERE).json()["count"] == 1
    assert "trace_server_version" in http.get("/server_info").json()
    assert http.get("/tags", params=HERE).json() == {"tags": []}
    assert http.post(f"/v2/{PROJECT}/calls/complete", json={"batch": [whole("b")]}).json() == {}
    # A page is a page: an entity may be called like a part of the API.
    page = http.get("/tags", headers={"Accept": "text/html,*/*"})
    assert page.headers["content-type"].startswith("text/html")
    assert http.post("/calls/nothing", json=HERE).status_code in (404, 405)


def test_what_is_not_there_yet_is_named(dialect: Dialect) -> None:
    reason = dialect.refused("/agents/query", HERE, 501)
    assert reason.startswith("The store of agents")
    answer = dialect.http.put(f"/traces/v2/{PROJECT}/runtimes/mine", json={})
    assert (answer.status_code, answer.headers["x-should-retry"]) == (501, "false")
    assert (
        dialect.http.post("/traces/calls/score", headers={"Authorization": ""}).status_code == 401
    )


@pytest.mark.parametrize("kind", ["memory", "embedded"])
def test_a_deleted_project_leaves_nothing_behind(kind: str, request: pytest.FixtureRequest) -> None:
    services: Services = request.getfixturevalue(
        "services" if kind == "memory" else "embedded_services"
    )
    dialect: Dialect = request.getfixturevalue("dialect" if kind == "memory" else "embedded")
    send(dialect, whole("a"), whole("b", ended_at=None))
    dialect.ok("/table/create", {"table": {"project_id": PROJECT, "rows": [{"n": 1}]}})
    large = {"project_id": PROJECT, "object_id": "o", "val": {"text": "x" * 200_000}}
    digest = dialect.ok("/obj/create", {"obj": large})["digest"]
    dialect.http.put(f"/traces/objs/o/versions/{digest}/tags", json={**HERE, "tags": ["t"]})
    form = {"files": {"file": ("f", b"bytes")}, "data": HERE}
    dialect.http.post("/traces/file/create", **form).raise_for_status()
    ref = f"weave:///{PROJECT}/call/a"
    note = {"weave_ref": ref, "feedback_type": "mine", "payload": {}}
    dialect.ok("/feedback/create", {**HERE, **note})
    price = {"prompt_token_cost": 1, "completion_token_cost": 1}
    dialect.ok("/cost/create", {**HERE, "costs": {"m": price}})
    other = "admin/other"
    batch = {"batch": [whole("kept", project_id=other)]}
    dialect.ok(f"/v2/{other}/calls/complete", batch)
    stores = services.stores
    with stores.work.transaction():
        project, kept = stores.projects.find("admin", "p"), stores.projects.find("admin", "other")
    assert project is not None
    assert kept is not None
    with stores.work.transaction():
        (version,) = stores.objects.find(project.id, ObjectFilter(), values=False)
    blobs = [version.blob or "", hashlib.sha256(b"bytes").hexdigest()]
    assert [stores.blobs.has(blob) for blob in blobs] == [True, True]
    assert dialect.http.delete(f"/api/v1/projects/{PROJECT}").status_code in (200, 204)
    assert project_upkeep(stores, services.clock)() == 0  # not at once
    later = SetClock()
    later.time = services.clock.now() + timedelta(days=8)
    assert project_upkeep(stores, later)() == 1
    assert project_upkeep(stores, later)() == 0
    with stores.work.transaction():
        found = [
            stores.objects.find(project.id, ObjectFilter(deleted=True)),
            stores.objects.all_tags(project.id),
            stores.feedback.find(project.id, FeedbackFilter()),
            stores.prices.of(project.id),
            stores.project_files.size(project.id),
            stores.tables.size(project.id),
            stores.calls.page(CallQuery(project=project.id, limit=9)),
            stores.calls.pending([(project.id, "b")])[0],
        ]
    assert not any(found), found
    services.files.collect(timedelta(0))
    assert [stores.blobs.has(blob) for blob in blobs] == [False, False]
    assert [call.id for call in stores.calls.page(CallQuery(project=kept.id, limit=9))] == ["kept"]
