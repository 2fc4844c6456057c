"""The dialect spoken by hand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from litestar.testing import TestClient
from server.tests.applications import application

from kiseki_server.app.datadir import ADMIN_KEY
from kiseki_server.app.server import Application
from kiseki_server.app.services import Services

UPSERT = """
mutation UpsertBucket(
  $id: String, $name: String, $project: String, $entity: String, $groupName: String,
  $displayName: String, $notes: String, $jobType: String, $tags: [String!], $config: JSONString,
  $state: String, $sweep: String, $summaryMetrics: JSONString, $program: String, $host: String
) {
  upsertBucket(input: {
    id: $id, name: $name, modelName: $project, entityName: $entity, groupName: $groupName,
    displayName: $displayName, notes: $notes, jobType: $jobType, tags: $tags, config: $config,
    state: $state, sweep: $sweep, summaryMetrics: $summaryMetrics, jobProgram: $program,
    host: $host
  }) {
    inserted
    bucket {
      id name displayName description config sweepName historyLineCount
      project { id name entity { id name } }
    }
  }
}
"""


@dataclass
class Dialect:
    """A client with the administrator's key."""

    http: TestClient[Application]

    def post(self, query: str, /, **variables: Any) -> Any:
        body = {"query": query, "operationName": "", "variables": variables}
        return self.http.post("/graphql", json=body)

    def data(self, query: str, /, **variables: Any) -> Any:
        answer = self.post(query, **variables)
        assert answer.status_code == 200, answer.text
        assert "errors" not in answer.json(), answer.text
        return answer.json()["data"]

    def upsert(self, name: str = "r1", project: str = "p", **variables: Any) -> Any:
        config = variables.pop("config", None)
        if isinstance(config, dict):
            config = json.dumps(config)
        return self.data(UPSERT, name=name, project=project, config=config, **variables)[
            "upsertBucket"
        ]

    def run(self, fields: str, name: str = "r1", project: str = "p") -> Any:
        query = (
            "query Run($project: String!, $entity: String!, $name: String!) "
            "{ project(name: $project, entityName: $entity) { run(name: $name) { %s } } }"
        )
        data = self.data(query % fields, project=project, entity="admin", name=name)
        return data["project"]["run"] if data["project"] else None

    def stream(self, name: str = "r1", project: str = "p", **body: Any) -> Any:
        path = f"/files/admin/{project}/{name}/file_stream"
        headers = body.pop("headers", None)
        return self.http.post(path, content=json.dumps(body), headers=headers)

    def history(self, *lines: dict[str, Any], offset: int = 0, name: str = "r1") -> None:
        content = [json.dumps(line) for line in lines]
        files = {"wandb-history.jsonl": {"offset": offset, "content": content}}
        assert self.stream(name, files=files).status_code == 200

    def native(self, path: str = "", name: str = "r1", project: str = "p") -> Any:
        answer = self.http.get(f"/api/v1/projects/admin/{project}/runs/{name}{path}")
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture
def dialect(client: TestClient[Application]) -> Dialect:
    return Dialect(client)


@pytest.fixture
def embedded_dialect(embedded_services: Services) -> Iterator[Dialect]:
    """The same on SQLite and the embedded engine."""
    key = (embedded_services.settings.data_dir / ADMIN_KEY).read_text().strip()
    app = application(embedded_services)
    with TestClient(app, base_url="http://127.0.0.1:8080") as client:
        client.headers["Authorization"] = f"Bearer {key}"
        yield Dialect(client)
