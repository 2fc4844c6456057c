"""The caller's organisations."""

from __future__ import annotations

import msgspec
from litestar import get, patch

from kiseki_server.domain.accounts.service import AccountService
from kiseki_server.domain.accounts.types import Actor
from kiseki_server.kit.transactions import UnitOfWork
from kiseki_server.protocols.native.admin import Named, RoleName


class OwnOrganization(msgspec.Struct, kw_only=True):
    """An organisation that the caller belongs to, and as what."""

    name: str
    entity: str
    """The entity that owns its registries."""
    role: RoleName


class OwnOrganizations(msgspec.Struct, kw_only=True):
    items: list[OwnOrganization]


@get("/orgs", sync_to_thread=False)
def list_own_organizations(actor: Actor) -> OwnOrganizations:
    """The organisations that the caller belongs to."""
    return OwnOrganizations(
        items=[
            OwnOrganization(
                name=each.organization.name,
                entity=each.organization.entity.name,
                role=each.role.value,
            )
            for each in actor.organizations
        ]
    )


@patch("/orgs/{org:str}", sync_to_thread=True)
def rename_organization(
    actor: Actor, org: str, data: Named, accounts: AccountService, database: UnitOfWork
) -> Named:
    """Give an organisation another name; its entity keeps its own."""
    with database.transaction(write=True):
        return Named(name=accounts.rename_organization(actor, org, data.name).name)


routes = [list_own_organizations, rename_organization]
