"""Programs of frameworks that nobody here wrote, and what they left on the server."""

from __future__ import annotations

import hashlib
import urllib.parse
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.clients.frameworks.environments import HEAVY, HEAVY_BY_PIP, LIGHT, WITH_HEAVY
from tests.clients.wandb.conftest import Client
from tests.clients.wandb.environments import NEWEST
from tests.processes import ServerProcess


@dataclass
class Framework(Client):
    """Runs programs of frameworks, and reads what the server has of a run."""

    def bytes(self, url: str) -> bytes:
        request = urllib.request.Request(
            self.server.url + url, headers={"Authorization": f"Bearer {self.server.key}"}
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.read()

    def versions(self, project: str, collection: str) -> list[dict[str, Any]]:
        """The versions of an artifact, oldest first."""
        where = f"{project}/artifacts/collections/{urllib.parse.quote(collection)}/versions"
        return sorted(self.get(where)["items"], key=lambda version: version["index"])

    def digests(self, project: str, collection: str, ref: str) -> dict[str, str]:
        """The MD5 of each file of a version, of the bytes that the server gives."""
        where = (
            f"{project}/artifacts/collections/{urllib.parse.quote(collection)}/versions/{ref}/files"
        )
        return {
            file["path"]: hashlib.md5(
                self.bytes(f"/api/v1/projects/admin/{where}/{urllib.parse.quote(file['path'])}")
            ).hexdigest()
            for file in self.get(where)["items"]
        }

    def numbers(self, project: str, run: str) -> list[dict[str, float]]:
        """The rows of a run by step, numbers alone."""
        rows = [
            {key: value for key, value in values.items() if isinstance(value, int | float)}
            for _, values in self.history(project, run)
        ]
        return [row for row in rows if row]

    def table(self, project: str, run: str, key: str) -> list[list[Any]]:
        """The rows of a table that was logged."""
        return self.get(f"{project}/runs/{run}/tables/{urllib.parse.quote(key)}")["rows"]

    def charts(self, project: str, run: str) -> dict[str, str]:
        """The definition of each chart; all of them can be drawn from their tables."""
        found: dict[str, str] = {}
        for chart in self.get(f"{project}/runs/{run}/charts")["items"]:
            table = self.get(f"{project}/runs/{run}/tables/{urllib.parse.quote(chart['table'])}")
            columns = {column["name"] for column in table["columns"]}
            drawn = _fields(chart["spec"])
            assert drawn, chart
            assert drawn <= columns, (chart, columns)
            found[chart["key"]] = chart["definition"]
        return found


def _fields(spec: Any) -> set[str]:
    """The columns that a chart's specification names."""
    if isinstance(spec, dict):
        own = {spec["field"]} if isinstance(spec.get("field"), str) else set[str]()
        return own.union(*map(_fields, spec.values()))
    return set[str]().union(*map(_fields, spec)) if isinstance(spec, list) else set()


@pytest.fixture
def light(server_process: ServerProcess, tmp_path: Path) -> Framework:
    """Programs of the frameworks that are installed in seconds."""
    return Framework(NEWEST, server_process, tmp_path / "program", LIGHT)


@pytest.fixture
def heavy(server_process: ServerProcess, tmp_path: Path) -> Framework:
    """Programs of the frameworks that are not."""
    if not WITH_HEAVY:
        pytest.skip("gigabytes of packages: run make test-frameworks")
    return Framework(NEWEST, server_process, tmp_path / "program", HEAVY, HEAVY_BY_PIP, 400)
