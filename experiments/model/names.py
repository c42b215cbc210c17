"""The names that a definition gives and refers to, each with its alphabet."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, TypeVar

from pydantic import AfterValidator, Field

from experiments.model.locales import is_locale
from experiments.model.text import one_line

T = TypeVar("T")

RESERVED_VARIANT = "default"  # what a decision without an experiment is called in tables


def _matching(pattern: str, remedy: str) -> Callable[[str], str]:
    compiled = re.compile(pattern)

    def check(name: str) -> str:
        if compiled.fullmatch(name) is None:
            raise ValueError(remedy)
        return name

    return check


def _variant_key(key: str) -> str:
    if key == RESERVED_VARIANT:
        raise ValueError(
            f"{RESERVED_VARIANT!r} is reserved for the error code's own message, choose another key"
        )
    return key


Code = Annotated[
    str,
    AfterValidator(_matching(r"[A-Za-z0-9_-]{1,64}", "must be 1 to 64 of A-Z a-z 0-9 _ -")),
    Field(json_schema_extra={"pattern": "^[A-Za-z0-9_-]{1,64}$"}),
]
Key = Annotated[
    str,
    AfterValidator(
        _matching(
            r"[a-z0-9][a-z0-9_-]{0,63}", "must be 1 to 64 of a-z 0-9 _ - and begin with a letter or digit"
        )
    ),
    Field(json_schema_extra={"pattern": "^[a-z0-9][a-z0-9_-]{0,63}$"}),
]
VariantKey = Annotated[Key, AfterValidator(_variant_key)]
AttributeName = Annotated[
    str,
    AfterValidator(
        _matching(
            r"[A-Za-z_][A-Za-z0-9_]{0,63}", "must be 1 to 64 of A-Z a-z 0-9 _ and not begin with a digit"
        )
    ),
    Field(json_schema_extra={"pattern": "^[A-Za-z_][A-Za-z0-9_]{0,63}$"}),
]
EventName = Annotated[
    str,
    AfterValidator(
        _matching(
            r"[A-Za-z0-9_][A-Za-z0-9_.:-]{0,63}",
            "must be 1 to 64 of A-Z a-z 0-9 _ . : - and begin with a letter",
        )
    ),
    Field(json_schema_extra={"pattern": "^[A-Za-z0-9_][A-Za-z0-9_.:-]{0,63}$"}),
]
UnitId = Annotated[str, Field(max_length=256), AfterValidator(one_line)]
Currency = Annotated[
    str,
    AfterValidator(_matching(r"[A-Z]{3}", "must be three capital letters of ISO 4217, like USD")),
    Field(json_schema_extra={"pattern": "^[A-Z]{3}$"}),
]


def _locale(tag: str) -> str:
    if "_" in tag or not is_locale(tag):
        raise ValueError("is no known locale, write a language tag like en, pt-BR or zh-Hant")
    return tag


def distinct_tags(by_tag: dict[str, T]) -> dict[str, T]:
    """The dictionary, when no two of its language tags are the same but for their capitals.

    Raises:
        ValueError: Two are.
    """
    lowered = [tag.lower() for tag in by_tag]
    if len(set(lowered)) < len(lowered):
        raise ValueError("has one locale twice, in different capitals; keep one of them")
    return by_tag


LocaleTag = Annotated[str, AfterValidator(_locale)]
