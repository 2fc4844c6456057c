"""How registries are called: shown by a bare name, stored as a project with a prefix."""

from __future__ import annotations

from kiseki_server.domain.projects.rules import MAX_NAME, check_project_name
from kiseki_server.kit.errors import BadRequest

PREFIX = "wandb-registry-"
"""Clients write it in front of a registry's name wherever a project's name is meant."""


def bare_name(project: str) -> str:
    """The name that people see."""
    return project.removeprefix(PREFIX)


def project_name(registry: str) -> str:
    """The name of a registry's project, whether or not it comes with the prefix.

    Raises:
        BadRequest: It cannot be the name of a registry.
    """
    bare = bare_name(registry)
    if not bare or ":" in bare:
        raise BadRequest(f"`{registry[:80]}` cannot be the name of a registry")
    if len(bare) > MAX_NAME - len(PREFIX):
        raise BadRequest(
            f"The name of a registry has at most {MAX_NAME - len(PREFIX)} characters; "
            f"this one has {len(bare)}"
        )
    return check_project_name(PREFIX + bare)
