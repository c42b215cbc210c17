"""The rules of the lint, each with its name, its severity and its reason: what stands here is checked."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

from experiments.messages import words
from experiments.messages.readings import SLOT, columns, sentences
from experiments.messages.subject import Subject, Text, texts
from experiments.messages.words import found, language_of
from experiments.model.complaints import Path
from experiments.model.message import Message
from experiments.model.template import TemplateFault, check_arguments, parse_template
from experiments.model.text import allows, host_of

Severity = Literal["fault", "warning"]
Found = Iterator[tuple[Path, str]]
Check = Callable[[Subject, str, Message], Found]

LOG_LINE: Final = 300
TERMINAL: Final = 240
TOAST: Final = 100
LABEL: Final = 32
LONGEST_SENTENCE: Final = 25
HARDEST_LIX: Final = 60.0
LONG_WORD: Final = 6

_EXAMPLES: Final = {
    ("billing", "en"): "insufficient balance",
    ("billing", "de"): "Guthaben",
    ("rate", "en"): "too many requests",
    ("rate", "de"): "zu viele Anfragen",
}
_WORD: Final = re.compile(rf"[\w{SLOT}'\N{{RIGHT SINGLE QUOTATION MARK}}-]+")
_STATUS: Final = re.compile(r"(?<![\w.,%$€£-])[45]\d\d(?![\w%]|[.,]\d)")
_MARKUP: Final = re.compile(r"<[a-zA-Z/][^>]*>|\*\*|__|`|\[[^\]]+\]\(|&\w+;")
_NUMBER: Final = re.compile(r"\d")


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule; `waivable` is whether a reason can set it aside."""

    name: str
    severity: Severity
    reason: str
    check: Check
    waivable: bool = True


def _no_action(_: Subject, __: str, message: Message) -> Found:
    if not message.actions:
        yield ("actions",), "has no next step; add one with label, href and rel"


def _no_next_step(_: Subject, locale: str, message: Message) -> Found:
    language = language_of(locale)
    for text in texts(message):
        if text.name != "label" and language and not found(words.NEXT_STEP, language, text.reading):
            yield text.place, "says what is wrong and not what to do; name the next step in the text"


def _insecure_link(_: Subject, __: str, message: Message) -> Found:
    for number, action in enumerate(message.actions):
        if action.href.lower().startswith("http:"):
            yield ("actions", number, "href"), "is not encrypted; write https:"


def _foreign_host(subject: Subject, _: str, message: Message) -> Found:
    allowed = subject.error_code.allowed_hosts
    for number, action in enumerate(message.actions):
        host = host_of(action.href)
        if host is not None and allowed and not allows(allowed, host):
            yield ("actions", number, "href"), f"leads to {host}, which allowed_hosts does not name"


def _unnamed_cause(subject: Subject, locale: str, message: Message) -> Found:
    language = language_of(locale)
    if language is None or subject.wall == "other":
        return
    known = words.BILLING if subject.wall == "billing" else words.RATE
    more = subject.error_code.billing_phrases.get(language, ()) if subject.wall == "billing" else ()
    for text in texts(message):
        if text.name != "label" and not found(known, language, text.reading, more):
            example = _EXAMPLES[subject.wall, language]
            yield text.place, f"names the cause in no phrase that gateways know; write, say, {example!r}"


def _with_words(known: words.Words, detail: str) -> Check:
    """The check that finds words in any text."""

    def check(_: Subject, locale: str, message: Message) -> Found:
        for text in texts(message):
            if hit := found(known, language_of(locale), text.reading):
                yield text.place, f"has {hit!r}: {detail}"

    return check


def _retry_phrase(subject: Subject, locale: str, message: Message) -> Found:
    if subject.wall != "rate":
        yield from _with_words(words.RETRY, "clients take it for transient, and repeat the request")(
            subject, locale, message
        )
    elif "retry-after" not in {name.lower() for name in subject.error_code.headers}:
        yield (
            ("detail",),
            "the error code has no Retry-After, so clients guess when to repeat; add it",
        )


def _foreign_status(subject: Subject, _: str, message: Message) -> Found:
    for text in texts(message):
        for hit in _STATUS.finditer(text.reading):
            if int(hit[0]) != subject.error_code.status:
                yield text.place, f"has {hit[0]}, which gateways read as another status; write it otherwise"


def _false_urgency(subject: Subject, locale: str, message: Message) -> Found:
    if subject.ends_at is None:
        yield from _with_words(words.URGENCY, "urgency needs an end; give the incentive its ends_at")(
            subject, locale, message
        )


def _endless_scarcity(subject: Subject, _: str, message: Message) -> Found:
    templates = (message.detail, *(action.label for action in message.actions))
    if (
        "scarcity" in subject.principles
        and subject.ends_at is None
        and not any("{" in one for one in templates)
    ):
        yield (
            ("detail",),
            "is tagged scarcity and shows no real end; use a placeholder or an incentive's ends_at",
        )


def _shouting(_: Subject, __: str, message: Message) -> Found:
    for text in texts(message):
        if text.reading.count("!") > 1 or re.search(r"\b[A-Z]{4,}\s+[A-Z]{3,}\b", text.reading):
            yield text.place, "shouts; write it in small letters with one exclamation mark at most"


def _markup(_: Subject, __: str, message: Message) -> Found:
    for text in texts(message):
        if hit := _MARKUP.search(text.reading):
            yield text.place, f"has {hit[0]!r}, which clients print as it is; write plain text"


def _unproved_claim(_: Subject, locale: str, message: Message) -> Found:
    language = language_of(locale)
    for text, sentence in _sentences(message):
        others = found(words.OTHERS, language, sentence)
        counted = _NUMBER.search(sentence) or found(words.QUANTITY, language, sentence)
        if others and counted:
            yield (
                text.place,
                f"claims something of {others!r} by hand; use {{claim_NAME}}, or leave it out",
            )


def _unproved_offer(subject: Subject, locale: str, message: Message) -> Found:
    if subject.has_incentive:
        return
    for text, sentence in _sentences(message):
        hit = found(words.OFFER, language_of(locale), sentence)
        if hit and _NUMBER.search(sentence):
            yield text.place, f"offers something ({hit!r}) that no incentive gives; declare the incentive"


def _sentences(message: Message) -> Iterator[tuple[Text, str]]:
    for text in texts(message):
        yield from ((text, sentence) for sentence in sentences(text.reading))


def _too_long(_: Subject, __: str, message: Message) -> Found:
    for text in texts(message):
        if text.name != "label" and columns(text.reading) > LOG_LINE:
            yield text.place, f"takes {columns(text.reading)} columns, a log line shows {LOG_LINE}"


def _long_for_terminal(_: Subject, __: str, message: Message) -> Found:
    for text in texts(message):
        if text.name != "label" and TERMINAL < columns(text.reading) <= LOG_LINE:
            yield text.place, f"takes {columns(text.reading)} columns, more than three lines of a terminal"


def _long_for_toast(_: Subject, __: str, message: Message) -> Found:
    for text in texts(message):
        first = sentences(text.reading)[:1]
        if text.name != "label" and first and columns(first[0]) > TOAST:
            yield text.place, f"its first sentence takes {columns(first[0])} columns, a toast shows {TOAST}"


def _long_label(_: Subject, __: str, message: Message) -> Found:
    for text in texts(message):
        if text.name == "label" and columns(text.reading) > LABEL:
            yield text.place, f"takes {columns(text.reading)} columns, a button shows {LABEL}"


def _hard_to_read(_: Subject, __: str, message: Message) -> Found:
    for text, sentence in _sentences(message):
        parts = _WORD.findall(sentence)
        longest = sum(len(word) > LONG_WORD for word in parts)
        if len(parts) > LONGEST_SENTENCE:
            yield text.place, f"has a sentence of {len(parts)} words; make two of it"
        elif len(parts) > 12 and len(parts) + 100 * longest / len(parts) > HARDEST_LIX:
            yield text.place, f"has a sentence of {longest} long words in {len(parts)}; use shorter ones"


def _broken_template(_: Subject, __: str, message: Message) -> Found:
    for place, template in _templates(message):
        try:
            parse_template(template)
        except TemplateFault as fault:
            yield place, str(fault)


def _undeclared_placeholder(subject: Subject, _: str, message: Message) -> Found:
    for place, template in _templates(message):
        try:
            parsed = parse_template(template)
        except TemplateFault:
            continue
        for fault in check_arguments(parsed, subject.error_code.arguments):
            if not re.match(r"incentive_", template[fault.position :].lstrip("{")):
                yield place, str(fault)


def _templates(message: Message) -> Iterator[tuple[Path, str]]:
    yield ("detail",), message.detail
    for number, action in enumerate(message.actions):
        yield ("actions", number, "label"), action.label
        yield ("actions", number, "href"), action.href


def _other_placeholders(subject: Subject, _: str, message: Message) -> Found:
    reference = subject.messages.get(subject.error_code.default_locale)
    if reference is None or reference is message:
        return
    missing = sorted(_arguments(reference) ^ _arguments(message))
    if missing:
        yield ("detail",), f"its placeholders are not those of the other locales: {', '.join(missing)}"


def _arguments(message: Message) -> set[str]:
    names: set[str] = set()
    for __, template in _templates(message):
        try:
            names |= {use.name for use in parse_template(template).uses}
        except TemplateFault:
            continue
    return names


RULES: Final = (
    Rule("no_action", "fault", "An error without a link to the next step is a dead end.", _no_action),
    Rule(
        "no_next_step",
        "fault",
        "Many clients show the text alone, so the text says what to do.",
        _no_next_step,
    ),
    Rule("insecure_link", "fault", "A person is sent to pay there.", _insecure_link),
    Rule(
        "foreign_host", "fault", "Links lead only where the error code allows.", _foreign_host, waivable=False
    ),
    Rule("unnamed_cause", "fault", "Gateways and agents read the cause from the text.", _unnamed_cause),
    Rule("retry_phrase", "fault", "Such words make clients repeat what cannot succeed.", _retry_phrase),
    Rule(
        "auth_phrase",
        "fault",
        "Clients would ask for another key.",
        _with_words(words.AUTH, "clients take it for a wrong key"),
    ),
    Rule(
        "timeout_phrase",
        "fault",
        "Clients would repeat the request.",
        _with_words(words.TIMEOUT, "clients take it for a broken connection or server, and repeat"),
    ),
    Rule("foreign_status", "fault", "Gateways read three digits in a text as a status.", _foreign_status),
    Rule(
        "blame", "fault", "Who is blamed leaves.", _with_words(words.BLAME, "blames the reader; say what is")
    ),
    Rule(
        "oops",
        "fault",
        "A wall is no joke to who stands before it.",
        _with_words(words.OOPS, "is chatter; say what happened"),
    ),
    Rule(
        "vague",
        "fault",
        "A reader must know what happened.",
        _with_words(words.VAGUE, "says nothing; say what happened"),
    ),
    Rule("false_urgency", "fault", "Urgency without an end is a lie.", _false_urgency),
    Rule("endless_scarcity", "fault", "Scarcity is shown with its real end.", _endless_scarcity),
    Rule("unproved_claim", "fault", "Figures about others are computed, never typed.", _unproved_claim),
    Rule("unproved_offer", "fault", "What is offered must be given.", _unproved_offer),
    Rule("markup", "fault", "Clients print the text as it is.", _markup),
    Rule("shouting", "warning", "Capitals and exclamation marks are pressure.", _shouting),
    Rule("too_long", "fault", "Log lines are cut.", _too_long),
    Rule("long_for_terminal", "warning", "Three lines are read, more are scrolled past.", _long_for_terminal),
    Rule(
        "long_for_toast", "warning", "A toast shows two lines: the cause must stand in them.", _long_for_toast
    ),
    Rule("long_label", "warning", "A button is cut.", _long_label),
    Rule("hard_to_read", "warning", "Short sentences are read.", _hard_to_read),
    Rule("broken_template", "fault", "It cannot be rendered.", _broken_template, waivable=False),
    Rule("undeclared_placeholder", "fault", "Hosts do not send it.", _undeclared_placeholder, waivable=False),
    Rule("other_placeholders", "fault", "All languages say the same.", _other_placeholders),
)
