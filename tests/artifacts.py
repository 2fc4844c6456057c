"""Artifacts for end-to-end tests, logged through our API."""

from __future__ import annotations

import base64
import hashlib
import urllib.request
from collections.abc import Mapping
from typing import Any

from tests.processes import ServerProcess


def md5(content: bytes) -> str:
    return base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode()


class Shelf:
    """The artifacts of one project of the administrator's."""

    def __init__(self, server: ServerProcess, project: str) -> None:
        self.server = server
        self.project = project
        self.path = f"/projects/admin/{project}"

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """The answer of a call that must succeed."""
        status, answer = self.server.request(method, path, body)
        assert status < 300, (status, answer)
        return answer

    def run(self, name: str, **fields: Any) -> str:
        """A run of this name."""
        self.call("PUT", f"{self.path}/runs/{name}", fields)
        return name

    def log(
        self, collection: str, files: Mapping[str, bytes], *, type: str = "dataset", **more: Any
    ) -> dict[str, Any]:
        """A committed version of these files; the answer of the commit."""
        digest = hashlib.sha256(repr(sorted(files.items())).encode()).hexdigest()
        draft = {"type": type, "collection": collection, "digest": digest, **more}
        made = self.call("POST", f"{self.path}/artifacts/versions", draft)
        place = f"/artifacts/versions/{made['id']}"
        listed = [
            {"path": path, "digest": md5(content), "size": len(content)}
            for path, content in sorted(files.items())
        ]
        for start in range(0, len(listed), 5000):
            plan = self.call("POST", f"{place}/files", {"files": listed[start : start + 5000]})
            for file in plan["files"]:
                if file["url"] is not None:
                    self._send(file["url"], files[file["path"]])
        return self.call("POST", f"{place}/commit", {"entries": listed})

    def use(self, run: str, version: int, used_as: str | None = None) -> None:
        """Note that a run uses a version."""
        body = {"version": version, "used_as": used_as}
        self.call("POST", f"{self.path}/runs/{run}/inputs", body)

    def link(
        self, version: int, collection: str, *aliases: str, entity: str = "admin", project: str = ""
    ) -> dict[str, Any]:
        """Show a version in another collection."""
        target = {
            "entity": entity,
            "project": project or self.project,
            "collection": collection,
            "aliases": list(aliases),
        }
        return self.call("POST", f"/artifacts/versions/{version}/links", target)

    def _send(self, url: str, content: bytes) -> None:
        address = url if url.startswith("http") else self.server.url + url
        request = urllib.request.Request(
            address,
            method="PUT",
            data=content,
            headers={"Authorization": f"Bearer {self.server.key}"},
        )
        urllib.request.urlopen(request, timeout=60).close()
