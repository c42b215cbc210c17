"""From Pydantic's errors to our own words: place, value (cut short), bound and remedy."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

Path = tuple[str | int, ...]
SHOWN = 40  # characters of a value that a message repeats

_KINDS: dict[type, str] = {
    dict: "an object",
    list: "a list",
    str: "text",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    type(None): "null",
}
_WANTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "int_parsing_size": "a smaller number",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "dict_type": "an object",
    "model_type": "an object",
    "model_attributes_type": "an object",
    "targeting": "an object with all, any or not, or with attribute, op and value",
}
_BOUNDS = {
    "greater_than": "> {gt}",
    "greater_than_equal": ">= {ge}",
    "less_than": "< {lt}",
    "less_than_equal": "<= {le}",
}


class Misfit(ValueError):
    """Parts of one definition that do not fit: each with its place inside the definition."""

    def __init__(self, faults: Iterable[tuple[Path, str]]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(f"{'/'.join(map(str, path))}: {detail}" for path, detail in self.faults))


def shown(value: Any) -> str:
    """The value as a message may repeat it: escaped, and never more than its beginning."""
    if isinstance(value, str):
        text = repr(value[:SHOWN])
        return text if len(value) <= SHOWN and len(text) <= SHOWN + 2 else text[:SHOWN].rstrip("\\") + "…'"
    if value is None or isinstance(value, bool | int | float):
        return _written(value)
    return str(value) if isinstance(value, Decimal) else kind(value)


def _written(value: bool | int | float | None) -> str:
    try:
        text = repr(value)
    except ValueError:  # Python refuses to write out whole numbers of more than some thousand digits
        return "a number of thousands of digits"
    return text if len(text) <= SHOWN else f"a number of {len(text)} digits"


def kind(value: Any) -> str:
    """What sort of JSON value this is, in words."""
    if value == {} and isinstance(value, dict):
        return "an empty object"
    return _KINDS.get(type(value), type(value).__name__)


def complaints(error: ValidationError, data: Any, *, fields: Sequence[str] = ()) -> list[tuple[Path, str]]:
    """Each fault of `data` with its place in it, once.

    Args:
        error: What Pydantic said.
        data: What was validated.
        fields: The names that the outermost object may have.
    """
    details = error.errors(include_url=False)
    member = data if fields else None
    places = [_place(data, one["loc"], member, missing=one["type"] == "missing") for one in details]
    found: dict[tuple[Path, str], None] = {}
    for one, place in zip(details, places, strict=True):
        if not _follows_from_others(one, place, places):
            found.update(dict.fromkeys(_worded(one, place, fields)))
    return list(found)


def _follows_from_others(error: ErrorDetails, place: Path, places: Sequence[Path]) -> bool:
    """Pydantic calls a list too short when it was long enough, but had faulty elements."""
    return error["type"] == "too_short" and any(
        len(other) > len(place) and other[: len(place)] == place for other in places
    )


def _worded(error: ErrorDetails, place: Path, fields: Sequence[str]) -> Iterator[tuple[Path, str]]:
    cause = error.get("ctx", {}).get("error")
    if isinstance(cause, Misfit):
        yield from ((place + path, detail) for path, detail in cause.faults)
    elif error["type"] in ("union_tag_invalid", "union_tag_not_found"):
        yield (*place, error["ctx"]["discriminator"].strip("'")), _of_tag(error)
    elif error["type"] == "extra_forbidden":
        yield place, f"is no field here; {_nearest(str(place[-1]), fields)}"
    else:
        yield place, _detail(error, place)


def _place(data: Any, location: tuple[str | int, ...], member: Any, *, missing: bool) -> Path:
    """The location without what is not in the data: names of a union's members, and marks of keys.

    Args:
        member: The object whose member of the union is known, so that no name of one follows.
    """
    path: list[str | int] = []
    for step in location:
        if member is not data and isinstance(data, dict) and data.get("kind") == step:
            member = data  # of a union: its name comes first, also where a field has the same one
            continue
        if _holds(data, step):
            data = data[step]
        elif not (missing and step == location[-1]):
            continue
        path.append(step)
    return tuple(path)


def _holds(data: Any, step: str | int) -> bool:
    if isinstance(data, dict):
        return step in data
    return isinstance(data, list | tuple) and isinstance(step, int) and step < len(data)


def _of_tag(error: ErrorDetails) -> str:
    known = error["ctx"].get("expected_tags", "").replace("'", "")
    if error["type"] == "union_tag_not_found":
        return "is required"
    return f"{shown(error['ctx']['tag'])} is not one of {known}"


def _nearest(name: str, known: Sequence[str]) -> str:
    near = get_close_matches(name, known, n=1)
    if near:
        return f"did you mean {near[0]!r}?"
    return f"known are {', '.join(known)}"


def _detail(error: ErrorDetails, place: Path) -> str:
    sort, value = error["type"], error["input"]
    if sort in _WANTED:
        found = shown(value) if sort == "int_from_float" else kind(value)
        return f"is {found}, must be {_WANTED[sort]}"
    if sort in _BOUNDS:
        return f"{_name(place)} == {shown(value)}, must be {_BOUNDS[sort].format(**error['ctx'])}"
    return _PHRASES.get(sort, _unforeseen)(error)


def _name(place: Path) -> str:
    return next((step for step in reversed(place) if isinstance(step, str)), "value")


def _of_value_error(error: ErrorDetails) -> str:
    detail = str(error["ctx"]["error"])
    value = error["input"]
    return (
        f"{shown(value)} {detail}" if isinstance(value, str | int | float) else f"is {kind(value)}, {detail}"
    )


def _of_choice(error: ErrorDetails) -> str:
    known = error["ctx"]["expected"].replace("'", "").replace(" or ", ", ")
    return f"{shown(error['input'])} is not one of {known}"


def _of_size(error: ErrorDetails) -> str:
    bounds = error["ctx"]
    bound = (
        f"at most {bounds['max_length']}" if "max_length" in bounds else f"at least {bounds['min_length']}"
    )
    length = len(error["input"])
    return f"has {length} {'characters' if isinstance(error['input'], str) else 'entries'}, must have {bound}"


def _of_pattern(error: ErrorDetails) -> str:
    return f"{shown(error['input'])} must match {error['ctx']['pattern']}"


def _unforeseen(error: ErrorDetails) -> str:
    message = error["msg"]
    return f"{message[:1].lower()}{message[1:200]}"


_PHRASES: dict[str, Callable[[ErrorDetails], str]] = {
    "missing": lambda _: "is required",
    "value_error": _of_value_error,
    "literal_error": _of_choice,
    "string_pattern_mismatch": _of_pattern,
    "too_short": _of_size,
    "too_long": _of_size,
    "string_too_short": _of_size,
    "string_too_long": _of_size,
    "timezone_aware": lambda _: "must have an offset to UTC, as 2026-12-31T00:00:00Z",
    "datetime_parsing": lambda _: "must be a time like 2026-12-31T00:00:00Z",
    "datetime_from_date_parsing": lambda _: "must be a time like 2026-12-31T00:00:00Z",
    "datetime_type": lambda _: "must be a time like 2026-12-31T00:00:00Z",
}
