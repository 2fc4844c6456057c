"""Looking for registries."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kiseki_server.domain.accounts.types import Actor, Organization
from kiseki_server.domain.artifacts.filtering import (
    collection_kind,
    collection_lookup,
    membership_lookup,
    select,
    version_kind,
)
from kiseki_server.domain.artifacts.service import ArtifactService
from kiseki_server.domain.artifacts.types import (
    Collection,
    CollectionPage,
    Membership,
    MembershipPage,
)
from kiseki_server.domain.filters.rules import check, matches, order
from kiseki_server.domain.filters.tree import Filter
from kiseki_server.domain.projects.rules import check_search
from kiseki_server.domain.projects.types import Project
from kiseki_server.domain.registry.filtering import registry_kind, registry_lookup
from kiseki_server.domain.registry.names import bare_name
from kiseki_server.domain.registry.service import RegistryService
from kiseki_server.domain.registry.types import (
    CollectionQuery,
    Hit,
    RegistryPage,
    RegistryQuery,
    VersionQuery,
)
from kiseki_server.kit.pagination import decode_cursor, encode_cursor

_PIECE = 1000
"""Versions that are read at once when all are."""


class RegistrySearch:
    """Finds what the actor may read in the registries of one organisation."""

    def __init__(self, registries: RegistryService, artifacts: ArtifactService) -> None:
        self._registries = registries
        self._artifacts = artifacts

    def registries(self, actor: Actor, org: Organization, query: RegistryQuery) -> RegistryPage:
        """Registries that match.

        Raises:
            BadRequest: The filter or the order names a field that is not there.
        """
        check(None, query.order, registry_kind)
        found = self._matching(actor, org, query.registries)
        for key in reversed(query.order):
            path = key.field.path
            found.sort(
                key=lambda project, path=path: order(registry_lookup(project)(path)),
                reverse=key.descending,
            )
        start = _start([int(project.id) for project in found], query.cursor)
        end = start + query.limit
        items = tuple(found[start:end])
        following = encode_cursor(end, items[-1].id) if items and end < len(found) else None
        return RegistryPage(items, following, len(found))

    def collections(
        self, actor: Actor, org: Organization, query: CollectionQuery
    ) -> CollectionPage:
        """Collections that match.

        Raises:
            BadRequest: A filter or the order names a field that is not there.
        """
        found = select(
            self._collections(actor, org, query.registries),
            collection_lookup,
            collection_kind,
            query.collections,
            query.order,
        )
        start = _start([int(one.id) for one in found], query.cursor)
        end = start + query.limit
        items = tuple(found[start:end])
        following = encode_cursor(end, items[-1].id) if items and end < len(found) else None
        return CollectionPage(items, following, len(found))

    def versions(self, actor: Actor, org: Organization, query: VersionQuery) -> MembershipPage:
        """Versions that match, as their collections have them; how many is not counted when
        they are in the usual order.

        Raises:
            BadRequest: A filter or the order names a field that is not there.
        """
        check(query.versions, query.order, version_kind)
        places = select(
            self._collections(actor, org, query.registries),
            collection_lookup,
            collection_kind,
            query.collections,
            (),
        )
        if not query.order:
            return self._walk(places, query)
        everything = [one for place in places for one in self._all(place)]
        found = select(everything, membership_lookup, version_kind, query.versions, query.order)
        start = _start([one.id for one in found], query.cursor)
        end = start + query.limit
        items = tuple(found[start:end])
        following = encode_cursor(end, items[-1].id) if items and end < len(found) else None
        return MembershipPage(items, following, len(found))

    def _walk(self, places: Sequence[Collection], query: VersionQuery) -> MembershipPage:
        """Collection by collection, each only as far as the page goes."""
        at, inner = 0, None
        if query.cursor is not None:
            at, last, inner = decode_cursor(query.cursor, int, int, str | None)
            numbers = [int(place.id) for place in places]
            at, inner = (numbers.index(last), inner) if last in numbers else (at, None)
        items: list[Membership] = []
        while at < len(places) and len(items) < query.limit:
            page = self._artifacts.memberships(
                places[at], filter=query.versions, limit=query.limit - len(items), cursor=inner
            )
            items += page.items
            inner = page.cursor
            at += inner is None
        following = None if at >= len(places) else encode_cursor(at, places[at].id, inner)
        return MembershipPage(tuple(items), following, len(items))

    def _all(self, place: Collection) -> Iterator[Membership]:
        cursor: str | None = None
        while True:
            page = self._artifacts.memberships(place, limit=_PIECE, cursor=cursor)
            yield from page.items
            if (cursor := page.cursor) is None:
                return

    def _matching(self, actor: Actor, org: Organization, filter: Filter | None) -> list[Project]:
        check(filter, (), registry_kind)
        return [
            project
            for project in self._registries.readable(actor, org)
            if filter is None or matches(filter, registry_lookup(project), registry_kind)
        ]

    def _collections(
        self, actor: Actor, org: Organization, filter: Filter | None
    ) -> list[Collection]:
        """Those of the registries that match, by registry and name."""
        found = self._matching(actor, org, filter)
        return [one for project in found for one in self._artifacts.all_collections(project)]

    def search(
        self, actor: Actor, org: Organization, text: str, *, limit: int = 50
    ) -> Sequence[Hit]:
        """Where a text stands, without regard to case, in names and descriptions."""
        wanted = check_search(text).casefold()
        hits = self._hits(self._registries.readable(actor, org), wanted) if wanted else iter(())
        return [hit for hit, _ in zip(hits, range(limit), strict=False)]

    @staticmethod
    def _hits(projects: Sequence[Project], wanted: str) -> Iterator[Hit]:
        for project in projects:
            fields = (("name", bare_name(project.name)), ("description", project.description))
            for field, text in fields:
                if wanted in text.casefold():
                    yield Hit(project, field, text)
                    break


def _start(numbers: Sequence[int], cursor: str | None) -> int:
    """Where a page begins: behind the last item of the one before, if it is still there."""
    if cursor is None:
        return 0
    place, last = decode_cursor(cursor, int, int)
    return numbers.index(last) + 1 if last in numbers else place
