"""Who writes exports when somebody asks for them."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from typing import Protocol, runtime_checkable

from kiseki_server.domain.exports.types import Export
from kiseki_server.domain.runs.types import Run


@runtime_checkable
class Exporter(Protocol):
    """Writes the files of finished runs in the background, one run at a time.

    The future completes when the files are there. Who asks for a run that is being written gets
    the same future; who does not want to wait for it may ask again later.
    """

    def ask(self, run: Run) -> Future[Sequence[Export]]: ...
