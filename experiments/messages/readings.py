"""What a reader may see of a template: one text for each case of its plurals and selects, slots marked."""

from __future__ import annotations

import re
import unicodedata
from typing import Any, Final

from experiments.model.template import parse_template

SLOT: Final = "\N{OBJECT REPLACEMENT CHARACTER}"
"""Stands for what a placeholder inserts."""
MOST_READINGS: Final = 20
SLOT_COLUMNS: Final = 8

_SENTENCE_END: Final = re.compile(r"(?<=[.!?…])\s+")


def readings(template: str) -> list[str]:
    """The texts that come of a template, each case of each plural or select in one of them at least.

    Raises:
        TemplateFault: It is no template.
    """
    parts = list(parse_template(template).parts)
    count = min(_most_cases(parts), MOST_READINGS)
    return list(dict.fromkeys(" ".join(_text(parts, number).split()) for number in range(count)))


def sentences(text: str) -> list[str]:
    """The sentences of a text."""
    return [one for one in _SENTENCE_END.split(text) if one]


def columns(text: str) -> int:
    """How many columns of a terminal a text takes, a placeholder counted as eight."""
    return sum(_width(character) for character in text)


def _width(character: str) -> int:
    if character == SLOT:
        return SLOT_COLUMNS
    if unicodedata.combining(character) or unicodedata.category(character) in ("Cf", "Me", "Mn"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _cases(part: Any) -> dict[str, Any] | None:
    return next((member for member in part if isinstance(member, dict)), None)


def _most_cases(parts: Any) -> int:
    most = 1
    for part in parts if isinstance(parts, list) else ():
        cases = None if isinstance(part, str) else _cases(part)
        if cases:
            most = max(most, len(cases), *(_most_cases(inner) for inner in cases.values()))
    return most


def _text(parts: Any, number: int) -> str:
    """The reading of this number: where there are fewer cases, the last of them."""
    if isinstance(parts, str):
        return parts
    texts = []
    for part in parts:
        cases = None if isinstance(part, str) else _cases(part)
        if isinstance(part, str):
            texts.append(part)
        elif cases:
            texts.append(_text(list(cases.values())[min(number, len(cases) - 1)], number))
        else:
            texts.append(SLOT)
    return "".join(texts)
