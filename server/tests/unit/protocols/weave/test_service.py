"""What clients ask about the server, and what every route has in common."""

from __future__ import annotations

import base64
import gzip
import json

from server.tests.unit.protocols.weave.conftest import Dialect

from kiseki_server.app.services import Services
from kiseki_server.domain.accounts.rules import Action
from kiseki_server.protocols.weave.bodies import LIMIT
from kiseki_server.protocols.weave.door import Door

INFO = "/service/projects_info"


def test_the_server_says_which_clients_it_serves(dialect: Dialect) -> None:
    info = dialect.http.get("/traces/server_info").json()
    assert info["min_required_weave_python_version"] == "0.51.0"
    assert info["trace_server_version"].count(".") == 2
    assert dialect.http.get("/traces/health").status_code == 200


def test_both_schemes_of_the_key_are_accepted(dialect: Dialect) -> None:
    key = dialect.http.headers["Authorization"].removeprefix("Bearer ")
    basic = base64.b64encode(f"api:{key}".encode()).decode()
    for header in (f"Basic {basic}", f"Bearer {key}"):
        answer = dialect.http.get("/traces/server_info", headers={"Authorization": header})
        assert answer.status_code == 200


def test_a_wrong_key_gets_a_reason(dialect: Dialect) -> None:
    answer = dialect.http.get("/traces/server_info", headers={"Authorization": "Bearer no"})
    assert answer.status_code == 401
    assert answer.json()["reason"]


def test_known_projects_have_numbers(dialect: Dialect, services: Services) -> None:
    with services.database.transaction(write=True):
        admin = services.stores.users.named("admin")
        assert admin is not None
        project = services.projects.ensure(services.accounts.actor(admin), "admin", "p")
    asked = {"project_ids": ["admin/p", "admin/none", "nonsense", "admin/p"], "new": 1}
    assert dialect.ok(INFO, asked) == [
        {"external_project_id": "admin/p", "internal_project_id": str(project.id)}
    ]


def test_a_project_to_write_to_is_made_and_one_to_read_is_not(services: Services) -> None:
    with services.database.transaction():
        admin = services.stores.users.named("admin")
        assert admin is not None
        actor = services.accounts.actor(admin)
    door = Door(actor, services.projects, services.database)
    made = door.place("admin/new", Action.WRITE)
    assert made.name == "new"
    assert door.place("admin/new") == made


def test_the_body_must_be_what_it_should(dialect: Dialect) -> None:
    assert "project_ids" in dialect.refused(INFO, {"project_ids": 3}, 422)
    assert "project_ids" in dialect.refused(INFO, {}, 422)
    assert "no JSON" in dialect.refused(INFO, b"{", 400)
    assert "no JSON" in dialect.refused(INFO, b'{"project_ids": [], "x": NaN}', 400)
    assert "no JSON" in dialect.refused(INFO, b'{"project_ids": ["\xff"]}', 400)
    assert "nested" in dialect.refused(INFO, b'{"x":' + b"[" * 100_000, 413)


def test_half_a_character_becomes_the_sign_for_it(dialect: Dialect) -> None:
    body = rb'{"project_ids": ["admin/\ud83d", "\\ud83d", "\ud83d\ude00"]}'
    assert dialect.ok(INFO, body) == []


def test_large_bodies_are_refused_packed_and_unpacked(dialect: Dialect) -> None:
    gzipped = {"Content-Encoding": "gzip"}
    small = gzip.compress(json.dumps({"project_ids": []}).encode())
    assert dialect.ok(INFO, small, headers=gzipped) == []
    too_much = b'{"project_ids": ["' + b"x" * LIMIT + b'"]}'
    assert "32 MiB" in dialect.refused(INFO, too_much, 413)
    bomb = gzip.compress(too_much)
    assert len(bomb) < LIMIT / 500
    assert "32 MiB" in dialect.refused(INFO, bomb, 413, headers=gzipped)
    assert "no gzip" in dialect.refused(INFO, b"{}", 400, headers=gzipped)
