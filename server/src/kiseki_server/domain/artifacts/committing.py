"""How a version becomes what its lists of files say."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial

from kiseki_server.domain.accounts.rules import Action
from kiseki_server.domain.accounts.types import Actor
from kiseki_server.domain.artifacts import manifests
from kiseki_server.domain.artifacts.manifests import Listing, missing
from kiseki_server.domain.artifacts.types import (
    LATEST,
    UNKNOWN_SIZE,
    Content,
    Entry,
    EntryList,
    ManifestKind,
    Membership,
    Version,
    VersionState,
)
from kiseki_server.domain.artifacts.uploading import Uploading, key_of
from kiseki_server.domain.files.types import Blob
from kiseki_server.kit.errors import BadRequest, Conflict, Forbidden, NotFound
from kiseki_server.kit.ids import VersionId


class Committing(Uploading):
    """Ends uploads."""

    def commit(self, version: VersionId, actor: Actor, lists: Sequence[EntryList]) -> Membership:
        """Make the version what its lists of files say; it is durable when this returns, and a
        second call changes nothing. It opens transactions of its own.

        Raises:
            BadRequest: A list names a path that cannot be one, or a wrong size.
            Conflict: Bytes of files are not here; names the first of them.
        """
        ground = self.ground
        with ground.work.transaction():
            found = ground.get(version)
            if found.state is VersionState.COMMITTED:
                return self._own(found)
            listing = self._filled(found, self._united(found, lists), actor)
        packed = manifests.pack(listing)
        finish = partial(self._finish, version, actor, listing)
        return ground.receiver.receive("the list of files", [packed], finish)

    def _own(self, version: Version) -> Membership:
        found = self.ground.memberships.find(version.collection, version=version.id)
        if found is None:
            raise NotFound("The artifact version was deleted")
        return found

    def _united(self, version: Version, lists: Sequence[EntryList]) -> Iterable[Entry]:
        if not lists:
            raise Conflict(
                "The version has no list of files",
                hint="upload the list before the commit, or name the files in it",
            )
        patches = [one for one in lists if one.kind is ManifestKind.PATCH]
        if patches:
            union: dict[str, Entry] = {}
            for one in patches:
                union.update((entry.path, entry) for entry in one.entries)
            return union.values()
        last = lists[-1]
        if last.kind is ManifestKind.FULL:
            return last.entries
        base = last.base or version.base
        if base is None:
            return last.entries
        self.check_base(base, self.ground.place(self.ground.home(version)))
        return manifests.overlay(self.ground.listing(self.ground.get(base)), last.entries)

    def _filled(self, version: Version, entries: Iterable[Entry], actor: Actor) -> Listing:
        """The entries with the bytes behind them."""
        ground = self.ground
        listed = manifests.listing(entries)
        uploaded = ground.uploads.get(version.id)
        base = Listing([])
        if version.base is not None:
            base = ground.listing(ground.get(version.base))
        filled: list[Entry] = []
        open_: list[Entry] = []
        for entry in listed.entries:
            if entry.reference is not None or entry.blob is not None:
                size = 0 if entry.size == UNKNOWN_SIZE else entry.size
                filled.append(replace(entry, size=size))
                continue
            row = uploaded.get(entry.path)
            if row is not None and row.digest == entry.digest and row.blob is not None:
                filled.append(_sized(entry, row.blob, row.size or 0, entry.birth or version.id))
                continue
            before = base.find(entry.path) or base.by_digest(entry.digest)
            if before is not None and before.digest == entry.digest and before.blob is not None:
                filled.append(_sized(entry, before.blob, before.size, before.birth))
                continue
            open_.append(entry)
        if open_:
            filled += self._known(version, open_, actor)
        return manifests.listing(filled)

    def _known(self, version: Version, entries: Sequence[Entry], actor: Actor) -> Sequence[Entry]:
        """Entries whose bytes the entity has in other versions, or the actor elsewhere."""
        keys = {key_of(version, entry.digest) for entry in entries}
        known = dict(self.ground.uploads.contents(self.entity(version), keys))
        gone = [entry for entry in entries if key_of(version, entry.digest) not in known]
        for birth in sorted({entry.birth for entry in gone if entry.birth is not None}):
            known.update(self._readable(version, birth, actor))
        gone = [entry for entry in gone if key_of(version, entry.digest) not in known]
        if gone:
            raise Conflict(
                f"The bytes of {len(gone)} files have not come: {missing(gone)}",
                hint="upload them, and commit again",
            )
        return [
            _sized(entry, content.blob, content.size, content.birth)
            for entry in entries
            for content in [known[key_of(version, entry.digest)]]
        ]

    def _readable(
        self, version: Version, source: VersionId, actor: Actor
    ) -> Iterable[tuple[str, Content]]:
        """The bytes of a version that the actor may have."""
        try:
            found = self.version(actor, source, Action.DOWNLOAD)
        except (NotFound, Forbidden):
            return
        if found.digest_algorithm == version.digest_algorithm:
            for entry in self.ground.listing(found).entries:
                if entry.blob is not None:
                    key = key_of(version, entry.digest)
                    yield key, Content(key, entry.blob, entry.size, entry.birth or source)

    def _finish(self, id: VersionId, actor: Actor, listing: Listing, manifest: Blob) -> Membership:
        ground, now = self.ground, self.ground.clock.now()
        version = ground.get(id, lock=True)
        if version.state is VersionState.COMMITTED:
            return self._own(version)
        home = ground.home(version)
        ground.names.add([*listing.blobs(), manifest.digest])
        index = ground.collections.next_index(home.id)
        committed = replace(
            version,
            state=VersionState.COMMITTED,
            index=index,
            size=listing.size,
            file_count=len(listing.entries),
            manifest=manifest.digest,
            committed_at=now,
            updated_at=now,
            expires_at=None if version.ttl <= 0 else now + timedelta(seconds=version.ttl),
        )
        ground.versions.update(committed)
        own = ground.memberships.join(home.id, id, index, user=version.user, at=now)
        places = ground.memberships.of_versions([id])
        aliases = {*version.wanted_aliases, LATEST}
        ground.memberships.put_aliases(own, aliases)
        for place in places:
            if place.id != own.id:
                ground.settle_latest(place.collection.id)
        ground.uploads.clear(id)
        ground.touch(place.collection for place in places)
        ground.note(actor, "artifact.committed", home, committed, aliases=sorted(aliases))
        ground.freed()
        for listener in ground.on_commit:
            ground.work.on_commit(partial(listener, committed))
        return self._own(committed)


def _sized(entry: Entry, blob: str, size: int, birth: VersionId | None) -> Entry:
    if entry.size not in (UNKNOWN_SIZE, size):
        raise BadRequest(
            f"The file {entry.path[:200]!r} is listed with {entry.size} bytes and has {size}",
            hint="It changed after it was listed; log it again.",
        )
    return replace(entry, blob=blob, size=size, birth=birth)
