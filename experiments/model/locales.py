"""What the ruleset carries of a locale, so that the SDK renders without Babel: plural rules and patterns."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

from babel import Locale, UnknownLocaleError, parse_locale
from babel.dates import format_datetime
from babel.numbers import (
    NumberPattern,
    get_currency_precision,
    get_currency_symbol,
    get_decimal_symbol,
    get_group_symbol,
    get_minus_sign_symbol,
    is_currency,
)
from babel.plural import PluralRule

_TAG: Final = re.compile(r"[a-z]{2,3}(-[a-z]{4})?(-([a-z]{2}|[0-9]{3}))?(-[a-z0-9]{5,8})*")
_NO_BREAK_SPACE: Final = "\N{NO-BREAK SPACE}"

# The zero of each numbering system that is some locale's default: Babel has their symbols, not their digits.
_ZEROS: Final = {
    "adlm": 0x1E950,
    "arab": 0x0660,
    "arabext": 0x06F0,
    "beng": 0x09E6,
    "cakm": 0x11136,
    "deva": 0x0966,
    "hmnp": 0x1E140,
    "mtei": 0xABF0,
    "mymr": 0x1040,
    "nkoo": 0x07C0,
    "olck": 0x1C50,
    "tibt": 0x0F20,
}


def is_locale(tag: str) -> bool:
    """Whether messages can be written in this locale."""
    try:
        _parse(tag)
    except ValueError:
        return False
    return True


def locale_data(tag: str, *, currencies: Iterable[str] = ("USD",)) -> dict[str, Any]:
    """The locale's part of the ruleset: small, and nothing but JSON.

    Args:
        tag: BCP 47, such as "en", "pt-BR" or "zh-Hant-TW"; "_" counts as "-".
        currencies: The ISO 4217 codes that the messages of this locale use.

    Raises:
        ValueError: The locale or a currency is not known; the text names it.
    """
    locale = _parse(tag)
    return {
        "direction": locale.text_direction,
        "plural": _rules(locale.plural_form),
        "ordinal": _rules(locale.ordinal_form),
        "number": _style(locale, locale.decimal_formats[None]),
        "percent": _style(locale, locale.percent_formats[None]),
        "currency": {code: _currency(locale, code) for code in sorted(set(currencies))},
    }


def moment_text(moment: datetime, tag: str) -> str:
    """The moment in UTC as the locale writes it in full, such as December 31, 2026 at 12:00 AM UTC."""
    return str(format_datetime(moment.astimezone(UTC), "long", tzinfo=UTC, locale=_parse(tag)))


@lru_cache(maxsize=256)
def _parse(tag: str) -> Locale:
    """Babel's locale of the tag; never of another region than the tag names ("en-UK" is not "en-US")."""
    normal = tag.replace("_", "-").lower()
    try:
        if not _TAG.fullmatch(normal) or normal.startswith("und"):
            raise ValueError("not a language")
        locale = Locale.parse(normal, sep="-")
        territory, script = parse_locale(normal, sep="-")[1:3]
    except (ValueError, UnknownLocaleError) as unknown:
        raise ValueError(
            f"locale {tag!r} is not known; write BCP 47, such as en, pt-BR or zh-Hant-TW"
        ) from unknown
    if territory not in (None, locale.territory) or script not in (None, locale.script):
        raise ValueError(f"locale {tag!r} is not known; name another region or script, or the language alone")
    return locale


def _style(locale: Locale, pattern: NumberPattern, *, symbol: str = "") -> dict[str, Any]:
    """One number style; see keepgoing.evaluation.numbers."""
    system = _numbering_system(locale)
    style: dict[str, Any] = {
        "decimal": get_decimal_symbol(locale, numbering_system=system),
        "group": get_group_symbol(locale, numbering_system=system),
        "grouping": list(pattern.grouping),
        "affixes": [
            _affix(locale, affix, symbol, system)
            for sign in (0, 1)
            for affix in (
                _spaced_before(pattern.prefix[sign], symbol),
                _spaced_after(pattern.suffix[sign], symbol),
            )
        ],
    }
    if system != "latn":
        style["digits"] = "".join(chr(_ZEROS[system] + digit) for digit in range(10))
    return style


def _numbering_system(locale: Locale) -> str:
    """The locale's own numbering system, or Latin digits where CLDR has no symbols for its own."""
    system = locale.default_numbering_system
    return system if system in _ZEROS and system in locale.number_symbols else "latn"


def _affix(locale: Locale, affix: str, symbol: str, system: str) -> str:
    """What stands before or after a number, its placeholders filled in."""
    minus = get_minus_sign_symbol(locale, numbering_system=system)
    percent = locale.number_symbols[system].get("percentSign", "%")
    unquoted = affix.replace("'", "")
    return unquoted.replace("-", minus).replace("%", percent).replace("¤", symbol)


def _spaced_before(prefix: str, symbol: str) -> str:
    """The prefix, with a space where a currency's letters would touch the digits (CLDR's currencySpacing)."""
    return prefix + _NO_BREAK_SPACE if prefix.endswith("¤") and _is_letter(symbol[-1:]) else prefix


def _spaced_after(suffix: str, symbol: str) -> str:
    return _NO_BREAK_SPACE + suffix if suffix.startswith("¤") and _is_letter(symbol[:1]) else suffix


def _is_letter(character: str) -> bool:
    return unicodedata.category(character)[0] not in "SZ"


def _currency(locale: Locale, code: str) -> dict[str, Any]:
    if not is_currency(code):
        raise ValueError(f"currency {code!r} is not known; write its ISO 4217 code, such as USD")
    symbol = get_currency_symbol(code, locale)
    style = _style(locale, locale.currency_formats["standard"], symbol=symbol)
    return {**style, "fraction": get_currency_precision(code)}


def _rules(rule: PluralRule) -> dict[str, Any]:
    """Babel's parsed rules in the form of keepgoing.evaluation.plural: any of all of relations."""
    return {category: list(_alternatives(tree)) for category, tree in rule.abstract}


def _alternatives(tree: Any) -> Iterator[list[Any]]:
    """The lists of relations, one of which must hold; CLDR writes rules as "or" of "and", never deeper."""
    kind, members = tree
    if kind == "or":
        for member in members:
            yield from _alternatives(member)
    else:
        yield list(_relations(tree))


def _relations(tree: Any) -> Iterator[list[Any]]:
    kind, members = tree
    if kind == "and":
        for member in members:
            yield from _relations(member)
    elif kind == "not":
        yield _relation(members[0], wanted=False)
    else:
        yield _relation(tree, wanted=True)


def _relation(tree: Any, *, wanted: bool) -> list[Any]:
    _, (_, expression, (_, ranges)) = tree
    operand, details = expression
    modulus = 0
    if operand == "mod":
        (operand, _), (_, (modulus,)) = details
    return [operand, modulus, wanted, [[low, high] for (_, (low,)), (_, (high,)) in ranges]]
