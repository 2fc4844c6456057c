"""The first line of every program."""

from __future__ import annotations

import pytest
from tests.clients.weave.conftest import Client

pytestmark = pytest.mark.clients


def test_init_makes_the_project(each: Client) -> None:
    project = f"weave-init-{each.version.replace('.', '-')}"
    shown = each.result(
        f"""
        client = weave.init("admin/{project}")
        print(json.dumps([client.entity, client.project]))
        """
    )
    assert shown == ["admin", project]
    assert each.server.get(f"/projects/admin/{project}")["name"] == project
