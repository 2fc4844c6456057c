"""Waiting for what a run sends."""

from __future__ import annotations

import time
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kiseki.artifacts.fetch import Bar
from kiseki.errors import ServerError, UnreachableError, UsageError
from kiseki.wire.artifacts import Result

if TYPE_CHECKING:
    from kiseki.run.run import Run

_POLL_S = 0.05
_NAP_S = 0.5


def awaited(run: Run, folder: Path, what: str, timeout: float | None) -> Result:
    """What has become of a run's artifact, once that is known; raises like `Artifact.wait`."""
    if run.offline:
        raise UsageError(
            "The run is offline, so that its artifacts are on no server yet",
            hint=f"kiseki sync {run.dir} sends them",
        )
    bar = None
    begin = time.monotonic()
    transport: Any = import_module("kiseki._transport.artifact_upload")
    try:
        while True:
            result: Result | None = transport.read_result(folder)
            if result is not None and result.error is not None:
                raise ServerError(f"{what!r} could not be logged: {result.error}")
            if result is not None and result.version is not None:
                return result
            if result is not None:
                bar = bar or Bar(result.total_bytes, f"uploading {what}")
                bar.show(result.sent_bytes)
            waited = time.monotonic() - begin
            if timeout is not None and waited >= timeout:
                raise UnreachableError(
                    f"{what!r} is not on the server after {timeout:g} s; "
                    f"{run.upload_message or 'it is being sent'}"
                )
            run.ensure_upload()
            time.sleep(_POLL_S if waited < 5 else _NAP_S)
    finally:
        if bar is not None:
            bar.end()
