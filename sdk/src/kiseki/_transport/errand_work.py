"""How errands of each kind are done."""

from __future__ import annotations

import time
from collections.abc import Callable
from urllib.parse import quote

from kiseki._transport.artifact_upload import ArtifactUpload, note_failure, read_result
from kiseki._transport.client import Client, SendError
from kiseki._transport.errands import ErrandFailed, Place
from kiseki._transport.file_errand import send_file
from kiseki.wire.artifacts import ARTIFACTS, Result
from kiseki.wire.records import Alert, Artifact, Errand, File, Input, Link

_FRESH_S = 30.0
_TEMPORARY = frozenset({401, 402, 403, 407, 408, 425, 429, 511})


def perform(errand: Errand, place: Place, client: Client, sent: Callable[[int], None]) -> None:
    """Do an errand; see `Errands` for what its exceptions mean."""
    match errand:
        case File():
            send_file(errand, place, client, sent)
        case Artifact():
            _send_artifact(errand, place, client, sent)
        case Input():
            version = _version_of(errand.version, errand.artifact, place)
            body = {"version": version, "used_as": errand.used_as}
            client.call("POST", f"{place.run_path}/inputs", body)
        case Link():
            version = _version_of(errand.version, errand.artifact, place)
            body = {
                "entity": errand.entity or place.entity,
                "project": errand.project,
                "collection": errand.collection,
                "aliases": errand.aliases,
            }
            client.call("POST", f"/artifacts/versions/{version}/links", body)
        case Alert():
            # One that comes late is no repetition of another that comes late.
            fresh = abs(time.time() - errand.time) < _FRESH_S
            body = {
                "title": errand.title,
                "text": errand.text,
                "level": errand.level,
                "wait_s": errand.wait_s if fresh else 0,
            }
            client.call("POST", f"{place.run_path}/alerts", body)


def subject_of(errand: Errand) -> str:
    """Errands of one subject are done one after the other, in their order."""
    match errand:
        case File():
            return f"file {errand.path}"
        case Artifact():
            return f"artifact {errand.collection}"
        case Input():
            return f"artifact {errand.collection or errand.version}"
        case Link():
            return f"artifact {errand.source or errand.version}"
        case Alert():
            return "alert"


def _send_artifact(
    errand: Artifact, place: Place, client: Client, sent: Callable[[int], None]
) -> None:
    folder = place.folder / ARTIFACTS / errand.id
    known = read_result(folder)
    if known is not None and known.version is not None and _exists(known, place, client):
        return
    try:
        ArtifactUpload(
            place.folder, folder, place.entity, place.project, place.run, client, sent
        ).run()
    except SendError as error:
        refused = error.status is not None and 400 <= error.status < 500
        if refused and error.status not in _TEMPORARY and error.cause != "retry":
            note_failure(folder, error.said)
        raise
    except FileNotFoundError as error:
        message = f"the bytes of {errand.collection!r} are not here any more: {error.filename}"
        note_failure(folder, message)
        raise ErrandFailed(message) from error


def _exists(known: Result, place: Place, client: Client) -> bool:
    """Whether the server still has what it had; another one may be asked now."""
    path = f"{place.project_path}/artifacts/collections/{quote(known.collection or '', '')}"
    try:
        found = client.call("GET", f"{path}/versions/v{known.index}")
    except SendError as error:
        if error.status == 404:
            return False
        raise
    return found["id"] == known.version


def _version_of(version: int | None, artifact: str | None, place: Place) -> int:
    if version is not None:
        return version
    result = read_result(place.folder / ARTIFACTS / (artifact or ""))
    if result is None or result.version is None:
        why = "it is not there" if result is None else result.error
        raise ErrandFailed(f"the artifact could not be logged: {why}")
    return result.version
