from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.api_client import Site, refusal
from tests.factories import message_document

CODE = "INSUFFICIENT_BALANCE"


@pytest.fixture
def site(database_url: str) -> Iterator[Site]:
    """A service with the error code of the factories."""
    opened = Site(database_url).catalogue()
    yield opened
    opened.close()


def test_a_message_is_shown_as_walls_answer_it(site: Site) -> None:
    message = {"en": message_document("You used {usage_percent, number} % of it. Recharge to go on.")}
    body = {"error_code": CODE, "message": message, "context": {"usage_percent": 87}}
    answer = site.post("/v1/preview", body)
    assert answer.status_code == 200
    assert answer.json["body"]["detail"] == "You used 87 % of it. Recharge to go on."
    assert (answer.json["status"], answer.json["shows"], answer.json["missing"]) == (402, "template", [])
    assert answer.json["headers"]["Cache-Control"] == "no-store"


def test_what_the_context_lacks_is_named_and_the_plain_text_shown(site: Site) -> None:
    message = {
        "en": message_document("You used {usage_percent, number} %.") | {"plain": "Recharge to go on."}
    }
    answer = site.post("/v1/preview", {"error_code": CODE, "message": message})
    assert answer.json["body"]["detail"] == "Recharge to go on."
    assert (answer.json["shows"], answer.json["missing"]) == ("plain", ["usage_percent"])


def test_without_plain_text_nothing_of_it_is_shown(site: Site) -> None:
    message = {"en": {name: part for name, part in message_document("{plan}").items() if name != "plain"}}
    body = {"error_code": CODE, "message": message}
    assert site.post("/v1/preview", body).json["shows"] == "nothing"


def test_the_reader_has_the_locale_asked_for(site: Site) -> None:
    message = {"en": message_document("Recharge."), "de": message_document("Bitte aufladen.")}
    shown = {
        locale: site.post("/v1/preview", {"error_code": CODE, "message": message, "locale": locale}).json
        for locale in ("en", "de", "fr")
    }
    assert [one["body"]["detail"] for one in shown.values()] == ["Recharge.", "Bitte aufladen.", "Recharge."]


def test_a_message_alone_in_another_language_is_shown(site: Site) -> None:
    body = {"error_code": CODE, "message": {"de": message_document("Bitte aufladen.")}}
    assert site.post("/v1/preview", body).json["body"]["detail"] == "Bitte aufladen."


def test_an_argument_that_no_host_sends_is_refused_at_its_place(site: Site) -> None:
    body = {"error_code": CODE, "message": {"en": message_document("You have {nothing} left.")}}
    problem = refusal(site.post("/v1/preview", body), 400)
    assert problem["errors"][0]["pointer"].startswith("/message/en/detail")


def test_nothing_is_saved_and_nobody_counted(site: Site) -> None:
    before = site.get(f"/v1/error-codes/{CODE}").json
    site.post("/v1/preview", {"error_code": CODE, "message": {"en": message_document("Recharge.")}})
    assert site.get(f"/v1/error-codes/{CODE}").json == before


def test_the_wall_must_be_known(site: Site) -> None:
    refusal(site.post("/v1/preview", {"error_code": "NO", "message": {"en": message_document()}}), 404)
