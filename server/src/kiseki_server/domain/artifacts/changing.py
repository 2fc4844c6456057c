"""Changing artifacts: aliases, links, descriptions, deletion, use by runs."""

from __future__ import annotations

from collections.abc import Collection as Some
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Literal

from kiseki_server.domain.accounts.types import Actor
from kiseki_server.domain.artifacts.committing import Committing
from kiseki_server.domain.artifacts.names import (
    check_alias,
    check_collection,
    check_tag,
    check_type,
)
from kiseki_server.domain.artifacts.types import (
    LATEST,
    TTL_OFF,
    ArtifactType,
    Collection,
    CollectionChange,
    CollectionKind,
    Freed,
    Membership,
    RunEdge,
    Version,
    VersionChange,
    VersionState,
)
from kiseki_server.domain.projects.types import Project, ProjectKind
from kiseki_server.kit.errors import BadRequest, Conflict
from kiseki_server.kit.ids import CollectionId, RunId

MAX_DESCRIPTION = 100_000
ABANDONED = timedelta(days=7)
"""A version that nobody has gone on with for so long is given up."""
_AT_ONCE = 100


class Changing(Committing):
    """Changes artifacts, inside the caller's transaction. Callers have authorized the project in
    which the change is made; the name `actor` is for who did it and for protected aliases."""

    def ensure_type(self, at: Project, name: str, description: str | None = None) -> ArtifactType:
        """A type of artifacts, made if it is not there; a registry names its types itself."""
        now = self.ground.clock.now()
        return self.ground.collections.ensure_type(at.id, check_type(name), now, description)

    # Versions

    def change(self, version: Version, change: VersionChange, actor: Actor) -> Version:
        """Change what is not fixed for ever.

        Raises:
            BadRequest: A tag, the description or the time to live is none.
        """
        _check_description(change.description)
        if change.ttl is not None and not TTL_OFF <= change.ttl <= 10**11:
            raise BadRequest(f"A version cannot live for {change.ttl} seconds")
        ttl = version.ttl if change.ttl is None else change.ttl
        since = version.committed_at
        changed = replace(
            version,
            description=version.description if change.description is None else change.description,
            metadata=version.metadata if change.metadata is None else change.metadata,
            tags=_retagged(version.tags, change.add_tags, change.remove_tags),
            ttl=ttl,
            expires_at=None if ttl <= 0 or since is None else since + timedelta(seconds=ttl),
            updated_at=self.ground.clock.now(),
        )
        self.ground.versions.update(changed)
        home = self.ground.home(version)
        self.ground.touch([home])
        self.ground.note(actor, "artifact.changed", home, version)
        return changed

    def add_aliases(self, membership: Membership, aliases: Some[str], actor: Actor) -> None:
        """Give aliases; each leaves the version of the collection that had it.

        Raises:
            BadRequest: One is none.
            Forbidden: One is protected.
        """
        for alias in aliases:
            check_alias(alias)
        new = set(aliases) - set(membership.aliases)
        if not new:
            return
        self.ground.check_aliases(actor, self.ground.place(membership.collection), new)
        self.ground.memberships.put_aliases(membership, new)
        self.ground.touch([membership.collection])
        self._note_aliases(actor, "alias.added", membership, new)

    def remove_aliases(self, membership: Membership, aliases: Some[str], actor: Actor) -> None:
        """Take aliases away; those that are not there are no mistake."""
        gone = set(aliases) & set(membership.aliases)
        if not gone:
            return
        self.ground.check_aliases(actor, self.ground.place(membership.collection), gone)
        self.ground.memberships.drop_aliases(membership.id, gone)
        self.ground.touch([membership.collection])
        self._note_aliases(actor, "alias.removed", membership, gone)

    def _note_aliases(
        self,
        actor: Actor,
        action: Literal["alias.added", "alias.removed"],
        membership: Membership,
        aliases: Some[str],
    ) -> None:
        self.ground.note(
            actor, action, membership.collection, membership.version, aliases=sorted(aliases)
        )

    # Links

    def link(
        self,
        version: Version,
        at: Project,
        collection: str,
        aliases: Some[str],
        actor: Actor,
        *,
        type: str | None = None,
    ) -> Membership:
        """Show a version in a collection of links, which is made if it is not there.

        A version that is linked already keeps its index. A link of a version that is not
        committed yet is seen from the commit on.

        Raises:
            BadRequest: The registry does not take the version's type, or a name is none.
            Conflict: The collection is of another type, or makes versions of its own.
            Forbidden: An alias is protected.
        """
        ground, now = self.ground, self.ground.clock.now()
        for alias in aliases:
            check_alias(alias)
        ground.check_aliases(actor, at, aliases)
        kind = ground.home(version).type
        self._check_accepted(at, kind)
        found = ground.collections.find(at.id, check_collection(collection))
        if found is None:
            ground.collections.ensure_type(at.id, kind, now)
            found = ground.collections.add(
                at.id, CollectionKind.PORTFOLIO, kind, collection, user=actor.user.id, at=now
            )
        elif found.kind is CollectionKind.SEQUENCE and found.id != version.collection:
            raise Conflict(
                f"`{collection}` makes versions of its own and cannot hold links",
                hint="link to another name",
            )
        elif found.type != kind:
            raise Conflict(
                f"`{collection}` holds artifacts of the type `{found.type}`, not `{kind}`"
            )
        place = ground.memberships.find(found.id, version=version.id)
        if place is None:
            index = ground.collections.next_index(found.id)
            place = ground.memberships.join(found.id, version.id, index, user=actor.user.id, at=now)
            ground.note(actor, "link.added", found, version, link_index=index)
        ground.memberships.put_aliases(place, set(aliases))
        if version.state is VersionState.COMMITTED:
            ground.settle_latest(found.id)
        ground.touch([found])
        return ground.memberships.get([place.id])[place.id]

    def _check_accepted(self, at: Project, type: str) -> None:
        if at.kind is not ProjectKind.REGISTRY or at.any_type:
            return
        accepted = [known.name for known in self.types(at)]
        if type not in accepted:
            raise BadRequest(
                f"The registry `{at.name}` does not take artifacts of the type `{type}`",
                hint=f"It takes {', '.join(accepted)}; its administrators can add types.",
            )

    def unlink(self, membership: Membership, actor: Actor) -> None:
        """Take a link away.

        Raises:
            BadRequest: It is no link, but where the version was made.
            Forbidden: It has a protected alias.
        """
        ground, collection = self.ground, membership.collection
        if collection.id == membership.version.collection:
            raise BadRequest(
                "A version cannot be unlinked from where it was made", hint="delete the version"
            )
        ground.check_aliases(actor, ground.place(collection), membership.aliases)
        ground.memberships.leave([membership.id])
        if LATEST in membership.aliases:
            ground.settle_latest(collection.id)
        ground.touch([collection])
        ground.note(
            actor, "link.removed", collection, membership.version, link_index=membership.index
        )

    # Deletion

    def delete_version(self, version: Version, actor: Actor, *, with_aliases: bool) -> None:
        """Delete a version and free its bytes; its index is never used again.

        Raises:
            Conflict: It has aliases, and they were not to be deleted.
            Forbidden: It has a protected alias.
        """
        ground = self.ground
        places = ground.memberships.of_versions([version.id])
        named = [f"{one.collection.name}:{alias}" for one in places for alias in one.aliases]
        if named and not with_aliases:
            raise Conflict(
                f"The version has aliases: {', '.join(named[:10])}",
                hint="delete them first, or ask for them to be deleted with it",
            )
        for one in places:
            ground.check_aliases(actor, ground.place(one.collection), one.aliases)
        home = ground.home(version)
        self._take_away([version], places)
        ground.touch([home, *(one.collection for one in places)])
        ground.note(actor, "artifact.deleted", home, version)

    def preview(self, versions: Sequence[Version]) -> Freed:
        """What the deletion of versions would free."""
        taken: dict[str, int] = {}
        for version in versions:
            for blob in self._blobs(version):
                taken[blob] = taken.get(blob, 0) + 1
        known = self.ground.names.get(taken)
        freed = sum(named.size for blob, named in known.items() if named.names <= taken[blob])
        return Freed(len(versions), freed)

    def versions_of(self, collection: Collection) -> Sequence[Version]:
        """The versions that go with a collection; none with one of links."""
        if collection.kind is CollectionKind.PORTFOLIO:
            return []
        return self.ground.versions.of_collection(collection.id)

    def delete_collection(self, collection: Collection, actor: Actor | None) -> None:
        """Delete a collection with the versions that were made in it, or its links.

        Raises:
            Forbidden: One of its aliases, or of the links of its versions, is protected.
        """
        ground = self.ground
        versions = self.versions_of(collection)
        places = ground.memberships.of_versions([one.id for one in versions])
        if collection.kind is CollectionKind.PORTFOLIO:
            places = self._all_links(collection)
        if actor is not None:
            for one in places:
                ground.check_aliases(actor, ground.place(one.collection), one.aliases)
        self._take_away(versions, places)
        ground.touch(one.collection for one in places if one.collection.id != collection.id)
        ground.touch([collection])
        ground.note(actor, "collection.deleted", collection, versions=len(versions))
        ground.collections.delete(collection.id, ground.clock.now())

    def _all_links(self, collection: Collection) -> Sequence[Membership]:
        found: list[Membership] = []
        after: int | None = None
        while True:
            piece = self.ground.memberships.page(collection.id, after=after, limit=1000)
            found += piece
            if len(piece) < 1000:
                return found
            after = piece[-1].index

    def _take_away(self, versions: Sequence[Version], places: Sequence[Membership]) -> None:
        ground, now = self.ground, self.ground.clock.now()
        ground.memberships.leave([one.id for one in places])
        for collection in sorted({one.collection.id for one in places if LATEST in one.aliases}):
            ground.settle_latest(collection)
        for version in versions:
            ground.uploads.clear(version.id)
            ground.names.drop(self._blobs(version))
            ground.versions.update(
                replace(
                    version,
                    state=VersionState.DELETED,
                    manifest=None,
                    updated_at=now,
                    deleted_at=now,
                )
            )
        ground.freed()

    def _blobs(self, version: Version) -> Sequence[str]:
        """The names that a version is for blobs."""
        if version.manifest is None:
            return []
        return [*self.ground.listing(version).blobs(), version.manifest]

    def expire(self) -> int:
        """Delete versions whose time is over, uploads that were given up, and what deleted
        projects have left; how many. It opens transactions of its own. For a job."""
        ground, total = self.ground, 0
        while True:
            with ground.work.transaction(write=True):
                now = ground.clock.now()
                orphans = ground.collections.orphaned(1)
                for collection in orphans:
                    versions = self.versions_of(collection)
                    places = ground.memberships.of_versions([one.id for one in versions])
                    self._take_away(versions, places)
                    ground.collections.delete(collection.id, now)
                gone = [
                    *ground.versions.expired(now, _AT_ONCE),
                    *ground.versions.stale(now - ABANDONED, _AT_ONCE),
                ]
                for version in gone:
                    places = ground.memberships.of_versions([version.id])
                    self._take_away([version], places)
                    if version.state is VersionState.COMMITTED and places:
                        ground.touch(one.collection for one in places)
                        home = ground.collections.get([version.collection])
                        for collection in home.values():
                            ground.note(None, "artifact.deleted", collection, version)
            total += len(gone) + len(orphans)
            if not gone and not orphans:
                return total

    # Collections

    def change_collection(
        self, collection: Collection, change: CollectionChange, actor: Actor
    ) -> Collection:
        """Rename, describe or tag a collection, or give it another type.

        Raises:
            BadRequest: A name is none, or a collection of links is to get another type.
            Conflict: The project has a collection of the new name.
        """
        ground = self.ground
        _check_description(change.description)
        if change.type is not None and change.type != collection.type:
            if collection.kind is CollectionKind.PORTFOLIO:
                raise BadRequest("A collection of links has the type of its versions")
            ground.collections.ensure_type(
                collection.project, check_type(change.type), ground.clock.now()
            )
        if change.name is not None:
            check_collection(change.name)
        changed = replace(
            collection,
            name=change.name or collection.name,
            type=change.type or collection.type,
            description=collection.description
            if change.description is None
            else change.description,
            tags=_retagged(collection.tags, change.add_tags, change.remove_tags),
            updated_at=ground.clock.now(),
        )
        ground.collections.update(changed)
        ground.touch([changed])
        before = None if changed.name == collection.name else collection.name
        ground.note(actor, "collection.changed", changed, before=before)
        return changed

    # Runs

    def use(
        self,
        run: RunId,
        version: Version,
        actor: Actor,
        *,
        used_as: str | None = None,
        through: CollectionId | None = None,
    ) -> None:
        """Note that a run used a version, found in a collection.

        Raises:
            Conflict: The version is not committed.
        """
        if version.state is not VersionState.COMMITTED:
            raise Conflict("A version can be used once it is committed")
        ground = self.ground
        known = ground.edges.of_runs([run])
        edge = RunEdge(run, version.id, "input", used_as, ground.clock.now(), through)
        ground.edges.add([edge])
        if not any(e.version == version.id and e.direction == "input" for e in known):
            ground.note(actor, "artifact.used", ground.home(version), version, run=run)

    def produced(self, run: RunId, version: Version) -> None:
        """Note that a run made a version."""
        edge = RunEdge(run, version.id, "output", None, self.ground.clock.now())
        self.ground.edges.add([edge])


def _retagged(tags: Sequence[str], added: Sequence[str], removed: Sequence[str]) -> tuple[str, ...]:
    for tag in added:
        check_tag(tag)
    kept = [tag for tag in dict.fromkeys((*tags, *added)) if tag not in removed]
    return tuple(kept)


def _check_description(text: str | None) -> None:
    if text is not None and (len(text) > MAX_DESCRIPTION or "\0" in text):
        raise BadRequest(
            f"A description has at most {MAX_DESCRIPTION} characters, none of them NUL"
        )
