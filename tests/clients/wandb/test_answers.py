"""Every operation that the clients ship and that Kiseki serves, sent and answered.

The documents are read from the installed clients. Their variables come from `VARIABLES`, by name,
and from `OF_OPERATION` where a name means something else in one operation; `furnish` makes what
they speak of. An answer has no errors, and what it asks for is there, to the second level. An
operation that was refused until now wants its values here.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import secrets
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Callable
from typing import Any

import pytest
from graphql import FieldNode, OperationDefinitionNode, parse, print_ast
from tests.clients.wandb.environments import SUPPORTED, NoClient, environment
from tests.processes import ServerProcess
from wandb_compatibility import fields, standing
from wandb_operations import Operation, operations

from kiseki_server.protocols.wandb.executable import load_schema

pytestmark = pytest.mark.clients

SCHEMA = load_schema()

Ids = dict[str, Any]


VARIABLES: dict[str, Any] = {
    "alias": "v0",
    "artifactCollectionName": "data",
    "artifactTypeName": "dataset",
    "artifactVersionIndex": "v0",
    "collection": "data",
    "desc": "",
    "description": "said",
    "entity": "admin",
    "entityName": "admin",
    "fileName": "a.txt",
    "files": ["a.txt"],
    "filters": "{}",
    "first": 10,
    "includeConfig": True,
    "last": 10,
    "liveKeys": ["_step"],
    "maxStep": 10,
    "minStep": 0,
    "model": "answers",
    "name": "r1",
    "org": "default",
    "organization": "default",
    "pageSize": 5,
    "pattern": "%",
    "project": "answers",
    "projectName": "answers",
    "reportLimit": 10,
    "run": "r1",
    "runId": "r1",
    "runName": "r1",
    "samples": 5,
    "spec": json.dumps({"keys": ["_step", "loss"]}),
    "specs": [json.dumps({"keys": ["_step", "loss"]})],
    "type": "dataset",
    "typeName": "Run",
}

OF_OPERATION: dict[str, Callable[[Ids], dict[str, Any]]] = {
    "AddAliases": lambda ids: of_alias(ids, "best") | {"input": of_alias(ids, "best")},
    "AddArtifactCollectionTags": lambda ids: {"input": of_tag(ids)},
    "ArtifactByID": lambda ids: {"id": ids["version"]},
    "ArtifactByIDShort": lambda ids: {"id": ids["version"]},
    "ArtifactByName": lambda _: {"name": "data:v0"},
    "ArtifactCollectionAliases": lambda ids: {"id": ids["sequence"]},
    "ArtifactCreatedBy": lambda ids: {"id": ids["version"]},
    "ArtifactFileURLs": lambda ids: {"id": ids["version"]},
    "ArtifactFileURLsByManifestEntries": lambda ids: {
        "id": ids["version"],
        "entries": [{"name": "far", "digest": "x", "size": 3}],
        "storageLayout": "V2",
        "manifestVersion": "1",
    },
    "ArtifactCollectionMembershipFiles": lambda _: {"artifactName": "data"},
    "ArtifactCollectionMembershipFileURLs": lambda _: {"artifactName": "data"},
    "ArtifactManifest": lambda ids: {"artifact_id": ids["version"], "name": "data:v0"},
    "ArtifactVersionFiles": lambda _: {"artifactName": "data:v0"},
    "ArtifactMembershipByName": lambda _: {"name": "data:v0"},
    "ArtifactType": lambda _: {"name": "data:v0"},
    "ArtifactUsedBy": lambda ids: {"id": ids["version"]},
    "ClientIDMapping": lambda ids: {"clientID": ids["client"]},
    "CommitArtifact": lambda ids: {"artifactID": ids["version"]},
    "CompleteMultipartUploadArtifact": lambda ids: {
        "completeMultipartAction": "Complete",
        "completedParts": [{"partNumber": 1, "hexMD5": ids["part"]}],
        "artifactID": ids["pending"],
        "storagePath": "big",
        "uploadID": ids["upload"],
    },
    "CreateArtifact": lambda ids: {
        "artifactCollectionNames": [ids["new"]],
        "digest": "d",
        "digestAlgorithm": "MANIFEST_MD5",
        "historyStep": 0,
        "input": {
            "entityName": "admin",
            "projectName": "answers",
            "artifactTypeName": "dataset",
            "artifactCollectionName": ids["new"],
            "digest": "d",
        },
    },
    "CreateArtifactCollectionTagAssignments": lambda ids: of_tag(ids),
    "CreateArtifactFiles": lambda ids: of_files(ids) | {"input": of_files(ids)},
    "CreateArtifactManifest": lambda ids: {
        "artifactID": ids["pending"],
        "name": "wandb_manifest.json",
        "digest": "",
        "manifestType": "FULL",
        "type": "FULL",
        "includeUpload": False,
    },
    "DeleteAliases": lambda ids: of_alias(ids, "latest") | {"input": of_alias(ids, "latest")},
    "DeleteArtifact": lambda ids: {
        "artifactID": ids["version"],
        "deleteAliases": True,
        "input": {"artifactID": ids["version"], "deleteAliases": True},
    },
    "DeleteArtifactCollectionTagAssignments": lambda ids: of_tag(ids),
    "DeleteArtifactCollectionTags": lambda ids: {"input": of_tag(ids)},
    "DeleteArtifactPortfolio": lambda ids: {"id": ids["portfolio"]},
    "DeleteArtifactSequence": lambda ids: {"id": ids["sequence"]},
    "FetchArtifactManifest": lambda ids: {"id": ids["version"]},
    "FetchLinkedArtifacts": lambda ids: {"artifactID": ids["version"]},
    "GetArtifactFileUrls": lambda ids: {"id": ids["version"]},
    "LinkArtifact": lambda ids: {
        "artifactPortfolioName": ids["new"],
        "artifactId": ids["version"],
        "input": {
            "artifactID": ids["version"],
            "artifactPortfolioName": ids["new"],
            "entityName": "admin",
            "projectName": "answers",
        },
    },
    "MoveArtifactCollection": lambda ids: {
        "artifactSequenceID": ids["sequence"],
        "destinationArtifactTypeName": "other",
    },
    "UnlinkArtifact": lambda ids: {
        "artifactID": ids["version"],
        "artifactPortfolioID": ids["portfolio"],
        "input": {"artifactID": ids["version"], "artifactPortfolioID": ids["portfolio"]},
    },
    "UpdateArtifact": lambda ids: {
        "artifactID": ids["version"],
        "metadata": "{}",
        "input": {"artifactID": ids["version"], "description": "said"},
    },
    "UpdateArtifactManifest": lambda ids: {
        "artifactManifestID": ids["manifest"],
        "digest": "AAAAAAAAAAAAAAAAAAAAAA==",
        "includeUpload": True,
    },
    "UpdateArtifactPortfolio": lambda ids: {
        "id": ids["portfolio"],
        "name": ids["new"],
        "input": {"artifactPortfolioID": ids["portfolio"], "description": "said"},
    },
    "UpdateArtifactSequence": lambda ids: {
        "id": ids["sequence"],
        "name": ids["new"],
        "input": {"artifactSequenceID": ids["sequence"], "description": "said"},
    },
    "UpdateArtifactSequenceType": lambda ids: {
        "input": {"artifactSequenceID": ids["sequence"], "destinationArtifactTypeName": "other"}
    },
    "UseArtifact": lambda ids: {
        "artifactID": ids["version"],
        "input": {
            "entityName": "admin",
            "projectName": "answers",
            "runName": "r1",
            "artifactID": ids["version"],
        },
    },
    "CreateInvite": lambda ids: of_team(ids) | {"email": ids["email"]},
    "CreateProject": lambda _: {"input": {"name": "made", "entityName": "admin"}},
    "CreateRegistryMembers": lambda ids: {"input": of_members(ids)},
    "CreateServiceAccount": lambda ids: of_team(ids),
    "CreateTeam": lambda ids: {"teamName": ids["new"]},
    "CreateUserFromAdmin": lambda ids: {"email": ids["email"]},
    "DeleteApiKey": lambda ids: {"id": ids["key"]},
    "DeleteInvite": lambda ids: of_team(ids) | {"id": ids["invite"]},
    "DeleteRegistry": lambda ids: {"id": ids["project"]},
    "DeleteRegistryMembers": lambda ids: {"input": of_members(ids)},
    "DeleteRun": lambda ids: {"id": ids["run"]},
    "Entity": lambda _: {"name": "admin"},
    "FetchOrgEntityFromEntity": lambda ids: of_team(ids),
    "FetchOrgInfoFromEntity": lambda ids: of_team(ids),
    "FetchRegistry": lambda _: {"name": "answers"},
    "GetProject": lambda _: {"name": "answers"},
    "GetTeamEntity": lambda _: {"name": "admin"},
    "InputFields": lambda _: {"typeName": "UpsertBucketInput"},
    "NotifyScriptableRunAlert": lambda _: {"title": "look", "text": "here"},
    "OrganizationCoreWeaveOrganizationID": lambda ids: of_team(ids),
    "Project": lambda _: {"name": "answers"},
    "RenameRegistry": lambda ids: {
        "input": {
            "entityName": ids["team"],
            "oldProjectName": "kept",
            "newProjectName": "renamed",
        }
    },
    "RewindRun": lambda ids: {"runName": ids["name"], "metricName": "_step", "metricValue": 0},
    "RunConfigs": lambda _: {"name": "answers"},
    "RunDownloadUrl": lambda _: {"name": "answers"},
    "RunDownloadUrls": lambda _: {"name": "answers"},
    "RunUploadUrls": lambda _: {"name": "answers"},
    "StopRun": lambda ids: {"id": ids["run"]},
    "TypeInfo": lambda _: {"name": "Run"},
    "UpdateRunState": lambda ids: {"input": {"id": ids["run"], "state": "failed"}},
    "UpdateTeamRegistryRole": lambda ids: {
        "input": {
            "projectId": ids["project"],
            "teamId": ids["entity"],
            "teamProjectRole": "member",
        }
    },
    "UpdateUserRegistryRole": lambda ids: {
        "input": {
            "projectId": ids["project"],
            "userId": ids["user"],
            "userProjectRole": "member",
        }
    },
    "UpsertBucket": lambda ids: {
        "id": ids["run"],
        "name": ids["name"],
        "config": '{"a": {"value": 1}}',
    },
    "UpsertModel": lambda _: {"name": "made"},
    "UpsertRegistry": lambda _: {"input": {"name": "made", "entityName": "admin"}},
    "deleteProject": lambda ids: {"id": ids["project"]},
    "deleteFiles": lambda ids: {"files": [ids["file"]]},
    "renameProject": lambda ids: (
        of_team(ids) | {"oldProjectName": "kept", "newProjectName": "renamed"}
    ),
    "stopRun": lambda ids: {"id": ids["run"]},
    "upsertModel": lambda _: {"name": "made"},
}


def of_alias(ids: Ids, alias: str) -> dict[str, Any]:
    place = {"entityName": "admin", "projectName": "answers", "artifactCollectionName": ids["data"]}
    return {"artifactID": ids["version"], "aliases": [{**place, "alias": alias}]}


def of_files(ids: Ids) -> dict[str, Any]:
    file = {"artifactID": ids["pending"], "name": "a", "md5": "AAAAAAAAAAAAAAAAAAAAAA=="}
    return {"artifactFiles": [file], "storageLayout": "V2"}


def of_tag(ids: Ids) -> dict[str, Any]:
    place = {"entityName": "admin", "projectName": "answers", "artifactCollectionName": ids["data"]}
    return {**place, "tags": [{"tagName": "gold"}]}


def of_team(ids: Ids) -> dict[str, Any]:
    return {"entity": ids["team"], "entityName": ids["team"]}


def of_members(ids: Ids) -> dict[str, Any]:
    return {"projectId": ids["project"], "userIds": [ids["user"]], "teamIds": [ids["entity"]]}


SECRET = "s3cr3t"
"""Stands in all that a private run holds."""

ONES_OWN = {"GenerateApiKey"}
"""Mutations about whoever makes them."""

EITHER = {"entity.user"}
"""An entity is a user's own, or of an organisation."""


class Asker:
    """Speaks GraphQL to a server."""

    def __init__(self, server: ServerProcess) -> None:
        self.server = server
        self.key = server.key
        self._numbers = itertools.count()

    def post(self, path: str, body: Any) -> tuple[int, Any]:
        request = urllib.request.Request(
            f"{self.server.url}{path}",
            data=json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self.key}"},
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())

    def ask(self, document: str, operation: str = "", /, **variables: Any) -> tuple[int, Any]:
        body = {"query": document, "operationName": operation, "variables": variables}
        return self.post("/graphql", body)

    def data(self, document: str, /, **variables: Any) -> Any:
        status, answer = self.ask(document, **variables)
        assert status == 200, answer
        assert "errors" not in answer, answer
        return answer["data"]

    def run(self, name: str) -> tuple[str, str]:
        """Make a run with a row, a line and a file; gives their ids."""
        made = self.data(
            "mutation M($name: String, $config: JSONString, $notes: String) "
            '{ upsertBucket(input: {modelName: "answers", name: $name, '
            "config: $config, notes: $notes}) { bucket { id } } }",
            name=name,
            notes=SECRET,
            config=json.dumps({SECRET: {"value": SECRET}}),
        )
        files = {
            "wandb-history.jsonl": {
                "content": [json.dumps({"_step": 0, "loss": 1.5, "said": SECRET})]
            },
            "wandb-events.jsonl": {"content": ['{"system.cpu": 2.5, "_runtime": 1}']},
            "wandb-summary.json": {"content": [json.dumps({"loss": 1.5, "said": SECRET})]},
            "output.log": {"content": [SECRET]},
        }
        assert self.post(f"/files/admin/answers/{name}/file_stream", {"files": files})[0] == 200
        (file,) = self.data(
            """
            mutation M($run: String!) {
              createRunFiles(
                input: {entityName: "admin", projectName: "answers", runName: $run, files: "a.txt"}
              ) { files { id uploadUrl } }
            }
            """,
            run=name,
        )["createRunFiles"]["files"]
        put = urllib.request.Request(file["uploadUrl"], data=b"bytes", method="PUT")
        urllib.request.urlopen(put, timeout=60).close()
        return made["upsertBucket"]["bucket"]["id"], file["id"]

    def artifact(self, name: str) -> Ids:
        """Make a version with a link, and one to be filled; gives their ids."""
        place = "/api/v1/projects/admin/answers/artifacts/versions"
        draft = {"type": "dataset", "collection": name, "digest": name, "description": SECRET}
        draft |= {"client_id": f"client-{name}", "metadata": {SECRET: SECRET}, "run": "r1"}
        status, made = self.post(place, draft)
        assert status == 200, made
        reference = {"path": "far", "digest": "x", "size": 3, "reference": "https://example.org/f"}
        version = f"/api/v1/artifacts/versions/{made['id']}"
        status, answer = self.post(f"{version}/commit", {"entries": [reference]})
        assert status == 200, answer
        shown = {"entity": "admin", "project": "answers", "collection": f"{name}-shown"}
        assert self.post(f"{version}/links", shown)[0] == 200
        pending = self.post(place, draft | {"digest": f"{name}-2", "client_id": None})[1]
        ids = {"version": made["id"], "pending": pending["id"]}
        ids = {kind: b64encode(f"Artifact:{id}".encode()).decode() for kind, id in ids.items()}
        found = self.data(
            """
            query Q($name: String!, $shown: String!) {
              project(name: "answers", entityName: "admin") {
                sequence: artifactCollection(name: $name) { id }
                portfolio: artifactCollection(name: $shown) { id }
              }
            }
            """,
            name=name,
            shown=f"{name}-shown",
        )["project"]
        manifest = self.data(
            """
            mutation M($artifact: ID!) {
              createArtifactManifest(input: {artifactID: $artifact, name: "m", digest: "",
                entityName: "admin", projectName: "answers", runName: "r1"}
              ) { artifactManifest { id } }
            }
            """,
            artifact=ids["pending"],
        )["createArtifactManifest"]["artifactManifest"]
        return ids | {
            **self.upload(ids["pending"], secrets.token_bytes(16)),
            "client": f"client-{name}",
            "data": name,
            "manifest": manifest["id"],
            "portfolio": found["portfolio"]["id"],
            "sequence": found["sequence"]["id"],
        }

    def upload(self, pending: str, content: bytes) -> Ids:
        """Send the one part of a file that comes in parts; known bytes would not be asked for."""
        part = hashlib.md5(content, usedforsecurity=False).hexdigest()
        (edge,) = self.data(
            """
            mutation M($artifact: ID!, $md5: String!, $part: String!) {
              createArtifactFiles(input: {artifactFiles: [{
                artifactID: $artifact, name: "big", md5: $md5,
                uploadPartsInput: [{partNumber: 1, hexMD5: $part}]
              }]}) { files { edges { node {
                uploadMultipartUrls { uploadID uploadUrlParts { uploadUrl } }
              } } } }
            }
            """,
            artifact=pending,
            md5=b64encode(bytes.fromhex(part)).decode(),
            part=part,
        )["createArtifactFiles"]["files"]["edges"]
        urls = edge["node"]["uploadMultipartUrls"]
        url = urls["uploadUrlParts"][0]["uploadUrl"]
        put = urllib.request.Request(url, data=content, method="PUT")
        with urllib.request.urlopen(put, timeout=60) as answer:
            assert answer.headers["ETag"] == f'"{part}"'
        return {"upload": urls["uploadID"], "part": part}

    def furnish(self) -> Ids:
        """Things of which one operation may take each, made anew for every one."""
        number = next(self._numbers)
        name, new = f"spare-{number}", f"new-{number}"
        team = f"team-{number}"
        made = self.data(
            """
            mutation M($team: String!, $email: String!) {
              createTeam(input: {teamName: $team}) { entity { id } }
              createUser(input: {email: $email}) { user { id } }
              createInvite(input: {entityName: $team, email: $email}) { invite { id } }
              generateApiKey(input: {description: "spare"}) { apiKey { id } }
              upsertModel(input: {entityName: $team, name: "kept"}) { project { id } }
            }
            """,
            team=team,
            email=f"soon-{number}@example.org",
        )
        project = made["upsertModel"]["project"]["id"]
        user, entity = made["createUser"]["user"]["id"], made["createTeam"]["entity"]["id"]
        self.data(
            """
            mutation M($project: ID!, $user: ID!, $team: ID!) {
              createProjectMembers(
                input: {projectId: $project, userIds: [$user], teamIds: [$team]}
              ) { success }
            }
            """,
            project=project,
            user=user,
            team=entity,
        )
        run, file = self.run(name)
        return self.artifact(f"data-{number}") | {
            "entity": entity,
            "email": f"{new}@example.org",
            "file": file,
            "invite": made["createInvite"]["invite"]["id"],
            "key": made["generateApiKey"]["apiKey"]["id"],
            "name": name,
            "new": new,
            "run": run,
            "project": project,
            "team": team,
            "user": user,
        }


@pytest.fixture(scope="module")
def asker(server_process: ServerProcess) -> Asker:
    asker = Asker(server_process)
    asker.run("r1")
    asker.artifact("data")
    return asker


@pytest.mark.parametrize("version", SUPPORTED)
def test_every_served_operation_is_answered(asker: Asker, version: str) -> None:
    try:
        found = operations(environment(version))
    except NoClient as reason:
        pytest.skip(f"wandb {version} cannot be installed: {reason}")
    wrong = [said for operation in found if (said := answered(asker, operation))]
    assert wrong == [], "\n".join(["", *wrong])


@pytest.mark.parametrize("version", [SUPPORTED[0], SUPPORTED[-1]])
def test_no_operation_helps_a_stranger(asker: Asker, version: str) -> None:
    """The same with a key that has no business there: nothing is shown, nothing is changed."""
    try:
        found = operations(environment(version))
    except NoClient as reason:
        pytest.skip(f"wandb {version} cannot be installed: {reason}")
    name = f"stranger-{version.replace('.', '-')}"
    status, made = asker.server.request("POST", "/admin/users", {"name": name})
    assert status == 201
    stranger = Asker(asker.server)
    stranger.key = made["api_key"]
    shown = 0
    for operation in found:
        prepared = prepare(asker, operation)
        if prepared is None:
            continue
        status, answer = stranger.ask(operation.document, operation.name, **prepared)
        assert SECRET not in str(answer), operation.name
        changes = "mutation" in operation.document.split("{", maxsplit=1)[0]
        if not changes:
            shown += SECRET in str(asker.ask(operation.document, operation.name, **prepared))
        assert not changes or operation.name in ONES_OWN or status in (403, 404), (
            operation.name,
            answer,
        )
    assert shown >= 5, "its owner sees what is hidden from others"


def prepare(asker: Asker, operation: Operation) -> dict[str, Any] | None:
    """Values for the variables of an operation that is served.

    Raises:
        LookupError: Something that it needs is not made here.
    """
    document = parse(operation.document)
    if standing(fields(SCHEMA, document))[0] == "refused":
        return None
    (node,) = (d for d in document.definitions if isinstance(d, OperationDefinitionNode))
    ids = asker.furnish() if operation.name in OF_OPERATION else {}
    values = VARIABLES | OF_OPERATION.get(operation.name, lambda _: {})(ids)
    declared = {
        each.variable.name.value: print_ast(each.type) for each in node.variable_definitions or ()
    }
    if without := [n for n, type in declared.items() if type.endswith("!") and n not in values]:
        raise LookupError(f"there are no values for {without}")
    return {name: values[name] for name in declared if name in values}


def answered(asker: Asker, operation: Operation) -> str | None:
    """What is wrong with the answer."""
    try:
        variables = prepare(asker, operation)
    except LookupError as missing:
        return f"{operation.name}: {missing}"
    if variables is None:
        return None
    status, answer = asker.ask(operation.document, operation.name, **variables)
    if status != 200 or "errors" in answer:
        return f"{operation.name} of {operation.source}: {status} {str(answer)[:300]}"
    if missing := sorted(nulls(operation.document, answer["data"])):
        return f"{operation.name} of {operation.source}: {missing} in {str(answer)[:300]}"
    return None


def nulls(document: str, data: Any) -> set[str]:
    """Objects that the operation asks for, and what they hold, and that are not there."""
    (node,) = (d for d in parse(document).definitions if isinstance(d, OperationDefinitionNode))
    found: set[str] = set()
    for root in node.selection_set.selections:
        assert isinstance(root, FieldNode)
        value = data.get((root.alias or root.name).value)
        if value is None:
            found.add(root.name.value)
        if isinstance(value, dict) and root.selection_set is not None:
            for inner in root.selection_set.selections:
                if not isinstance(inner, FieldNode) or inner.selection_set is None:
                    continue
                if value.get((inner.alias or inner.name).value) is None:
                    found.add(f"{root.name.value}.{inner.name.value}")
    return found - EITHER
