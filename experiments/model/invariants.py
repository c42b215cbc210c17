"""What must be equal over all variants of an error code, checked on the ruleset that is published."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from experiments.errors import InvalidInput
from experiments.model.complaints import Path
from experiments.model.custom_body import MESSAGE_SLOTS
from experiments.model.faults import faults_at

_OWNED: Final = {"status", "headers", "body", "slots", "envelope", "code", "type", "title", "default_locale"}

Found = Iterator[tuple[Path, str]]


def check_invariants(ruleset: Mapping[str, Any]) -> None:
    """Nothing, when no message of the ruleset can change more than an error's human parts.

    Status, headers and body are the error code's alone; a variant has words, next steps and an incentive,
    the same members in each, in the same locales; they go into places of the body that are empty without.

    Raises:
        InvalidInput: With a pointer into the ruleset for each place.
    """
    found: list[tuple[Path, str]] = []
    for code, wire in ruleset["error_codes"].items():
        found += [(("error_codes", code, *path), detail) for path, detail in _of_error_code(wire)]
    for key, wire in ruleset["experiments"].items():
        owner = ruleset["error_codes"][wire["error_code"]]
        found += [(("experiments", key, *path), detail) for path, detail in _of_experiment(wire, owner)]
    if found:
        raise InvalidInput(faults_at("", found))


def _of_error_code(wire: Mapping[str, Any]) -> Found:
    for name, paths in wire["slots"].items():
        if name not in MESSAGE_SLOTS:
            yield ("slots", name), "is filled in by no message"
        for number, path in enumerate(paths):
            if not path or _at(wire["body"], path) is not None:
                yield ("slots", name, number), "must lead to a place of the body that is null"
    if not wire["slots"].get("detail"):
        yield ("slots", "detail"), "is required: without it nobody reads the message"
    yield from _of_messages(wire["message"])


def _of_experiment(wire: Mapping[str, Any], owner: Mapping[str, Any]) -> Found:
    for number, variant in enumerate(wire["variants"]):
        yield from _owned(variant, ("variants", number))
        if variant["message"].keys() != owner["message"].keys():
            yield ("variants", number, "message"), "must have the locales of its error code, and no other"
        for path, detail in _of_messages(variant["message"]):
            yield ("variants", number, *path), detail


def _of_messages(messages: Mapping[str, Any]) -> Found:
    first = next(iter(messages.values())).keys()
    for locale, message in messages.items():
        yield from _owned(message, ("message", locale))
        if message.keys() != first:
            yield ("message", locale), f"must have the members of the others: {', '.join(first)}"
        for number, action in enumerate(message["actions"]):
            if not action.keys() >= {"label", "href", "rel"}:
                yield ("message", locale, "actions", number), "must have label, href and rel"


def _owned(found: Mapping[str, Any], place: Path) -> Found:
    if taken := sorted(_OWNED & found.keys()):
        yield place, f"has {', '.join(taken)}, which only the error code may have"


def _at(body: Any, path: list[str | int]) -> Any:
    for step in path:
        try:
            body = body[step]
        except (KeyError, IndexError, TypeError):
            return path
    return body
