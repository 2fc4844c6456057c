"""``kiseki admin``: users, organisations and teams of a running server."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

import msgspec

from kiseki.cli.api import Api, quoted

_TEAM_ROLES = ("admin", "member", "viewer")
_ROLES = (*_TEAM_ROLES, "guest")
_Result = tuple[dict[str, Any], str]
"""What ``--json`` prints, and what people read."""


def register(commands: Any) -> None:
    """Add the commands."""
    admin = commands.add_parser(
        "admin",
        help="administer users, organisations and teams",
        description="Administer a running server. The server is KISEKI_BASE_URL, the key "
        "KISEKI_API_KEY; for a server on this machine without one it is the administrator's key "
        "in its data directory (KISEKI_DATA_DIR).",
    )
    nouns = admin.add_subparsers(title="what", metavar="WHAT", required=True)
    _register_users(nouns)
    _register_organizations(nouns)
    _register_teams(nouns)


def _register_users(nouns: Any) -> None:
    verbs = _noun(nouns, "user", "people who may sign in")
    add = _verb(verbs, "add", _add_user, "add a user and print their API key")
    add.add_argument("name", metavar="NAME")
    add.add_argument("--email", metavar="EMAIL")
    add.add_argument("--admin", action="store_true", help="may administer the server")
    add.add_argument("--api-key", metavar="KEY", help="a key of any form, instead of a new one")
    key = _verb(verbs, "set-key", _set_key, "give a user one API key instead of all theirs")
    key.add_argument("name", metavar="NAME")
    key.add_argument("key", metavar="KEY")
    link = _verb(verbs, "link", _link_user, "print an address that signs a user in once")
    link.add_argument("name", metavar="NAME")
    remove = _verb(verbs, "remove", _remove_user, "remove a user with their personal projects")
    remove.add_argument("name", metavar="NAME")
    _verb(verbs, "list", _list_users, "list all users")


def _register_organizations(nouns: Any) -> None:
    verbs = _noun(nouns, "org", "organisations: members with roles, and teams")
    add = _verb(verbs, "add", _add_organization, "add an organisation")
    add.add_argument("name", metavar="NAME")
    add.add_argument("--owner", metavar="USER", required=True, help="its first administrator")
    member = _verb(verbs, "member", _set_member, "add a member, or change their role")
    member.add_argument("name", metavar="NAME")
    member.add_argument("user", metavar="USER")
    member.add_argument("--role", choices=_ROLES, required=True)
    rename = _verb(verbs, "rename", _rename_organization, "give it another name")
    rename.add_argument("name", metavar="NAME")
    rename.add_argument("new", metavar="NEW")
    remove = _verb(verbs, "remove", _remove_organization, "remove it with its teams and projects")
    remove.add_argument("name", metavar="NAME")
    _verb(verbs, "list", _list_organizations, "list the organisations that you administer")


def _register_teams(nouns: Any) -> None:
    verbs = _noun(nouns, "team", "teams: owners of projects in an organisation")
    add = _verb(verbs, "add", _add_team, "add a team")
    add.add_argument("name", metavar="NAME")
    add.add_argument("--org", metavar="ORG", required=True)
    add.add_argument(
        "--owner", metavar="USER", required=True, help="becomes administrator of the team"
    )
    member = _verb(verbs, "member", _set_team_member, "add a member, or change their role")
    member.add_argument("name", metavar="NAME")
    member.add_argument("user", metavar="USER")
    member.add_argument("--role", choices=_TEAM_ROLES, required=True)
    leave = _verb(verbs, "remove-member", _remove_team_member, "take a member out of a team")
    leave.add_argument("name", metavar="NAME")
    leave.add_argument("user", metavar="USER")
    invite = _verb(verbs, "invite", _invite, "invite somebody by address, account or not")
    invite.add_argument("name", metavar="NAME")
    invite.add_argument("email", metavar="EMAIL")
    invite.add_argument("--role", choices=_TEAM_ROLES, default="member")
    machine = _verb(verbs, "service-account", _add_service_account, "add a machine's account")
    machine.add_argument("name", metavar="NAME")
    machine.add_argument("description", metavar="DESCRIPTION")
    remove = _verb(verbs, "remove", _remove_team, "remove a team with its projects")
    remove.add_argument("name", metavar="NAME")


def _noun(nouns: Any, name: str, description: str) -> Any:
    parser = nouns.add_parser(name, help=description, description=description.capitalize() + ".")
    return parser.add_subparsers(title="what to do", metavar="VERB", required=True)


def _verb(
    verbs: Any, name: str, work: Callable[[Api, argparse.Namespace], _Result], help: str
) -> argparse.ArgumentParser:
    def run(arguments: argparse.Namespace) -> int:
        result, text = work(Api(), arguments)
        print(msgspec.json.encode(result).decode() if arguments.json else text)
        return 0

    parser: argparse.ArgumentParser = verbs.add_parser(
        name, help=help, description=help[:1].upper() + help[1:] + "."
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=run)
    return parser


def _add_user(api: Api, given: argparse.Namespace) -> _Result:
    body = {
        "name": given.name,
        "email": given.email,
        "admin": given.admin,
        "api_key": given.api_key,
    }
    made = api.call("POST", "/admin/users", body)
    text = f"Added the user {made['name']}"
    if "api_key" in made:
        text += f"\n\n  API key  {made['api_key']}\n\nThe key is shown this once."
    return made, text


def _link_user(api: Api, given: argparse.Namespace) -> _Result:
    made = api.call("POST", f"/admin/users/{quoted(given.name)}/link")
    return made, f"{made['url']}\n\nIt signs {given.name} in once, in the browser that opens it."


def _set_key(api: Api, given: argparse.Namespace) -> _Result:
    api.call("PUT", f"/admin/users/{quoted(given.name)}/key", {"api_key": given.key})
    return {"name": given.name}, f"{given.name} has this one API key now"


def _remove_user(api: Api, given: argparse.Namespace) -> _Result:
    api.call("DELETE", f"/admin/users/{quoted(given.name)}")
    return {"name": given.name, "removed": True}, f"Removed the user {given.name}"


def _list_users(api: Api, _given: argparse.Namespace) -> _Result:
    users = api.call("GET", "/admin/users")
    rows = [
        [user["name"], user["email"] or "", "administrator" if user["admin"] else ""]
        for user in users["items"]
    ]
    return users, _table(rows)


def _add_organization(api: Api, given: argparse.Namespace) -> _Result:
    made = api.call("POST", "/admin/orgs", {"name": given.name, "owner": given.owner})
    return made, f"Added the organisation {made['name']}, administered by {given.owner}"


def _set_member(api: Api, given: argparse.Namespace) -> _Result:
    path = f"/admin/orgs/{quoted(given.name)}/members/{quoted(given.user)}"
    api.call("PUT", path, {"role": given.role})
    result = {"name": given.name, "user": given.user, "role": given.role}
    return result, f"{given.user} is {given.role} of {given.name}"


def _remove_organization(api: Api, given: argparse.Namespace) -> _Result:
    api.call("DELETE", f"/admin/orgs/{quoted(given.name)}")
    return {"name": given.name, "removed": True}, f"Removed the organisation {given.name}"


def _rename_organization(api: Api, given: argparse.Namespace) -> _Result:
    made = api.call("PATCH", f"/orgs/{quoted(given.name)}", {"name": given.new})
    return made, f"The organisation {given.name} is called {made['name']} now"


def _list_organizations(api: Api, _given: argparse.Namespace) -> _Result:
    organizations = api.call("GET", "/admin/orgs")
    rows = [
        [
            org["name"],
            ", ".join(f"{member['user']} ({member['role']})" for member in org["members"]),
            "teams: " + (", ".join(org["teams"]) or "none"),
        ]
        for org in organizations["items"]
    ]
    return organizations, _table(rows)


def _add_team(api: Api, given: argparse.Namespace) -> _Result:
    body = {"name": given.name, "org": given.org, "owner": given.owner}
    made = api.call("POST", "/admin/teams", body)
    return made, f"Added the team {made['name']} to {given.org}"


def _set_team_member(api: Api, given: argparse.Namespace) -> _Result:
    path = f"/teams/{quoted(given.name)}/members/{quoted(given.user)}"
    api.call("PUT", path, {"role": given.role})
    result = {"name": given.name, "user": given.user, "role": given.role}
    return result, f"{given.user} is {given.role} of {given.name}"


def _remove_team_member(api: Api, given: argparse.Namespace) -> _Result:
    api.call("DELETE", f"/teams/{quoted(given.name)}/members/{quoted(given.user)}")
    result = {"name": given.name, "user": given.user, "removed": True}
    return result, f"{given.user} is no member of {given.name} any more"


def _invite(api: Api, given: argparse.Namespace) -> _Result:
    body = {"email": given.email, "role": given.role}
    outcome = api.call("POST", f"/teams/{quoted(given.name)}/invites", body)
    if outcome["user"]:
        return outcome, f"{outcome['user']} is {given.role} of {given.name}"
    text = f"{given.email} becomes {given.role} of {given.name} with their account"
    return outcome, text


def _add_service_account(api: Api, given: argparse.Namespace) -> _Result:
    path = f"/teams/{quoted(given.name)}/service-accounts"
    made = api.call("POST", path, {"description": given.description})
    text = f"Added the service account {made['name']}\n\n  API key  {made['api_key']}"
    return made, f"{text}\n\nThe key is shown this once."


def _remove_team(api: Api, given: argparse.Namespace) -> _Result:
    api.call("DELETE", f"/admin/teams/{quoted(given.name)}")
    return {"name": given.name, "removed": True}, f"Removed the team {given.name}"


def _table(rows: list[list[str]]) -> str:
    if not rows:
        return "There are none."
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )
