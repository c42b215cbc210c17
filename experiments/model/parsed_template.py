"""A parsed template: its wire form, the arguments it needs, and whether an error code can give them."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final

_EXCERPT: Final = 20


class TemplateFault(ValueError):
    """What is wrong with a template, and where.

    Attributes:
        position: The character at fault, counted from 0.
        detail: What is wrong, and what to write instead.
    """

    def __init__(self, position: int, detail: str, text: str) -> None:
        self.position = position
        self.detail = detail
        super().__init__(f"character {position} (at {excerpt(text, position)}): {detail}")


def excerpt(text: str, position: int) -> str:
    """The text around a position, which a mark stands before."""
    start, end = max(0, position - _EXCERPT), position + _EXCERPT
    before = ("…" if start else "") + text[start:position]
    after = text[position:end] + ("…" if end < len(text) else "")
    return f"«{before}▸{after}»".replace("\n", "⏎")


@dataclass(frozen=True, slots=True)
class Use:
    """One place where a template uses an argument.

    `kind` is text, select, presence (a select that looks only whether it is there), number or integer;
    `optional` says that its sentence vanishes where it is missing.
    """

    name: str
    kind: str
    position: int
    optional: bool = False


# What a use needs, and the declared context types that can give it. A number without a format is written as
# the locale writes numbers; a boolean has no text of its own.
_NEEDED: Final = {
    "text": "string",
    "select": "string",
    "presence": "string",
    "number": "number",
    "integer": "integer",
}
_FITTING: Final = {
    "text": ("string", "number", "integer"),
    "select": ("string", "boolean"),
    "presence": ("string", "boolean", "number", "integer"),
    "number": ("number", "integer"),
    "integer": ("integer",),
}
_STRICTNESS: Final = ("string", "number", "integer")


@dataclass(frozen=True, slots=True)
class Template:
    """A parsed template, made by parse_template. `parts` are as in keepgoing.evaluation.template."""

    text: str
    parts: tuple[Any, ...]
    uses: tuple[Use, ...]
    currencies: frozenset[str]

    def wire(self) -> str | list[Any]:
        """The template for the ruleset: JSON, a plain string when it has no argument."""
        if all(isinstance(part, str) for part in self.parts):
            return "".join(self.parts)
        return deepcopy(list(self.parts))

    @property
    def arguments(self) -> Mapping[str, str]:
        """The placeholders' names, each with the type that its uses need: string, number or integer."""
        needed: dict[str, str] = {}
        for use in self.uses:
            types = (_NEEDED[use.kind], needed.get(use.name, "string"))
            needed[use.name] = max(types, key=_STRICTNESS.index)
        return needed

    @property
    def required(self) -> frozenset[str]:
        """The arguments without which it cannot be shown: those outside optional sentences."""
        return frozenset(use.name for use in self.uses if not use.optional)


def check_arguments(template: Template, declared: Mapping[str, str]) -> list[TemplateFault]:
    """The uses of arguments that the error code does not declare, or with a type that does not fit."""
    found = [(use, _fault(use, declared)) for use in template.uses]
    return [TemplateFault(use.position, detail, template.text) for use, detail in found if detail]


def _fault(use: Use, declared: Mapping[str, str]) -> str | None:
    given = declared.get(use.name)
    if given is None:
        return _undeclared(use.name, declared)
    if given in _FITTING[use.kind]:
        return None
    if use.kind == "text":
        remedy = f"{{{use.name}, select, true {{…}} other {{…}}}}"
        return f"{use.name!r} is declared {given}, which has no text of its own; write {remedy}"
    if use.kind == "select":
        return f"{use.name!r} is declared {given}, and select chooses by text; use plural, with =1 …"
    wanted = " or ".join(_FITTING[use.kind])
    return f"{use.name!r} is declared {given}, must be {wanted} here; change the context or the placeholder"


def _undeclared(name: str, declared: Mapping[str, str]) -> str:
    near = get_close_matches(name, declared, n=1)
    remedy = f"did you mean {near[0]!r}?" if near else "declare it there"
    known = ", ".join(sorted(declared)) or "nothing yet"
    return f"{name!r} is not in the context of the error code, which declares {known}; {remedy}"
