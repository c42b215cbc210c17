"""The closures that a compiled template is made of: one for each argument, and one that joins them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from keepgoing.evaluation.numbers import less
from keepgoing.evaluation.values import TEXT_BOUND, Number, RenderError, clean_number, clean_text, refuse

SMALL_NUMBERS: Final = 1000
MISSING: Final = "missing"  # the case of a select that is shown in place of a sentence that cannot be

Arguments = Mapping[str, Any]
Renderer = Callable[[Arguments], str]
Formatter = Callable[[object, str], str]


def literal(text: str) -> Renderer:
    """The renderer of a text without arguments, for the places that need a renderer."""
    return lambda _: text


def encoded(slot: Renderer, encode: Callable[[str], str] | None) -> Renderer:
    """The slot, its text encoded when there is an encoder."""
    return slot if encode is None else lambda arguments: encode(slot(arguments))


def text_slot(name: str, formatted: Formatter) -> Renderer:
    """An argument without a format: text made safe, or a number formatted."""

    def slot(arguments: Arguments) -> str:
        value = arguments[name]
        if value.__class__ is str and len(value) <= TEXT_BOUND and value.isprintable():
            return value  # as `clean_text` would, without the cost of a call
        if isinstance(value, str):
            return clean_text(value, name)
        return formatted(value, name)

    return slot


def number_slot(name: str, formatted: Formatter, *, offset: int = 0) -> Renderer:
    """A formatted number, less the offset of the plural around it."""
    if offset:
        return lambda arguments: formatted(less(clean_number(arguments[name], name), offset), name)
    return lambda arguments: formatted(arguments[name], name)


def select_slot(name: str, cases: Mapping[str, Renderer]) -> Renderer:
    """The case that has the argument's text; of a boolean, "true" or "false"."""
    other = cases["other"]
    if MISSING in cases:
        return _optional_slot(name, cases)

    def slot(arguments: Arguments) -> str:
        value = arguments[name]
        if isinstance(value, bool):
            value = "true" if value else "false"
        elif not isinstance(value, str):
            refuse(value, name, "text or a boolean")
        return cases.get(value, other)(arguments)

    return slot


def _optional_slot(name: str, cases: Mapping[str, Renderer]) -> Renderer:
    """The same where the sentence needs something: when that cannot be shown, the case `missing` is."""
    missing, other = cases[MISSING], cases["other"]
    chosen = {case: render for case, render in cases.items() if case != MISSING}

    def slot(arguments: Arguments) -> str:
        try:
            value = arguments[name]
            if value is None:
                return missing(arguments)
            if isinstance(value, bool):
                value = "true" if value else "false"
            return (chosen.get(value, other) if isinstance(value, str) else other)(arguments)
        except (KeyError, RenderError):
            return missing(arguments)

    return slot


def plural_slot(
    name: str,
    offset: int,
    category: Callable[[Number], str],
    exact: Mapping[int, Renderer],
    cases: Mapping[str, Renderer],
) -> Renderer:
    """The case of a number: an exact one by the number itself, else by the category of what is shown."""
    other = cases["other"]
    known: dict[int, Renderer] = {}

    def choose(value: object) -> Renderer:
        number = clean_number(value, name)
        if number in exact:
            return exact[int(number)]
        return cases.get(category(less(number, offset)), other)

    def slot(arguments: Arguments) -> str:
        value = arguments[name]
        if type(value) is not int or not 0 <= value < SMALL_NUMBERS:
            return choose(value)(arguments)
        case = known.get(value)
        if case is None:
            case = known[value] = choose(value)
        return case(arguments)

    return slot


def join(texts: list[str], slots: list[Renderer]) -> Renderer:
    """The renderer of texts with slots between them: at least one slot, and one text more.

    One f-string takes half the time of a `"".join` over a list, so up to five slots have theirs spelled out.
    """
    if len(slots) > len(_JOINS):
        head, rest = join(texts[:6], slots[:5]), join(["", *texts[6:]], slots[5:])
        return lambda args: f"{head(args)}{rest(args)}"
    return _JOINS[len(slots) - 1](texts, *slots)


def _one(texts: list[str], a: Renderer) -> Renderer:
    t0, t1 = texts
    return lambda args: f"{t0}{a(args)}{t1}"


def _two(texts: list[str], a: Renderer, b: Renderer) -> Renderer:
    t0, t1, t2 = texts
    return lambda args: f"{t0}{a(args)}{t1}{b(args)}{t2}"


def _three(texts: list[str], a: Renderer, b: Renderer, c: Renderer) -> Renderer:
    t0, t1, t2, t3 = texts
    return lambda args: f"{t0}{a(args)}{t1}{b(args)}{t2}{c(args)}{t3}"


def _four(texts: list[str], a: Renderer, b: Renderer, c: Renderer, d: Renderer) -> Renderer:
    t0, t1, t2, t3, t4 = texts
    return lambda args: f"{t0}{a(args)}{t1}{b(args)}{t2}{c(args)}{t3}{d(args)}{t4}"


def _five(texts: list[str], a: Renderer, b: Renderer, c: Renderer, d: Renderer, e: Renderer) -> Renderer:
    t0, t1, t2, t3, t4, t5 = texts
    return lambda args: f"{t0}{a(args)}{t1}{b(args)}{t2}{c(args)}{t3}{d(args)}{t4}{e(args)}{t5}"


_JOINS: Final[tuple[Callable[..., Renderer], ...]] = (_one, _two, _three, _four, _five)
