"""The body of the envelope `custom`: a JSON object whose slots are texts that are nothing but `{{NAME}}`.

The message fills in `{{detail}}`, `{{actions}}`, `{{incentive}}`, `{{progress}}` and `{{decision_id}}`; the
error code's own are `{{code}}`, `{{status}}`, `{{type}}` and `{{title}}`, the same in every answer. All else
stands in the body as it was written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from math import isfinite
from typing import Any, Final

from experiments.model.complaints import Path
from experiments.model.text import storable

MESSAGE_SLOTS: Final = ("detail", "actions", "incentive", "progress", "decision_id")
OWN_SLOTS: Final = ("code", "status", "type", "title")
REQUIRED: Final = ("detail", "code")
MOST_VALUES: Final = 200
DEEPEST: Final = 10
LONGEST_TEXT: Final = 2000

_SLOT: Final = re.compile(r"\{\{(\w+)\}\}")


def slot_of(value: object) -> str | None:
    """The slot's name, where the value is one."""
    found = _SLOT.fullmatch(value) if isinstance(value, str) else None
    return found[1] if found else None


def body_faults(body: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    """What makes a document unfit to be the body of errors."""
    places = list(_walk(body, ()))
    if len(places) > MOST_VALUES:
        yield (), f"has {len(places)} values, must have at most {MOST_VALUES}"
        return
    for path, value in places:
        if fault := _fault(path, value):
            yield path, fault
    named = {slot_of(value) for _, value in places}
    for name in REQUIRED:
        if name not in named:
            yield (), f"must have {{{{{name}}}}} as a member's value: {_WHY[name]}"


def custom_body(
    body: Mapping[str, Any], own: Mapping[str, str | int]
) -> tuple[Any, dict[str, list[list[str | int]]]]:
    """The body with null in the slots of the message, and the paths of those slots by name.

    Args:
        body: Checked by `body_faults`.
        own: The values of `code`, `status`, `type` and `title`.
    """
    slots: dict[str, list[list[str | int]]] = {}
    for path, value in _walk(body, ()):
        name = slot_of(value)
        if name in MESSAGE_SLOTS:
            slots.setdefault(name, []).append(list(path))
    return _filled(body, own), slots


_WHY: Final = {
    "detail": "without it nobody reads the message",
    "code": "clients and integrations know the error by it",
}


def _walk(value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    """Every value inside with its place, the deepest allowed level included."""
    members: list[tuple[str | int, Any]] = []
    if isinstance(value, Mapping):
        members = list(value.items())
    elif isinstance(value, list):
        members = list(enumerate(value))
    for step, member in members:
        yield (*path, step), member
        if len(path) < DEEPEST:
            yield from _walk(member, (*path, step))


def _fault(path: Path, value: Any) -> str | None:
    if len(path) > DEEPEST:
        return f"is nested more than {DEEPEST} levels deep"
    if isinstance(path[-1], str) and "{{" in path[-1]:
        return "is the name of a member, where no slot may stand: names are equal in every answer"
    if isinstance(value, float) and not isfinite(value):
        return "must be a finite number"
    return _text_fault(value) if isinstance(value, str) else None


def _text_fault(text: str) -> str | None:
    known = [*MESSAGE_SLOTS, *OWN_SLOTS]
    name = slot_of(text)
    if name is not None and name not in known:
        return f"{text} is no slot; there are {', '.join(known)}"
    if name is None and ("{{" in text or "}}" in text):
        return 'a slot is the whole text of a member, as in "{{detail}}"; write nothing beside it'
    if len(text) > LONGEST_TEXT:
        return f"has {len(text)} characters, must have at most {LONGEST_TEXT}"
    try:
        storable(text)
    except ValueError as fault:
        return str(fault)
    return None


def _filled(value: Any, own: Mapping[str, str | int]) -> Any:
    if isinstance(value, Mapping):
        return {name: _filled(member, own) for name, member in value.items()}
    if isinstance(value, list):
        return [_filled(member, own) for member in value]
    name = slot_of(value)
    if name is None:
        return value
    return own.get(name)
