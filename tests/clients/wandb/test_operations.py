"""Every GraphQL operation that the installed clients ship, against our schema."""

from __future__ import annotations

import re

import pytest
from graphql import parse, validate
from tests.clients.wandb.environments import FOLDER, NoClient, environments
from wandb_compatibility import DOCUMENT, fields, render, standing
from wandb_operations import Operation, operations

from kiseki_server.protocols.wandb.documents import Documents
from kiseki_server.protocols.wandb.executable import load_schema

pytestmark = pytest.mark.clients

SCHEMA = load_schema()
HEAD = re.compile(rb"\b(?:query|mutation)\s+([A-Za-z]\w+)\s*(?:\(\s*\$|\{\s*\w)")


@pytest.fixture(scope="module")
def shipped() -> dict[str, list[Operation]]:
    """The operations of each client."""
    try:
        return {
            f"wandb-{version}": operations(environment)
            for version, environment in environments().items()
        }
    except NoClient as reason:
        pytest.skip(f"the clients cannot be installed: {reason}")


def test_every_operation_is_valid_for_the_schema(shipped: dict[str, list[Operation]]) -> None:
    wrong = [
        f"{client}: {operation.name} of {operation.source}: {error.message}"
        for client, found in shipped.items()
        for operation in found
        for error in validate(SCHEMA, parse(operation.document))
    ]
    assert wrong == []


def test_no_operation_is_beyond_our_limits(shipped: dict[str, list[Operation]]) -> None:
    documents = Documents(SCHEMA)
    for found in shipped.values():
        for operation in found:
            document = documents.read(operation.document)
            document.cost(document.operation(operation.name or None), {})


def test_none_is_overlooked(shipped: dict[str, list[Operation]]) -> None:
    """Names that a plain search finds in the sources, which the tool has to find too."""
    counts = {client: len({each.name for each in found}) for client, found in shipped.items()}
    assert counts == {
        "wandb-0.31.0": 155,
        "wandb-0.28.2": 156,
        "wandb-0.25.1": 168,
        "wandb-0.19.11": 152,
    }
    for client, found in shipped.items():
        (package,) = (FOLDER / client).glob("lib/python*/site-packages/wandb")
        sources = [*package.rglob("*.py"), package / "bin" / "wandb-core"]
        seen = {
            match[1].decode()
            for source in sources
            if "vendor" not in source.parts
            for match in HEAD.finditer(source.read_bytes())
        }
        assert len(seen) > 100
        assert seen - {each.name for each in found} == set()
        assert any(each.source == "wandb-core" for each in found)


def test_the_document_says_what_becomes_of_each(shipped: dict[str, list[Operation]]) -> None:
    assert render(shipped) == DOCUMENT.read_text(encoding="utf-8"), (
        "run tools/wandb_compatibility.py"
    )


def test_the_minimal_path_is_served(shipped: dict[str, list[Operation]]) -> None:
    minimal = {
        "Viewer", "UpsertBucket", "ServerFeaturesQuery", "ServerInfo", "CreateRunFiles",
        "OrganizationCoreWeaveOrganizationID", "MarkRunFilesUploaded", "RunResumeStatus",
        "RunStoppedStatus", "StopRun", "NotifyScriptableRunAlert", "Run", "Runs", "RunFiles",
        "RunHistoryKeys", "RunSampledHistory", "RunFullHistory", "HistoryPage", "DeleteRun",
        "SampledHistoryPage", "RunConsoleLogPage", "RunConsoleLogTail", "GetProject",
        "GetProjects", "RunParquetHistory", "deleteFiles", "UpdateRunState",
    }  # fmt: skip
    for found in shipped.values():
        for operation in found:
            if operation.name in minimal:
                kind, _ = standing(fields(SCHEMA, parse(operation.document)))
                assert kind == "served", operation.name
