"""How a version comes: created, and filled with files."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from kiseki_server.domain.accounts.types import Actor
from kiseki_server.domain.artifacts.ground import Ground, unknown
from kiseki_server.domain.artifacts.names import (
    check_alias,
    check_collection,
    check_tag,
    check_type,
)
from kiseki_server.domain.artifacts.reading import Reading
from kiseki_server.domain.artifacts.types import (
    LATEST,
    TTL_OFF,
    Collection,
    CollectionKind,
    Content,
    Created,
    ManifestDraft,
    ManifestKind,
    NewFile,
    NewVersion,
    Part,
    PartsUpload,
    RunEdge,
    StoredPart,
    UploadedFile,
    UploadPlan,
    Version,
    VersionState,
)
from kiseki_server.domain.files.arrival import Arrival, Naming
from kiseki_server.domain.files.incoming import (
    Announced,
    DigestAlgorithm,
    announced,
    check_digest,
)
from kiseki_server.domain.files.paths import check_path
from kiseki_server.domain.files.types import Blob
from kiseki_server.domain.projects.types import Project
from kiseki_server.kit.errors import BadRequest, Conflict, NotFound
from kiseki_server.kit.ids import EntityId, ManifestId, VersionId
from kiseki_server.kit.turns import Turns

MAX_PARTS = 10_000
MAX_DIGEST = 128
_HEX = frozenset("0123456789abcdef")


class Uploading(Reading):
    """Receives versions. Callers have authorized the project, or hold a signed address."""

    def __init__(self, ground: Ground) -> None:
        super().__init__(ground)
        self._joining = Turns()

    def create(self, at: Project, draft: NewVersion, actor: Actor) -> Created:
        """The version that holds the draft's files: the newest one when it does already, else a
        pending one to be filled; a pending one that was meant the same way goes on.

        Raises:
            BadRequest: A name is none.
            Conflict: The project has an artifact of the name that is of another type, or of links.
            Forbidden: An alias is protected.
        """
        ground, now = self.ground, self.ground.clock.now()
        for alias in draft.aliases:
            check_alias(alias)
        for tag in draft.tags:
            check_tag(tag)
        if not 1 <= len(draft.digest) <= MAX_DIGEST or not draft.digest.isprintable():
            raise BadRequest("A version's digest is 1 to 128 visible characters")
        if draft.ttl < TTL_OFF or draft.ttl > 10**11:
            raise BadRequest(f"A version cannot live for {draft.ttl} seconds")
        if draft.history_step is not None and not 0 <= draft.history_step < 2**63:
            raise BadRequest(f"{draft.history_step} is no step of a run")
        ground.check_aliases(actor, at, draft.aliases)
        collection = self._sequence(at, draft, actor)
        latest = ground.versions.newest(collection.id)
        if draft.base is not None:
            self.check_base(draft.base, at)
        if draft.deduplicate and latest is not None and latest.digest == draft.digest:
            version = self._repeated(latest, collection, draft, actor)
        else:
            version = self._pending(collection, draft, actor)
        if draft.run is not None:
            ground.edges.add([RunEdge(draft.run, version.id, "output", None, now)])
        return Created(version, collection, latest)

    def _sequence(self, at: Project, draft: NewVersion, actor: Actor) -> Collection:
        ground, now = self.ground, self.ground.clock.now()
        found = ground.collections.find(at.id, check_collection(draft.collection))
        if found is None:
            ground.collections.ensure_type(at.id, check_type(draft.type), now)
            return ground.collections.add(
                at.id,
                CollectionKind.SEQUENCE,
                draft.type,
                draft.collection,
                client_id=draft.sequence_client_id,
                algorithm=draft.digest_algorithm,
                user=actor.user.id,
                at=now,
            )
        if found.kind is CollectionKind.PORTFOLIO:
            raise Conflict(
                f"`{found.name}` holds links to versions, and none can be made in it",
                hint="log under another name, and link the version",
            )
        if found.type != draft.type:
            raise Conflict(
                f"The artifact `{found.name}` is of the type `{found.type}`, not `{draft.type}`",
                hint="use its type, or another name",
            )
        return found

    def check_base(self, base: VersionId, at: Project) -> None:
        """Raises `NotFound` unless the entity has committed the version."""
        found = self.ground.get(base)
        if found.state is not VersionState.COMMITTED or self.entity(found) != at.entity:
            raise NotFound(f"There is no committed version {base} to begin from")

    def _repeated(
        self, latest: Version, collection: Collection, draft: NewVersion, actor: Actor
    ) -> Version:
        """The same files again: only aliases move."""
        ground = self.ground
        membership = ground.memberships.find(collection.id, version=latest.id)
        new = set(draft.aliases) - {LATEST}
        if membership is not None and not new <= set(membership.aliases):
            ground.memberships.put_aliases(membership, new)
            ground.touch([collection])
            ground.note(actor, "alias.added", collection, latest, aliases=sorted(new))
        return latest

    def _pending(self, collection: Collection, draft: NewVersion, actor: Actor) -> Version:
        ground, now = self.ground, self.ground.clock.now()
        found = ground.versions.pending(
            collection.id,
            digest=draft.digest,
            client_id=draft.client_id,
            distributed_id=draft.distributed_id,
        )
        if found is not None:
            if found.state is VersionState.COMMITTED:
                return found
            merged = replace(
                found,
                digest=draft.digest,
                client_id=draft.client_id or found.client_id,
                base=draft.base or found.base,
                description=draft.description or found.description,
                metadata=draft.metadata or found.metadata,
                tags=_united(found.tags, draft.tags),
                wanted_aliases=_united(found.wanted_aliases, draft.aliases),
                updated_at=now,
            )
            ground.versions.update(merged)
            return merged
        return ground.versions.add(
            Version(
                id=VersionId(0),
                collection=collection.id,
                state=VersionState.PENDING,
                index=None,
                digest=draft.digest,
                digest_algorithm=draft.digest_algorithm,
                client_id=draft.client_id,
                distributed_id=draft.distributed_id,
                base=draft.base,
                description=draft.description,
                metadata=draft.metadata or {},
                tags=_united((), draft.tags),
                wanted_aliases=_united((), draft.aliases),
                ttl=draft.ttl,
                size=0,
                file_count=0,
                manifest=None,
                history_step=draft.history_step,
                user=actor.user.id,
                created_at=now,
                updated_at=now,
                committed_at=None,
                expires_at=None,
            )
        )

    # Files

    def announce(self, version: Version, files: Sequence[NewFile]) -> Sequence[UploadPlan]:
        """What to do with each file, in the same order; what is here already is not sent again.

        Raises:
            BadRequest: A path or a digest is none.
            Conflict: The version is committed.
        """
        ground = self.ground
        self.check_pending(version)
        for file in files:
            _check_file(file)
        entity = self.entity(version)
        keys = {key_of(version, file.digest) for file in files}
        stored = ground.uploads.get(version.id, {file.path for file in files})
        known = ground.uploads.contents(entity, keys)
        plans: list[UploadPlan] = []
        rows: list[UploadedFile] = []
        for file in files:
            content = known.get(key_of(version, file.digest))
            before = stored.get(file.path)
            if before is not None and before.digest == file.digest and before.blob is not None:
                birth = version.id if content is None else content.birth
                plans.append(UploadPlan(file, "skip", birth))
                continue
            if content is not None and file.size in (None, content.size):
                plans.append(UploadPlan(file, "skip", content.birth))
                rows.append(
                    UploadedFile(version.id, file.path, file.digest, content.blob, content.size)
                )
                continue
            rows.append(UploadedFile(version.id, file.path, file.digest, None, file.size))
            upload = self._begin_parts(version, file) if file.parts else None
            plans.append(UploadPlan(file, "parts" if file.parts else "put", version.id, upload))
        ground.uploads.put(rows)
        return plans

    def _begin_parts(self, version: Version, file: NewFile) -> str:
        numbers = [part.number for part in file.parts]
        if numbers != list(range(1, len(numbers) + 1)) or len(numbers) > MAX_PARTS:
            raise BadRequest(
                f"The parts of {file.path[:80]!r} are not numbered from 1 on, or are more than "
                f"{MAX_PARTS}"
            )
        for part in file.parts:
            check_digest(part.md5, f"The MD5 of part {part.number}")
        id = secrets.token_urlsafe(24)
        upload = PartsUpload(
            id, version.id, file.path, file.digest, file.parts, self.ground.clock.now()
        )
        self.ground.uploads.begin_parts(upload)
        return id

    def check_open(self, version: VersionId) -> Version:
        """A version that takes files. It opens a transaction of its own.

        Raises:
            NotFound: There is no such version.
            Conflict: It is committed.
        """
        with self.ground.work.transaction():
            found = self.ground.get(version)
            self.check_pending(found)
        return found

    def arrive(
        self,
        version: VersionId,
        path: str,
        digest: str,
        size: int | None,
        algorithm: DigestAlgorithm = "md5",
    ) -> Arrival[Blob]:
        """Receive an announced file; only its bytes are taken.

        Whether the version still takes files is seen when the bytes have come: whoever expects
        many of them asks `check_open` before.
        """
        file = NewFile(path, digest, size)
        arrival = self.ground.receiver.begin(path, Naming((version, file), self._keep))
        return arrival.announce(announced(algorithm, digest, size))

    def _keep(self, files: Sequence[tuple[tuple[VersionId, NewFile], Blob]]) -> Sequence[Blob]:
        ground = self.ground
        rows: dict[VersionId, list[tuple[NewFile, Blob]]] = {}
        for (version, file), blob in files:
            rows.setdefault(version, []).append((file, blob))
        known = ground.versions.get(sorted(rows), lock=True)
        for id in sorted(rows):
            version = known.get(id)
            if version is None or version.state is VersionState.DELETED:
                raise unknown()
            self.check_pending(version)
            ground.uploads.put(
                [
                    UploadedFile(id, file.path, file.digest, blob.digest, blob.size)
                    for file, blob in rows[id]
                ]
            )
            contents = [
                Content(key_of(version, file.digest), blob.digest, blob.size, id)
                for file, blob in rows[id]
            ]
            ground.uploads.put_contents(self.entity(version), contents)
        return [blob for _, blob in files]

    def arrive_part(self, upload: str, number: int, md5: str) -> Arrival[Blob]:
        """Receive one part of a file; raises like `arrive`."""
        with self.ground.work.transaction():
            self.parts_upload(upload)
        arrival = self.ground.receiver.begin(
            f"part {number}", partial(self._keep_part, upload, number)
        )
        return arrival.announce(Announced(md5=md5))

    def _keep_part(self, upload: str, number: int, blob: Blob) -> Blob:
        self.parts_upload(upload)
        part = StoredPart(number, blob.digest, blob.size, blob.md5)
        self.ground.uploads.put_part(upload, part)
        return blob

    def complete_parts(self, version: VersionId, upload: str, parts: Sequence[Part]) -> None:
        """Make one file of its parts; a second call changes nothing. It opens transactions of its
        own.

        Large files take longer than a client waits. It asks again, and then has to wait for the
        first call instead of making the file a second time of parts that vanish meanwhile.

        Raises:
            BadRequest: The parts are not those that were announced, or have not all come.
        """
        with self._joining.of(upload):
            self._join(version, upload, parts)

    def _join(self, version: VersionId, upload: str, parts: Sequence[Part]) -> None:
        ground = self.ground
        with ground.work.transaction():
            found = self.parts_upload(upload)
            if found.version != version:
                raise NotFound("There is no such upload")
            file = ground.uploads.get(version, [found.path]).get(found.path)
            if file is not None and file.digest == found.digest and file.blob is not None:
                return
            stored = {part.number: part for part in ground.uploads.parts(upload)}
        wanted = {part.number: part.md5 for part in found.parts}
        gone = sorted(number for number in wanted if number not in stored)
        if gone:
            raise BadRequest(
                f"{len(gone)} of {len(wanted)} parts of {found.path[:80]!r} have not come, "
                f"the first of them is number {gone[0]}",
                hint="Send them, and complete the upload again.",
            )
        if {part.number: part.md5 for part in parts} != wanted:
            raise BadRequest(f"The parts of {found.path[:80]!r} are not those announced")
        algorithm = self.check_open(version).digest_algorithm
        with self.arrive(version, found.path, found.digest, None, algorithm) as arrival:
            for number in sorted(wanted):
                for piece in ground.blobs.read(stored[number].blob):
                    arrival.write(piece)
            arrival.finish()
        with ground.work.transaction(write=True):
            ground.uploads.drop_parts(upload)
            ground.freed()

    def parts_upload(self, id: str) -> PartsUpload:
        """A file on its way in parts.

        Raises:
            NotFound: There is none.
            Conflict: Its version is committed.
        """
        found = self.ground.uploads.parts_upload(id)
        if found is None:
            raise NotFound("There is no such upload; it may be complete already")
        self.check_pending(self.ground.get(found.version))
        return found

    # Lists of files in a foreign form

    def reserve_manifest(
        self,
        version: Version,
        kind: ManifestKind,
        digest: str = "",
        base: VersionId | None = None,
    ) -> ManifestDraft:
        """The place of a list of files; of a full list there is one, of parts there are many."""
        self.check_pending(version)
        if digest:
            check_digest(digest, "The MD5 of the list of files")
        before = None
        if kind is not ManifestKind.PATCH:
            known = self.ground.uploads.manifests(version.id)
            before = next((draft for draft in known if draft.kind is kind), None)
        id = ManifestId(0) if before is None else before.id
        draft = ManifestDraft(id, version.id, kind, digest, base, None)
        return self.ground.uploads.put_manifest(draft, self.ground.clock.now())

    def change_manifest(
        self, draft: ManifestDraft, digest: str, base: VersionId | None
    ) -> ManifestDraft:
        """Say which list will come into a reserved place."""
        self.check_pending(self.ground.get(draft.version))
        check_digest(digest, "The MD5 of the list of files")
        changed = replace(draft, digest=digest, base=base or draft.base, blob=None)
        return self.ground.uploads.put_manifest(changed, self.ground.clock.now())

    def manifest(self, id: ManifestId) -> ManifestDraft:
        """A reserved place.

        Raises:
            NotFound: There is none, or its version is committed.
        """
        found = self.ground.uploads.manifest(id)
        if found is None:
            raise NotFound("There is no such list of files; its version may be committed already")
        return found

    def manifests(self, version: Version) -> Sequence[ManifestDraft]:
        """The lists of a pending version that have come, in the order of their places."""
        known = self.ground.uploads.manifests(version.id)
        return [draft for draft in known if draft.blob is not None]

    def read_manifest(self, draft: ManifestDraft) -> bytes:
        """A list that has come, in the form in which it did."""
        if draft.blob is None:
            raise NotFound("The list of files has not come yet")
        return b"".join(self.ground.blobs.read(draft.blob))

    def arrive_manifest(self, id: ManifestId, digest: str) -> Arrival[Blob]:
        """Receive a list of files in a foreign form; raises like `arrive`."""
        with self.ground.work.transaction():
            self.check_pending(self.ground.get(self.manifest(id).version))
        arrival = self.ground.receiver.begin(
            "the list of files", partial(self._keep_manifest, id, digest)
        )
        return arrival.announce(Announced(md5=digest))

    def _keep_manifest(self, id: ManifestId, digest: str, blob: Blob) -> Blob:
        draft = self.manifest(id)
        if draft.digest != digest:
            raise Conflict("Another list of files was announced meanwhile")
        changed = replace(draft, blob=blob.digest)
        self.ground.uploads.put_manifest(changed, self.ground.clock.now())
        return blob

    def entity(self, version: Version) -> EntityId:
        """Who owns the bytes of a version."""
        return self.ground.place(self.ground.home(version)).entity

    @staticmethod
    def check_pending(version: Version) -> None:
        """Raises `Conflict` once the version is committed."""
        if version.state is not VersionState.PENDING:
            raise Conflict(
                "The artifact version is committed, and its files cannot change any more",
                hint="log a new version",
            )


def _check_file(file: NewFile) -> None:
    if check_path(file.path) != file.path:
        raise BadRequest(f"The file path {file.path[:80]!r} is not in its plain form")
    check_digest(file.digest, f"The digest of {file.path[:80]!r}")
    if file.size is not None and not 0 <= file.size < 2**63:
        raise BadRequest(f"The file {file.path[:80]!r} cannot have {file.size} bytes")


def key_of(version: Version, digest: str) -> str:
    """A digest with its algorithm, as contents are known by."""
    return f"{version.digest_algorithm}:{digest}"


def _united(first: Sequence[str], second: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*first, *second)))


def md5_of_hex(digest: str) -> str:
    """An MD5 in hexadecimal digits as base64.

    Raises:
        BadRequest: It is none.
    """
    text = digest.strip('"').lower()
    if len(text) != 32 or not _HEX.issuperset(text):
        raise BadRequest(f"`{digest[:80]}` is no MD5 in hexadecimal digits")
    return base64.b64encode(bytes.fromhex(text)).decode()
