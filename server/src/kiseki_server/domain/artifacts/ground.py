"""What every use-case of artifacts stands on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from kiseki_server.domain.accounts.rules import Action
from kiseki_server.domain.accounts.types import Actor
from kiseki_server.domain.artifacts.manifests import Listing, ListingCache
from kiseki_server.domain.artifacts.store import (
    ActionLog,
    CollectionStore,
    EdgeStore,
    MembershipStore,
    UploadStore,
    VersionStore,
)
from kiseki_server.domain.artifacts.types import (
    LATEST,
    Collection,
    Json,
    Membership,
    Version,
    VersionState,
)
from kiseki_server.domain.files.arrival import Receiver
from kiseki_server.domain.files.store import BlobNames, BlobStore
from kiseki_server.domain.projects.service import ProjectService
from kiseki_server.domain.projects.types import Project
from kiseki_server.domain.runs.events import (
    ArtifactsChanged,
    Event,
    EventKind,
    EventLog,
    LiveEvents,
)
from kiseki_server.kit.clock import Clock
from kiseki_server.kit.errors import Forbidden, NotFound
from kiseki_server.kit.ids import CollectionId, ProjectId, VersionId
from kiseki_server.kit.transactions import UnitOfWork


@dataclass(slots=True, kw_only=True)
class Ground:
    """The stores of artifacts and what lies below them."""

    collections: CollectionStore
    versions: VersionStore
    memberships: MembershipStore
    uploads: UploadStore
    edges: EdgeStore
    actions: ActionLog
    names: BlobNames
    blobs: BlobStore
    receiver: Receiver
    projects: ProjectService
    events: EventLog
    live: LiveEvents
    work: UnitOfWork
    clock: Clock
    on_commit: list[Callable[[Version], None]] = field(
        default_factory=list["Callable[[Version], None]"]
    )
    """Told of each version that has been committed, once that is durable."""
    on_free: list[Callable[[], None]] = field(default_factory=list["Callable[[], None]"])
    """Told when blobs may have lost their last names."""
    cache: ListingCache = field(init=False)

    def __post_init__(self) -> None:
        self.cache = ListingCache(lambda digest: b"".join(self.blobs.read(digest)))

    def get(self, version: VersionId, *, lock: bool = False) -> Version:
        """A version that was not deleted.

        Raises:
            NotFound: There is none.
        """
        found = self.versions.get([version], lock=lock).get(version)
        if found is None or found.state is VersionState.DELETED:
            raise unknown()
        return found

    def home(self, version: Version) -> Collection:
        """The sequence in which it was born.

        Raises:
            NotFound: It was deleted.
        """
        found = self.collections.get([version.collection]).get(version.collection)
        if found is None:
            raise unknown()
        return found

    def place(self, collection: Collection) -> Project:
        """The project of a collection, whoever asks.

        Raises:
            NotFound: It was deleted.
        """
        found = self.projects.known(collection.project)
        if found is None:
            raise unknown()
        return found

    def listing(self, version: Version) -> Listing:
        """The files of a version; none before its commit."""
        return Listing([]) if version.manifest is None else self.cache.get(version.manifest)

    def check_aliases(self, actor: Actor, project: Project, aliases: Iterable[str]) -> None:
        """Let only administrators of the project move what is protected there.

        Raises:
            Forbidden: One of them is protected, and the actor is none.
        """
        protected = sorted(self.collections.protected(project.id).intersection(aliases))
        if not protected:
            return
        try:
            self.projects.check(actor, project, Action.ADMIN)
        except Forbidden as refused:
            place = f"{project.entity_name}/{project.name}"
            raise Forbidden(
                f"The alias `{protected[0]}` is protected in `{place}`",
                hint="an administrator can move it, or give you another role there",
            ) from refused

    def settle_latest(self, collection: CollectionId) -> None:
        """Give the newest membership the alias `latest`."""
        newest = self.memberships.newest([collection]).get(collection)
        if newest is not None and LATEST not in newest.aliases:
            self.memberships.put_aliases(newest, [LATEST])

    def touch(self, collections: Iterable[Collection]) -> None:
        """Note that something changed in them, and tell who watches."""
        now = self.clock.now()
        projects: set[ProjectId] = set()
        for collection in {one.id: one for one in collections}.values():
            self.collections.update(replace(collection, updated_at=now))
            projects.add(collection.project)
        changed = [ArtifactsChanged(project) for project in sorted(projects)]
        self.work.on_commit(lambda: self.live.publish(changed))

    def note(
        self,
        actor: Actor | None,
        action: EventKind,
        collection: Collection,
        version: Version | None = None,
        **details: Json,
    ) -> None:
        """Keep what somebody did, and tell automations."""
        now = self.clock.now()
        self.actions.append(
            collection.project,
            action,
            user=None if actor is None else actor.user.id,
            at=now,
            details=details,
            collection=collection.id,
            version=None if version is None else version.id,
        )
        payload = {"collection": collection.name, "type": collection.type, **details}
        if version is not None:
            payload |= {"version": version.id, "index": version.index}
        self.events.append([Event(action, now, collection.project, "", payload)])

    def freed(self) -> None:
        """Blobs may have lost their last names."""
        for listener in self.on_free:
            self.work.on_commit(listener)


def unknown() -> NotFound:
    """Says no more to who may not know."""
    return NotFound("There is no such artifact version, or you may not see it")


def committed(memberships: Iterable[Membership]) -> Sequence[Membership]:
    """Those that are to be seen."""
    return [one for one in memberships if one.version.state is VersionState.COMMITTED]
