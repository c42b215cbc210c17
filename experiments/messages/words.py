"""The words by which rules know a fault, by language. What is not here is checked without words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

LANGUAGES: Final = ("en", "de")

Words = Mapping[str, tuple[str, ...]]

BILLING: Final[Words] = {
    "en": (
        r"insufficient (account )?(balance|credits?|funds)",
        r"credit balance",
        r"out of credits?",
        r"payment required",
    ),
    "de": (
        r"guthaben",
        r"zahlung (ist )?(erforderlich|nötig)",
        r"kontostand (ist )?(zu niedrig|reicht nicht)",
    ),
}
RATE: Final[Words] = {
    "en": (r"rate[- ]limit(ed|s)?", r"too many requests", r"request limit"),
    "de": (r"zu viele anfragen", r"ratenlimit", r"anfragelimit"),
}
NEXT_STEP: Final[Words] = {
    "en": (
        r"recharge",
        r"top up",
        r"add (\w+ )?(funds|credits?|units|payment)",
        r"contact",
        r"upgrade",
        r"choose",
        r"pick",
        r"see",
        r"update",
        r"subscribe",
        r"renew",
        r"pay",
        r"write to",
        r"talk to",
        r"wait",
        r"raise",
        r"switch",
        r"slow",
        r"send",
        r"buy",
    ),
    "de": (
        r"aufladen",
        r"lad\w* \w*( \w+){0,4} ?auf",
        r"kontaktier\w*",
        r"wähl\w*",
        r"sehen sie",
        r"aktualisier\w*",
        r"abonnier\w*",
        r"verlänger\w*",
        r"bezahl\w*",
        r"schreib\w*",
        r"sprech\w*",
        r"wart\w*",
        r"wechsel\w*",
        r"erhöh\w*",
        r"senden",
        r"buch\w*",
    ),
}
RETRY: Final[Words] = {
    "en": (
        r"rate[- ]limit\w*",
        r"too many requests",
        r"try again",
        r"retry\w*",
        r"please wait",
        r"slow down",
        r"temporar(y|ily)",
        r"throttl\w*",
        r"overload\w*",
        r"at capacity",
        r"resource exhausted",
    ),
    "de": (
        r"versuchen sie es \w*\s?(erneut|noch ?mal|wieder|später)",
        r"erneut versuchen",
        r"zu viele anfragen",
        r"bitte warten",
        r"vorübergehend",
        r"überlastet",
        r"später noch ?mal",
    ),
}
AUTH: Final[Words] = {
    "en": (
        r"unauthori[sz]ed",
        r"authenticat\w+",
        r"(invalid|wrong|expired) (api[- ]?)?(key|token)",
        r"access denied",
        r"permission denied",
        r"forbidden",
        r"(sign|log) in again",
    ),
    "de": (
        r"nicht autorisiert",
        r"authentifizier\w*",
        r"zugriff verweigert",
        r"(ungültiger|falscher) schlüssel",
        r"verboten",
        r"melden sie sich (erneut|wieder) an",
    ),
}
TIMEOUT: Final[Words] = {
    "en": (
        r"time[- ]?outs?",
        r"timed out",
        r"deadline exceeded",
        r"connection (reset|refused|error)",
        r"service unavailable",
        r"context length",
        r"bad gateway",
        r"internal (server )?error",
    ),
    "de": (r"zeitüberschreitung", r"timeout", r"verbindungsfehler", r"nicht erreichbar", r"interner fehler"),
}
BLAME: Final[Words] = {
    "en": (
        r"you (have )?(failed|forgot(ten)?|neglected|broke)",
        r"you (didn't|did not|haven't|have not)",
        r"your (fault|mistake|failure|negligence)",
        r"you should have",
        r"you (must|need to) (be more )?careful",
        r"you were warned",
        r"you (have )?(abused|violated|exceeded)",
        r"as we told you",
    ),
    "de": (
        r"sie haben (\w+ ){0,2}(vergessen|versäumt|verletzt|überschritten)",
        r"ihr (fehler|versäumnis)",
        r"selbst schuld",
        r"sie hätten",
        r"wie wir ihnen (schon )?sagten",
    ),
}
OOPS: Final[Words] = {
    "en": (r"w?h?oops(ie)?", r"uh[- ]?oh", r"yikes", r"oh no", r"my bad", r"ruh[- ]roh", r"d'oh"),
    "de": (r"hoppla", r"ups+", r"huch", r"oh nein", r"oje"),
}
VAGUE: Final[Words] = {
    "en": (r"something went wrong", r"an? (unknown |unexpected )?error (has )?occurred", r"request failed"),
    "de": (r"etwas ist schiefgelaufen", r"ein (unbekannter |unerwarteter )?fehler ist aufgetreten"),
}
URGENCY: Final[Words] = {
    "en": (
        r"act (now|fast)",
        r"hurry",
        r"last chance",
        r"don't miss",
        r"before it's too late",
        r"only today",
        r"today only",
        r"limited time",
        r"(ends|expires) soon",
        r"immediately",
        r"urgent(ly)?",
        r"final notice",
        r"now or never",
        r"while (supplies|stocks) last",
        r"only \d+ left",
        r"running out",
        r"right now",
    ),
    "de": (
        r"jetzt handeln",
        r"beeilen sie sich",
        r"letzte chance",
        r"nur (noch )?heute",
        r"endet bald",
        r"sofort",
        r"dringend",
        r"verpassen sie",
        r"bevor es zu spät ist",
        r"solange der vorrat",
        r"nur noch \d+",
    ),
}
OTHERS: Final[Words] = {
    "en": (
        r"users?",
        r"customers?",
        r"teams?",
        r"developers?",
        r"companies",
        r"people",
        r"accounts",
        r"others",
        r"everyone",
        r"average",
        r"median",
        r"typical(ly)?",
    ),
    "de": (
        r"nutzer(n|innen)?",
        r"kund(en|innen)",
        r"teams",
        r"entwickler(n|innen)?",
        r"firmen",
        r"menschen",
        r"konten",
        r"andere",
        r"durchschnitt\w*",
        r"median",
        r"typisch\w*",
    ),
}
QUANTITY: Final[Words] = {
    "en": (
        r"most",
        r"many",
        r"thousands",
        r"millions",
        r"nine (in|out of) ten",
        r"almost (all|everyone)",
        r"a majority",
        r"half",
        r"two thirds",
        r"everyone",
    ),
    "de": (
        r"die meisten",
        r"viele",
        r"tausende",
        r"millionen",
        r"neun von zehn",
        r"fast alle",
        r"die mehrheit",
        r"die hälfte",
    ),
}
OFFER: Final[Words] = {
    "en": (r"bonus", r"extra", r"discount", r"off", r"free", r"for free", r"gift"),
    "de": (r"bonus", r"zusätzlich\w*", r"rabatt", r"gratis", r"kostenlos\w*", r"geschenkt?"),
}


def language_of(locale: str) -> str | None:
    """The language whose words are known here, None for any other."""
    primary = locale.lower().partition("-")[0]
    return primary if primary in LANGUAGES else None


def found(words: Words, language: str | None, text: str, more: Iterable[str] = ()) -> str | None:
    """The first of the words that stands in the text, as it stands there."""
    if language is None:
        return None
    for pattern in (*words[language], *map(re.escape, more)):
        if hit := re.search(
            rf"(?<!\w)(?:{pattern})(?!\w)",
            text.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'"),
            re.IGNORECASE,
        ):
            return hit[0]
    return None
