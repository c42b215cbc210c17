"""Arguments that the ruleset itself gives: claims and incentives. They run out, and no host can send them.

A fact on the wire is `{"value": number or text, "valid_until": RFC 3339 or null}`. Its name begins with
`claim_` or `incentive_`. When it has run out it is a missing argument like any other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from math import inf
from typing import Any, Final, NamedTuple

from keepgoing.evaluation.document import Place

PREFIXES: Final = ("claim_", "incentive_")
CLAIM: Final = "claim_"
Clock = Callable[[], float]


class Fact(NamedTuple):
    """A value, and the moment (seconds since 1970) from which it counts no more."""

    value: Any
    until: float


Facts = Mapping[str, Fact]


def is_fact(name: object) -> bool:
    """Whether an argument of this name can only come from the ruleset."""
    return isinstance(name, str) and name.startswith(PREFIXES)


def read_facts(place: Place) -> dict[str, Fact]:
    """The facts that stand here, by name; none when nothing does.

    Raises:
        InvalidRuleset: One is malformed.
    """
    return {name: Fact(_value(fact["value"]), seconds(fact["valid_until"])) for name, fact in place.members()}


def _value(place: Place) -> Any:
    value = place.json()
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise place.fault("must be a number or text")
    return value


def seconds(place: Place) -> float:
    """The moment that stands here, in seconds since 1970; endless when nothing does.

    Raises:
        InvalidRuleset: It is no moment with an offset.
    """
    if place.absent:
        return inf
    try:
        moment = datetime.fromisoformat(place.text())
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise place.fault("must be a moment with an offset, like 2026-12-31T00:00:00Z")
    return moment.timestamp()


def names_in(template: object) -> set[str]:
    """The names of facts that a template on the wire uses."""
    if isinstance(template, Mapping):
        return set().union(*(names_in(case) for case in template.values()))
    if not isinstance(template, list):
        return set()
    named = (
        {template[1]}
        if len(template) > 1 and isinstance(template[0], str) and is_fact(template[1])
        else set()
    )
    return named.union(*(names_in(part) for part in template))


def with_facts(
    render: Callable[[Mapping[str, Any]], str], names: set[str], facts: Facts, clock: Clock
) -> Callable[[Mapping[str, Any]], str]:
    """The renderer with the facts of these names, as far as they hold now, in place of what the host sent."""
    known = {name: facts.get(name) for name in names}

    def rendered(arguments: Mapping[str, Any]) -> str:
        now = clock()
        merged = dict(arguments)
        for name, fact in known.items():
            if fact is not None and now < fact.until:
                merged[name] = fact.value
            else:
                merged.pop(name, None)
        return render(merged)

    return rendered
