"""Looking for registries."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kiseki_server.domain.accounts.types import Actor, Organization
from kiseki_server.domain.filters.rules import check, matches, order
from kiseki_server.domain.projects.rules import check_search
from kiseki_server.domain.projects.types import Project
from kiseki_server.domain.registry.filtering import registry_kind, registry_lookup
from kiseki_server.domain.registry.names import bare_name
from kiseki_server.domain.registry.service import RegistryService
from kiseki_server.domain.registry.types import Hit, RegistryPage, RegistryQuery
from kiseki_server.kit.pagination import decode_cursor, encode_cursor


class RegistrySearch:
    """Finds what the actor may read in the registries of one organisation."""

    def __init__(self, registries: RegistryService) -> None:
        self._registries = registries

    def registries(self, actor: Actor, org: Organization, query: RegistryQuery) -> RegistryPage:
        """Registries that match.

        Raises:
            BadRequest: The filter or the order names a field that is not there.
        """
        check(query.registries, query.order, registry_kind)
        found = [
            project
            for project in self._registries.readable(actor, org)
            if query.registries is None
            or matches(query.registries, registry_lookup(project), registry_kind)
        ]
        for key in reversed(query.order):
            path = key.field.path
            found.sort(
                key=lambda project, path=path: order(registry_lookup(project)(path)),
                reverse=key.descending,
            )
        start = 0
        if query.cursor is not None:
            place, last = decode_cursor(query.cursor, int, int)
            numbers = [int(project.id) for project in found]
            start = numbers.index(last) + 1 if last in numbers else place
        end = start + query.limit
        items = tuple(found[start:end])
        following = encode_cursor(end, items[-1].id) if items and end < len(found) else None
        return RegistryPage(items, following, len(found))

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
