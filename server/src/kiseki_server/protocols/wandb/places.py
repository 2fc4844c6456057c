"""Things with the project that they lie in; resolvers hand these out, `executable` dresses them."""

from __future__ import annotations

from dataclasses import dataclass

from kiseki_server.domain.files.types import RunFile
from kiseki_server.domain.projects.types import Project
from kiseki_server.domain.runs.types import Run


@dataclass(frozen=True, slots=True)
class PlacedRun:
    """A run in its project."""

    project: Project
    run: Run


@dataclass(frozen=True, slots=True)
class PlacedFile:
    """A file of a run, which may not be there yet."""

    at: PlacedRun
    path: str
    file: RunFile | None
    upload: bool = False
    """Its address is for uploading."""
