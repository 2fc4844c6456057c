"""What clients ask about the server itself."""

from __future__ import annotations

import msgspec
from litestar import Response, get, post

import kiseki_server
from kiseki_server.kit.errors import BadRequest, NotFound
from kiseki_server.protocols.native.security import PUBLIC
from kiseki_server.protocols.weave.bodies import LIMITED, answer, read
from kiseki_server.protocols.weave.door import Door

OLDEST_CLIENT = "0.51.0"


class ProjectsInfo(msgspec.Struct):
    project_ids: list[str]


@get("/health", opt=PUBLIC, sync_to_thread=False, include_in_schema=False)
def health() -> Response[bytes]:
    return answer({"status": "ok"})


@get("/server_info", sync_to_thread=False, include_in_schema=False)
def server_info() -> Response[bytes]:
    """Which clients we serve, and what we are."""
    return answer(
        {
            "min_required_weave_python_version": OLDEST_CLIENT,
            "trace_server_version": kiseki_server.__version__,
        }
    )


@post("/service/projects_info", opt=LIMITED, sync_to_thread=True, include_in_schema=False)
def projects_info(body: bytes, door: Door) -> Response[bytes]:
    """The numbers that stand for projects in stored references; unknown projects are left out."""
    found: list[dict[str, str]] = []
    for name in dict.fromkeys(read(body, ProjectsInfo).project_ids):
        try:
            number = str(door.place(name).id)
        except (BadRequest, NotFound):
            continue
        found.append({"external_project_id": name, "internal_project_id": number})
    return answer(found)


routes = [health, server_info, projects_info]
