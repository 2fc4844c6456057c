"""Brings an artifact to the server: its files first, then the list of them.

Each step can be repeated: the server says which files it has already, and a version that is
committed stays what it is. So an upload that broke off goes on where it was.
"""

from __future__ import annotations

import base64
import hashlib
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import msgspec

from kiseki._transport.client import Client, SendError, file_pieces
from kiseki._transport.parallel import in_parallel
from kiseki.wire.artifacts import PARTS, PLAN, RESULT, Plan, PlannedEntry, Result, md5_of_contents

T = TypeVar("T")

PART_BYTES = 64 << 20
PARTS_FROM = 512 << 20
"""Files of this size and more are sent in parts, of which those that arrived need not be sent
again."""
_AT_A_TIME = 4
_ANNOUNCED_AT_ONCE = 1000
_ADDRESSES_LIVE_S = 20 * 3600
_NOTE_EVERY_S = 0.5


class _Part(msgspec.Struct):
    number: int
    md5: str
    url: str
    done: bool = False


class _Parts(msgspec.Struct):
    """A file on its way in parts."""

    upload: str
    began: float
    parts: list[_Part]


class ArtifactUpload:
    """The upload of one planned artifact."""

    def __init__(
        self,
        root: Path,
        folder: Path,
        entity: str,
        project: str,
        run: str | None,
        client: Client,
        sent: Callable[[int], None],
    ) -> None:
        """
        Args:
            root: The run's folder, where sources begin.
            folder: That of the artifact, with its plan.
            entity: Owner of the project.
            project: Where the version is made.
            run: The run that makes it.
            client: A connection to the server.
            sent: Told how many bytes each piece had.
        """
        self._root = root
        self._folder = folder
        self._entity = entity
        self._project = project
        self._run = run
        self._client = client
        self._sent = sent
        self._lock = threading.Lock()
        self._result = Result(entity=entity, project=project)
        self._noted = 0.0
        self._part_md5s: dict[str, list[dict[str, Any]]] = {}
        self._plan = read_plan(folder)

    def run(self) -> Result:
        """Upload it. Raises `SendError`, or `OSError` where a file is not there any more."""
        plan = self._plan
        self._find_digests()
        digests = {entry.path: entry.digest or "" for entry in plan.entries}
        created = self._client.call(
            "POST",
            f"/projects/{quote(self._entity, '')}/{quote(self._project, '')}/artifacts/versions",
            {
                "type": plan.type,
                "collection": plan.collection,
                "digest": md5_of_contents(digests),
                "client_id": plan.id,
                "base": plan.base,
                "description": plan.description,
                "metadata": plan.metadata,
                "aliases": plan.aliases,
                "tags": plan.tags,
                "ttl": plan.ttl,
                "history_step": plan.history_step,
                "run": self._run,
            },
        )
        version, index = created["id"], created["index"]
        if created["state"] != "committed":
            files = [entry for entry in plan.entries if entry.source is not None]
            self._result.total_bytes = sum(entry.size for entry in files)
            for batch in _batches(files, _ANNOUNCED_AT_ONCE):
                self._send_files(version, batch)
            index = self._commit(version)["index"]
        self._result.version, self._result.index = version, index
        self._result.collection = plan.collection
        _write_json(self._folder / RESULT, self._result)
        self._drop_files()
        return self._result

    def _find_digests(self) -> None:
        """The digests of files that have none yet; kept, so that they are found once."""
        unknown = [entry for entry in self._plan.entries if entry.digest is None]
        if not unknown:
            return

        def find(_: object, entry: PlannedEntry) -> None:
            with self._source(entry).open("rb") as stream:
                entry.digest = _base64(hashlib.file_digest(stream, "md5").digest())

        in_parallel(unknown, object, find, _AT_A_TIME)
        _write_json(self._folder / PLAN, self._plan)

    def _send_files(self, version: int, batch: Sequence[PlannedEntry]) -> None:
        by_path = {entry.path: entry for entry in batch}
        under_way = self._parts_under_way()
        announced = [entry for entry in batch if entry.path not in under_way]
        answer: Any = {"files": []}
        if announced:
            files = [self._announcement(entry) for entry in announced]
            answer = self._client.call(
                "POST", f"/artifacts/versions/{version}/files", {"files": files}
            )
        whole: list[tuple[PlannedEntry, str]] = []
        for file in answer["files"]:
            entry = by_path[file["path"]]
            if file["url"] is not None:
                whole.append((entry, file["url"]))
            elif file["upload_id"] is not None:
                md5s = {part["number"]: part["md5"] for part in self._part_digests(entry)}
                parts = [_Part(p["number"], md5s[p["number"]], p["url"]) for p in file["parts"]]
                under_way[entry.path] = _Parts(file["upload_id"], time.time(), parts)
            else:
                self._count(entry.size)
        in_parallel(whole, self._another_client, self._put, min(_AT_A_TIME, len(whole)))
        for path, parts in under_way.items():
            if path in by_path:
                self._send_parts(version, by_path[path], under_way, parts)

    def _put(self, client: Client, file: tuple[PlannedEntry, str]) -> None:
        entry, url = file
        pieces = file_pieces(str(self._source(entry)), size=entry.size, sent=self._count)
        client.put(url, pieces, entry.size, entry.digest)

    def _announcement(self, entry: PlannedEntry) -> dict[str, Any]:
        file: dict[str, Any] = {"path": entry.path, "digest": entry.digest, "size": entry.size}
        if entry.size >= PARTS_FROM:
            file["parts"] = self._part_digests(entry)
        return file

    def _part_digests(self, entry: PlannedEntry) -> list[dict[str, Any]]:
        known = self._part_md5s.get(entry.path)
        if known is None:
            known = self._part_md5s[entry.path] = []
            with self._source(entry).open("rb") as stream:
                while piece := stream.read(PART_BYTES):
                    md5 = _base64(hashlib.md5(piece, usedforsecurity=False).digest())
                    known.append({"number": len(known) + 1, "md5": md5})
        return known

    def _send_parts(
        self, version: int, entry: PlannedEntry, under_way: dict[str, _Parts], parts: _Parts
    ) -> None:
        """Send what has not arrived of a large file, and remember what has."""

        def put(client: Client, part: _Part) -> None:
            start = (part.number - 1) * PART_BYTES
            size = min(PART_BYTES, entry.size - start)
            pieces = file_pieces(str(self._source(entry)), start, size, self._count)
            client.put(part.url, pieces, size, part.md5)
            with self._lock:
                part.done = True
                _write_json(self._folder / PARTS, under_way)

        for part in parts.parts:
            if part.done:
                self._count(min(PART_BYTES, entry.size - (part.number - 1) * PART_BYTES))
        try:
            left = [part for part in parts.parts if not part.done]
            in_parallel(left, self._another_client, put, min(_AT_A_TIME, len(left)))
            done = {"parts": [{"number": part.number, "md5": part.md5} for part in parts.parts]}
            path = f"/artifacts/versions/{version}/multipart/{quote(parts.upload, '')}"
            self._client.call("POST", path, done)
        except SendError as error:
            if error.status in (403, 404):
                # The addresses are too old, or the server has put the parts together before.
                (self._folder / PARTS).unlink(missing_ok=True)
                raise SendError("retry", error.problem, status=500) from error
            raise

    def _parts_under_way(self) -> dict[str, _Parts]:
        try:
            content = (self._folder / PARTS).read_bytes()
            found = msgspec.json.decode(content, type=dict[str, _Parts])
        except (OSError, msgspec.MsgspecError):
            return {}
        fresh = time.time() - _ADDRESSES_LIVE_S
        return {path: parts for path, parts in found.items() if parts.began > fresh}

    def _commit(self, version: int) -> Any:
        entries = [
            {
                "path": entry.path,
                "digest": entry.digest,
                "size": entry.size,
                "reference": entry.reference,
                "extra": entry.extra,
            }
            for entry in self._plan.entries
        ]
        body = {"entries": entries, "kind": "full"}
        return self._client.call("POST", f"/artifacts/versions/{version}/commit", body)

    def _drop_files(self) -> None:
        """The server has the bytes: they need no second place on this disk."""
        for entry in self._plan.entries:
            if entry.source is not None and not entry.keep:
                self._source(entry).unlink(missing_ok=True)
        (self._folder / PARTS).unlink(missing_ok=True)

    def _source(self, entry: PlannedEntry) -> Path:
        assert entry.source is not None
        return self._root / entry.source

    def _another_client(self) -> Client:
        client = self._client
        return Client(client.base_url, client.api_key, answer_timeout_s=600.0)

    def _count(self, size: int) -> None:
        self._sent(size)
        now = time.monotonic()
        with self._lock:
            self._result.sent_bytes += size
            if now - self._noted > _NOTE_EVERY_S:
                self._noted = now
                _write_json(self._folder / RESULT, self._result)


def read_plan(folder: Path) -> Plan:
    """The plan in an artifact's folder. Raises `FileNotFoundError`."""
    return msgspec.json.decode((folder / PLAN).read_bytes(), type=Plan)


def read_result(folder: Path) -> Result | None:
    """What has become of the artifact so far."""
    try:
        return msgspec.json.decode((folder / RESULT).read_bytes(), type=Result)
    except (OSError, msgspec.MsgspecError):
        return None


def note_failure(folder: Path, message: str) -> None:
    """Tell whoever waits that the artifact will never be there."""
    _write_json(folder / RESULT, Result(error=message))


def _write_json(path: Path, value: Any) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_bytes(msgspec.json.encode(value))
    temporary.replace(path)


def _batches(items: Sequence[T], size: int) -> Iterator[list[T]]:
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch


def _base64(digest: bytes) -> str:
    return base64.b64encode(digest).decode()
