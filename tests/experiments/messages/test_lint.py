from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from experiments.messages.lint import Report, lint
from experiments.messages.rules import RULES
from experiments.messages.subject import Subject
from experiments.model.message import Message
from tests.factories import an_error_code, message_document

EN = "Insufficient balance. Recharge to go on."
DE = "Ihr Guthaben reicht nicht aus. Laden Sie es auf, dann geht es weiter."
HTTP = [{"label": "Pay", "href": "http://example.com/pay", "rel": "pay"}]
AWAY = [{"label": "Pay", "href": "https://evil.example/pay", "rel": "pay"}]
LONG = [
    {"label": "Recharge your account balance right on this page", "href": "https://a.example", "rel": "pay"}
]


def linted(
    detail: str = EN, *, locale: str = "en", status: int = 402, principles: Any = (), **fields: Any
) -> Report:
    """The report on a message in one language, whose other language is without fault."""
    about = {
        name: fields.pop(name) for name in ("headers", "allowed_hosts", "billing_phrases") if name in fields
    }
    ends_at = fields.pop("ends_at", None)
    messages = {locale: Message.model_validate(message_document(detail, **fields))}
    error_code = an_error_code(
        status=status, default_locale=locale, message={locale: message_document()}, **about
    )
    return lint(Subject(error_code, messages, principles, ends_at=ends_at, has_incentive=ends_at is not None))


def rules(report: Report) -> set[str]:
    """The names of the rules that found something that counts."""
    return {one.rule for one in report.findings if one.waived is None}


GOOD = [
    ("en", EN),
    ("en", "Payment required: your trial is over. Choose a plan to keep your work going."),
    ("en", "You are out of credits. Add credits, and the next request goes through."),
    ("en", "Insufficient balance after 1,200 requests. Recharge to keep going."),
    ("de", DE),
    ("de", "Zahlung erforderlich: Ihre Testphase ist vorbei. Wählen Sie einen Tarif."),
]


@pytest.mark.parametrize(("locale", "detail"), GOOD)
def test_a_good_message_has_no_fault(locale: str, detail: str) -> None:
    assert linted(detail, locale=locale).findings == ()


BAD: list[tuple[str, str, str]] = [
    ("no_next_step", "en", "Insufficient balance."),
    ("no_next_step", "en", "Payment required: your account has no units left."),
    ("no_next_step", "de", "Ihr Guthaben ist aufgebraucht."),
    ("unnamed_cause", "en", "Your account balance is too low. Recharge to go on."),
    ("unnamed_cause", "en", "You're on the cusp of more results. Recharge to keep going."),
    ("unnamed_cause", "en", "Quota used up. Upgrade to go on."),
    ("unnamed_cause", "de", "Hier geht es gerade nicht weiter. Bitte aufladen."),
    ("retry_phrase", "en", "Insufficient balance. Recharge and try again."),
    ("retry_phrase", "en", "Insufficient balance, rate limited. Recharge."),
    ("retry_phrase", "en", "Insufficient balance. Too many requests, please recharge."),
    ("retry_phrase", "en", "Insufficient balance. Please wait, or recharge."),
    ("retry_phrase", "en", "Insufficient balance. Service is temporarily stopped; recharge."),
    ("retry_phrase", "en", "Insufficient balance. Requests are throttled; recharge."),
    ("retry_phrase", "de", "Guthaben aufgebraucht. Aufladen und erneut versuchen."),
    ("retry_phrase", "de", "Guthaben aufgebraucht. Vorübergehend gesperrt; bitte aufladen."),
    ("auth_phrase", "en", "Insufficient balance. Unauthorized; recharge."),
    ("auth_phrase", "en", "Insufficient balance, invalid API key. Recharge."),
    ("auth_phrase", "en", "Insufficient balance. Access denied until you recharge."),
    ("auth_phrase", "en", "Insufficient balance. Recharge and sign in again."),
    ("auth_phrase", "de", "Guthaben aufgebraucht, Zugriff verweigert. Bitte aufladen."),
    ("timeout_phrase", "en", "Insufficient balance. The request timed out; recharge."),
    ("timeout_phrase", "en", "Insufficient balance. Service unavailable; recharge."),
    ("timeout_phrase", "en", "Insufficient balance. Internal server error; recharge."),
    ("timeout_phrase", "en", "Insufficient balance for this context length. Recharge."),
    ("timeout_phrase", "de", "Guthaben aufgebraucht, Zeitüberschreitung. Bitte aufladen."),
    ("foreign_status", "en", "Insufficient balance (403). Recharge to go on."),
    ("foreign_status", "en", "Insufficient balance, error 429. Recharge to go on."),
    ("foreign_status", "en", "Insufficient balance: HTTP 500. Recharge to go on."),
    ("foreign_status", "de", "Fehler 404: Ihr Guthaben ist leer. Bitte aufladen."),
    ("blame", "en", "Insufficient balance. You forgot to recharge."),
    ("blame", "en", "Insufficient balance. You failed to pay; recharge now."),
    ("blame", "en", "Insufficient balance: you didn't recharge."),
    ("blame", "en", "Insufficient balance. It is your fault; recharge."),
    ("blame", "en", "Insufficient balance: you have exceeded what you paid. Recharge."),
    ("blame", "en", "Insufficient balance. You should have seen it. Recharge."),
    ("blame", "de", "Guthaben leer. Sie haben vergessen zu bezahlen. Bitte aufladen."),
    ("blame", "de", "Guthaben leer, selbst schuld. Bitte aufladen."),
    ("oops", "en", "Oops! Insufficient balance. Recharge."),
    ("oops", "en", "Whoops, insufficient balance. Recharge."),
    ("oops", "en", "Uh-oh, insufficient balance. Recharge."),
    ("oops", "en", "Yikes: insufficient balance. Recharge."),
    ("oops", "de", "Hoppla, Ihr Guthaben ist leer. Bitte aufladen."),
    ("oops", "de", "Ups, Ihr Guthaben ist leer. Bitte aufladen."),
    ("vague", "en", "Something went wrong: insufficient balance. Recharge."),
    ("vague", "en", "An error occurred: insufficient balance. Recharge."),
    ("vague", "de", "Ein Fehler ist aufgetreten: Guthaben leer. Bitte aufladen."),
    ("false_urgency", "en", "Insufficient balance. Act now and recharge."),
    ("false_urgency", "en", "Insufficient balance. Hurry, recharge."),
    ("false_urgency", "en", "Insufficient balance. Last chance to recharge."),
    ("false_urgency", "en", "Insufficient balance. Recharge before it's too late."),
    (
        "false_urgency",
        "en",
        "Insufficient balance. Recharge before it\N{RIGHT SINGLE QUOTATION MARK}s too late.",
    ),
    ("false_urgency", "en", "Insufficient balance. Only 3 left: recharge."),
    ("false_urgency", "de", "Guthaben leer. Jetzt handeln und aufladen."),
    ("false_urgency", "de", "Guthaben leer. Nur noch heute aufladen."),
    ("unproved_claim", "en", "Insufficient balance. 82% of active users recharge here."),
    ("unproved_claim", "en", "Insufficient balance. Most teams recharge within a day."),
    ("unproved_claim", "en", "Insufficient balance. Join 12,000 customers who recharge."),
    ("unproved_claim", "en", "Insufficient balance. Thousands of developers recharge weekly."),
    ("unproved_claim", "de", "Guthaben leer. Die meisten Kunden laden es am selben Tag auf."),
    ("unproved_claim", "de", "Guthaben leer. 82 % der Nutzer laden es hier auf."),
    ("unproved_offer", "en", "Insufficient balance. Recharge and get 10 bonus units."),
    ("unproved_offer", "en", "Insufficient balance. Recharge with 20% off."),
    ("unproved_offer", "de", "Guthaben leer. Laden Sie es mit 10 % Rabatt auf."),
    ("markup", "en", "Insufficient balance. <b>Recharge</b> to go on."),
    ("markup", "en", "Insufficient balance. **Recharge** to go on."),
    ("markup", "en", "Insufficient balance. [Recharge](https://example.com)"),
    ("shouting", "en", "INSUFFICIENT BALANCE. Recharge to go on."),
    ("shouting", "en", "Insufficient balance! Recharge! Go on!"),
    ("too_long", "en", EN + " Recharge to go on." * 20),
    ("long_for_terminal", "en", EN + " Recharge to go on." * 11),
    ("long_for_toast", "en", "Insufficient balance " + "and not a unit more " * 4 + "is left. Recharge."),
    ("hard_to_read", "en", "Insufficient balance, so " + "we go on " * 9 + "once you recharge."),
    ("broken_template", "en", "Insufficient balance {plan. Recharge."),
    ("undeclared_placeholder", "en", "Insufficient balance, {name}. Recharge."),
    ("undeclared_placeholder", "en", "Insufficient balance on {plan, number}. Recharge."),
    ("undeclared_placeholder", "en", "Insufficient balance. {claim_share, number} go on. Recharge."),
]


@pytest.mark.parametrize(("rule", "locale", "detail"), BAD)
def test_a_bad_message_is_caught_by_the_rule_named(rule: str, locale: str, detail: str) -> None:
    assert rule in rules(linted(detail, locale=locale))


@pytest.mark.parametrize(
    ("rule", "fields"),
    [
        ("no_action", {"actions": []}),
        ("insecure_link", {"actions": HTTP}),
        ("foreign_host", {"actions": AWAY, "allowed_hosts": ["example.com"]}),
        ("long_label", {"actions": LONG}),
        ("oops", {"plain": "Oops, insufficient balance. Recharge."}),
        ("endless_scarcity", {"principles": ("scarcity",)}),
        ("unknown_waiver", {"waive": [{"rule": "oopsie", "reason": "we like to be funny"}]}),
    ],
)
def test_what_is_wrong_beside_the_text_is_caught_too(rule: str, fields: dict[str, Any]) -> None:
    assert rules(linted(EN, **fields)) == {rule}


def test_the_table_of_bad_messages_is_as_long_as_promised_and_names_known_rules() -> None:
    assert len(BAD) >= 60
    assert {rule for rule, *_ in BAD} <= {rule.name for rule in RULES}


def test_the_message_of_the_mission_has_the_two_faults_that_a_reviewer_would_name() -> None:
    mission = (
        "Your account balance is too low to process this request. "
        "Please recharge your account or contact support."
    )
    assert [one.rule for one in linted(mission, actions=[]).findings] == ["no_action", "unnamed_cause"]


def test_a_waiver_with_its_reason_sets_a_rule_aside_and_is_shown() -> None:
    reason = "our gateway is our own"
    report = linted(
        "Your wallet is empty. Recharge to go on.", waive=[{"rule": "unnamed_cause", "reason": reason}]
    )
    assert [(one.rule, one.waived) for one in report.findings] == [("unnamed_cause", reason)]
    assert report.ok


def test_a_foreign_host_cannot_be_waived() -> None:
    waive = [{"rule": "foreign_host", "reason": "we trust that other host"}]
    assert {"foreign_host", "unknown_waiver"} <= rules(
        linted(actions=AWAY, allowed_hosts=["example.com"], waive=waive)
    )


def test_an_error_code_adds_phrases_that_its_gateways_know() -> None:
    report = linted("Your wallet is empty. Recharge it.", billing_phrases={"en": ["wallet is empty"]})
    assert report.ok


def test_at_a_rate_limit_waiting_is_the_next_step_and_retry_after_is_needed() -> None:
    detail = "Too many requests for a moment. Please wait, then send it again."
    assert rules(linted(detail, status=429, headers={"Retry-After": "20"})) == set()
    assert rules(linted(detail, status=429)) == {"retry_phrase"}


def test_urgency_is_let_through_when_the_incentive_really_ends() -> None:
    detail = "Insufficient balance. For a limited time you get 10 bonus units; recharge to take them."
    assert rules(linted(detail, ends_at=datetime(2026, 12, 31, tzinfo=UTC))) == set()


def test_every_case_of_a_select_is_read() -> None:
    detail = "Insufficient balance. {plan, select, pro {Recharge.} other {Oops, recharge.}}"
    assert rules(linted(detail)) == {"oops"}


def test_a_language_without_words_is_checked_by_the_other_rules_and_said_to_be() -> None:
    report = linted("Solde insuffisant! Rechargez! Vite!", locale="fr", actions=[])
    assert rules(report) == {"shouting", "no_action"}
    assert report.wordless == ("fr",)


def test_a_locale_that_is_missing_or_says_something_else_is_a_fault() -> None:
    both = {"en": message_document("Insufficient balance on {plan}. Recharge."), "de": message_document(DE)}
    error_code = an_error_code(message=both)
    messages = {name: Message.model_validate(one) for name, one in both.items()}
    assert rules(lint(Subject(error_code, messages))) == {"other_placeholders"}
    assert rules(lint(Subject(error_code, {"en": messages["en"]}))) == {"missing_locale"}
