"""The locale data against Babel as witness: plural rules and number formats of 40 locales."""

# ruff: noqa: RUF001  # digits, signs and letters of other scripts are what is tested

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from babel import Locale
from babel.numbers import format_currency, format_decimal, format_percent, get_minus_sign_symbol

from experiments.model.locales import is_locale, locale_data
from keepgoing.evaluation.numbers import number_formatter
from keepgoing.evaluation.plural import compile_rules

LOCALES = (
    *(
        "ar",
        "ar-EG",
        "bg",
        "bn",
        "br",
        "ca",
        "cs",
        "cy",
        "da",
        "de",
        "de-AT",
        "de-CH",
        "el",
        "en",
        "en-IN",
        "es",
    ),
    *(
        "es-MX",
        "et",
        "fa",
        "fi",
        "fil",
        "fr",
        "ga",
        "gd",
        "he",
        "hi",
        "hr",
        "hu",
        "id",
        "is",
        "it",
        "ja",
        "ko",
    ),
    *(
        "lt",
        "lv",
        "mk",
        "mr",
        "ms",
        "mt",
        "nb",
        "ne",
        "nl",
        "pl",
        "pt",
        "pt-PT",
        "ro",
        "ru",
        "sk",
        "sl",
        "sr-Latn",
    ),
    *("sv", "sw", "ta", "th", "tr", "uk", "ur", "vi", "zh", "zh-Hant"),
)
# Fractions from 1 on, or without a zero after the point: Babel 2.18 loses those zeros in its operands.
NUMBERS: tuple[int | Decimal, ...] = (
    *range(1250),
    *(10**power + rest for power in range(4, 13) for rest in (-1, 0, 1, 2, 5, 11, 21)),
    *(Decimal(tenths) / 10 for tenths in range(1, 260)),
    *(Decimal(hundredths) / 100 for hundredths in range(100, 560, 7)),
)
AMOUNTS = (0, 1, 7, 999, 1000, 12345, 1234567, 0.5, 1.25, 1234.5678, Decimal("1234567.895"), Decimal("0.125"))
CURRENCIES = ("USD", "EUR", "JPY", "KWD", "CHF", "INR")


def babel_locale(tag: str) -> Locale:
    """Babel's locale of a tag."""
    return Locale.parse(tag, sep="-")


def without_spaces_and_digits(text: str, data: dict[str, Any]) -> str:
    """The text in Latin digits, without the spaces that Babel does not put beside currencies of letters."""
    digits = data["number"].get("digits", "0123456789")
    return text.translate(str.maketrans(digits, "0123456789")).replace("\u00a0", "")


@pytest.mark.parametrize("tag", LOCALES)
def test_plural_rules_are_those_of_babel(tag: str) -> None:
    data, witness = locale_data(tag), babel_locale(tag)
    for ours, theirs in (("plural", witness.plural_form), ("ordinal", witness.ordinal_form)):
        category = compile_rules(data[ours])
        assert [category(number) for number in NUMBERS] == [theirs(number) for number in NUMBERS]


@pytest.mark.parametrize("tag", LOCALES)
def test_numbers_are_written_as_by_babel(tag: str) -> None:
    data, witness = locale_data(tag), babel_locale(tag)
    ours = number_formatter(data["number"], (0, 3))
    for amount in AMOUNTS:
        expected = format_decimal(amount, locale=witness, numbering_system="default")
        assert without_spaces_and_digits(ours(amount, "n"), data) == expected.replace("\u00a0", "")


@pytest.mark.parametrize("tag", LOCALES)
def test_per_cents_are_written_as_by_babel(tag: str) -> None:
    data, witness = locale_data(tag), babel_locale(tag)
    ours = number_formatter(data["percent"], (0, 0), shift=2)
    system = witness.default_numbering_system
    sign = witness.number_symbols[system].get("percentSign", "%")  # which Babel leaves as "%" everywhere
    for amount in AMOUNTS:
        expected = format_percent(amount, locale=witness, numbering_system="default").replace("%", sign)
        assert without_spaces_and_digits(ours(amount, "n"), data) == expected.replace("\u00a0", "")


@pytest.mark.parametrize("tag", LOCALES)
def test_currencies_are_written_as_by_babel(tag: str) -> None:
    data, witness = locale_data(tag, currencies=CURRENCIES), babel_locale(tag)
    for code in CURRENCIES:
        style = data["currency"][code]
        ours = number_formatter(style, (style["fraction"], style["fraction"]))
        for amount in AMOUNTS:
            expected = format_currency(amount, code, locale=witness, numbering_system="default")
            assert without_spaces_and_digits(ours(amount, "n"), data) == expected.replace("\u00a0", "")


@pytest.mark.parametrize("tag", LOCALES)
def test_negative_numbers_carry_the_minus_of_the_locale(tag: str) -> None:
    data, witness = locale_data(tag, currencies=["EUR"]), babel_locale(tag)
    minus = get_minus_sign_symbol(witness, numbering_system=witness.default_numbering_system)
    expected = format_decimal(-1234.5, locale=witness, numbering_system="default").replace("-", minus)
    assert without_spaces_and_digits(
        number_formatter(data["number"], (0, 3))(-1234.5, "n"), data
    ) == expected.replace("\u00a0", "")
    assert minus in number_formatter(data["currency"]["EUR"], (2, 2))(-1234.5, "n")


@pytest.mark.parametrize(
    ("tag", "kind", "value", "text"),
    [
        ("en", "CHF", 12.5, "CHF\u00a012.50"),
        ("en", "USD", -12.5, "-$12.50"),
        ("de", "EUR", 1234.5, "1.234,50\u00a0€"),
        ("de-CH", "CHF", -1234.5, "CHF-1’234.50"),
        ("fr", "EUR", 1234.5, "1\u202f234,50\u00a0€"),
        ("ja", "JPY", 1234, "￥1,234"),
        ("hi", "INR", 1234567, "₹12,34,567.00"),
        ("he", "percent", 87, "87%"),
        ("sv", "percent", -5, "−5\u00a0%"),
        ("fa", "number", 1234.5, "۱٬۲۳۴٫۵"),
        ("ar-EG", "percent", 87, "٨٧٪\u061c"),
    ],
)
def test_known_texts(tag: str, kind: str, value: float, text: str) -> None:
    data = locale_data(tag, currencies=CURRENCIES)
    style = data[kind] if kind in data else data["currency"][kind]
    fraction = (style["fraction"],) * 2 if "fraction" in style else (0, 3)
    assert number_formatter(style, fraction)(value, "n") == text


@pytest.mark.parametrize("tag", LOCALES)
def test_locale_data_is_small_json(tag: str) -> None:
    data = locale_data(tag)
    text = json.dumps(data)
    assert json.loads(text) == data
    assert len(text) < 2500


@pytest.mark.parametrize(
    ("tag", "direction"), [("en", "ltr"), ("he", "rtl"), ("ar-EG", "rtl"), ("fa", "rtl")]
)
def test_the_direction_of_the_text_is_known(tag: str, direction: str) -> None:
    assert locale_data(tag)["direction"] == direction


def test_only_the_currencies_asked_for_are_there() -> None:
    assert set(locale_data("en")["currency"]) == {"USD"}
    assert list(locale_data("en", currencies=["JPY", "EUR", "JPY"])["currency"]) == ["EUR", "JPY"]
    assert locale_data("en", currencies=[])["currency"] == {}


@pytest.mark.parametrize(
    "tag", ["en", "EN-us", "pt_BR", "zh-TW", "zh-Hant-HK", "sr-Latn-RS", "es-419", "en-001", "nb"]
)
def test_locales_are_known_in_any_spelling(tag: str) -> None:
    assert is_locale(tag)
    assert locale_data(tag)["number"]


@pytest.mark.parametrize(
    "tag",
    [
        "",
        "xx",
        "english",
        "en-UK",
        "en-ZZ",
        "zh-Hant-CN",
        "root",
        "und",
        "C",
        "en.UTF-8",
        "en@euro",
        "en-",
        "-",
        "en\0",
        "../en",
        "en-US-u-nu-latn",
        "e" * 1000,
    ],
)
def test_unknown_locales_are_refused_by_name(tag: str) -> None:
    assert not is_locale(tag)
    with pytest.raises(ValueError, match="is not known") as refused:
        locale_data(tag)
    assert repr(tag) in str(refused.value)


@pytest.mark.parametrize("code", ["XYZ", "usd", "", "US$"])
def test_unknown_currencies_are_refused_by_name(code: str) -> None:
    with pytest.raises(ValueError, match=r"currency '.*' is not known; write its ISO 4217 code") as refused:
        locale_data("en", currencies=[code])
    assert repr(code) in str(refused.value)
