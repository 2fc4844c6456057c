"""How the client logs a version: created, filled with files, committed."""

from __future__ import annotations

from typing import Any

from kiseki_server.domain.accounts.rules import Action
from kiseki_server.domain.artifacts.types import (
    TTL_INHERITED,
    EntryList,
    ManifestDraft,
    ManifestKind,
    NewFile,
    NewVersion,
    Part,
    UploadPlan,
    Version,
    VersionState,
)
from kiseki_server.domain.artifacts.uploading import md5_of_hex
from kiseki_server.domain.files.tickets import ArtifactUpload, ManifestUpload, PartUpload
from kiseki_server.domain.projects.types import Project
from kiseki_server.kit.errors import BadRequest, NotFound
from kiseki_server.kit.ids import CollectionId, RunId, VersionId
from kiseki_server.kit.transactions import UnitOfWork
from kiseki_server.protocols.wandb import artifact_manifests, identifiers, json_lines
from kiseki_server.protocols.wandb.artifacts import storage_path
from kiseki_server.protocols.wandb.connections import connection
from kiseki_server.protocols.wandb.context import Context
from kiseki_server.protocols.wandb.projects import UNCATEGORIZED, writable

Given = dict[str, Any]
Payload = dict[str, Any]

MAX_FILES = 10_000


def create_artifact(context: Context, given: Given) -> Payload:
    """The version to fill, or the committed one that holds the same already."""
    if given.get("storageRegion") not in (None, "", "default"):
        raise BadRequest(f"There is no storage region `{given['storageRegion'][:80]}` here")
    names = given.get("artifactCollectionNames") or []
    collection = given.get("artifactCollectionName") or (names[0] if len(names) == 1 else None)
    if collection is None:
        raise BadRequest("An artifact is logged under one name")
    project = context.projects.ensure(
        context.actor, given["entityName"] or None, given["projectName"] or UNCATEGORIZED
    )
    metadata, ttl = given.get("metadata"), given.get("ttlDurationSeconds")
    draft = NewVersion(
        type=given["artifactTypeName"],
        collection=collection,
        digest=given["digest"],
        digest_algorithm=("xxh128" if given.get("digestAlgorithm") == "MANIFEST_XXH128" else "md5"),
        client_id=given.get("clientID") or None,
        sequence_client_id=given.get("sequenceClientID") or None,
        distributed_id=given.get("distributedID") or None,
        description=given.get("description"),
        metadata=None if not metadata else json_lines.read_object(metadata, "The metadata"),
        aliases=tuple(one["alias"] for one in given.get("aliases") or ()),
        tags=tag_names(given.get("tags")),
        ttl=TTL_INHERITED if ttl is None else ttl,
        history_step=given.get("historyStep"),
        run=_run(context, project, given.get("runName")),
        deduplicate=given.get("enableDigestDeduplication") is not False,
    )
    return {"artifact": context.artifacts.create(project, draft, context.actor).version}


def tag_names(tags: list[Given] | None) -> tuple[str, ...]:
    """Tags of an input."""
    return tuple(tag["tagName"] for tag in tags or ())


def _run(context: Context, project: Project, name: str | None) -> RunId | None:
    return context.runs.get(project, name).id if name else None


def create_manifest(context: Context, given: Given) -> Payload:
    """Reserve the place of a list of files, and say where the list goes once its MD5 is known."""
    version = _writable(context, given["artifactID"])
    kind = ManifestKind(given["type"].lower())
    base = _base(context, given)
    draft = context.artifacts.reserve_manifest(version, kind, given["digest"], base)
    return {"artifactManifest": _manifest(context, draft)}


def update_manifest(context: Context, given: Given) -> Payload:
    """Say which list will come into a reserved place."""
    draft = context.artifacts.manifest(identifiers.manifest_place(given["artifactManifestID"]))
    context.artifacts.version(context.actor, draft.version, Action.WRITE)
    changed = context.artifacts.change_manifest(
        draft, given.get("digest") or "", _base(context, given)
    )
    return {"artifactManifest": _manifest(context, changed)}


def _base(context: Context, given: Given) -> VersionId | None:
    """What the list is laid over, which the caller must be allowed to read."""
    if not given.get("baseArtifactID"):
        return None
    base = identifiers.artifact_place(given["baseArtifactID"])
    return context.artifacts.version(context.actor, base, Action.DOWNLOAD).id


def _manifest(context: Context, draft: ManifestDraft) -> Payload:
    id = identifiers.manifest_id(draft.id)
    url = context.signed(ManifestUpload(draft.id, draft.digest)) if draft.digest else None
    file = {
        "id": id,
        "name": artifact_manifests.FILE_NAME,
        "displayName": artifact_manifests.FILE_NAME,
        "directUrl": "",
        "sizeBytes": 0,
        "uploadUrl": url,
        "uploadHeaders": [] if url is None else [f"Content-MD5:{draft.digest}"],
    }
    return {"id": id, "file": file}


def create_files(context: Context, given: Given) -> Payload:
    """Addresses to upload to, one for each file in their order; none for what is here already."""
    specs: list[Given] = given["artifactFiles"]
    if len(specs) > MAX_FILES:
        raise BadRequest(
            f"{len(specs)} files are too many at once; at most {MAX_FILES} are allowed"
        )
    versions: dict[str, Version] = {}
    files: dict[str, list[NewFile]] = {}
    for spec in specs:
        id = spec["artifactID"]
        if id not in versions:
            versions[id] = _writable(context, id)
        files.setdefault(id, []).append(_new_file(versions[id], spec))
    plans = {id: iter(context.artifacts.announce(versions[id], of)) for id, of in files.items()}
    nodes = [
        _upload(context, versions[spec["artifactID"]], next(plans[spec["artifactID"]]))
        for spec in specs
    ]
    return {"files": connection(nodes, None, uploadHeaders=[])}


def _new_file(version: Version, spec: Given) -> NewFile:
    digest = spec.get("digest") if version.digest_algorithm == "xxh128" else None
    parts = tuple(_part(part) for part in spec.get("uploadPartsInput") or ())
    return NewFile(spec["name"], digest or spec["md5"], parts=parts)


def _part(given: Given) -> Part:
    return Part(given["partNumber"], md5_of_hex(given["hexMD5"]))


def _upload(context: Context, version: Version, plan: UploadPlan) -> Payload:
    """`File`, on its way. One in parts may also come in one piece: the client allows either."""
    file = plan.file
    parts = None
    url = None
    headers: list[str] = []
    if plan.action != "skip":
        ticket = ArtifactUpload(
            version.id, file.path, file.digest, file.size, version.digest_algorithm
        )
        url = context.signed(ticket)
        if version.digest_algorithm == "md5":
            headers = [f"Content-MD5:{file.digest}"]
    if plan.upload is not None:
        parts = {
            "uploadID": plan.upload,
            "uploadUrlParts": [
                {
                    "partNumber": part.number,
                    "uploadUrl": context.signed(PartUpload(plan.upload, part.number, part.md5)),
                }
                for part in file.parts
            ],
        }
    return {
        "id": identifiers.encode("ArtifactFile", version.id, file.path),
        "name": file.path,
        "displayName": file.path,
        "directUrl": "",
        "sizeBytes": 0,
        "storagePath": storage_path(plan.birth, file.path),
        "uploadUrl": url,
        "uploadHeaders": headers,
        "uploadMultipartUrls": parts,
        # Of a version that the caller may not see there is no more than the id.
        "artifact": (
            version if plan.birth == version.id else {"id": identifiers.artifact_id(plan.birth)}
        ),
    }


def complete_parts(context: Context, database: UnitOfWork, given: Given) -> None:
    """Make one file of its parts. What the client calls their MD5s are the ETags that it got."""
    with database.transaction():
        version = _writable(context, given["artifactID"])
    parts = [_part(part) for part in given["completedParts"]]
    context.artifacts.complete_parts(version.id, given["uploadID"], parts)


def completed_parts(context: Context, given: Given) -> Payload:
    """The digest of the file after that."""
    version = _writable(context, given["artifactID"])
    upload = context.artifacts.parts_upload(given["uploadID"])
    return {"digest": upload.digest if upload.version == version.id else None}


def commit(context: Context, database: UnitOfWork, given: Given) -> None:
    """Make the version what its lists of files say."""
    with database.transaction():
        version = _writable(context, given["artifactID"])
        if version.state is VersionState.COMMITTED:
            return
        drafts = context.artifacts.manifests(version)
    lists = [
        EntryList(
            draft.kind,
            artifact_manifests.read(context.artifacts.read_manifest(draft)),
            draft.base,
        )
        for draft in drafts
    ]
    context.artifacts.commit(version.id, context.actor, lists)


def committed(context: Context, given: Given) -> Payload:
    """The version after its commit."""
    return {"artifact": _writable(context, given["artifactID"])}


def use(context: Context, given: Given) -> Payload:
    """Note that a run used a version."""
    project = writable(context, given["entityName"], given["projectName"])
    run = context.runs.get(project, given["runName"])
    id = identifiers.artifact_place(given["artifactID"])
    version = context.artifacts.version(context.actor, id)
    places = context.artifacts.memberships_of(context.actor, version)
    named = (given.get("artifactEntityName"), given.get("artifactProjectName"))
    through = None
    for place in places:
        home = context.projects.known(place.collection.project)
        if home is not None and (home.entity_name, home.name) == named:
            through = place.collection.id
            break
    context.artifacts.use(
        run.id, version, context.actor, used_as=given.get("usedAs"), through=through
    )
    return {"artifact": version}


def _writable(context: Context, id: str) -> Version:
    return context.artifacts.version(context.actor, identifiers.artifact_place(id), Action.WRITE)


def client_id_mapping(context: Context, client_id: str) -> Payload | None:
    """What has come of something that the client named before it existed."""
    found = context.artifacts.by_client(context.actor, client_id)
    if found is None:
        return None
    try:
        client_version(context, client_id, Action.READ)
    except NotFound:
        return {"serverID": identifiers.collection_id(CollectionId(found))}
    return {"serverID": identifiers.artifact_id(VersionId(found))}


def client_version(context: Context, client_id: str, action: Action) -> Version:
    """The version that a client called so before it existed.

    Raises:
        NotFound: There is none that the caller may see.
    """
    found = context.artifacts.by_client(context.actor, client_id)
    if found is not None:
        version = context.artifacts.version(context.actor, VersionId(found), action)
        if version.client_id == client_id:
            return version
    raise NotFound(f"There is no artifact `{client_id[:80]}`")
