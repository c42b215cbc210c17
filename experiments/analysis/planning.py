"""How large and how long an experiment must be, for every kind of metric, and what to do when it cannot."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

from experiments.analysis import wording
from experiments.errors import InvalidInput, NotEnoughData
from experiments.model.metric import RATE_KINDS
from experiments.stats import group_sequential, planning, power
from experiments.stats.estimate import Direction

Kind = Literal["conversion", "retention", "mean", "ratio", "time", "quantile"]
Mode = Literal["fixed", "planned", "open"]
Spending = Literal["obrien_fleming", "pocock"]

HORIZONS_DAYS = (7, 14, 28, 42)
MOST_LOOKS = 100


@dataclass(frozen=True, slots=True)
class Guarded:
    """A guardrail to be planned for.

    Attributes:
        margin: How much worse it may be, absolute.
        baseline: The control's rate, of a guardrail that is one; or
        standard_deviation: of one participant's value.
    """

    margin: float
    baseline: float | None = None
    standard_deviation: float | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """What is planned for.

    Attributes:
        baseline: The control's rate, mean, ratio, restricted mean time or quantile.
        mde_relative: The smallest relative change worth finding; negative for a fall.
        power: The chance to find it, and to pass all guardrails.
        level: 1 minus the two-sided error of all comparisons together.
        daily: Participants a day of all variants together.
        variants: How many, with the control; `weights` overrides it.
        kind: Of the primary metric.
        standard_deviation: Of one participant's value; of a ratio's linearised value.
        horizon: Of a time metric: its window, in the unit of the baseline.
        quantile, log_deviation: Of a quantile: its share, and the spread of the values' logarithms.
        mode: One look at the end, planned looks, or looks at any time.
        looks: How many are planned, in mode `planned`.
        spending: How error is spent over them.
        weights: Of the variants, the control's first.
        cluster_size, icc: Of clusters that are randomised as a whole.
        guardrails: To be shown not worse.
        max_days: The longest run that is acceptable.
        participants: A number whose power is asked for.
    """

    baseline: float
    mde_relative: float = 0.05
    power: float = 0.8
    level: float = 0.95
    daily: float | None = None
    variants: int = 2
    kind: Kind = "conversion"
    standard_deviation: float | None = None
    horizon: float | None = None
    quantile: float = 0.5
    log_deviation: float | None = None
    mode: Mode = "fixed"
    looks: int = 5
    spending: Spending = "obrien_fleming"
    weights: tuple[float, ...] | None = None
    cluster_size: float = 1.0
    icc: float = 0.0
    guardrails: tuple[Guarded, ...] = ()
    max_days: int = 42
    participants: int | None = None

    @property
    def is_rate(self) -> bool:
        """Whether the metric is a share of the participants."""
        return self.kind in RATE_KINDS


@dataclass(frozen=True, slots=True)
class Detectable:
    """What so many days find: the smallest effect, None where they find none at all."""

    days: int
    participants: int
    mde_absolute: float | None
    mde_relative: float | None


@dataclass(frozen=True, slots=True)
class ExperimentPlan:
    """How large and how long an experiment must be.

    Attributes:
        participants_per_variant: Of the variant that has most.
        participants_by_variant: In the order of the weights, control first.
        participants: Of all variants together, guardrails included.
        days: Until they have come; None when `daily` is not known.
        alpha: Two-sided error of one comparison with the control.
        power_each: What the primary and each guardrail must have so that all together have `power`.
        inflation: By what factor the number grows for looks.
        design_effect: By what factor for clusters.
        guardrail_participants: What each guardrail takes, of all variants together.
        power_of_participants: The power of the number that was asked about, if one was.
        detectable: What other durations find; empty when `daily` is not known.
        feasible: Whether the traffic carries it within the longest run; None when `daily` is not known.
        reason: When it does not: why not, and what would.
    """

    kind: str
    mode: str
    baseline: float
    mde_relative: float
    mde_absolute: float
    power: float
    level: float
    variants: int
    participants_per_variant: int
    participants_by_variant: tuple[int, ...]
    participants: int
    daily: float | None
    days: int | None
    max_days: int
    alpha: float
    power_each: float
    inflation: float
    design_effect: float
    method: str
    guardrail_participants: tuple[int, ...]
    power_of_participants: float | None
    detectable: tuple[Detectable, ...]
    feasible: bool | None
    reason: str | None


def plan(question: Question) -> ExperimentPlan:
    """The plan for a question.

    Raises:
        InvalidInput: The question is impossible; each fault names its member.
        NotEnoughData: No number of participants is enough.
    """
    _check(question)
    design = _design(question)
    if design.power <= design.alpha:
        raise InvalidInput.at(
            "/power", f"is {question.power:g}, must be > the error of {design.alpha:g}: chance alone has it"
        )
    primary, spread = _primary(question, design), _spread(question)
    guarded = [_guarded(one, question, design) for one in question.guardrails]
    largest = max([primary, *guarded], key=lambda size: size.total)
    days = (
        None
        if question.daily is None
        else power.duration_days(largest.total, daily_participants=question.daily)
    )
    feasible = None if days is None else days <= question.max_days
    horizons = () if question.daily is None else HORIZONS_DAYS
    return ExperimentPlan(
        kind=question.kind,
        mode=question.mode,
        baseline=question.baseline,
        mde_relative=question.mde_relative,
        mde_absolute=primary.effect,
        power=question.power,
        level=question.level,
        variants=len(design.weights),
        participants_per_variant=max(largest.per_variant),
        participants_by_variant=largest.per_variant,
        participants=largest.total,
        daily=question.daily,
        days=days,
        max_days=question.max_days,
        alpha=primary.alpha,
        power_each=design.power,
        inflation=_inflation(question, design),
        design_effect=_design_effect(question),
        method=_METHODS.get(question.kind, primary.method),
        guardrail_participants=tuple(size.total for size in guarded),
        power_of_participants=_power_of(question, design, spread),
        detectable=tuple(_detectable(question, design, spread, number) for number in horizons),
        feasible=feasible,
        reason=_why_not(question, design, spread, largest.total, days) if feasible is False else None,
    )


_METHODS = {
    "ratio": "student_t_of_the_linearised_ratio",
    "time": "student_t_of_the_restricted_mean",
    "quantile": "normal_quantile",
}


def _check(question: Question) -> None:
    """Nothing, when the question can be answered.

    Raises:
        InvalidInput: It cannot.
    """
    if not question.baseline * question.mde_relative:
        raise InvalidInput.at("/mde_relative", "must not be 0: no number of participants finds no change")
    changed = question.baseline * (1 + question.mde_relative)
    if question.is_rate and not 0 < question.baseline < 1:
        raise InvalidInput.at("/baseline", f"is {question.baseline:g}, must be > 0 and < 1 for a rate")
    if question.is_rate and not 0 <= changed <= 1:
        raise InvalidInput.at("/mde_relative", f"takes the rate of {question.baseline:g} beyond 0 to 1")
    if question.kind in ("mean", "ratio") and question.standard_deviation is None:
        raise InvalidInput.at(
            "/standard_deviation",
            f"is required: a {question.kind} is planned by the spread of one participant",
        )
    if question.kind == "time" and not (question.horizon and 0 < question.baseline < question.horizon):
        raise InvalidInput.at("/horizon", "is required: the window, longer than the baseline, in its unit")
    if question.kind == "quantile" and question.log_deviation is None:
        raise InvalidInput.at("/log_deviation", "is required: the spread of the values' logarithms")
    for place, one in enumerate(question.guardrails):
        _check_guardrail(f"/guardrails/{place}", one)


def _check_guardrail(where: str, one: Guarded) -> None:
    if (one.baseline is None) == (one.standard_deviation is None):
        raise InvalidInput.at(where, "give just one of baseline (a rate) and standard_deviation (a mean)")
    if one.baseline is not None and not 0 < one.baseline < 1:
        raise InvalidInput.at(f"{where}/baseline", f"is {one.baseline:g}, must be > 0 and < 1")


def _design(question: Question) -> power.Design:
    plain = power.Design(
        level=question.level,
        power=planning.power_with_guardrails(question.power, len(question.guardrails)),
        weights=question.weights or power.equal_weights(question.variants),
    )
    return replace(plain, inflation=_inflation(question, plain) * _design_effect(question))


def _inflation(question: Question, design: power.Design) -> float:
    """The factor for looks, of the hardest comparison."""
    if question.mode == "planned":
        return group_sequential.inflation(
            question.looks, alpha=design.alpha, power=design.power, spending=question.spending
        )
    return power.open_inflation(replace(design, inflation=1.0)) if question.mode == "open" else 1.0


def _design_effect(question: Question) -> float:
    return planning.design_effect(question.cluster_size, question.icc)


def _spread(question: Question) -> float:
    """The standard deviation of one participant's value; of a rate it is not used."""
    if question.kind == "time" and question.standard_deviation is None:
        return planning.exponential_spread(question.baseline, question.horizon or math.inf)
    if question.kind == "quantile":
        return planning.quantile_spread(
            abs(question.baseline), question.quantile, question.log_deviation or math.nan
        )
    return question.standard_deviation or 0.0


def _primary(question: Question, design: power.Design) -> power.SampleSize:
    if question.is_rate:
        return power.sample_size(question.baseline, mde_relative=question.mde_relative, design=design)
    effect = question.baseline * question.mde_relative
    return power.sample_size_of_means(_spread(question), mde_absolute=effect, design=design)


def _guarded(one: Guarded, question: Question, design: power.Design) -> power.SampleSize:
    """What one guardrail takes; its looks are those of the primary metric."""
    spread = one.standard_deviation or math.sqrt((one.baseline or 0.0) * (1 - (one.baseline or 0.0)))
    return planning.noninferiority_size(
        spread, one.margin, alpha=round(1 - question.level, 12), design=design
    )


def _power_of(question: Question, design: power.Design, spread: float) -> float | None:
    if question.participants is None:
        return None
    effect = question.baseline * question.mde_relative
    if question.is_rate:
        return power.power_of(question.baseline, effect, participants=question.participants, design=design)
    return power.power_of_means(spread, effect, participants=question.participants, design=design)


def _detectable(question: Question, design: power.Design, spread: float, days: int) -> Detectable:
    participants = int((question.daily or 0.0) * days)
    try:
        effect = _smallest(question, design, spread, participants)
    except NotEnoughData:
        return Detectable(days, participants, None, None)
    return Detectable(days, participants, effect, effect / question.baseline)


def _smallest(question: Question, design: power.Design, spread: float, participants: int) -> float:
    """The smallest effect that so many find, in the direction asked for."""
    direction: Direction = "increase" if question.mde_relative > 0 else "decrease"
    if question.is_rate:
        return power.minimum_detectable_effect(
            question.baseline, participants=participants, design=design, direction=direction
        )
    size = power.minimum_detectable_effect_of_means(spread, participants=participants, design=design)
    return math.copysign(size, question.baseline * question.mde_relative)


def _why_not(question: Question, design: power.Design, spread: float, total: int, days: int | None) -> str:
    """That the traffic does not carry the plan, and what it would carry."""
    daily, longest = question.daily or 0.0, question.max_days
    said = (
        f"This traffic cannot detect a change of {wording.percent(question.mde_relative, signed=True)}: "
        f"it takes {wording.count(total)} participants, {wording.plural(days or 0, 'day')} at "
        f"{wording.count(round(daily))} a day, and the longest run is {wording.plural(longest, 'day')}."
    )
    return " ".join([said, *_remedies(question, design, spread)])


def _remedies(question: Question, design: power.Design, spread: float) -> list[str]:
    found = []
    within = _detectable(question, design, spread, question.max_days)
    if within.mde_relative is not None and not question.guardrails:
        found.append(f"In that time it finds {wording.percent(within.mde_relative, signed=True)}.")
    if len(design.weights) > 2 and (fewer := _days_of(replace(question, variants=2, weights=None))):
        found.append(f"With two variants it takes {wording.plural(fewer, 'day')}.")
    if question.mode == "open" and (planned := _days_of(replace(question, mode="planned"))):
        found.append(f"With planned looks it takes {wording.plural(planned, 'day')}.")
    found.append("Or run longer, or try a bolder wording.")
    return found


def _days_of(question: Question) -> int | None:
    """How many days another plan takes; None where none is enough."""
    try:
        size = _primary(question, _design(question))
        return power.duration_days(size.total, daily_participants=question.daily or 0.0)
    except NotEnoughData:
        return None
