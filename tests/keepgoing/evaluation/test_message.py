from __future__ import annotations

from typing import Any

import pytest

from keepgoing.errors import InvalidRuleset
from keepgoing.evaluation import compile_ruleset, decide
from keepgoing.evaluation.message import KNOWN_LOCALES, lookup_tags
from tests.rulesets import ACTIONS, CODE, wire_error_code, wire_message, wire_ruleset

USAGE = ["Used ", ["number", "usage", [0, 0, True]], "%."]


def only_default(message: dict[str, Any], **members: Any) -> dict[str, Any]:
    return wire_ruleset({}, {CODE: wire_error_code(message=message, **members)})


@pytest.mark.parametrize(
    ("asked", "served"),
    [
        (None, "en"),
        ("de", "de"),
        ("DE_at", "de"),
        ("de-AT-1996", "de"),
        ("pt-br", "pt-BR"),
        ("pt_BR", "pt-BR"),
        ("pt", "en"),
        ("zh-Hant-TW", "zh-Hant"),
        ("zh", "en"),
        ("fr", "en"),
        ("", "en"),
        ("de" * 40, "en"),
        (7, "en"),
        (["de"], "en"),
    ],
)
def test_the_locale_is_the_nearest_that_is_there(asked: Any, served: str) -> None:
    tags = ("en", "de", "pt-BR", "zh-Hant")
    rules = compile_ruleset(only_default({tag: wire_message(f"In {tag}.") for tag in tags}))
    for _ in range(2):  # found, then remembered
        decision = decide(rules, CODE, "a", {"locale": asked})
        assert (decision.locale, decision.text) == (served, f"In {served}.")
        assert decision.headers["Content-Language"] == served


def test_what_is_remembered_of_locales_is_bounded() -> None:
    rules = compile_ruleset(only_default({"en": wire_message()}))
    for number in range(KNOWN_LOCALES * 3):
        decide(rules, CODE, "a", {"locale": f"x-{number}"})
    known = rules.plans[CODE].assign("a", {}).wordings.known
    assert len(known) <= KNOWN_LOCALES


def test_tags_get_shorter() -> None:
    assert lookup_tags("zh_Hant-TW") == ("zh-hant-tw", "zh-hant", "zh")


def test_a_message_without_arguments_is_built_once() -> None:
    rules = compile_ruleset(wire_ruleset({}))
    first, second = decide(rules, CODE, "a"), decide(rules, CODE, "b")
    assert first.answer is second.answer
    assert first.json is second.json


def test_a_message_with_arguments_is_rendered_for_each_context() -> None:
    rules = compile_ruleset(only_default({"en": wire_message(USAGE), "de": wire_message(USAGE)}))
    assert decide(rules, CODE, "a", {"usage": 1234}).text == "Used 1,234%."
    assert decide(rules, CODE, "a", {"usage": 1234, "locale": "de"}).text == "Used 1.234%."
    assert b"Used 7%." in decide(rules, CODE, "a", {"usage": 7}).json


def test_arguments_of_links_are_percent_encoded_and_those_of_labels_are_not() -> None:
    action = {
        "label": ["Pay ", ["arg", "plan"]],
        "href": ["https://example.com/?plan=", ["arg", "plan"]],
        "rel": "recharge",
        "style": "primary",
    }
    rules = compile_ruleset(only_default({"en": wire_message(actions=[action])}))
    assert decide(rules, CODE, "a", {"plan": "a&b=/ü"}).body["actions"] == [
        {
            "label": "Pay a&b=/ü",
            "href": "https://example.com/?plan=a%26b%3D%2F%C3%BC",
            "rel": "recharge",
            "style": "primary",
        }
    ]


def test_plain_text_keeps_only_the_actions_that_can_be_rendered() -> None:
    broken = {"label": "Pay", "href": ["https://example.com/", ["arg", "plan"]], "rel": "pay"}
    message = wire_message(USAGE, plain="Please recharge.", actions=[broken, *ACTIONS])
    decision = decide(compile_ruleset(only_default({"en": message})), CODE, "a")
    assert (decision.text, decision.body["actions"], decision.fallback) == ("Please recharge.", ACTIONS, True)


def test_incentive_and_progress_stand_in_the_body_as_they_are() -> None:
    message = wire_message(incentive={"kind": "bonus"}, progress={"used": 0.9})
    body = decide(compile_ruleset(only_default({"en": message})), CODE, "a").body
    assert (body["incentive"], body["progress"]) == ({"kind": "bonus"}, {"used": 0.9})


@pytest.mark.parametrize(
    ("message", "pointer"),
    [
        ({}, ""),
        ({"de": wire_message()}, ""),
        ({"en": wire_message(7)}, "/en/detail"),
        ({"en": {}}, "/en/detail"),
        ({"en": wire_message([["shout", "a"]])}, "/en/detail"),
        ({"en": wire_message([["currency", "a", [None, None, True], "USD"]])}, "/en/detail"),
        ({"en": wire_message(plain=7)}, "/en/plain"),
        ({"en": wire_message(plain="")}, "/en/plain"),
        ({"en": wire_message(actions={})}, "/en/actions"),
        ({"en": wire_message(actions=[{"label": "x", "rel": "y"}])}, "/en/actions/0/href"),
        ({"en": wire_message(actions=[{"label": "x", "href": "y"}])}, "/en/actions/0/rel"),
    ],
)
def test_a_malformed_message_is_refused_with_its_place(message: dict[str, Any], pointer: str) -> None:
    with pytest.raises(InvalidRuleset) as caught:
        compile_ruleset(only_default(message))
    assert caught.value.pointer == f"/error_codes/{CODE}/message{pointer}"
