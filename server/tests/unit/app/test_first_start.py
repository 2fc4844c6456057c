"""What a server makes of a new database, and of one from before."""

from __future__ import annotations

from kiseki_server.app.compose import compose
from kiseki_server.app.first_start import ensure_administrator
from kiseki_server.app.services import Services
from kiseki_server.app.settings import Settings
from kiseki_server.app.stores import memory_stores


def organizations(services: Services) -> dict[str, list[tuple[str, str]]]:
    with services.database.transaction():
        all = services.stores.organizations.all()
        members = services.stores.organizations.members([org.id for org in all])
    return {org.name: [(m.user.name, m.role.value) for m in members[org.id]] for org in all}


def test_the_first_start_makes_an_administrator_and_an_organisation(services: Services) -> None:
    assert organizations(services) == {"default": [("admin", "admin")]}
    assert ensure_administrator(services) is not None
    assert organizations(services) == {"default": [("admin", "admin")]}


def test_users_from_before_organisations_are_put_into_the_first_one(settings: Settings) -> None:
    services = compose(settings, stores=memory_stores())
    with services.database.transaction(write=True):
        for name, admin in (("ada", False), ("admin", True)):
            services.stores.users.add(name, email=None, admin=admin, at=services.clock.now())
    ensure_administrator(services)
    assert organizations(services) == {"default": [("ada", "guest"), ("admin", "admin")]}
    services.close()


def test_an_organisation_that_was_removed_does_not_come_back(services: Services) -> None:
    with services.database.transaction(write=True):
        root = services.accounts.actor(services.stores.users.all()[0])
        services.accounts.remove_organization(root, "default")
    ensure_administrator(services)
    assert organizations(services) == {}
