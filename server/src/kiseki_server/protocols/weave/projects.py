"""What clients ask about a project as a whole, and what they set for it."""

from __future__ import annotations

import msgspec
from litestar import Response, get, post

from kiseki_server.domain.accounts.rules import Action
from kiseki_server.domain.calls.service import CallService
from kiseki_server.domain.objects.files import ProjectFiles
from kiseki_server.domain.objects.service import ObjectService
from kiseki_server.domain.projects.service import ProjectService
from kiseki_server.domain.tables.service import TableService
from kiseki_server.protocols.weave.bodies import LIMITED, answer, read
from kiseki_server.protocols.weave.door import Door


class InProject(msgspec.Struct):
    project_id: str


class StatsRequest(msgspec.Struct):
    project_id: str
    include_trace_storage_size: bool | None = None
    include_object_storage_size: bool | None = None
    include_table_storage_size: bool | None = None
    include_file_storage_size: bool | None = None


class Retention(msgspec.Struct):
    project_id: str
    retention_days: int | None = None


@post("/project/stats", opt=LIMITED, sync_to_thread=True, include_in_schema=False)
def project_stats(
    body: bytes,
    door: Door,
    calls: CallService,
    objects: ObjectService,
    tables: TableService,
    project_files: ProjectFiles,
) -> Response[bytes]:
    """How much a project takes. What is declined is 0, and what is not mentioned is told."""
    asked = read(body, StatsRequest)
    at = door.place(asked.project_id)
    found = dict.fromkeys(
        (
            "trace_storage_size_bytes",
            "objects_storage_size_bytes",
            "tables_storage_size_bytes",
            "files_storage_size_bytes",
        ),
        0,
    )
    if asked.include_trace_storage_size is not False:
        found["trace_storage_size_bytes"] = calls.stored(at.id)
    if asked.include_object_storage_size is not False:
        with door.database.transaction():
            found["objects_storage_size_bytes"] = objects.size(at)
    if asked.include_table_storage_size is not False:
        found["tables_storage_size_bytes"] = tables.size(at)
    if asked.include_file_storage_size is not False:
        found["files_storage_size_bytes"] = project_files.size(at)
    return answer(found)


@post("/project/ttl_settings/read", opt=LIMITED, sync_to_thread=True, include_in_schema=False)
def read_retention(body: bytes, door: Door) -> Response[bytes]:
    """For how long calls are kept; null for ever."""
    at = door.place(read(body, InProject).project_id)
    return answer({"retention_days": at.call_days})


@post("/project/ttl_settings/update", opt=LIMITED, sync_to_thread=True, include_in_schema=False)
def update_retention(body: bytes, door: Door, projects: ProjectService) -> Response[bytes]:
    """Set it; for calls that are written from now on."""
    asked = read(body, Retention)
    at = door.place(asked.project_id, Action.ADMIN)
    with door.database.transaction(write=True):
        projects.keep_calls(door.actor, at, asked.retention_days)
    return answer({"retention_days": asked.retention_days})


@post(
    "/project/ingest_sampling_settings/read",
    opt=LIMITED,
    sync_to_thread=True,
    include_in_schema=False,
)
def read_sampling(body: bytes, door: Door) -> Response[bytes]:
    """Nothing is left out on the way in."""
    door.place(read(body, InProject).project_id)
    return answer({"dry_run": False, "sample_rate": 1.0})


@get("/project/sensitive_data_settings", sync_to_thread=True, include_in_schema=False)
def read_sensitive_data(project_id: str, door: Door) -> Response[bytes]:
    """Nothing is taken out on the way in; clients do that before they send."""
    door.place(project_id)
    return answer({"policy": "off"})


routes = [
    project_stats,
    read_retention,
    update_retention,
    read_sampling,
    read_sensitive_data,
]
