"""Finds what an address names: a project, a run, the stream of a history."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from kiseki_server.domain.accounts.rules import Action
from kiseki_server.domain.accounts.types import Actor
from kiseki_server.domain.history.types import Stream
from kiseki_server.domain.projects.service import ProjectService
from kiseki_server.domain.projects.types import Project
from kiseki_server.domain.runs.service import RunService
from kiseki_server.domain.runs.types import Run
from kiseki_server.kit.transactions import UnitOfWork

StreamName = Literal["history", "system"]

_STREAMS: dict[str, Stream] = {"history": Stream.HISTORY, "system": Stream.SYSTEM}


def stream_of(name: StreamName) -> Stream:
    return _STREAMS[name]


@dataclass(frozen=True, slots=True)
class Places:
    """Looks up runs for one caller; the dependency ``places`` of handlers that only read."""

    actor: Actor
    projects: ProjectService
    runs: RunService
    database: UnitOfWork

    def project(self, entity: str, project: str, action: Action = Action.READ) -> Project:
        return self.projects.find(self.actor, entity, project, action)

    def run(self, entity: str, project: str, run: str) -> Run:
        """A run that the caller may read, in a transaction of its own."""
        with self.database.transaction():
            return self.runs.get(self.project(entity, project), run)

    def many(self, entity: str, project: str, runs: list[str]) -> list[Run]:
        """Runs of one project, in the order of their names."""
        with self.database.transaction():
            return self.runs.get_many(self.project(entity, project), list(dict.fromkeys(runs)))


def provide_places(
    actor: Actor, projects: ProjectService, runs: RunService, database: UnitOfWork
) -> Places:
    return Places(actor, projects, runs, database)
