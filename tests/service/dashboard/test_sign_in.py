"""Signing in with a key or a link, and all the ways in which a session ends."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from experiments.errors import NotFound
from service.use_cases import keys, sessions
from service.use_cases.credentials import Role
from service.use_cases.paging import PageOf
from tests.api_client import Site
from tests.service.dashboard.conftest import Browser, Clock


def key_id(site: Site, role: Role = Role.VIEWER) -> str:
    """The id of the shop's key of this role."""
    return next(key.id for key in keys.list_keys(site.scope(), PageOf()).items if key.role is role)


def a_link(site: Site) -> str:
    return f"/sign-in/{sessions.make_link(site.scope(), key_id(site))}"


@pytest.mark.parametrize("role", [Role.VIEWER, Role.EDITOR, Role.ADMIN])
def test_a_key_signs_in_and_leads_to_the_page_that_was_asked_for(browser: Browser, role: Role) -> None:
    asked = browser.get("/experiments/framing")
    assert (asked.status_code, asked.location) == (303, "/sign-in?next=/experiments/framing")
    answer = browser.sign_in(role, going_on="/experiments/framing")
    assert (answer.status_code, answer.location) == (303, "/experiments/framing")
    assert browser.is_signed_in


def test_the_key_of_an_sdk_reads_nothing_here(browser: Browser) -> None:
    answer = browser.sign_in(Role.SDK)
    assert answer.status_code == 403
    assert "viewer key" in answer.text
    assert not browser.is_signed_in


@pytest.mark.parametrize("key", ["", "kg_viewer_wrong", "x" * 5000])
def test_a_wrong_key_is_refused_and_not_repeated(browser: Browser, key: str) -> None:
    answer = browser.send("/sign-in", {"key": key})
    assert answer.status_code == 403
    assert "The key is not valid" in answer.text
    assert not key or key not in answer.text
    assert "Set-Cookie" not in answer.headers


def test_wrong_keys_are_slowed_and_a_right_one_is_not(database_url: str) -> None:
    site = Site(database_url, wrong_keys_limit=3)
    try:
        browser = Browser(site)
        found = [browser.send("/sign-in", {"key": "wrong"}).status_code for _ in range(4)]
        assert found == [403, 403, 403, 429]
        refused = browser.send("/sign-in", {"key": "wrong"})
        assert refused.content_type.startswith("text/html")
        assert int(refused.headers["Retry-After"]) >= 1
        assert browser.sign_in().status_code == 303
    finally:
        site.close()


@pytest.mark.parametrize(
    "path",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "/v1/experiments", "javascript:alert(1)"],
)
def test_signing_in_leads_to_pages_of_ours_alone(browser: Browser, path: str) -> None:
    assert browser.sign_in(going_on=path).location == "/"


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(browser: Browser) -> None:
    cookie = browser.sign_in().headers["Set-Cookie"]
    assert cookie.startswith("keepgoing=")
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))
    assert "Secure" not in cookie
    assert "Domain" not in cookie


def test_over_tls_the_cookie_is_bound_to_the_host(dated_site: Site) -> None:
    browser = Browser(dated_site, home="https://keepgoing.example")
    cookie = browser.sign_in().headers["Set-Cookie"]
    assert cookie.startswith("__Host-keepgoing=")
    assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))
    assert browser.is_signed_in


@pytest.mark.parametrize(
    "home", ["http://keepgoing.example", "http://10.0.0.7:8000", "http://127.evil.example"]
)
def test_nobody_signs_in_where_the_network_reads_along(dated_site: Site, home: str) -> None:
    answer = Browser(dated_site, home=home).sign_in()
    assert answer.status_code == 403
    assert "https" in answer.text
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize(
    "home", ["http://127.0.0.1:8000", "http://[::1]:8000", "http://keepgoing.localhost:8000"]
)
def test_on_this_machine_http_will_do(dated_site: Site, home: str) -> None:
    browser = Browser(dated_site, home=home)
    assert browser.sign_in().status_code == 303


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "http://localhost:8001"},
    ],
    ids=str,
)
def test_a_form_of_another_site_signs_nobody_in(browser: Browser, headers: dict[str, Any]) -> None:
    assert browser.sign_in(**headers).status_code == 403
    assert not browser.is_signed_in


def test_a_form_that_does_not_say_where_it_comes_from_is_refused(browser: Browser) -> None:
    form = {"key": browser.site.secrets["shop", Role.VIEWER]}
    assert browser.client.post("/sign-in", data=form).status_code == 403


def test_every_sign_in_has_a_new_id_and_ends_the_one_before(browser: Browser) -> None:
    browser.sign_in()
    before = browser.secret
    browser.sign_in()
    assert browser.secret != before
    browser.client.set_cookie("keepgoing", before)
    assert not browser.is_signed_in


def test_an_id_that_another_chose_is_worth_nothing(browser: Browser) -> None:
    browser.client.set_cookie("keepgoing", "A" * 43)
    assert not browser.is_signed_in


def test_signing_out_ends_the_session_for_every_copy_of_the_cookie(browser: Browser) -> None:
    browser.sign_in()
    copy = browser.secret
    answer = browser.sign_out()
    assert (answer.status_code, answer.location) == (303, "/sign-in")
    assert browser.secret == ""
    browser.client.set_cookie("keepgoing", copy)
    assert not browser.is_signed_in


@pytest.mark.parametrize("token", ["", "0" * 64, "\ud800".encode("utf-8", "replace").decode()])
def test_signing_out_takes_the_token_of_this_session(browser: Browser, token: str) -> None:
    browser.sign_in()
    assert browser.send("/sign-out", {"token": token}).status_code == 403
    assert browser.is_signed_in


def test_signing_out_is_no_link(browser: Browser) -> None:
    browser.sign_in()
    assert browser.get("/sign-out").status_code == 405
    assert browser.is_signed_in


def test_a_session_ends_when_its_key_is_deleted(browser: Browser) -> None:
    browser.sign_in()
    keys.delete_key(browser.site.scope(), key_id(browser.site))
    assert not browser.is_signed_in


def test_a_session_ends_after_twelve_idle_hours_and_use_keeps_it(browser: Browser, clock: Clock) -> None:
    browser.sign_in()
    for _ in range(3):
        clock.wait(hours=11)
        assert browser.is_signed_in
    clock.wait(hours=12)
    assert not browser.is_signed_in


def test_a_session_ends_after_seven_days_however_much_it_is_used(browser: Browser, clock: Clock) -> None:
    browser.sign_in()
    for _ in range(16):
        clock.wait(hours=10)
        assert browser.is_signed_in
    clock.wait(hours=8)
    assert not browser.is_signed_in


def test_sessions_that_are_over_are_forgotten_at_the_next_sign_in(browser: Browser, clock: Clock) -> None:
    browser.sign_in()
    clock.wait(days=8)
    Browser(browser.site).sign_in()
    with browser.site.services.backend.database.reading() as connection:
        assert connection.execute(text("SELECT count(*) FROM dashboard_session")).scalar_one() == 1


def test_the_database_holds_no_session_id_and_no_link(browser: Browser) -> None:
    link = a_link(browser.site)
    browser.sign_in()
    with browser.site.services.backend.database.reading() as connection:
        rows = [
            str(tuple(row))
            for table in ("dashboard_session", "sign_in_link", "audit")
            for row in connection.execute(text(f"SELECT * FROM {table}"))
        ]
    assert len(rows) >= 3
    assert not [row for row in rows if browser.secret in row or link.removeprefix("/sign-in/") in row]


def test_a_link_signs_in_once(browser: Browser) -> None:
    link = a_link(browser.site)
    assert browser.get(link).location == "/"
    assert browser.is_signed_in
    again = Browser(browser.site).get(link)
    assert again.status_code == 403
    assert "works once" in again.text


def test_a_link_is_too_old_after_ten_minutes(browser: Browser, clock: Clock) -> None:
    link = a_link(browser.site)
    clock.wait(seconds=sessions.LINK_LIFETIME / timedelta(seconds=1))
    assert browser.get(link).status_code == 403


def test_a_link_ends_with_its_key(browser: Browser) -> None:
    link = a_link(browser.site)
    keys.delete_key(browser.site.scope(), key_id(browser.site))
    assert browser.get(link).status_code == 403


def test_a_link_is_not_spent_by_who_only_looks_ahead_nor_by_another_site(browser: Browser) -> None:
    link = a_link(browser.site)
    assert browser.client.head(link).status_code == 204
    assert browser.get(link, **{"Sec-Purpose": "prefetch"}).status_code == 204
    assert browser.get(link, **{"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert browser.get(link).status_code == 303


def test_no_link_is_made_for_a_key_of_another_project(browser: Browser) -> None:
    with pytest.raises(NotFound):
        sessions.make_link(browser.site.scope("rival"), key_id(browser.site))


def test_signing_in_stands_in_the_audit_trail(browser: Browser) -> None:
    browser.sign_in()
    newest = browser.site.get("/v1/audit?limit=1").text
    assert '"action":"session.begin"' in newest
    assert f'"subject":"{key_id(browser.site)}"' in newest
