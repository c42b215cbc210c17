"""Who may call: keys, roles, throttling of wrong keys, and limits of right ones."""

from __future__ import annotations

import pytest
from sqlalchemy import inspect, text

from service.use_cases.credentials import Role, new_secret
from service.use_cases.keys import KeyRing
from tests.api_client import Site, conversion, refusal


def test_a_call_without_a_key_is_a_401_that_says_how_to_send_one(site: Site) -> None:
    answer = site.get("/v1/experiments", role=None)
    assert "Authorization: Bearer" in refusal(answer, 401)["detail"]
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="Keepgoing API"'


@pytest.mark.parametrize(
    "header", ["Basic abc", "Bearer", "Bearer  ", "Bearer nonsense", "nonsense", "Bearer \u00e9"]
)
def test_a_header_that_holds_no_key_is_a_401(site: Site, header: str) -> None:
    refusal(site.get("/v1/experiments", role=None, headers={"Authorization": header}), 401)


def test_a_well_formed_key_of_nobody_is_a_401(site: Site) -> None:
    stranger = {"Authorization": f"Bearer {new_secret(Role.ADMIN)}"}
    refusal(site.get("/v1/experiments", role=None, headers=stranger), 401)


def test_a_key_of_too_small_a_role_is_a_403_that_names_the_role(site: Site) -> None:
    detail = refusal(site.get("/v1/keys", role=Role.VIEWER), 403)["detail"]
    assert "role admin" in detail
    assert "viewer" in detail


def test_a_deleted_key_is_refused_at_once_in_the_same_process(site: Site) -> None:
    made = site.post("/v1/keys", {"role": "viewer"}).json
    headers = {"Authorization": f"Bearer {made['secret']}"}
    assert site.get("/v1/experiments", role=None, headers=headers).status_code == 200
    assert site.call("DELETE", f"/v1/keys/{made['id']}").status_code == 204
    refusal(site.get("/v1/experiments", role=None, headers=headers), 401)


def test_a_deleted_key_is_refused_within_the_cache_time_in_other_processes(site: Site) -> None:
    now = [100.0]
    ring = KeyRing(site.services.backend.database, seconds=5.0, clock=lambda: now[0])
    made = site.post("/v1/keys", {"role": "viewer"}).json
    assert ring.find(made["secret"]) is not None
    site.call("DELETE", f"/v1/keys/{made['id']}")
    now[0] = 104.9
    assert ring.find(made["secret"]) is not None
    now[0] = 105.1
    assert ring.find(made["secret"]) is None


def test_a_known_key_costs_no_query(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    ring = KeyRing(site.services.backend.database, seconds=5.0)
    secret = site.secrets["shop", Role.SDK]
    assert ring.find(secret) is not None
    monkeypatch.setattr(ring, "_ask", None)  # asking now would raise
    assert ring.find(secret) is not None


def test_a_key_in_the_address_is_refused_and_does_not_work(site: Site) -> None:
    secret = site.secrets["shop", Role.ADMIN]
    assert "logs" in refusal(site.get(f"/v1/keys?api_key={secret}"), 400)["detail"]


def test_sixty_wrong_keys_in_ten_seconds_are_slowed_and_a_right_one_is_not(site: Site) -> None:
    wrong = {"Authorization": "Bearer kg_admin_wrong"}
    statuses = [site.get("/v1/keys", role=None, headers=wrong).status_code for _ in range(61)]
    assert statuses[:60] == [401] * 60
    slowed = site.get("/v1/keys", role=None, headers=wrong)
    refusal(slowed, 429)
    assert 1 <= int(slowed.headers["Retry-After"]) <= 10
    assert site.get("/v1/keys").status_code == 200


def test_a_key_that_asks_too_often_waits_whole_seconds_and_no_other_key_does(database_url: str) -> None:
    site = Site(database_url, rate_limit_requests_per_second=3)
    answers = [site.get("/v1/experiments", role=Role.VIEWER) for _ in range(8)]
    slowed = [answer for answer in answers if answer.status_code == 429]
    assert slowed
    assert slowed[0].headers["Retry-After"] == "1"
    assert site.get("/v1/experiments", role=Role.EDITOR).status_code == 200
    site.close()


def test_an_sdk_key_may_send_ten_thousand_events_a_second_by_default(site: Site) -> None:
    rates = site.services.gate.rates
    for _ in range(10):
        rates.events.spend("key_a", 0)
        rates.events.add("key_a", 1_000)
    rates.events.spend("key_a", 0)


def test_a_key_that_sends_too_many_events_waits(database_url: str) -> None:
    site = Site(database_url, rate_limit_events_per_second=2)
    assert site.send(*(conversion(f"e{number}") for number in range(3))).status_code == 200
    answer = site.send(conversion("e9"))
    refusal(answer, 429)
    assert answer.headers["Retry-After"] == "1"
    site.close()


def test_no_secret_stands_in_the_database(site: Site) -> None:
    with site.services.backend.database.reading() as connection:
        tables = inspect(connection).get_table_names()
        rows = [str(row) for table in tables for row in connection.execute(text(f'SELECT * FROM "{table}"'))]
    assert rows
    assert not [
        row for row in rows for secret in site.secrets.values() if secret in row or secret[-20:] in row
    ]
