"""Finding and reading artifacts."""

from __future__ import annotations

from collections.abc import Collection as Some
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Literal

from kiseki_server.domain.accounts.rules import Action
from kiseki_server.domain.accounts.types import Actor
from kiseki_server.domain.artifacts.filtering import (
    collection_kind,
    collection_lookup,
    membership_lookup,
    select,
    version_kind,
)
from kiseki_server.domain.artifacts.ground import Ground, committed, unknown
from kiseki_server.domain.artifacts.manifests import Listing, hex_to_base64
from kiseki_server.domain.artifacts.names import index_of
from kiseki_server.domain.artifacts.types import (
    LATEST,
    ArtifactAction,
    ArtifactType,
    Collection,
    CollectionPage,
    Entry,
    EntryPage,
    Membership,
    MembershipPage,
    RunEdge,
    Standing,
    Version,
    VersionState,
)
from kiseki_server.domain.filters.tree import Filter, SortKey
from kiseki_server.domain.projects.types import Project
from kiseki_server.kit.errors import BadRequest, Conflict, NotFound
from kiseki_server.kit.ids import CollectionId, RunId, VersionId
from kiseki_server.kit.pagination import decode_cursor, encode_cursor

_UPLOAD = timedelta(minutes=10)
"""An upload that was begun longer ago is not taken for one that will end soon."""
_PIECE = 500
"""Of what is walked through, how much is read at once."""
_MOST = 10_000
"""Memberships that are looked at in one piece."""


class Reading:
    """Finds artifacts. An `at` is a project that the caller may read."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground

    # Types and collections

    def types(self, at: Project) -> Sequence[ArtifactType]:
        """By name."""
        return self.ground.collections.types(at.id)

    def type(self, at: Project, name: str) -> ArtifactType | None:
        return next((known for known in self.types(at) if known.name == name), None)

    def collections(
        self,
        at: Project,
        *,
        type: str | None = None,
        filter: Filter | None = None,
        order: Sequence[SortKey] = (),
        limit: int = 100,
        cursor: str | None = None,
    ) -> CollectionPage:
        """Collections that match, by name unless an order is given.

        Raises:
            BadRequest: The filter, the order or the cursor is none of collections.
        """
        everything = self.ground.collections.of_project(at.id, type)
        found = select(everything, collection_lookup, collection_kind, filter, order)
        start = _start([int(one.id) for one in found], cursor)
        items = tuple(found[start : start + limit])
        more = start + limit < len(found)
        following = encode_cursor(start + limit, items[-1].id) if items and more else None
        return CollectionPage(items, following, len(found))

    def walk_collections(
        self, at: Project, *, names: Some[str] | None = None, after: str | None = None
    ) -> Iterator[Collection]:
        """By name, those behind ``after``, read piece by piece; of certain names only where
        some are given."""
        while True:
            piece = self.ground.collections.page(at.id, names=names, after=after, limit=_PIECE)
            yield from piece
            if len(piece) < _PIECE:
                return
            after = piece[-1].name

    def count_collections(self, projects: Some[Project]) -> int:
        """How many collections projects have together."""
        return self.ground.collections.count({project.id for project in projects})

    def collections_by_id(self, ids: Sequence[CollectionId]) -> Sequence[Collection]:
        """In this order, those that are there; who may see them is for the caller to ask."""
        found = self.ground.collections.get(ids)
        return [found[id] for id in ids if id in found]

    def memberships_by_id(self, ids: Sequence[int]) -> Sequence[Membership]:
        """In this order, those that are there; who may see them is for the caller to ask."""
        found = self.ground.memberships.get(ids)
        return [found[id] for id in ids if id in found]

    def walk_memberships(self, collection: Collection) -> Iterator[Membership]:
        """All of a collection's, the newest first, read piece by piece."""
        after: int | None = None
        while True:
            piece = self.ground.memberships.page(collection.id, after=after, limit=_PIECE)
            yield from piece
            if len(piece) < _PIECE:
                return
            after = piece[-1].index

    def collection(self, at: Project, name: str) -> Collection | None:
        return self.ground.collections.find(at.id, name)

    def collection_by_id(
        self, actor: Actor, id: CollectionId, action: Action = Action.READ
    ) -> Collection:
        """A collection that the actor may see or change.

        Raises:
            NotFound: There is none, or the actor may not know of it.
            Forbidden: The actor may not do this.
        """
        found = self.ground.collections.get([id]).get(id)
        if found is None:
            raise NotFound("There is no such artifact, or you may not see it")
        self.ground.projects.get(actor, found.project, action)
        return found

    def standings(self, collections: Some[CollectionId]) -> Mapping[CollectionId, Standing]:
        """How many versions collections have."""
        return self.ground.memberships.standings(collections)

    def newest(self, collections: Some[CollectionId]) -> Mapping[CollectionId, Membership]:
        """The newest membership of each."""
        return self.ground.memberships.newest(collections)

    def aliases(self, collection: Collection) -> Sequence[str]:
        """All aliases of a collection, by name."""
        return self.ground.memberships.aliases(collection.id)

    # Versions

    def memberships(
        self,
        collection: Collection,
        *,
        filter: Filter | None = None,
        order: Sequence[SortKey] = (),
        limit: int = 100,
        cursor: str | None = None,
    ) -> MembershipPage:
        """Versions of a collection that match, the newest first unless an order is given.

        Raises:
            BadRequest: The filter, the order or the cursor is none of versions.
        """
        if filter is None and _by_index(order):
            return self._plain(collection, not order or order[0].descending, limit, cursor)
        everything: list[Membership] = []
        after: int | None = None
        while True:
            piece = self.ground.memberships.page(collection.id, after=after, limit=_MOST)
            everything.extend(piece)
            if len(piece) < _MOST:
                break
            after = piece[-1].index
        found = select(everything, membership_lookup, version_kind, filter, order)
        start = _start([one.id for one in found], cursor)
        items = tuple(found[start : start + limit])
        more = start + limit < len(found)
        following = encode_cursor(start + limit, items[-1].id) if items and more else None
        return MembershipPage(items, following, len(found))

    def _plain(
        self, collection: Collection, newest_first: bool, limit: int, cursor: str | None
    ) -> MembershipPage:
        after: int | None = None
        if cursor is not None:
            (after,) = decode_cursor(cursor, int)
        memberships = self.ground.memberships
        found = memberships.page(
            collection.id, newest_first=newest_first, after=after, limit=limit + 1
        )
        items = tuple(found[:limit])
        following = encode_cursor(items[-1].index) if len(found) > limit else None
        total = memberships.standings([collection.id])[collection.id].versions
        return MembershipPage(items, following, total)

    def resolve(self, at: Project, name: str) -> Membership:
        """`collection`, `collection:v3`, `collection:alias` or `collection:<hex digest>`.

        Raises:
            NotFound: Says what is missing.
        """
        called, _, reference = name.partition(":")
        collection = self.collection(at, called)
        if collection is None:
            raise NotFound(f"`{at.entity_name}/{at.name}` has no artifact `{called[:128]}`")
        return self.pick(collection, reference or LATEST)

    def pick(self, collection: Collection, reference: str) -> Membership:
        """The version of a collection that an alias, `v3` or a digest means; raises like
        `resolve`."""
        memberships = self.ground.memberships
        index = index_of(reference)
        if index is not None:
            found = memberships.find(collection.id, index=index)
        else:
            found = memberships.find(collection.id, alias=reference)
            found = found or memberships.find(collection.id, digest=reference)
        if found is None:
            raise NotFound(f"The artifact `{collection.name}` has no version `{reference[:128]}`")
        return found

    def is_coming(self, at: Project, collection: str) -> bool:
        """A version of the collection is being uploaded."""
        found = self.collection(at, collection)
        since = self.ground.clock.now() - _UPLOAD
        return found is not None and self.ground.versions.is_coming(found.id, since)

    def version(self, actor: Actor, id: VersionId, action: Action = Action.READ) -> Version:
        """A version that the actor may see or change.

        It is seen wherever it is linked, and changed where it was made.

        Raises:
            NotFound: There is none, or the actor may not know of it.
            Forbidden: The actor may see it, but not do this.
        """
        found = self.ground.get(id)
        if action >= Action.WRITE:
            home = self.ground.home(found)
            if not self.memberships_of(actor, found) and self._seen(actor, home) is None:
                raise unknown()
            self.ground.projects.get(actor, home.project, action)
            return found
        places = [self.ground.home(found)]
        places += [one.collection for one in self.ground.memberships.of_versions([id])]
        for place in places:
            most = self.ground.projects.most(actor, place.project)
            if most is not None and most >= action:
                return found
        if any(self._seen(actor, place) is not None for place in places):
            self.ground.projects.get(actor, places[0].project, action)
        raise unknown()

    def memberships_of(self, actor: Actor, version: Version) -> Sequence[Membership]:
        """Where a version is, as far as the actor may see."""
        found = committed(self.ground.memberships.of_versions([version.id]))
        return [one for one in found if self._seen(actor, one.collection) is not None]

    def home(self, version: Version) -> Collection:
        """The sequence in which a version was born."""
        return self.ground.home(version)

    def homes(self, versions: Some[Version]) -> Mapping[VersionId, Collection]:
        """The sequences in which versions were born; those that are gone are left out."""
        found = self.ground.collections.get({version.collection for version in versions})
        return {
            version.id: found[version.collection]
            for version in versions
            if version.collection in found
        }

    def membership(self, actor: Actor, id: int) -> Membership:
        """A membership by its number; raises like `version`."""
        found = self.ground.memberships.get([id]).get(id)
        if (
            found is None
            or found.version.state is not VersionState.COMMITTED
            or self._seen(actor, found.collection) is None
        ):
            raise unknown()
        return found

    def by_client(self, actor: Actor, client_id: str) -> VersionId | CollectionId | None:
        """What a client called so before it existed, if the actor may see it."""
        for version in self.ground.versions.by_client(client_id):
            if self._seen(actor, self.ground.home(version)) is not None:
                return version.id
        for collection in self.ground.collections.by_client(client_id):
            if self._seen(actor, collection) is not None:
                return collection.id
        return None

    # Files of versions

    def entries(
        self, version: Version, *, prefix: str = "", after: str | None = None, limit: int = 1000
    ) -> EntryPage:
        """Entries below a prefix in byte order of their paths."""
        listing = self._listing(version)
        places = listing.below(prefix, after)
        items = tuple(listing.entries[at] for at in places[:limit])
        following = items[-1].path if len(places) > limit else None
        total = len(places) if after is None else len(listing.below(prefix, None))
        return EntryPage(items, following, total)

    def all_entries(self, version: Version) -> Sequence[Entry]:
        """Every entry in byte order of the paths."""
        return self._listing(version).entries

    def entry(self, version: Version, path: str) -> Entry:
        """The entry of a path.

        Raises:
            NotFound: There is none.
        """
        found = self._listing(version).find(path)
        if found is None:
            raise NotFound(f"The artifact version has no file {path[:200]!r}")
        return found

    def entry_by_digest(self, version: Version, digest: str) -> Entry | None:
        """An entry with bytes of this digest, in hexadecimal digits."""
        wanted = hex_to_base64(digest)
        return None if wanted is None else self._listing(version).by_digest(wanted)

    def read(self, entry: Entry, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """The bytes of an entry in pieces.

        Raises:
            BadRequest: It is a reference, whose bytes are elsewhere.
        """
        return self.ground.blobs.read(self.check_stored(entry), start, length)

    @staticmethod
    def check_stored(entry: Entry) -> str:
        """The blob behind an entry; raises like `read`."""
        if entry.blob is None:
            raise BadRequest(
                f"The file {entry.path[:200]!r} is a reference to {entry.reference}",
                hint="Read it there; this server has no copy.",
            )
        return entry.blob

    def _listing(self, version: Version) -> Listing:
        if version.state is VersionState.PENDING:
            raise Conflict("The artifact version is not committed yet, and has no files to read")
        return self.ground.listing(version)

    # Runs and history

    def inputs(self, run: RunId) -> Sequence[RunEdge]:
        """What a run used, in the order in which it did."""
        return [edge for edge in self._of_run(run) if edge.direction == "input"]

    def outputs(self, run: RunId) -> Sequence[RunEdge]:
        """What a run made, in the order in which it did."""
        return [edge for edge in self._of_run(run) if edge.direction == "output"]

    def _of_run(self, run: RunId) -> Sequence[RunEdge]:
        edges = self.ground.edges.of_runs([run])
        versions = self.ground.versions.get({edge.version for edge in edges})
        return [edge for edge in edges if versions[edge.version].state is VersionState.COMMITTED]

    def users_of(self, version: Version) -> Sequence[RunEdge]:
        """Runs that used a version; whether the reader may see them is for the caller to ask."""
        return [e for e in self.ground.edges.of_versions([version.id]) if e.direction == "input"]

    def makers_of(self, version: Version) -> Sequence[RunEdge]:
        """Runs that made a version, the first one first."""
        return [e for e in self.ground.edges.of_versions([version.id]) if e.direction == "output"]

    def makers(self, versions: Some[VersionId]) -> Mapping[VersionId, RunEdge]:
        """The run that made each first; like `makers_of`."""
        found: dict[VersionId, RunEdge] = {}
        for edge in self.ground.edges.of_versions(versions) if versions else ():
            if edge.direction == "output":
                found.setdefault(edge.version, edge)
        return found

    def actions(
        self,
        of: Literal["project", "collection", "version"],
        id: int,
        *,
        limit: int = 100,
        before: int | None = None,
    ) -> Sequence[ArtifactAction]:
        """Who did what, the latest first; ``before`` is the id of the last one that was seen."""
        return self.ground.actions.actions(of, [id], limit=limit, before=before)

    def _seen(self, actor: Actor, collection: Collection) -> Project | None:
        """The collection's project, if the actor may read it."""
        if self.ground.projects.most(actor, collection.project) is None:
            return None
        return self.ground.projects.known(collection.project)


def _by_index(order: Sequence[SortKey]) -> bool:
    return not order or (len(order) == 1 and order[0].field.path == ("index",))


def _start(ids: Sequence[int], cursor: str | None) -> int:
    """Where a page begins: behind the last item of the one before, if it is still there."""
    if cursor is None:
        return 0
    place, last = decode_cursor(cursor, int, int)
    return ids.index(last) + 1 if last in ids else place
