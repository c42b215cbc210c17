from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.api_client import Site, refusal
from tests.factories import message_document


@pytest.fixture
def site(database_url: str) -> Iterator[Site]:
    """A service with the error code of the factories."""
    opened = Site(database_url).catalogue()
    yield opened
    opened.close()


def test_faults_of_a_message_come_with_rule_place_and_reason(site: Site) -> None:
    message = {"en": message_document("Oops, insufficient balance. Recharge.")}
    answer = site.post("/v1/lint", {"error_code": "INSUFFICIENT_BALANCE", "message": message})
    assert answer.status_code == 200
    [found] = answer.json["findings"]
    assert (found["rule"], found["severity"], found["pointer"]) == ("oops", "fault", "/en/detail")
    assert found["reason"]
    assert (answer.json["ok"], answer.json["wordless"]) == (False, [])


def test_a_message_without_fault_is_ok(site: Site) -> None:
    message = {"en": message_document("Insufficient balance. Recharge to go on.")}
    answer = site.post("/v1/lint", {"error_code": "INSUFFICIENT_BALANCE", "message": message})
    assert answer.json == {"ok": True, "findings": [], "wordless": []}


def test_the_wall_must_be_known(site: Site) -> None:
    body = {"error_code": "NO_SUCH", "message": {"en": message_document()}}
    refusal(site.post("/v1/lint", body), 404)


def test_one_locale_can_be_asked_for_with_the_members_of_a_preview(site: Site) -> None:
    message = {
        "en": message_document("Oops, insufficient balance. Recharge."),
        "de": message_document("Das Guthaben reicht nicht. Bitte aufladen."),
    }
    asked = {"error_code": "INSUFFICIENT_BALANCE", "message": message, "context": {"plan": "pro"}}
    rules = {
        locale: [one["rule"] for one in site.post("/v1/lint", asked | {"locale": locale}).json["findings"]]
        for locale in ("en", "de")
    }
    assert "oops" in rules["en"]
    assert "oops" not in rules["de"]
    assert refusal(site.post("/v1/lint", asked | {"locale": "fr"}), 400)["errors"][0]["pointer"] == "/locale"
