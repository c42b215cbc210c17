"""What the end of a plan says of each treatment when none has won, and of all of them together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from experiments.analysis import reasons, wording
from experiments.analysis.evidence import Evidence
from experiments.analysis.outcome import Outcome
from experiments.analysis.results import Unavailable
from experiments.analysis.significance import Crossing, of_control
from experiments.stats.estimate import Interval


@dataclass(frozen=True, slots=True)
class Standing:
    """Each treatment in one of three places, in the definition's order.

    Attributes:
        margin: The difference that matters, absolute; None where the control is not known.
        same: Those whose interval lies inside ± the margin, also when they are a little worse.
        worse: Those beyond the bound on the worse side that may be worse by the margin or more.
        undecided: The others.
        little_worse: Those of `same` that are beyond the bound on the worse side.
    """

    margin: float | None
    same: tuple[str, ...]
    worse: tuple[str, ...]
    undecided: tuple[str, ...]
    little_worse: tuple[str, ...]


def standing(evidence: Evidence, crossed: Crossing) -> Standing:
    """Where each treatment stands."""
    margin = of_control(evidence, evidence.rules.margin_relative)
    keys = [one.variant for one in evidence.compared]
    same = tuple(one.variant for one in evidence.compared if margin and _within(one.equivalence, margin))
    worse = tuple(key for key in keys if key in crossed.worse and key not in same)
    return Standing(
        margin=margin,
        same=same,
        worse=worse,
        undecided=tuple(key for key in keys if key not in same and key not in worse),
        little_worse=tuple(key for key in same if key in crossed.worse),
    )


def outcome_of(found: Standing) -> Outcome:
    """All of them together: one treatment that is not decided leaves the whole open.

    Where some are the same and others worse the control wins: none is better, and not every wording may be
    taken, as `no_difference` would say.
    """
    if found.undecided or not (found.same or found.worse):
        return "inconclusive"
    return "control_wins" if found.worse else "no_difference"


def summary(evidence: Evidence, found: Standing) -> Iterable[str]:
    """What they mean together, where that is not plain from the only treatment there is."""
    if found.undecided:
        yield f"The data of {wording.listed(found.undecided)} fit both a difference that matters and none."
    elif found.same:
        margin = reasons.size(found.margin or 0.0, evidence)
        yield f"Nothing is better by the margin of {margin} that matters."
    if found.worse and (found.undecided or found.same):
        verb = "is" if len(found.worse) == 1 else "are"
        yield f"{wording.listed(found.worse)} {verb} worse than {evidence.control} beyond doubt."


def standing_of(evidence: Evidence, found: Standing, variant: str) -> str:
    """One treatment's lift, and how it is to be read."""
    return f"{reasons.lift(evidence, variant)} {_reading(found, variant)}"


def _reading(found: Standing, variant: str) -> str:
    if variant in found.worse:
        return "It is worse beyond doubt."
    if variant in found.little_worse:
        return "It is worse, but by less than the margin that matters."
    return "It makes no difference that matters." if variant in found.same else "This is not decided."


def _within(bounds: Interval | Unavailable, margin: float) -> bool:
    return not isinstance(bounds, Unavailable) and -margin < bounds.lower and bounds.upper < margin
