"""Who may do what, field by field: every served root field stands in a table.

A new mutation needs a line in `WRITES`, a call that a member may make, and one in `OTHER_WAYS` for
every other way to say what is to be changed (by name, by id, by an id beside other names). `%(…)s`
are ids that the fixture `ids` gives. Everybody then makes each of them. A new query needs a line in
`READS`, and one in `WAYS` of `test_field_access`, which asks for all that it shows.
"""

from __future__ import annotations

from typing import Any

import pytest
from server.tests.artifacts import ArtifactWorld, md5_hex
from server.tests.unit.app.test_authorization import Client, populated
from server.tests.unit.protocols.wandb.conftest import Dialect

from kiseki_server.app.services import Services
from kiseki_server.domain.artifacts.types import ManifestKind
from kiseki_server.kit.ids import VersionId
from kiseki_server.protocols.wandb import identifiers
from kiseki_server.protocols.wandb.executable import load_schema
from kiseki_server.protocols.wandb.not_supported import EMPTY, REFUSED

__all__ = ["populated"]  # the fixture: a team's project with a run, and a user of each kind

RUN = 'entityName: "vision", projectName: "digits", runName: "r1"'
PLACE = 'entityName: "vision", projectName: "digits"'
ALIAS = f'{{{PLACE}, artifactCollectionName: "pets", alias: "best"}}'
TAG = f'{PLACE}, artifactCollectionName: "pets", tags: [{{tagName: "good"}}]'
MD5 = "1B2M2Y8AsgTpgAmY7PhCfg=="
WRITES = {
    "addAliases": (
        f'addAliases(input: {{artifactID: "%(artifact)s", aliases: [{ALIAS}]}}) {{ success }}'
    ),
    "commitArtifact": (
        'commitArtifact(input: {artifactID: "%(artifact)s"}) { artifact { digest } }'
    ),
    "completeMultipartUploadArtifact": (
        "completeMultipartUploadArtifact(input: {completeMultipartAction: Complete, "
        f'completedParts: [{{partNumber: 1, hexMD5: "{md5_hex(b"part")}"}}], '
        'artifactID: "%(in_parts)s", storagePath: "big", uploadID: "parts"}) { digest }'
    ),
    "createArtifact": (
        f'createArtifact(input: {{{PLACE}, artifactTypeName: "dataset", digest: "d2", '
        'artifactCollectionName: "pets"}) { artifact { id } }'
    ),
    "createArtifactCollectionTagAssignments": (
        f"createArtifactCollectionTagAssignments(input: {{{TAG}}}) {{ tags {{ name }} }}"
    ),
    "createArtifactFiles": (
        'createArtifactFiles(input: {artifactFiles: [{artifactID: "%(pending)s", name: "a", '
        f'md5: "{MD5}"}}]}}) {{ files {{ edges {{ node {{ uploadUrl }} }} }} }}'
    ),
    "createArtifactManifest": (
        f'createArtifactManifest(input: {{{PLACE}, artifactID: "%(pending)s", name: "m", '
        f'digest: "{MD5}"}}) {{ artifactManifest {{ file {{ uploadUrl }} }} }}'
    ),
    "createArtifactType": (
        f'createArtifactType(input: {{{PLACE}, name: "kind"}}) {{ artifactType {{ name }} }}'
    ),
    "deleteAliases": (
        f'deleteAliases(input: {{artifactID: "%(artifact)s", aliases: [{ALIAS}]}}) {{ success }}'
    ),
    "deleteArtifact": (
        'deleteArtifact(input: {artifactID: "%(artifact)s", deleteAliases: true}) { success }'
    ),
    "deleteArtifactCollectionTagAssignments": (
        f"deleteArtifactCollectionTagAssignments(input: {{{TAG}}}) {{ success }}"
    ),
    "deleteArtifactPortfolio": (
        'deleteArtifactPortfolio(input: {artifactPortfolioID: "%(portfolio)s"}) '
        "{ artifactCollection { state } }"
    ),
    "deleteArtifactSequence": (
        'deleteArtifactSequence(input: {artifactSequenceID: "%(sequence)s"}) '
        "{ artifactCollection { state } }"
    ),
    "linkArtifact": (
        f'linkArtifact(input: {{{PLACE}, artifactID: "%(artifact)s", '
        'artifactPortfolioName: "others"}) { versionIndex }'
    ),
    "moveArtifactSequence": (
        'moveArtifactSequence(input: {artifactSequenceID: "%(sequence)s", '
        'destinationArtifactTypeName: "model"}) { artifactCollection { name } }'
    ),
    "unlinkArtifact": (
        'unlinkArtifact(input: {artifactID: "%(artifact)s", '
        'artifactPortfolioID: "%(portfolio)s"}) { success }'
    ),
    "updateArtifact": (
        'updateArtifact(input: {artifactID: "%(artifact)s", description: "d"}) '
        "{ artifact { description } }"
    ),
    "updateArtifactManifest": (
        f'updateArtifactManifest(input: {{artifactManifestID: "%(manifest)s", digest: "{MD5}"}}) '
        "{ artifactManifest { file { uploadUrl } } }"
    ),
    "updateArtifactPortfolio": (
        'updateArtifactPortfolio(input: {artifactPortfolioID: "%(portfolio)s", name: "n"}) '
        "{ artifactCollection { name } }"
    ),
    "updateArtifactSequence": (
        'updateArtifactSequence(input: {artifactSequenceID: "%(sequence)s", name: "n"}) '
        "{ artifactCollection { name } }"
    ),
    "useArtifact": (
        f'useArtifact(input: {{{RUN}, artifactID: "%(artifact)s"}}) {{ artifact {{ id }} }}'
    ),
    "createRunFiles": f'createRunFiles(input: {{{RUN}, files: ["a"]}}) {{ runID }}',
    "deleteFiles": 'deleteFiles(input: {files: ["%(file)s"]}) { success }',
    "deleteRun": 'deleteRun(input: {id: "%(run)s"}) { success }',
    "markRunFilesUploaded": f'markRunFilesUploaded(input: {{{RUN}, files: ["a"]}}) {{ success }}',
    "notifyScriptableRunAlert": (
        f'notifyScriptableRunAlert(input: {{{RUN}, title: "t", text: "x"}}) {{ success }}'
    ),
    "rewindRun": (
        f'rewindRun(input: {{{RUN}, metricName: "_step", metricValue: 0}}) '
        "{ rewoundRun { id } }"
    ),
    "stopRun": 'stopRun(input: {id: "%(run)s"}) { success }',
    "updateRunState": 'updateRunState(input: {id: "%(run)s", state: "failed"}) { success }',
    "upsertBucket": (
        'upsertBucket(input: {entityName: "vision", modelName: "digits", name: "r1"}) { inserted }'
    ),
    "upsertModel": (
        'upsertModel(input: {entityName: "vision", name: "digits", description: "d"}) { inserted }'
    ),
}
OTHER_WAYS: dict[str, list[str]] = {
    "createArtifact": [
        (
            'createArtifact(input: {entityName: "vision", projectName: "digits", digest: "d", '
            'artifactTypeName: "dataset", artifactCollectionNames: ["more"]}) { artifact { id } }'
        )
    ],
    "linkArtifact": [
        (
            'linkArtifact(input: {clientID: "made-here", artifactPortfolioID: "%(portfolio)s"}) '
            "{ versionIndex }"
        ),
    ],
    "deleteFiles": ['deleteFiles(input: {files: ["%(file)s"], projectId: 1}) { success }'],
    "upsertBucket": [
        'upsertBucket(input: {entityName: "vision", modelName: "digits", name: "r9"}) { inserted }',
        (
            'upsertBucket(input: {entityName: "vision", modelName: "digits", name: "r8", config: '
            r'"{\"_wandb\": {\"value\": {\"branch_point\": {\"run_id\": \"r1\", \"step\": 0}}}}"'
            "}) { inserted }"
        ),
        'upsertBucket(input: {id: "%(run)s", notes: "mine"}) { bucket { notes config } }',
        'upsertBucket(input: {id: "%(run)s", modelName: "own", name: "own"}) { inserted }',
    ],
    "upsertModel": [
        'upsertModel(input: {entityName: "vision", name: "new"}) { inserted }',
        'upsertModel(input: {id: "%(project)s", description: "e"}) { model { description } }',
        'upsertModel(input: {id: "%(internal)s", name: "own"}) { inserted }',
    ],
}
ADMINISTRATION: dict[str, tuple[str, dict[str, int]]] = {
    # What changes accounts and teams, and the status that each kind of caller gets.
    "createInvite": (
        'createInvite(input: {entityName: "vision", username: "stranger"}) { invite { id } }',
        {"stranger": 404, "viewer": 403, "member": 403, "owner": 200},
    ),
    "createServiceAccount": (
        'createServiceAccount(input: {entityName: "vision", description: "x"}) { user { id } }',
        {"stranger": 404, "viewer": 403, "member": 403, "owner": 200},
    ),
    "createTeam": (
        'createTeam(input: {teamName: "audio"}) { entity { name } }',
        {"stranger": 403, "viewer": 403, "member": 403, "owner": 200},
    ),
    "createUser": (
        'createUser(input: {email: "new@example.org"}) { user { name } }',
        {"stranger": 403, "viewer": 403, "owner": 403, "root": 200},
    ),
    "deleteApiKey": (
        'deleteApiKey(input: {id: "%(key)s"}) { success }',
        {"stranger": 404, "viewer": 404, "owner": 404, "root": 200},
    ),
    "deleteInvite": (
        'deleteInvite(input: {entityName: "vision", id: "%(invite)s"}) { success }',
        {"stranger": 404, "viewer": 403, "member": 403, "owner": 200},
    ),
    "createProjectMembers": (
        'createProjectMembers(input: {projectId: "%(project)s", userIds: ["%(user)s"]}) {success}',
        {"stranger": 404, "viewer": 403, "member": 403, "owner": 200},
    ),
    "deleteModel": (
        'deleteModel(input: {id: "%(project)s"}) { success }',
        {"stranger": 404, "viewer": 403, "member": 403, "owner": 200},
    ),
    "deleteProjectMembers": (
        'deleteProjectMembers(input: {projectId: "%(project)s", userIds: ["%(user)s"]}) {success}',
        {"stranger": 404, "viewer": 403, "member": 403, "owner": 200},
    ),
    "renameProject": (
        (
            'renameProject(input: {entityName: "vision", oldProjectName: "digits", '
            'newProjectName: "numbers"}) { project { name } }'
        ),
        {"stranger": 404, "viewer": 403, "member": 403, "owner": 200},
    ),
    "updateProjectMember": (
        (
            'updateProjectMember(input: {projectId: "%(project)s", userId: "%(user)s", '
            'userProjectRole: "admin"}) { success }'
        ),
        {"stranger": 404, "viewer": 403, "member": 403, "owner": 200},
    ),
    "updateProjectTeamMember": (
        (
            'updateProjectTeamMember(input: {projectId: "%(project)s", teamId: "%(team)s", '
            'teamProjectRole: "viewer"}) { success }'
        ),
        {"stranger": 404, "viewer": 403, "member": 403, "owner": 200},
    ),
    "generateApiKey": (
        'generateApiKey(input: {description: "mine"}) { apiKey { name } }',
        {"nobody": 401, "stranger": 200},
    ),
    "updateUser": (
        'updateUser(input: {defaultEntity: "vision"}) { user { entity } }',
        {"stranger": 404, "viewer": 200},
    ),
}
READS: dict[str, tuple[str, Any]] = {
    # The field, and what a stranger gets.
    "artifact": ('artifact(id: "%(artifact)s") { digest }', None),
    "artifactCollection": ('artifactCollection(id: "%(sequence)s") { name }', None),
    "clientIDMapping": ('clientIDMapping(clientID: "made-here") { serverID }', None),
    "entity": ('entity(name: "vision") { available }', {"available": True}),
    "model": ('model(entityName: "vision", name: "digits") { name }', None),
    "models": ('models(entityName: "vision") { edges { node { name } } }', {"edges": []}),
    "project": ('project(entityName: "vision", name: "digits") { name }', None),
    "organization": ('organization(name: "acme") { name }', None),
    "users": ('users(query: "owner") { edges { node { username } } }', {"edges": []}),
}
ABOUT_ONESELF = {"viewer", "serverInfo"}


@pytest.fixture
def ids(services: Services, populated: dict[str, int]) -> dict[str, str]:
    assert populated
    with services.database.transaction():
        project = services.stores.projects.find("vision", "digits")
        other, team = services.stores.users.named("other"), services.stores.users.entity("vision")
    assert project is not None
    assert other is not None
    assert team is not None
    return {
        **artifact_ids(services),
        "in_parts": identifiers.artifact_id(VersionId(populated["pending"])),
        "user": identifiers.encode("User", other.id),
        "team": identifiers.encode("Entity", team.id),
        "run": identifiers.run_id(project.id, "r1"),
        "file": identifiers.file_id(project.id, "r1", "media/a.txt"),
        "invite": identifiers.encode("Invite", populated["invite"]),
        "key": identifiers.encode("ApiKey", populated["other"]),
        "project": identifiers.encode("Project", project.id),
        "internal": identifiers.encode("ProjectInternalId", project.id),
    }


def artifact_ids(services: Services) -> dict[str, str]:
    """A committed version with a link, and one that waits for its files."""
    world = ArtifactWorld.of(services)
    with services.database.transaction():
        project = services.stores.projects.find("vision", "digits")
    assert project is not None
    world.project = project
    made = world.log("pets", {"a.txt": b"a"}, client_id="made-here")
    pending = world.create("waiting", {"b.txt": b"b"}).version
    with services.database.transaction(write=True):
        link = world.service.link(made.version, project, "linked", [], world.actor)
        manifest = world.service.reserve_manifest(pending, ManifestKind.FULL)
    return {
        "artifact": identifiers.artifact_id(made.version.id),
        "sequence": identifiers.collection_id(made.collection.id),
        "portfolio": identifiers.collection_id(link.collection.id),
        "pending": identifiers.artifact_id(pending.id),
        "manifest": identifiers.manifest_id(manifest.id),
    }


def ask(client: Client, query: str, actor: str) -> Any:
    client.headers["Authorization"] = f"Bearer key-{actor}"
    return Dialect(client).post(query)


def test_every_served_root_field_has_an_entry() -> None:
    schema = load_schema()
    assert schema.mutation_type is not None
    assert schema.query_type is not None
    mutations = {f for f in schema.mutation_type.fields if f"Mutation.{f}" not in REFUSED}
    queries = {f for f in schema.query_type.fields if f"Query.{f}" not in REFUSED.keys() | EMPTY}
    assert mutations == WRITES.keys() | ADMINISTRATION.keys()
    assert queries == READS.keys() | ABOUT_ONESELF


CALLS = [*WRITES.values(), *(call for calls in OTHER_WAYS.values() for call in calls)]


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.partition(" {")[0])
def test_only_members_change_things(client: Client, ids: dict[str, str], call: str) -> None:
    mutation = "mutation { %s }" % (call % ids if "%(" in call else call)
    for actor, status in (
        ("nobody", 401),
        ("stranger", 404),
        ("neighbour", 404),
        ("viewer", 403),
        ("member", 200),
    ):
        answer = ask(client, mutation, actor)
        assert answer.status_code == status, f"{actor}: {answer.text}"
        assert ("errors" in answer.json()) == (status != 200)


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.partition(" {")[0])
def test_who_reads_one_project_changes_nothing(
    client: Client, ids: dict[str, str], call: str
) -> None:
    answer = ask(client, "mutation { %s }" % (call % ids if "%(" in call else call), "reader")
    # New projects would belong to a team that they do not even know.
    assert answer.status_code == (404 if 'name: "new"' in call else 403)


@pytest.mark.parametrize("field", ADMINISTRATION)
def test_accounts_are_changed_by_whom_they_concern(
    client: Client, ids: dict[str, str], field: str
) -> None:
    call, expected = ADMINISTRATION[field]
    mutation = "mutation { %s }" % (call % ids if "%(" in call else call)
    for actor, status in expected.items():
        answer = ask(client, mutation, actor)
        assert answer.status_code == status, f"{actor}: {answer.text}"


def test_ones_own_things_open_no_foreign_ones(client: Client, ids: dict[str, str]) -> None:
    """What fails is undone as a whole: `test_what_failed_has_changed_nothing`."""
    query = '{ project(entityName: "vision", name: "digits") { run(name: "r1") { fileCount } } }'
    before = ask(client, query, "owner").json()
    mutation = 'mutation { upsertBucket(input: {modelName: "own", name: "r1"}) { bucket { id } } }'
    own = ask(client, mutation, "stranger").json()["data"]["upsertBucket"]["bucket"]["id"]
    project, _ = identifiers.run_place(own)
    mine = identifiers.file_id(project, "r1", "mine.txt")
    both = 'mutation { deleteFiles(input: {files: ["%s", "%s"]}) { success } }'
    assert ask(client, both % (mine, ids["file"]), "stranger").status_code == 404
    assert ask(client, query, "owner").json() == before


@pytest.mark.parametrize("field", READS)
def test_strangers_do_not_even_learn_that_there_is_something(
    client: Client, ids: dict[str, str], field: str
) -> None:
    assert ids
    call, nothing = READS[field]
    call = call % ids if "%(" in call else call
    answer = ask(client, "{" + call + "}", "stranger")
    assert (answer.status_code, answer.json()) == (200, {"data": {field: nothing}})
    if field != "users":
        assert ask(client, "{" + call + "}", "viewer").json() != {"data": {field: nothing}}


def test_a_viewer_reads_a_run_and_gets_no_address_to_write(
    client: Client, ids: dict[str, str]
) -> None:
    assert ids
    query = (
        '{ project(entityName: "vision", name: "digits") { readOnly run(name: "r1") '
        "{ readOnly files { edges { node { name directUrl %s } } } } } }"
    )
    found = ask(client, query % "", "viewer").json()["data"]["project"]
    assert (found["readOnly"], found["run"]["readOnly"]) == (True, True)
    assert found["run"]["files"]["edges"][0]["node"]["directUrl"]
    refused = ask(client, query % "url(upload: true)", "viewer")
    assert refused.status_code == 403
    assert "signature" not in str(refused.json()["errors"])
    assert ask(client, query % "url(upload: true)", "member").status_code == 200
