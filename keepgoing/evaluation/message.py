"""Messages compiled: from a variant's wording in one locale to the answer that a host sends."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from math import inf
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol, TypeAlias

from keepgoing.errors import InvalidRuleset
from keepgoing.evaluation.document import Place
from keepgoing.evaluation.envelope import Envelope, clone, encode
from keepgoing.evaluation.facts import CLAIM, Clock, Facts, names_in, read_facts, seconds, with_facts
from keepgoing.evaluation.targeting import Context
from keepgoing.evaluation.template import compile_template
from keepgoing.evaluation.values import RenderError

Text: TypeAlias = "str | Callable[[Mapping[str, Any]], str]"
LONGEST_LOCALE = 64
KNOWN_LOCALES = 256


class Answer(Protocol):
    """What one decision sends: the part of it that depends on the wording alone."""

    text: str

    @property
    def is_plain(self) -> bool:
        """Whether this is plain text in the place of a template."""

    @property
    def status(self) -> int:
        """The HTTP status."""

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers, not to be changed."""

    @property
    def locale(self) -> str | None:
        """The locale of the wording, None where it is not known."""

    @property
    def decision_id(self) -> str | None:
        """The opaque id in the body, None where the message is no variant's."""

    def body(self) -> Any:
        """A new copy of the body."""

    def json(self) -> bytes:
        """The body as JSON in UTF-8."""


class Owner(NamedTuple):
    """What all messages of a variant, or of an error code, share."""

    envelope: Envelope
    decision_id: str | None
    facts: Facts = MappingProxyType({})
    clock: Clock = time.time


class Message:
    """One wording in one locale. `static` is its answer where no template has an argument, else None."""

    __slots__ = (
        "actions", "claims", "clock", "decision_id", "detail", "ends_at", "envelope", "extras",
        "extras_after", "fixed_actions", "headers", "locale", "plain", "static", "tells_end",
    )  # fmt: skip

    def __init__(self, place: Place, owner: Owner, locale: str, data: Mapping[str, Any]) -> None:
        self.envelope, self.decision_id, facts, self.clock = owner
        if place["over"].value is not True:
            facts = {**facts, **read_facts(place["facts"])}
        self.locale = locale
        self.headers = {**owner.envelope.headers, "Content-Language": locale}
        self.detail = _text(place["detail"], data, (facts, self.clock))
        self.plain = None if place["plain"].absent else place["plain"].text()
        self.actions = _actions(place["actions"], data, (facts, self.clock))
        self.extras = {name: place[name].json() for name in ("incentive", "progress")}
        self.extras_after = {**self.extras, "incentive": None}
        named = names_in(place["detail"].json())
        self.claims = {
            name: facts[name] for name in sorted(named) if name.startswith(CLAIM) and name in facts
        }
        self.ends_at = _end(place)
        self.tells_end = any(not name.startswith(CLAIM) for name in named)
        self.fixed_actions = None if any(map(_is_open, self.actions)) else self.actions
        self.static = self._prebuilt()

    def answer(self, context: Context) -> WordedAnswer:
        """The answer for a context.

        Raises:
            RenderError: An argument is missing or of the wrong type, or the text may promise what is over.
        """
        if self.ends_at is not None and not self.tells_end and self.is_over():
            raise RenderError("the offer is over, and the text does not look whether it is")
        detail = self.detail
        text = detail if isinstance(detail, str) else detail(context)
        return WordedAnswer(
            self, text, self.fixed_actions or [_rendered(act, context) for act in self.actions]
        )

    def plain_answer(self, context: Context) -> WordedAnswer | None:
        """The plain text with those actions that can be rendered; None where no plain text was given."""
        if self.plain is None:
            return None
        return PlainAnswer(self, self.plain, _renderable(self.actions, context))

    def is_over(self) -> bool:
        """Whether what it offers has ended; never of a message without an offer."""
        return self.ends_at is not None and self.clock() >= self.ends_at

    def shown(self) -> dict[str, Any]:
        """The claims that the text shows now, by name: they go with the exposure."""
        now = self.clock()
        return {name: fact.value for name, fact in self.claims.items() if now < fact.until}

    def _prebuilt(self) -> WordedAnswer | None:
        if self.ends_at is not None or not isinstance(self.detail, str) or self.fixed_actions is None:
            return None
        return StaticAnswer(self, self.detail, self.fixed_actions)


class WordedAnswer:
    """A message with its arguments filled in."""

    __slots__ = ("actions", "extras", "message", "text")

    is_plain = False

    def __init__(self, message: Message, text: str, actions: list[dict[str, Any]]) -> None:
        self.message = message
        self.text = text
        self.actions = actions
        self.extras = (
            message.extras_after if message.ends_at is not None and message.is_over() else message.extras
        )

    @property
    def status(self) -> int:
        """The error code's HTTP status."""
        return self.message.envelope.status

    @property
    def headers(self) -> Mapping[str, str]:
        """The error code's headers with the language of this wording."""
        return self.message.headers

    @property
    def locale(self) -> str:
        """The locale of this wording as its author wrote it."""
        return self.message.locale

    @property
    def decision_id(self) -> str | None:
        """The opaque id that stands in the body instead of names."""
        return self.message.decision_id

    def body(self) -> Any:
        """A new copy of the body."""
        message = self.message
        values = {"detail": self.text, "actions": self.actions, "decision_id": message.decision_id}
        return message.envelope.fill(values | self.extras)

    def json(self) -> bytes:
        """The body as JSON in UTF-8."""
        return encode(self.body())


class StaticAnswer(WordedAnswer):
    """A message without arguments: body and JSON are made once for all who ask."""

    __slots__ = ("_body", "_json")

    def __init__(self, message: Message, text: str, actions: list[dict[str, Any]]) -> None:
        super().__init__(message, text, actions)
        self._body = super().body()
        self._json = encode(self._body)

    def body(self) -> Any:
        """A new copy of the body."""
        return clone(self._body)

    def json(self) -> bytes:
        """The body as JSON in UTF-8."""
        return self._json


class PlainAnswer(WordedAnswer):
    """A message's plain text, in the place of its template."""

    __slots__ = ()

    is_plain = True


class Wordings:
    """The messages of one variant in all its locales. `known` remembers what `pick` found, within a bound."""

    __slots__ = ("by_tag", "default", "known")

    def __init__(self, by_tag: Mapping[str, Message], default: Message) -> None:
        self.by_tag = by_tag
        self.default = default
        self.known: dict[str | None, Message] = {None: default}

    def pick(self, locale: object) -> Message:
        """The message in this locale, else in its nearest shorter one, else in the default locale."""
        if not isinstance(locale, str) or len(locale) > LONGEST_LOCALE:
            return self.default
        found = next((self.by_tag[tag] for tag in lookup_tags(locale) if tag in self.by_tag), self.default)
        if len(self.known) < KNOWN_LOCALES:
            self.known[locale] = found
        return found


def lookup_tags(locale: str) -> tuple[str, ...]:
    """The tags under which to look a locale up, longest first: `zh_Hant-TW` is zh-hant-tw, zh-hant, zh."""
    parts = locale.lower().replace("_", "-").split("-")
    return tuple("-".join(parts[:length]) for length in range(len(parts), 0, -1))


def compile_wordings(place: Place, owner: Owner, default_locale: str, locales: Mapping[str, Any]) -> Wordings:
    """The wordings that stand in a `message` member, one by locale.

    Raises:
        InvalidRuleset: A message or template is malformed, or the default locale has none.
    """
    by_tag = {
        lookup_tags(locale)[0]: Message(worded, owner, locale, locales.get(locale) or {})
        for locale, worded in place.members()
    }
    default = by_tag.get(lookup_tags(default_locale)[0])
    if default is None:
        raise place.fault(f"has no message in the default locale {default_locale!r}")
    return Wordings(by_tag, default)


def _end(place: Place) -> float | None:
    """When what the message offers ends, long ago where it is over already; None where it offers nothing."""
    if place["over"].value is True:
        return 0.0
    if place["incentive"].absent or not isinstance(place["incentive"].value, Mapping):
        return None
    end = seconds(place["incentive"]["ends_at"])
    return None if end == inf else end


def _text(
    place: Place,
    data: Mapping[str, Any],
    known: tuple[Facts, Clock],
    encode: Callable[[str], str] | None = None,
) -> Text:
    template = place.json()
    if not isinstance(template, str | list):
        raise place.fault("must be a template: text, or a compiled list")
    try:
        compiled = compile_template(template, data, encode=encode)
    except (InvalidRuleset, RecursionError) as error:
        raise place.fault(f"is not a template that this version can use: {error}") from error
    names = names_in(template)
    return with_facts(compiled, names, *known) if names and callable(compiled) else compiled


def _percent_encoder() -> Callable[[str], str]:
    from urllib.parse import quote  # here, since importing it costs every host several milliseconds

    return lambda text: quote(text, safe="")


def _actions(place: Place, data: Mapping[str, Any], known: tuple[Facts, Clock]) -> list[dict[str, Any]]:
    return [] if place.absent else [_action(element, data, known) for element in place.elements()]


def _action(place: Place, data: Mapping[str, Any], known: tuple[Facts, Clock]) -> dict[str, Any]:
    return {
        **{name: member.json() for name, member in place.members()},
        "label": _text(place["label"], data, known),
        "href": _text(place["href"], data, known, _percent_encoder()),
        "rel": place["rel"].text(),
    }


def _is_open(action: dict[str, Any]) -> bool:
    return callable(action["label"]) or callable(action["href"])


def _rendered(action: dict[str, Any], context: Context) -> dict[str, Any]:
    return {name: part(context) if callable(part) else part for name, part in action.items()}


def _renderable(actions: list[dict[str, Any]], context: Context) -> list[dict[str, Any]]:
    rendered = []
    for action in actions:
        try:
            rendered.append(_rendered(action, context))
        except Exception:  # noqa: S112 - the answer to trouble; an action that cannot be rendered helps nobody
            continue
    return rendered
