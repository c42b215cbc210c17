"""The sentences of a verdict: what each gate found, in words that need no statistics."""

from __future__ import annotations

from collections.abc import Iterable

from experiments.analysis import wording
from experiments.analysis.evidence import Compared, Evidence, GuardrailCheck, HarmCheck, Looks
from experiments.analysis.outcome import Missing
from experiments.analysis.results import Unavailable
from experiments.analysis.significance import Crossing
from experiments.stats.estimate import Estimate

OVERSTATED = "Winners look better than they are: expect a lift nearer the lower end of the interval."
BETTER_THAN_THEY_ARE = "Winners look better than they are, because luck helped to choose them."


def lift(evidence: Evidence, variant: str) -> str:
    """One treatment's lift with its interval."""
    one = compared(evidence, variant)
    if isinstance(one.lift, Unavailable):
        return f"{variant}: {one.lift.reason}"
    estimate = wording.difference(one.lift.estimate, is_rate=evidence.is_rate)
    bounds = wording.interval(one.lift.interval, is_rate=evidence.is_rate)
    level = wording.level(one.lift.level)
    return (
        f"{variant} against {evidence.control} on {evidence.primary}: {estimate} ({level} interval {bounds})."
    )


def corrected(evidence: Evidence, variant: str, found: Estimate) -> str:
    """One winner's lift without the luck that it took to win."""
    estimate = wording.difference(found.estimate, is_rate=evidence.is_rate)
    bounds = wording.interval(found.interval, is_rate=evidence.is_rate)
    return f"Corrected for that, {variant} is at {estimate} ({wording.level(found.level)} interval {bounds})."


def compared(evidence: Evidence, variant: str) -> Compared:
    """The comparison of this treatment."""
    return next(one for one in evidence.compared if one.variant == variant)


def harmed(check: HarmCheck) -> str:
    """By how much a treatment is worse at least."""
    by = "an unknown amount" if isinstance(check.at_best, Unavailable) else size(-check.at_best, check)
    margin = size(check.margin, check)
    return f"{check.variant} is worse on {check.metric} by at least {by}, more than its margin of {margin}."


def guarded(check: GuardrailCheck) -> str:
    """Why a guardrail does not let a treatment through."""
    if isinstance(check.worst, Unavailable):
        return f"{check.variant} cannot be cleared on {check.metric}: {check.worst.reason}"
    by, margin = size(-check.worst, check), size(check.margin, check)
    return f"{check.variant} may be worse on {check.metric} by {by}; the plan allows {margin}."


def size(value: float, scale: Evidence | HarmCheck | GuardrailCheck) -> str:
    """An amount without its sign, in the metric's own terms."""
    return wording.difference(value, is_rate=scale.is_rate).lstrip("+")


def not_checked(checks: Iterable[HarmCheck]) -> str:
    """Which checks could not be made, and why."""
    return "".join(
        f" Not checked, {check.variant} on {check.metric}: {check.at_best.reason}"
        for check in checks
        if isinstance(check.at_best, Unavailable)
    )


def still_missing(missing: Missing) -> str:
    """How much is there of how much it takes."""
    when = f", expected on {wording.date(missing.expected_at)}" if missing.expected_at else ""
    have, need = wording.count(int(missing.have)), wording.count(int(missing.need))
    return f"{have} of {need} {missing.what}{when}."


def beyond(crossed: Crossing) -> str:
    """Which treatments are beyond the bound."""
    said = [
        f"Beyond the bound on the {side} side: {wording.listed(names)}."
        for names, side in ((crossed.better, "better"), (crossed.worse, "worse"))
        if names
    ]
    return " ".join(said) or "No treatment is beyond the bound."


def how_decided(evidence: Evidence) -> str:
    """By what test the treatments were held against the bound."""
    looks = evidence.looks
    if evidence.rules.mode == "open" or isinstance(looks, Unavailable):
        values = [
            f"{one.variant} {wording.with_p(one.sequential_p_value)}"
            for one in evidence.compared
            if not isinstance(one.sequential_p_value, Unavailable)
        ]
        return f"By anytime-valid p-values, Holm over the treatments: {', '.join(values)}."
    scores = [
        f"{one.variant} z = {wording.number(one.z, signed=True)}"
        for one in evidence.compared
        if not isinstance(one.z, Unavailable)
    ]
    return f"Look {looks.number}, first bound {wording.number(looks.bounds[-1])}: {', '.join(scores)}."


def progress(looks: Looks | Unavailable) -> list[str]:
    """How far the plan is."""
    if isinstance(looks, Unavailable):
        return [looks.reason]
    words = [f"{wording.percent(looks.fraction)} of the planned information is there (look {looks.number})."]
    if looks.days_left is not None:
        words.append(f"About {wording.plural(looks.days_left, 'day')} left at the present pace.")
    return words + [
        f"If the smallest effect worth finding is real, {variant} has a chance of {wording.chance(power)}."
        for variant, power in (looks.conditional_power or {}).items()
    ]
