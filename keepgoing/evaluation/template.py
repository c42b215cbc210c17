"""From a message template of the ruleset to the function that renders it.

A template on the wire is a string, or a list of parts: a literal string, or one of

    ["arg", name]                                  text as it is, a number as the locale writes it
    ["number", name, [least, most, grouped]]       least and most fraction digits; thousands set apart or not
    ["percent", name, [least, most, grouped], n]   n = 100: of a fraction; n = 1: of per cents
    ["currency", name, [least, most, grouped], c]  c is an ISO 4217 code; null digits mean the currency's own
    ["plural", name, offset, {case: template}]     cases: "=0", "one" …, "other"; "selectordinal" alike
    ["select", name, {case: template}]             cases: texts, "true", "false", "other"; and "missing",
                                                   shown when the argument, or one inside a case, is none
    ["#"]                                          the number of the nearest plural around it, less its offset

Parsing and checking was done at publish: whatever is wrong here is a broken ruleset. Text of users is
inserted, never interpreted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from keepgoing.errors import InvalidRuleset
from keepgoing.evaluation.numbers import PLAIN_STYLE, number_formatter
from keepgoing.evaluation.plural import compile_rules
from keepgoing.evaluation.slots import (
    Arguments,
    Formatter,
    Renderer,
    encoded,
    join,
    literal,
    number_slot,
    plural_slot,
    select_slot,
    text_slot,
)
from keepgoing.evaluation.values import RenderError, matches_type

__all__ = ["OUTPUT_BOUND", "Arguments", "RenderError", "Renderer", "compile_template", "matches_type"]

OUTPUT_BOUND: Final = 2000
NESTING_BOUND: Final = 10
PLAIN_FRACTION: Final = (0, 3)

Template = str | list[Any]
Encoder = Callable[[str], str]


def compile_template(
    template: Template, locale_data: Mapping[str, Any], *, encode: Encoder | None = None
) -> str | Renderer:
    """The text itself when the template has no argument, else the function from arguments to text.

    That function raises `RenderError`, and nothing else, when an argument is missing, of the wrong type or
    over its bound, or when the text gets over 2,000 characters.

    Args:
        template: As on the wire, see above.
        locale_data: The ruleset's data of the template's locale.
        encode: Applied to every inserted argument, never to literals: percent-encoding for links. Numbers
            without a format then stand as plain digits.

    Raises:
        InvalidRuleset: The template or the locale data is malformed.
    """
    try:
        compiled = _Compiler(locale_data, encode).template(template)
    except (ValueError, TypeError, LookupError, AttributeError, ArithmeticError) as malformed:
        raise InvalidRuleset(f"malformed template: {type(malformed).__name__}: {malformed}") from malformed
    return compiled if isinstance(compiled, str) else _bounded(compiled)


def _bounded(render: Renderer) -> Renderer:
    """The renderer with its promises: RenderError only, and never more text than the bound."""

    def bounded(arguments: Arguments) -> str:
        try:
            text = render(arguments)
        except KeyError as missing:
            raise RenderError(f"argument {missing} is missing") from missing
        if len(text) > OUTPUT_BOUND:
            raise RenderError(f"the text has {len(text)} characters, must be <= {OUTPUT_BOUND}")
        return text

    return bounded


class _Compiler:
    """Compiles one template; holds what its parts share: locale, encoder, the plurals around a part."""

    def __init__(self, locale_data: Mapping[str, Any], encode: Encoder | None) -> None:
        self._locale = locale_data
        self._encode = encode
        self._plurals: list[tuple[str, int]] = []
        self._depth = 0

    def template(self, template: Template) -> str | Renderer:
        """The compiled template: neighbouring literals as one text, the rest as closures."""
        if isinstance(template, str):
            return template
        if not isinstance(template, list):
            raise TypeError(f"a template is a string or a list, not {type(template).__name__}")
        texts, slots = [""], list[Renderer]()
        for part in template:
            if isinstance(part, str):
                texts[-1] += part
            else:
                slots.append(self._part(*part))
                texts.append("")
        return join(texts, slots) if slots else texts[0]

    def _part(self, kind: str, *rest: Any) -> Renderer:
        if kind in ("plural", "selectordinal"):
            return self._plural(kind, *rest)
        if kind == "select":
            name, cases = rest
            return select_slot(_name(name), self._cases(cases))
        return encoded(self._leaf(kind, *rest), self._encode)

    def _leaf(self, kind: str, *rest: Any) -> Renderer:
        if kind == "#" and not rest and self._plurals:
            name, offset = self._plurals[-1]
            return number_slot(name, self._plain_number(), offset=offset)
        if kind == "arg":
            return text_slot(_name(*rest), self._plain_number())
        if kind in ("number", "percent", "currency"):
            name, digits, *more = rest
            return number_slot(_name(name), self._formatter(kind, digits, *more))
        raise ValueError(f"{kind!r} with {len(rest)} members is no part of a template here")

    def _plain_number(self) -> Formatter:
        """How a number stands that has no format of its own; in a link, digits only."""
        style = PLAIN_STYLE if self._encode else self._locale.get("number", PLAIN_STYLE)
        return number_formatter(style, PLAIN_FRACTION)

    def _formatter(self, kind: str, digits: list[Any], *more: Any) -> Formatter:
        """The formatter of a number, percent or currency part; `more` is its fourth member."""
        least, most, grouped = digits
        style = self._locale[kind]
        shift = 0
        if kind == "currency":
            style = style[more[0]]
            least, most = (style["fraction"],) * 2 if least is None else (least, most)
        elif kind == "percent":
            shift = {1: 0, 100: 2}[more[0]]
        return number_formatter(style, (least, most), grouped=bool(grouped), shift=shift)

    def _plural(self, kind: str, name: str, offset: int, cases: Mapping[str, Template]) -> Renderer:
        category = compile_rules(self._locale["ordinal" if kind == "selectordinal" else "plural"])
        self._plurals.append((_name(name), int(offset)))
        compiled = self._cases(cases)
        self._plurals.pop()
        exact = {int(case[1:]): compiled.pop(case) for case in list(compiled) if case.startswith("=")}
        return plural_slot(name, int(offset), category, exact, compiled)

    def _cases(self, cases: Mapping[str, Template]) -> dict[str, Renderer]:
        self._depth += 1
        if self._depth > NESTING_BOUND or "other" not in cases:
            raise ValueError(f"cases must have 'other' and nest at most {NESTING_BOUND} deep")
        compiled = {case: self._case(template) for case, template in cases.items()}
        self._depth -= 1
        return compiled

    def _case(self, template: Template) -> Renderer:
        compiled = self.template(template)
        return literal(compiled) if isinstance(compiled, str) else compiled


def _name(name: Any) -> str:
    if not isinstance(name, str):
        raise TypeError(f"an argument's name is a string, not {type(name).__name__}")
    return name
