"""Looking for registries, and for what is in them.

Nothing is loaded as a whole. In the usual order a page is read as far as it goes; for another
order, what the things are ordered by is kept of each that matches, and then the page is read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

from kiseki_server.domain.accounts.types import Actor, Organization
from kiseki_server.domain.artifacts.filtering import (
    collection_kind,
    collection_lookup,
    matches_all,
    membership_lookup,
    version_kind,
)
from kiseki_server.domain.artifacts.service import ArtifactService
from kiseki_server.domain.artifacts.types import (
    Collection,
    CollectionPage,
    Membership,
    MembershipPage,
)
from kiseki_server.domain.filters.rules import Lookup, check, matches, order
from kiseki_server.domain.filters.tree import And, Compare, Field, Filter, In, SortKey
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
from kiseki_server.kit.ids import CollectionId
from kiseki_server.kit.pagination import decode_cursor, encode_cursor

_NAMES = 100
"""So many names are looked up one by one."""

_Thing = TypeVar("_Thing")


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
        check(query.collections, query.order, collection_kind)
        projects = self._matching(actor, org, query.registries)
        if query.order:
            found = self._walk(projects, query.collections)
            ids = _ordered(found, collection_lookup, lambda one: int(one.id), query.order)
            chosen, following = _page(ids, query.cursor, query.limit)
            items = self._artifacts.collections_by_id([CollectionId(id) for id in chosen])
            return CollectionPage(tuple(items), following, len(ids))
        if query.collections is None:
            total = self._artifacts.count_collections(projects)
        else:
            total = sum(1 for _ in self._walk(projects, query.collections))
        start = None if query.cursor is None else decode_cursor(query.cursor, int, int, str)
        items = list(islice(self._walk(projects, query.collections, start), query.limit + 1))
        shown = tuple(items[: query.limit])
        following = None
        if len(items) > query.limit:
            following = encode_cursor(*_place(projects, shown[-1]))
        return CollectionPage(shown, following, total)

    def versions(self, actor: Actor, org: Organization, query: VersionQuery) -> MembershipPage:
        """Versions that match, as their collections have them; how many is not counted when
        they are in the usual order.

        Raises:
            BadRequest: A filter or the order names a field that is not there.
        """
        check(query.collections, (), collection_kind)
        check(query.versions, query.order, version_kind)
        projects = self._matching(actor, org, query.registries)
        if not query.order:
            return self._newest_first(projects, query)
        found = (
            one
            for place in self._walk(projects, query.collections)
            for one in self._artifacts.walk_memberships(place)
            if matches_all(query.versions, membership_lookup(one), version_kind)
        )
        ids = _ordered(found, membership_lookup, lambda one: one.id, query.order)
        chosen, following = _page(ids, query.cursor, query.limit)
        items = self._artifacts.memberships_by_id(chosen)
        return MembershipPage(tuple(items), following, len(ids))

    def _newest_first(self, projects: Sequence[Project], query: VersionQuery) -> MembershipPage:
        """Collection by collection, each only as far as the page goes."""
        start: tuple[int, int, str] | None = None
        inner: str | None = None
        if query.cursor is not None:
            *place, inner = decode_cursor(query.cursor, int, int, str, str | None)
            start = (place[0], place[1], place[2])
        items: list[Membership] = []
        following: str | None = None
        for place in self._walk(projects, query.collections, start, inclusive=True):
            if len(items) == query.limit:
                following = encode_cursor(*_place(projects, place), None)
                break
            begun = start is not None and (int(place.project), place.name) == start[1:]
            page = self._artifacts.memberships(
                place,
                filter=query.versions,
                limit=query.limit - len(items),
                cursor=inner if begun else None,
            )
            items += page.items
            if page.cursor is not None:
                following = encode_cursor(*_place(projects, place), page.cursor)
                break
        return MembershipPage(tuple(items), following, len(items))

    def _walk(
        self,
        projects: Sequence[Project],
        filter: Filter | None,
        start: tuple[int, int, str] | None = None,
        *,
        inclusive: bool = False,
    ) -> Iterator[Collection]:
        """Collections that match by registry and name, behind one of them or from it on."""
        names = _names(filter)
        numbers = [int(project.id) for project in projects]
        at, after = (0, None) if start is None else (start[0], None)
        if start is not None and start[1] in numbers:
            at, after = numbers.index(start[1]), start[2]
            found = self._artifacts.collection(projects[at], after) if inclusive else None
            if found and matches_all(filter, collection_lookup(found), collection_kind):
                yield found
        for project in projects[at:]:
            for one in self._artifacts.walk_collections(project, names=names, after=after):
                if matches_all(filter, collection_lookup(one), collection_kind):
                    yield one
            after = None

    def _matching(self, actor: Actor, org: Organization, filter: Filter | None) -> list[Project]:
        check(filter, (), registry_kind)
        return [
            project
            for project in self._registries.readable(actor, org)
            if filter is None or matches(filter, registry_lookup(project), registry_kind)
        ]

    def search(
        self, actor: Actor, org: Organization, text: str, *, limit: int = 50
    ) -> Sequence[Hit]:
        """Where a text stands, without regard to case, in names and descriptions."""
        wanted = check_search(text).casefold()
        hits = self._hits(self._registries.readable(actor, org), wanted) if wanted else iter(())
        return list(islice(hits, limit))

    @staticmethod
    def _hits(projects: Sequence[Project], wanted: str) -> Iterator[Hit]:
        for project in projects:
            fields = (("name", bare_name(project.name)), ("description", project.description))
            for field, text in fields:
                if wanted in text.casefold():
                    yield Hit(project, field, text)
                    break


def _place(projects: Sequence[Project], collection: Collection) -> tuple[int, int, str]:
    """Where a walk stands: the registry's place, should it be gone, its number, and the name."""
    at = next(n for n, project in enumerate(projects) if project.id == collection.project)
    return at, int(collection.project), collection.name


def _names(filter: Filter | None) -> frozenset[str] | None:
    """Names of which whatever matches has one, so that the store need not look at others."""
    match filter:
        case Compare(Field(("name",)), "=", str() as name):
            return frozenset([name])
        case In(Field(("name",)), values) if len(values) <= _NAMES:
            return frozenset(value for value in values if isinstance(value, str))
        case And(items):
            return next((names for item in items if (names := _names(item)) is not None), None)
        case _:
            return None


def _ordered(
    things: Iterable[_Thing],
    lookup: Callable[[_Thing], Lookup],
    number: Callable[[_Thing], int],
    sort: Sequence[SortKey],
) -> list[int]:
    """Numbers of the things in order; what is equal in it stays as it came, and what has no
    place in it comes last."""
    found: list[tuple[int, list[tuple[int, float, str]]]] = []
    for one in things:
        fields = lookup(one)
        found.append((number(one), [order(fields(key.field.path)) for key in sort]))
    for place, key in reversed(list(enumerate(sort))):
        there = [one for one in found if one[1][place][0] != 2]
        rest = [one for one in found if one[1][place][0] == 2]
        there.sort(key=lambda one, place=place: one[1][place], reverse=key.descending)
        found = there + rest
    return [id for id, _ in found]


def _page(ids: Sequence[int], cursor: str | None, limit: int) -> tuple[Sequence[int], str | None]:
    start = _start(ids, cursor)
    chosen = ids[start : start + limit]
    more = chosen and start + limit < len(ids)
    return chosen, encode_cursor(start + limit, chosen[-1]) if more else None


def _start(numbers: Sequence[int], cursor: str | None) -> int:
    """Where a page begins: behind the last item of the one before, if it is still there."""
    if cursor is None:
        return 0
    place, last = decode_cursor(cursor, int, int)
    return numbers.index(last) + 1 if last in numbers else place
