from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from experiments.model import names

GOOD = [
    (names.Code, ["A", "insufficient-balance", "E_402", "x" * 64]),
    (names.Key, ["a", "0-1", "low_balance-framing", "k" * 64]),
    (names.VariantKey, ["control", "b"]),
    (names.AttributeName, ["_", "usage_percent", "usagePercent"]),
    (names.EventName, ["recharge", "api.call", "billing:top-up"]),
    (names.UnitId, ["1", "acct_42", "用户", "x" * 256, "a b"]),
    (names.Currency, ["USD"]),
    (names.LocaleTag, ["en", "pt-BR", "zh-Hant", "de"]),
]
BAD = [
    (names.Code, ["", "a b", "a.b", "x" * 65, "é", "a\n"]),
    (names.Key, ["", "A", "Low", "-a", "_a", "a/b", "k" * 65, "a\n"]),
    (names.VariantKey, ["default", "A"]),
    (names.AttributeName, ["", "1a", "a-b", "x" * 65]),
    (names.EventName, ["", " a", "a b", ".a", "x" * 65]),
    (names.UnitId, ["", "  ", "x" * 257, "a\x00", "a\ud800"]),
    (names.Currency, ["usd", "US", "EURO", "€"]),
    (names.LocaleTag, ["", "english", "en_US", "xx-QQ", "e", "en-US-"]),
]


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind, good in GOOD for name in good])
def test_a_name_of_the_alphabet_is_kept_as_it_is(kind: Any, name: str) -> None:
    assert TypeAdapter(kind).validate_python(name) == name


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind, bad in BAD for name in bad])
def test_any_other_name_is_refused_and_never_mended(kind: Any, name: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(kind).validate_python(name)


@pytest.mark.parametrize("kind", [kind for kind, _ in GOOD])
@pytest.mark.parametrize("value", [1, None, True, ["a"]])
def test_a_name_is_text(kind: Any, value: Any) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(kind).validate_python(value)
