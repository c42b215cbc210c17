"""The parser of message templates, ICU MessageFormat: checked at save, so that nothing can fail at the wall.

Quoting is ICU's DOUBLE_OPTIONAL mode: `''` is an apostrophe everywhere; a single one begins quoted text only
before `{` or `}`, and before `#` inside a plural; elsewhere it is itself. Refused though ICU takes them, as
they are slips of the pen more often than wishes: a `}` that closes nothing, a quotation without end, a case
that stands twice, a `#` in a select inside a plural (libraries differ on it), and numbered placeholders.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from typing import Any, Final

from experiments.model.number_style import DEFAULT_DIGITS, NumberStyle, parse_style
from experiments.model.parsed_template import Template, TemplateFault, Use, check_arguments
from keepgoing.evaluation.plural import CATEGORIES
from keepgoing.evaluation.slots import MISSING

__all__ = [
    "LENGTH_BOUND",
    "NESTING_BOUND",
    "Template",
    "TemplateFault",
    "Use",
    "check_arguments",
    "parse_template",
]

LENGTH_BOUND: Final = 2000
NESTING_BOUND: Final = 5
CASES_BOUND: Final = 50
FORMATS: Final = ("number", "plural", "selectordinal", "select")
# Formats of ICU that are not served, and what to do instead; dates stay here until they have a parser.
NOT_SERVED: Final = {
    "date": "dates are not supported by this version; send the date as text in the context",
    "time": "times are not supported by this version; send the time as text in the context",
    "choice": "choice is obsolete; use plural or select",
    "spellout": "numbers in words are not supported; use number",
    "ordinal": "use selectordinal",
    "duration": "durations are not supported; use plural, with days or hours as a number",
}
_SPACE: Final = "\t\n\v\f\r \u0085\u200e\u200f\u2028\u2029"  # Unicode's Pattern_White_Space
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
_EXACT: Final = re.compile(r"=(0|[1-9][0-9]{0,8})")
_OFFSET: Final = re.compile(r"0|[1-9][0-9]{0,2}")


def parse_template(text: str) -> Template:
    """The template, parsed.

    Raises:
        TemplateFault: It is not a template that messages may use; says where, and what to write.
    """
    if len(text) > LENGTH_BOUND:
        raise TemplateFault(
            LENGTH_BOUND, f"a template has {len(text)} characters, must be <= {LENGTH_BOUND}", text
        )
    if control := _CONTROL.search(text):
        raise TemplateFault(
            control.start(), "a control character or half a character stands here; remove it", text
        )
    return _Parser(text).whole()


class _Parser:
    """One pass over one text, by recursive descent."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._inside: list[str] = []  # the plurals and selects around the present place
        self._uses: list[Use] = []
        self._currencies: set[str] = set()

    def whole(self) -> Template:
        """The template that the whole text is."""
        parts = self._message()
        if self._at < len(self._text):
            raise self._fault("this '}' closes nothing; remove it, or write '}' in apostrophes to show it")
        return Template(self._text, tuple(parts), tuple(self._uses), frozenset(self._currencies))

    def _message(self) -> list[Any]:
        """The parts up to the end, or up to a '}' that is left standing."""
        parts: list[Any] = []
        while (character := self._peek()) not in ("", "}"):
            part = self._part(character)
            if isinstance(part, str) and parts and isinstance(parts[-1], str):
                parts[-1] += part
            else:
                parts.append(part)
        return parts

    def _part(self, character: str) -> str | list[Any]:
        if character == "{":
            return self._placeholder()
        if character == "'":
            return self._apostrophe()
        if character == "#" and self._inside:
            return self._hash()
        self._at += 1
        return character

    def _hash(self) -> str | list[Any]:
        if self._inside[-1] != "select":
            self._at += 1
            return ["#"]
        if all(kind == "select" for kind in self._inside):
            self._at += 1
            return "#"
        raise self._fault("'#' in a select inside a plural means different things to different libraries; "
                          "write {name, number}, or put the plural inside the select")  # fmt: skip

    def _apostrophe(self) -> str:
        start = self._at
        following = self._text[start + 1 : start + 2]
        if following == "'":
            self._at += 2
            return "'"
        in_plural = bool(self._inside) and self._inside[-1] != "select"
        self._at += 1
        if not following or following not in ("{}#" if in_plural else "{}"):
            return "'"
        return self._quoted(start)

    def _quoted(self, start: int) -> str:
        """The text up to the closing apostrophe; two of them stand for one."""
        shown: list[str] = []
        while True:
            end = self._text.find("'", self._at)
            if end < 0:
                raise self._fault(
                    "the quotation that begins here never ends; add an apostrophe, or double this one", start
                )
            shown.append(self._text[self._at : end])
            self._at = end + 1
            if self._peek() != "'":
                return "".join(shown)
            shown.append("'")
            self._at += 1

    def _placeholder(self) -> list[Any]:
        start = self._at
        self._at += 1
        name = self._name()
        if self._closes(start):
            self._uses.append(Use(name, "text", start))
            return ["arg", name]
        self._expect(",", start, f"after the name {name!r} comes '}}', or a comma and a format")
        kind = self._word_of_format()
        if kind == "number":
            return self._number(name, start)
        self._expect(",", start, f"after {kind} come a comma and its cases, such as other {{…}}")
        return self._cases_of(kind, name, start)

    def _name(self) -> str:
        self._skip_space()
        start = self._at
        found = _NAME.match(self._text, start)
        name = found[0] if found else ""
        if not name:
            raise self._fault(self._no_name(), start)
        self._at = start + len(name)
        return name

    def _no_name(self) -> str:
        character = self._peek()
        if not character:
            return "this '{' is never closed; write {name}, or '{' in apostrophes to show it"
        if character.isdecimal():
            return (
                "a placeholder has a name, not a number; write {name} with a name of the error code's context"
            )
        return (
            "a placeholder needs a name of letters, digits and _; to show a brace, write '{' in apostrophes"
        )

    def _word_of_format(self) -> str:
        self._skip_space()
        start = self._at
        word = self._until(_SPACE + ",}{")
        if word in NOT_SERVED:
            raise self._fault(f"{word!r} is no format here: {NOT_SERVED[word]}", start)
        if word not in FORMATS:
            raise self._fault(f"format {word!r} is not known; known are {', '.join(FORMATS)}", start)
        return word

    def _number(self, name: str, start: int) -> list[Any]:
        self._uses.append(Use(name, "number", start))
        if self._closes(start):
            return NumberStyle(digits=DEFAULT_DIGITS).wire(name)
        self._expect(",", start, "after number comes '}', or a comma and a style")
        self._skip_space()
        style_start = self._at
        written = self._until("{}'").rstrip(_SPACE)
        if not self._closes(start):
            raise self._fault("a number's style has no braces and apostrophes; write for example ::.00")
        try:
            style = parse_style(written)
        except ValueError as unknown:
            raise self._fault(str(unknown), style_start) from unknown
        if style.currency:
            self._currencies.add(style.currency)
        return style.wire(name)

    def _cases_of(self, kind: str, name: str, start: int) -> list[Any]:
        if len(self._inside) == NESTING_BOUND:
            raise self._fault(
                f"plurals and selects nest more than {NESTING_BOUND} deep; write shorter cases", start
            )
        needed = {"select": "select", "plural": "number", "selectordinal": "integer"}[kind]
        first = len(self._uses)
        self._uses.append(Use(name, needed, start))
        offset = [] if kind == "select" else [self._offset()]
        self._inside.append(kind)
        cases = self._cases(kind, start)
        self._inside.pop()
        if kind == "select" and MISSING in cases:
            self._make_optional(first, cases, start)
        return [kind, name, *offset, cases]

    def _make_optional(self, first: int, cases: dict[str, Any], start: int) -> None:
        """Marks what is used from here on: where any of it is missing, the case `missing` is shown."""
        if not isinstance(cases[MISSING], str):
            raise self._fault(
                f"the case {MISSING!r} is shown when an argument is missing; write it without any", start
            )
        kind = "presence" if set(cases) == {MISSING, "other"} else "select"
        uses = [replace(use, optional=True) for use in self._uses[first:]]
        self._uses[first:] = [replace(uses[0], kind=kind), *uses[1:]]

    def _offset(self) -> int:
        self._skip_space()
        if not self._text.startswith("offset:", self._at):
            return 0
        self._at += len("offset:")
        self._skip_space()
        found = _OFFSET.match(self._text, self._at)
        if not found:
            raise self._fault("an offset is a whole number from 0 to 999; write offset:1")
        self._at = found.end()
        return int(found[0])

    def _cases(self, kind: str, start: int) -> dict[str, Any]:
        cases: dict[str, Any] = {}
        while not self._closes(start):
            case_start = self._at
            case = self._case(kind)
            if case in cases:
                raise self._fault(f"the case {case!r} stands here twice; keep one of them", case_start)
            self._expect("{", start, f"after the case {case!r} comes its text in braces: {case} {{…}}")
            parts = self._message()
            self._expect("}", case_start, f"the text of the case {case!r} is never closed; add '}}'")
            cases[case] = "".join(parts) if all(isinstance(part, str) for part in parts) else parts
        if "other" not in cases:
            raise self._fault(
                f"{kind} needs a case 'other', for every value without one; add other {{…}}", start
            )
        if len(cases) > CASES_BOUND:
            raise self._fault(f"{kind} has {len(cases)} cases, must be <= {CASES_BOUND}", start)
        return cases

    def _case(self, kind: str) -> str:
        start = self._at
        case = self._until(_SPACE + "{}")
        if not case:
            raise self._fault("a case needs its keyword before the brace; write other {…}", start)
        if kind == "select":
            if not all(_in_keyword(character) for character in case):
                raise self._fault(f"case {case!r} of a select is letters, digits and _ only", start)
        elif case not in CATEGORIES and not _EXACT.fullmatch(case):
            raise self._fault(
                f"case {case!r} is not known; known are {', '.join(CATEGORIES)} and =1, =2 …", start
            )
        return case

    def _closes(self, start: int) -> bool:
        """Whether the placeholder ends here; its '}' is then behind us."""
        self._skip_space()
        if self._peek() == "}":
            self._at += 1
            return True
        if not self._peek():
            raise self._fault("this '{' is never closed; add '}'", start)
        return False

    def _expect(self, character: str, start: int, detail: str) -> None:
        self._skip_space()
        found = self._peek()
        if found != character:
            raise self._fault(
                detail if found else f"this is never closed; {detail}", self._at if found else start
            )
        self._at += 1

    def _skip_space(self) -> None:
        while self._peek() and self._peek() in _SPACE:
            self._at += 1

    def _until(self, stops: str) -> str:
        start = self._at
        while self._peek() and self._peek() not in stops:
            self._at += 1
        return self._text[start : self._at]

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _fault(self, detail: str, position: int | None = None) -> TemplateFault:
        return TemplateFault(self._at if position is None else position, detail, self._text)


def _in_keyword(character: str) -> bool:
    """Whether ICU allows the character in a keyword; accents and vowel signs count with their letters."""
    return character == "_" or character.isalnum() or unicodedata.category(character).startswith("M")
