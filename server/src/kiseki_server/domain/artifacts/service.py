"""Artifacts: the use-cases."""

from __future__ import annotations

from kiseki_server.domain.artifacts.changing import Changing


class ArtifactService(Changing):
    """Finds, receives and changes artifacts.

    `reading`, `uploading`, `committing` and `changing` hold the parts. Everything works inside
    the caller's transaction but what receives bytes: arrivals, `complete_parts`, `commit` and
    `expire` open transactions of their own.
    """
