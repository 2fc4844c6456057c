"""Files of runs: listed, asked for upload, removed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from kiseki_server.domain.accounts.rules import Action
from kiseki_server.domain.files.paths import check_path
from kiseki_server.domain.files.tickets import Ticket
from kiseki_server.kit.errors import BadRequest
from kiseki_server.protocols.wandb import identifiers
from kiseki_server.protocols.wandb.connections import connection, page_size
from kiseki_server.protocols.wandb.context import Context
from kiseki_server.protocols.wandb.places import PlacedFile, PlacedRun
from kiseki_server.protocols.wandb.projects import writable

MAX_NAMES = 10_000


class FileNode:
    """`File`, of a run."""

    artifact = None
    storage_path = None
    upload_multipart_urls = None
    upload_headers: Sequence[str] = ()

    def __init__(self, context: Context, placed: PlacedFile) -> None:
        self._context = context
        self._placed = placed
        self.name = self.display_name = placed.path
        file = placed.file
        self.digest = file.digest if file else None
        self.md5 = file.md5 if file else None
        self.mimetype = file.media_type if file else None
        self.size_bytes = file.size if file else 0
        self.updated_at = file.updated_at if file else None

    @property
    def id(self) -> str:
        at = self._placed.at
        return identifiers.file_id(at.run.project, at.run.name, self._placed.path)

    def url(self, upload: bool | None = None) -> str:
        return self.upload_url if upload else self.direct_url

    @property
    def direct_url(self) -> str:
        ticket = Ticket("download", self._placed.at.run.id, self._placed.path)
        return self._context.signed(ticket)

    @property
    def upload_url(self) -> str:
        """Where to put new bytes.

        Raises:
            Forbidden: The caller may read the run and no more.
        """
        at = self._placed.at
        self._context.projects.get(self._context.actor, at.project.id, Action.WRITE)
        return self._context.signed(Ticket("upload", at.run.id, check_path(self._placed.path)))


def listing(
    context: Context,
    at: PlacedRun,
    *,
    first: int | None,
    after: str | None,
    names: Sequence[str],
    pattern: str | None,
) -> dict[str, Any]:
    """Files of a run; those asked for by name stand in the list even when they are not there."""
    headers: dict[str, Any] = {"uploadHeaders": []}
    if names:
        if len(names) > MAX_NAMES:
            raise BadRequest(f"{len(names)} names are too many; at most {MAX_NAMES} are allowed")
        unique = list(dict.fromkeys(map(_one_form, names)))
        found = {file.path: file for file in context.files.some(at.run.id, unique)}
        nodes = [PlacedFile(at, name, found.get(name)) for name in unique]
        return connection(nodes, None, len(nodes), **headers)
    page = context.files.page(
        at.run.id, like=pattern or None, after=after or None, limit=page_size(first)
    )
    nodes = [PlacedFile(at, file.path, file) for file in page.files]
    total = len(nodes) if pattern else context.files.count(at.run.id)
    return connection(nodes, page.after, total, **headers)


def _one_form(name: str) -> str:
    """The path under which a file of this name was stored, such as `a` for `./a`."""
    try:
        return check_path(name)
    except BadRequest:
        return name


def create_run_files(context: Context, given: dict[str, Any]) -> dict[str, Any]:
    """Addresses to upload to, one for each name, in their order.

    A name that no file can have gets none, and the client leaves that file out.
    """
    names: list[str] = given["files"]
    if len(names) > MAX_NAMES:
        raise BadRequest(
            f"{len(names)} files are too many at once; at most {MAX_NAMES} are allowed"
        )
    project = writable(context, given["entityName"], given["projectName"])
    run = context.runs.get(project, given["runName"])
    files: list[dict[str, Any]] = []
    for name in names:
        try:
            url = context.signed(Ticket("upload", run.id, check_path(name)))
        except BadRequest:
            url = None
        id = identifiers.file_id(project.id, run.name, name)
        files.append({"id": id, "name": name, "uploadUrl": url, "uploadHeaders": []})
    return {
        "runID": identifiers.run_id(project.id, run.name),
        "uploadHeaders": [],
        "files": files,
    }


def mark_uploaded(context: Context, given: dict[str, Any]) -> dict[str, Any]:
    """Files are visible as soon as their upload ends; only the run has to be there."""
    project = writable(context, given["entityName"], given["projectName"])
    context.runs.get(project, given["runName"])
    return {"success": True}


def delete_files(context: Context, given: dict[str, Any]) -> dict[str, Any]:
    """Remove files by their ids; those that are gone already are no mistake."""
    by_run: dict[tuple[Any, str], list[str]] = defaultdict(list)
    for id in given["files"]:
        project_id, run, path = identifiers.file_place(id)
        by_run[project_id, run].append(path)
    for (project_id, name), paths in by_run.items():
        project = context.projects.get(context.actor, project_id, Action.WRITE)
        context.files.delete(context.runs.get(project, name).id, paths)
    return {"success": True}
