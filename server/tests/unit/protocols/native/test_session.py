"""Signing in, staying signed in, and what a foreign page cannot do."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from litestar.testing import TestClient

from kiseki_server.app.server import Application, build_application
from kiseki_server.app.services import Services

SESSION = "/api/v1/session"
Browser = TestClient[Application]


class SetClock:
    """A clock that tests move."""

    def __init__(self) -> None:
        self.time = datetime.now(UTC)

    def now(self) -> datetime:
        return self.time


@pytest.fixture
def browser(client: Browser) -> Browser:
    """A browser: cookies, and no key."""
    del client.headers["Authorization"]
    return client


@pytest.fixture
def clock(services: Services, monkeypatch: pytest.MonkeyPatch) -> SetClock:
    clock = SetClock()
    monkeypatch.setattr(services.credentials, "_clock", clock)
    return clock


def sign_in(browser: Browser, key: str) -> dict[str, str]:
    answer = browser.post(SESSION, json={"api_key": key})
    assert answer.status_code == 200, answer.text
    return {"X-CSRF-Token": answer.json()["csrf_token"]}


def test_a_key_opens_a_session(browser: Browser, admin_key: str) -> None:
    answer = browser.post(SESSION, json={"api_key": f" {admin_key}\n"})
    cookies = answer.headers.get_list("set-cookie")
    session = next(cookie for cookie in cookies if cookie.startswith("kiseki_session="))
    assert "HttpOnly" in session
    assert "SameSite=lax" in session
    assert "Max-Age=2592000" in session
    assert admin_key not in "".join(cookies)
    body = browser.get(SESSION).json()
    assert body == answer.json()
    token = body.pop("csrf_token")
    assert browser.cookies["kiseki_csrf"] == token
    assert body == {
        "user": {"name": "admin", "email": None, "admin": True},
        "entities": [{"name": "admin", "kind": "user", "role": "admin"}],
        "organizations": [{"name": "default", "entity": "default-org", "role": "admin"}],
        "default_entity": "admin",
        "server": {"version": body["server"]["version"], "base_url": "http://127.0.0.1:8080"},
    }


def test_a_key_needs_no_session(client: Browser) -> None:
    body = client.get(SESSION).json()
    assert (body["user"]["name"], body["csrf_token"]) == ("admin", None)


@pytest.mark.parametrize(
    "header",
    ["Bearer nobody", "Basic bm9ib2R5", "Basic %%%", "Bearer", "", "Digest x", "Basic YXBpOg=="],
)
def test_a_wrong_credential_is_refused_even_beside_a_session(
    browser: Browser, admin_key: str, header: str
) -> None:
    sign_in(browser, admin_key)
    answer = browser.get(SESSION, headers={"Authorization": header})
    assert answer.status_code == 401
    assert answer.json()["error"] == "not_signed_in"
    assert answer.headers["www-authenticate"] == 'Bearer realm="kiseki"'


def test_the_key_as_basic_password_is_accepted(browser: Browser, admin_key: str) -> None:
    assert browser.get(SESSION, auth=("api", admin_key)).status_code == 200


def test_a_session_writes_only_with_its_token(browser: Browser, admin_key: str) -> None:
    token = sign_in(browser, admin_key)
    project = {"name": "digits"}
    without = browser.post("/api/v1/projects", json=project)
    assert (without.status_code, without.json()["error"]) == (403, "forbidden")
    wrong = browser.post("/api/v1/projects", json=project, headers={"X-CSRF-Token": "x" * 64})
    assert wrong.status_code == 403
    assert browser.post("/api/v1/projects", json=project, headers=token).status_code == 201


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:8081"])
def test_pages_of_other_sites_are_refused(browser: Browser, admin_key: str, origin: str) -> None:
    token = sign_in(browser, admin_key)
    headers = {**token, "Origin": origin}
    answer = browser.post("/api/v1/projects", json={"name": "digits"}, headers=headers)
    assert answer.status_code == 403
    assert origin in answer.json()["message"]
    login = browser.post(SESSION, json={"api_key": admin_key}, headers={"Origin": origin})
    assert login.status_code == 403
    assert browser.delete(SESSION, headers={"Origin": origin}).status_code == 403
    same = browser.post(
        "/api/v1/projects",
        json={"name": "digits"},
        headers={**token, "Origin": "http://127.0.0.1:8080"},
    )
    assert same.status_code == 201


def test_signing_out_ends_the_session_on_the_server(browser: Browser, admin_key: str) -> None:
    sign_in(browser, admin_key)
    stolen = browser.cookies["kiseki_session"]
    assert browser.delete(SESSION).status_code == 204
    assert browser.get(SESSION).status_code == 401
    browser.cookies.set("kiseki_session", stolen)
    answer = browser.get(SESSION)
    assert (answer.status_code, answer.json()["message"]) == (
        401,
        "This browser's session is over; sign in again",
    )


def test_a_session_ends_after_thirty_days(
    browser: Browser, admin_key: str, clock: SetClock
) -> None:
    sign_in(browser, admin_key)
    clock.time += timedelta(days=30, seconds=-1)
    assert browser.get(SESSION).status_code == 200
    clock.time += timedelta(seconds=1)
    assert browser.get(SESSION).status_code == 401


def test_a_link_signs_in_once(client: Browser, clock: SetClock) -> None:
    link = client.post("/api/v1/session/link").json()
    address, _, token = link["url"].partition("?token=")
    assert address == "http://127.0.0.1:8080/signin"
    late = client.post("/api/v1/session/link").json()["url"].partition("?token=")[2]
    del client.headers["Authorization"]
    assert client.post(SESSION, json={"token": token}).status_code == 200
    again = client.post(SESSION, json={"token": token})
    assert again.status_code == 401
    assert "used already" in again.json()["message"]
    clock.time += timedelta(minutes=15)
    assert client.post(SESSION, json={"token": late}).status_code == 401


def test_signing_in_needs_something_to_sign_in_with(browser: Browser) -> None:
    assert browser.post(SESSION, json={}).status_code == 400
    assert browser.post(SESSION, json={"api_key": "wrong"}).status_code == 401


def test_a_revoked_key_is_refused_at_once(client: Browser) -> None:
    made = client.post("/api/v1/keys", json={"name": "laptop"}).json()
    assert made["key"].startswith("kiseki-")
    assert (len(made["key"]), made["hint"]) == (47, made["key"][-4:])
    with_it = {"Authorization": f"Bearer {made['key']}"}
    listed = client.get("/api/v1/keys", headers=with_it).json()["items"]
    assert [key["name"] for key in listed] == ["admin.key of the data directory", "laptop"]
    assert all("key" not in key for key in listed)
    assert client.delete(f"/api/v1/keys/{made['id']}").status_code == 204
    refused = client.get("/api/v1/keys", headers=with_it)
    assert refused.status_code == 401
    assert made["hint"] in refused.json()["message"]
    assert made["key"] not in refused.text
    for id in (made["id"], 0, -1, 2**63, 10**30):
        assert client.delete(f"/api/v1/keys/{id}").status_code == 404


def test_the_last_use_of_a_key_is_noted_once_a_minute(client: Browser, clock: SetClock) -> None:
    def used() -> str:
        return client.get("/api/v1/keys").json()["items"][0]["last_used_at"]

    first = used()
    clock.time += timedelta(seconds=59)
    assert used() == first
    clock.time += timedelta(seconds=1)
    assert used() > first


@pytest.mark.parametrize("name", ["", " ", "a" * 201, "tab\there"])
def test_a_key_needs_a_readable_name(client: Browser, name: str) -> None:
    answer = client.post("/api/v1/keys", json={"name": name})
    assert answer.status_code == 400
    assert answer.json()["message"].startswith("The name of a key")


def test_behind_a_proxy_the_configured_address_is_this_site(
    services: Services, admin_key: str
) -> None:
    services.settings = replace(services.settings, base_url="https://lab.example/")
    app = build_application(services)
    with TestClient(app, base_url="http://127.0.0.1:8080") as browser:
        origin = {"Origin": "https://lab.example"}
        answer = browser.post(SESSION, json={"api_key": admin_key}, headers=origin)
        assert answer.status_code == 200
        assert answer.json()["server"]["base_url"] == "https://lab.example"
        assert all("Secure" in c for c in answer.headers.get_list("set-cookie"))
        other = {"Origin": "https://evil.example"}
        refused = browser.post(SESSION, json={"api_key": admin_key}, headers=other)
        assert refused.status_code == 403
