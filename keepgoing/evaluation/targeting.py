"""Targeting: a tree of conditions on the context, compiled once into one function that never raises.

An attribute that is missing or null matches nothing but `ne`, `not_in` and `exists: false`. Values compare
within their JSON type only: `true` is not 1, `"1"` is not 1, and a value of another type is simply not equal,
not in, not above.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import ge, gt, le, lt
from typing import Any, TypeAlias

from keepgoing.evaluation.document import Place
from keepgoing.evaluation.values import is_number

Context: TypeAlias = Mapping[str, Any]
Matches: TypeAlias = Callable[[Context], bool]
Check: TypeAlias = Callable[[Any], bool]

DEEPEST = 20
"""Levels of all, any and not; deeper trees are refused, since nobody could read them."""


def compile_targeting(place: Place, depth: int = 0) -> Matches:
    """The function that says whether a context may enter.

    Raises:
        InvalidRuleset: A node is neither `all`, `any`, `not` nor a condition, or the tree is too deep.
    """
    if depth > DEEPEST:
        raise place.fault(f"is nested more than {DEEPEST} levels deep")
    node = place.mapping()
    named = [name for name in ("all", "any", "not", "attribute") if name in node]
    if len(named) != 1:
        raise place.fault("must have exactly one of all, any, not, attribute")
    if named == ["attribute"]:
        return _condition(place)
    if named == ["not"]:
        inner = compile_targeting(place["not"], depth + 1)
        return lambda context: not inner(context)
    parts = tuple(compile_targeting(part, depth + 1) for part in place[named[0]].elements())
    return _all(parts) if named == ["all"] else _any(parts)


def _all(parts: tuple[Matches, ...]) -> Matches:
    if len(parts) == 1:
        return parts[0]

    def matches(context: Context) -> bool:
        for part in parts:  # noqa: SIM110 - a generator would cost more than the conditions
            if not part(context):
                return False
        return True

    return matches


def _any(parts: tuple[Matches, ...]) -> Matches:
    if len(parts) == 1:
        return parts[0]

    def matches(context: Context) -> bool:
        for part in parts:  # noqa: SIM110 - as above
            if part(context):
                return True
        return False

    return matches


def _condition(place: Place) -> Matches:
    attribute = place["attribute"].text()
    op = place["op"].text()
    make = OPERATORS.get(op)
    if make is None:
        raise place["op"].fault(f"is {op!r}, must be one of {', '.join(OPERATORS)}")
    check, when_missing = make(place["value"])

    def matches(context: Context) -> bool:
        value = context.get(attribute)
        return when_missing if value is None else check(value)

    return matches


def kind(value: object) -> str | None:
    """The JSON type of a value as targeting sees it, None for one that no condition can compare."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, str):
        return "string"
    return "number" if is_number(value) else None


def _scalar(place: Place) -> Any:
    if kind(place.json()) is None:
        raise place.fault("must be text, a number, true or false")
    return place.value


def _eq(place: Place) -> tuple[Check, bool]:
    return _among([_scalar(place)]), False


def _in(place: Place) -> tuple[Check, bool]:
    return _among([_scalar(element) for element in place.elements()]), False


def _ne(place: Place) -> tuple[Check, bool]:
    return _unless(_eq(place)[0]), True


def _not_in(place: Place) -> tuple[Check, bool]:
    return _unless(_in(place)[0]), True


def _unless(check: Check) -> Check:
    return lambda value: not check(value)


def _among(wanted: list[Any]) -> Check:
    if all(isinstance(value, str) for value in wanted):
        texts = frozenset(wanted)
        return lambda value: isinstance(value, str) and value in texts
    members = frozenset((kind(value), value) for value in wanted)
    return lambda value: (sort := kind(value)) is not None and (sort, value) in members


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Place], tuple[Check, bool]]:
    def make(place: Place) -> tuple[Check, bool]:
        bound = _scalar(place)
        sort = kind(bound)
        if sort == "boolean":
            raise place.fault("must be a number or text: true and false have no order")
        return (lambda value: kind(value) == sort and compare(value, bound)), False

    return make


def _contains(place: Place) -> tuple[Check, bool]:
    wanted = _scalar(place)
    same = _among([wanted])

    def check(value: Any) -> bool:
        if isinstance(value, str):
            return isinstance(wanted, str) and wanted in value
        return isinstance(value, list | tuple | set | frozenset) and any(same(element) for element in value)

    return check, False


def _starts_with(place: Place) -> tuple[Check, bool]:
    prefix = place.text()
    return (lambda value: isinstance(value, str) and value.startswith(prefix)), False


def _exists(place: Place) -> tuple[Check, bool]:
    wanted = True if place.absent else place.value
    if not isinstance(wanted, bool):
        raise place.fault("must be true or false")
    return (lambda _: wanted), not wanted


OPERATORS: dict[str, Callable[[Place], tuple[Check, bool]]] = {
    "eq": _eq,
    "ne": _ne,
    "in": _in,
    "not_in": _not_in,
    "gt": _ordered(gt),
    "gte": _ordered(ge),
    "lt": _ordered(lt),
    "lte": _ordered(le),
    "contains": _contains,
    "starts_with": _starts_with,
    "exists": _exists,
}
