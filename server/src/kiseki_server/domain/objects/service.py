"""Objects: make versions, find them, name them, delete them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from kiseki_server.domain.files.arrival import Receiver
from kiseki_server.domain.files.store import BlobStore
from kiseki_server.domain.files.types import Blob
from kiseki_server.domain.objects import builtin, digests, rules
from kiseki_server.domain.objects.store import ObjectStore
from kiseki_server.domain.objects.types import (
    LATEST,
    Category,
    Draft,
    Kind,
    ObjectFilter,
    ObjectVersion,
    Order,
)
from kiseki_server.domain.projects.types import Project
from kiseki_server.kit.clock import Clock
from kiseki_server.kit.errors import BadRequest, Conflict, Deleted, NotFound
from kiseki_server.kit.ids import ProjectId
from kiseki_server.kit.json import to_text
from kiseki_server.kit.transactions import UnitOfWork

INLINE = 64 << 10
"""Values up to so many bytes stand in the metadata store, larger ones in a blob."""
MAX_DELETED = 100


class ObjectService:
    """Use-cases of objects. Callers have authorized the project, and references in values have
    their stored form. Where it does not say otherwise, methods work in the caller's transaction."""

    def __init__(
        self,
        objects: ObjectStore,
        blobs: BlobStore,
        receiver: Receiver,
        database: UnitOfWork,
        clock: Clock,
    ) -> None:
        self._objects = objects
        self._blobs = blobs
        self._receiver = receiver
        self._database = database
        self._clock = clock

    def create(
        self,
        at: Project,
        name: str,
        value: Any,
        *,
        user: str,
        builtin_class: str | None = None,
        expected_digest: str | None = None,
        after: str | None = None,
        digest: str | None = None,
    ) -> ObjectVersion:
        """Store a value under a name; the version that has it is the latest from now on.

        ``after`` is the digest of the version that the caller takes for the latest. ``digest`` is
        for dialects that compute it, as the caller has checked, over another form of references.

        Opens transactions of its own, since a large value travels outside of them.

        Raises:
            BadRequest, Malformed: The name or the value is not acceptable, or the name belongs to
                objects of another class.
            Conflict: The value has another digest than the caller expects, or somebody else
                has published since.
        """
        rules.check_name(name)
        if builtin_class is not None:
            value = builtin.completed(value, builtin_class)
        digest = digest or digests.value_digest(value)
        check_digest(digest, expected_digest)
        base, leaf = rules.classes_of(value)
        text = to_text(value)
        data = text.encode()
        draft = Draft(
            project=at.id,
            kind=rules.kind_of(value),
            name=name,
            digest=digest,
            base_class=base,
            leaf_class=leaf,
            text=text,
            blob=None,
            size=len(data),
            user=user,
            at=self._clock.now(),
        )
        if len(data) <= INLINE:
            with self._database.transaction(write=True):
                return self._put(draft, after)

        def put(blob: Blob) -> ObjectVersion:
            return self._put(replace(draft, text=None, blob=blob.digest), after)

        return self._receiver.receive(f"the object {name}", [data], put)

    def _put(self, draft: Draft, after: str | None) -> ObjectVersion:
        alike = ObjectFilter(kind=draft.kind, names=(draft.name,))
        known = self._objects.find(draft.project, alike, limit=1, values=False)
        if after is not None:
            newest = self._objects.find(
                draft.project, replace(alike, latest=True), limit=1, values=False
            )
            if newest and newest[0].digest != after:
                raise Conflict(
                    f"Somebody else has published v{newest[0].index} of `{draft.name}` meanwhile",
                    hint="look at what it changed, then publish on top of it",
                )
        if known and known[0].base_class != draft.base_class:
            raise BadRequest(
                f"`{draft.name}` is the name of objects of class "
                f"{known[0].base_class or 'none'}, and this one has class "
                f"{draft.base_class or 'none'}",
                hint="publish it under another name",
            )
        return self._objects.put(draft)

    def get(
        self,
        at: Project,
        name: str,
        version: str = LATEST,
        *,
        kind: Kind | None = None,
        values: bool = True,
    ) -> ObjectVersion:
        """The version that an index (``v3``), a digest, an alias or `LATEST` means.

        Raises:
            NotFound: There is none; `Deleted` when there was.
        """
        for filter in self._meanings(name, version):
            found = self._objects.find(at.id, replace(filter, kind=kind), values=values)
            living = [one for one in found if one.deleted_at is None]
            if living:
                # A name can be that of ops and of other objects.
                return max(living, key=lambda one: (one.created_at, one.id))
            if found:
                assert found[0].deleted_at is not None
                raise Deleted(
                    f"The object {name}:{version} has been deleted", deleted_at=found[0].deleted_at
                )
        raise NotFound(f"There is no object {name}:{version} in {at.entity_name}/{at.name}")

    def _meanings(self, name: str, version: str) -> Iterable[ObjectFilter]:
        names = (name,)
        index = rules.index_of(version)
        if index is not None:
            yield ObjectFilter(names=names, indexes=(index,), deleted=True)
        if digests.is_digest(version):
            yield ObjectFilter(names=names, digests=(version,), deleted=True)
        yield ObjectFilter(names=names, aliases=(version,))

    def find(
        self,
        at: Project,
        filter: ObjectFilter,
        *,
        order: Sequence[Order] = (),
        limit: int | None = None,
        offset: int = 0,
        values: bool = True,
    ) -> Sequence[ObjectVersion]:
        """Live versions; see `ObjectStore.find`."""
        return self._objects.find(
            at.id, filter, order=order, limit=limit, offset=offset, values=values
        )

    def census(self, at: Project, filter: ObjectFilter) -> Mapping[Category, int]:
        """How many versions match, by category."""
        found: Counter[Category] = Counter()
        for (kind, base_class), count in self._objects.census(at.id, filter).items():
            found[rules.category_of(kind, base_class)] += count
        return found

    def counts(self, at: Project, names: Collection[str]) -> Mapping[tuple[Kind, str], int]:
        """See `ObjectStore.counts`."""
        return self._objects.counts(at.id, names)

    def by_digest(
        self, project: ProjectId, wanted: Iterable[tuple[Kind, str, str]]
    ) -> Mapping[tuple[Kind, str, str], ObjectVersion]:
        """Versions by kind, name and digest, deleted ones included; those that there are."""
        asked = set(wanted)
        filter = ObjectFilter(
            names=tuple(sorted({name for _, name, _ in asked})),
            digests=tuple(sorted({digest for _, _, digest in asked})),
            deleted=True,
        )
        found = self._objects.find(project, filter) if asked else ()
        keys = {(one.kind, one.name, one.digest): one for one in found}
        return {key: one for key, one in keys.items() if key in asked}

    def text(self, version: ObjectVersion) -> str:
        """The value as JSON."""
        if version.blob is None:
            return version.text or "null"
        return b"".join(self._blobs.read(version.blob)).decode()

    def delete(
        self, at: Project, name: str, versions: Sequence[str] | None
    ) -> Sequence[ObjectVersion]:
        """Delete versions, all of the name when none are listed; what was deleted.

        Raises:
            NotFound: One of them is not there, or there are none; nothing is deleted then.
            BadRequest: There are more than can be deleted at once.
        """
        if versions is not None and len(versions) > MAX_DELETED:
            raise BadRequest(
                f"{len(versions)} versions are to be deleted; {MAX_DELETED} can be at once"
            )
        if versions is None:
            found = list(self._objects.find(at.id, ObjectFilter(names=(name,)), values=False))
            if not found:
                raise NotFound(f"There is no object {name} in {at.entity_name}/{at.name}")
        else:
            known = (self.get(at, name, version, values=False) for version in versions)
            found = list({one.id: one for one in known}.values())
        self._objects.delete(found, self._clock.now())
        return found

    def delete_version(self, version: ObjectVersion) -> None:
        """Delete one live version."""
        self._objects.delete([version], self._clock.now())

    def mark(
        self,
        version: ObjectVersion,
        tags: Sequence[str] | None = None,
        aliases: Sequence[str] | None = None,
    ) -> None:
        """Give a live version these tags and these aliases and no others; ``None`` leaves them.

        Raises:
            BadRequest: A text cannot be a tag or an alias.
        """
        if tags is not None:
            wanted = {rules.check_tag(tag) for tag in tags}
            had = set(self._objects.tags([version.id]).get(version.id, ()))
            self._objects.remove_tags(version.id, sorted(had - wanted))
            self._objects.add_tags(version.id, sorted(wanted - had))
        if aliases is not None:
            wanted = {rules.check_alias(alias) for alias in aliases if alias != LATEST}
            had = set(self._objects.aliases([version.id]).get(version.id, ()))
            self._objects.remove_aliases(version.project, version.name, sorted(had - wanted))
            self._objects.set_aliases(version, sorted(wanted - had))

    def tags(self, versions: Sequence[ObjectVersion]) -> Mapping[int, Sequence[str]]:
        """See `ObjectStore.tags`."""
        return self._objects.tags([one.id for one in versions])

    def aliases(self, versions: Sequence[ObjectVersion]) -> Mapping[int, Sequence[str]]:
        """Aliases of each version that has any, `LATEST` among them."""
        given = self._objects.aliases([one.id for one in versions])
        known = {one.id: [*given.get(one.id, ()), *[LATEST] * one.latest] for one in versions}
        return {id: sorted(names) for id, names in known.items() if names}

    def add_tags(self, at: Project, name: str, version: str, tags: Sequence[str]) -> None:
        """Add tags to a live version.

        Raises:
            NotFound: There is no such version.
            BadRequest: A text cannot be a tag.
        """
        known = self.get(at, name, version, values=False)
        self._objects.add_tags(known.id, sorted({rules.check_tag(tag) for tag in tags}))

    def remove_tags(self, at: Project, name: str, version: str, tags: Sequence[str]) -> None:
        """Remove tags; those that the version does not have are no mistake."""
        known = self.get(at, name, version, values=False)
        self._objects.remove_tags(known.id, sorted(set(tags)))

    def set_aliases(self, at: Project, name: str, version: str, aliases: Sequence[str]) -> None:
        """Point aliases of the name at a live version.

        Raises:
            NotFound: There is no such version.
            BadRequest: A text cannot be an alias.
        """
        known = self.get(at, name, version, values=False)
        checked = sorted({rules.check_alias(alias) for alias in aliases})
        self._objects.set_aliases(known, checked)

    def remove_aliases(self, at: Project, name: str, aliases: Sequence[str]) -> None:
        """Remove aliases of the name; those that it does not have are no mistake."""
        checked = sorted({rules.check_alias(alias) for alias in aliases})
        self._objects.remove_aliases(at.id, name, checked)

    def all_tags(self, at: Project) -> Sequence[str]:
        return self._objects.all_tags(at.id)

    def all_aliases(self, at: Project) -> Sequence[str]:
        """All aliases in the project, `LATEST` among them if there is any object."""
        some = self._objects.find(at.id, ObjectFilter(latest=True), limit=1, values=False)
        return sorted({*self._objects.all_aliases(at.id), *([LATEST] if some else [])})

    def size(self, at: Project) -> int:
        """Bytes of all live values."""
        return self._objects.size(at.id)


def check_digest(computed: str, expected: str | None) -> None:
    """Compare what the caller computed with what we did.

    Raises:
        Conflict: They differ.
    """
    if expected is not None and expected != computed:
        raise Conflict(
            f"The content has the digest {computed}, not {expected[:100]} as expected",
            hint="send it without an expected digest",
        )
