"""References as this dialect writes them, and the stored form of them.

Outside a reference names its project (``weave:///entity/project/…``), inside its number; see
`domain/objects/refs.py`.
"""

from __future__ import annotations

from typing import Any

from kiseki_server.domain.objects.refs import STORED, Ref, parse, rendered, rewritten
from kiseki_server.domain.projects.types import Project
from kiseki_server.kit.errors import BadRequest, NotFound
from kiseki_server.kit.ids import ProjectId
from kiseki_server.protocols.weave.door import Door, external

EXTERNAL = "weave:///"
PRIVATE = "weave-private:////"
"""Stands for a project that the reader may not see, with the slash before the rest behind it."""

_NUMBER_DIGITS = 19


class References:
    """Rewrites references for one caller, in transactions that it opens where there is none."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._by_name: dict[str, Project | None] = {}
        self._by_number: dict[ProjectId, Project | None] = {}
        # The calls of a request have few ops between them.
        self._inward_texts: dict[str, str] = {}
        self._outward_texts: dict[str, str] = {}

    def inward(self, value: Any) -> Any:
        """The value with every reference in its stored form.

        A reference to a project that the caller cannot see stays as it is.

        Raises:
            BadRequest: A reference that has the stored form already names a project that the
                caller cannot see.
            TooLarge: The value is nested too deeply.
        """
        with self._door.database.transaction():
            return rewritten(value, (EXTERNAL, STORED), self._inward)

    def inward_text(self, text: str) -> str:
        """The same for a single text."""
        if text not in self._inward_texts:
            self._inward_texts[text] = self.inward(text)
        return self._inward_texts[text]

    def ref(self, text: str) -> Ref:
        """The reference that a request names.

        Raises:
            BadRequest: It is none.
            NotFound: The caller cannot see its project.
        """
        stored = self.inward_text(text)
        if not stored.startswith(STORED):
            if len(text.removeprefix(EXTERNAL).split("/")) < 4 or not text.startswith(EXTERNAL):
                raise BadRequest(f"`{text[:200]}` is no reference")
            raise NotFound(f"There is no project of `{text[:200]}`, or you may not see it")
        return parse(stored)

    def sees(self, project: ProjectId) -> bool:
        """The caller may read in the project."""
        with self._door.database.transaction():
            return self._numbered(project) is not None

    def outward(self, text: str) -> str:
        """Stored JSON with references as the caller may read them."""
        if STORED not in text:
            return text
        with self._door.database.transaction():
            return rendered(text, self._outward)

    def outward_text(self, text: str) -> str:
        """The same for a single text, which is no JSON."""
        if not text.startswith(STORED):
            return text
        if text not in self._outward_texts:
            self._outward_texts[text] = self.outward(f'"{text}"')[1:-1]
        return self._outward_texts[text]

    def _inward(self, text: str) -> str:
        if text.startswith(STORED):
            number = text.removeprefix(STORED).partition("/")[0]
            plain = number.isascii() and number.isdigit() and len(number) <= _NUMBER_DIGITS
            if not plain or self._numbered(ProjectId(int(number))) is None:
                raise BadRequest(f"`{text[:200]}` is no reference that you may use")
            return text
        parts = text.removeprefix(EXTERNAL).split("/", 2)
        project = self._named("/".join(parts[:2])) if len(parts) == 3 else None
        return text if project is None else f"{STORED}{project.id}/{parts[2]}"

    def _outward(self, number: ProjectId) -> str:
        project = self._numbered(number)
        return PRIVATE if project is None else EXTERNAL + external(project)

    def _named(self, name: str) -> Project | None:
        if name not in self._by_name:
            entity, _, project = name.partition("/")
            try:
                found = self._door.projects.find(self._door.actor, entity, project)
            except NotFound:
                found = None
            self._by_name[name] = found
        return self._by_name[name]

    def _numbered(self, number: ProjectId) -> Project | None:
        if number not in self._by_number:
            try:
                found = self._door.projects.get(self._door.actor, number)
            except NotFound:
                found = None
            self._by_number[number] = found
        return self._by_number[number]
