"""Planning: how many participants an effect needs, what effect a number can find, and how long that takes.

Rates by the pooled z test, means by Welch's t at equal spread. Several treatments are planned at Holm's first
and hardest step, alpha over their number; looks are paid for by an inflation factor.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy import optimize, special

from experiments.errors import NotEnoughData
from experiments.stats.estimate import MOST_PARTICIPANTS, Direction, check_level
from experiments.stats.sequential import boundary_at_plan

MANY_DEGREES = 100_000.0
FAR_CENTRE = 30.0
"""Beyond these a non-central t is as good as normal."""


@dataclass(frozen=True, slots=True)
class Design:
    """What a plan holds fixed besides the effect.

    Attributes:
        level: 1 - two-sided error of all comparisons with control together.
        power: Chance to find the effect in the weakest-weighted treatment.
        weights: Of the variants, control first; equal for two variants where none are given.
        inflation: Factor for looks, of `group_sequential.inflation` or `open_inflation`; 1 for one look.
    """

    level: float = 0.95
    power: float = 0.8
    weights: tuple[float, ...] = (0.5, 0.5)
    inflation: float = 1.0

    def __post_init__(self) -> None:
        check_level(self.level)
        check_level(self.power, name="power")
        if len(self.weights) < 2 or not all(0 < weight < math.inf for weight in self.weights):
            raise ValueError(f"weights == {self.weights}, must be at least two, each > 0 and finite.")
        if not 1 <= self.inflation < math.inf:
            raise ValueError(f"inflation == {self.inflation}, must be >= 1 and finite.")
        if self.power <= self.alpha / 2:
            raise ValueError(
                f"power == {self.power}, must be > {self.alpha / 2}, which needs no participants."
            )

    @property
    def alpha(self) -> float:
        """Two-sided error of one comparison."""
        return round(1 - self.level, 12) / (len(self.weights) - 1)  # 0.05, not 0.050000000000000044

    @property
    def shares(self) -> tuple[float, ...]:
        """The weights, summing to 1."""
        total = math.fsum(self.weights)
        return tuple(weight / total for weight in self.weights)

    @property
    def ratio(self) -> float:
        """Participants of the weakest-weighted treatment for one of control's."""
        return min(self.weights[1:]) / self.weights[0]

    def parts(self, total: float) -> tuple[float, float]:
        """Control's and the weakest treatment's participants out of `total`, as one look would count them."""
        control = self.shares[0] * total / self.inflation
        return control, control * self.ratio


@dataclass(frozen=True, slots=True)
class SampleSize:
    """Participants that a plan needs.

    Attributes:
        per_variant: In the order of the weights, control first.
        effect: The absolute difference planned for.
        alpha: Two-sided error of one comparison.
        method: Name of the method.
    """

    per_variant: tuple[int, ...]
    effect: float
    alpha: float
    method: str

    @property
    def total(self) -> int:
        """Of all variants together."""
        return sum(self.per_variant)


def equal_weights(variants: int) -> tuple[float, ...]:
    """The weights of so many variants that share participants evenly."""
    if variants < 2:
        raise ValueError(f"variants == {variants}, must be >= 2.")
    return (1 / variants,) * variants


def sample_size(
    baseline: float,
    *,
    mde_relative: float | None = None,
    mde_absolute: float | None = None,
    design: Design | None = None,
) -> SampleSize:
    """Participants needed to find a change of a rate. From 10 % to 12 %: 3,841 a variant.

    Args:
        baseline: Control's rate, strictly between 0 and 1.
        mde_relative: Change as a fraction of the baseline, negative for a fall; or
        mde_absolute: change of the rate itself. Just one of the two.
        design: Level, power, weights and looks.

    Raises:
        NotEnoughData: More participants are needed than anybody has.
        ValueError: An argument is out of its range, or the changed rate is; or the effect is 0.

    References:
        Fleiss, J. L., Levin, B., Paik, M. C. (2003). Statistical Methods for Rates and Proportions, 3rd ed.,
        ch. 4 (without continuity correction).
    """
    plan = design or Design()
    effect = _effect(baseline, mde_relative, mde_absolute)
    _check_rates(baseline, baseline + effect)
    _check_effect(effect)
    pooled, unpooled = _spreads(baseline, baseline + effect, plan.ratio)
    reach = _upper(plan.alpha / 2) * pooled + _upper(1 - plan.power) * unpooled
    return sizes((reach / effect) ** 2, effect, plan, "pooled_z")


def sample_size_of_means(
    standard_deviation: float,
    *,
    mde_absolute: float,
    design: Design | None = None,
) -> SampleSize:
    """Participants needed to find a change of a mean, both variants having the same spread.

    Args:
        standard_deviation: Of one participant's value, above 0.
        mde_absolute: Change of the mean, not 0.
        design: Level, power, weights and looks.

    Raises:
        NotEnoughData: More participants are needed than anybody has.
        ValueError: An argument is out of its range.

    References:
        Cohen, J. (1988). Statistical Power Analysis for the Behavioral Sciences, 2nd ed., ch. 2. Guenther, W.
        C. (1981). Sample size formulas for normal theory t tests. The American Statistician 35, 243-244.
    """
    plan = design or Design()
    effect = abs(_standardised(standard_deviation, mde_absolute))
    _check_effect(effect)
    z_alpha, z_power = _upper(plan.alpha / 2), _upper(1 - plan.power)
    # Guenther's last term is what the t test needs over the z test; from there it is a step or two
    near = (1 + 1 / plan.ratio) * ((z_alpha + z_power) / effect) ** 2 + z_alpha**2 / (2 * (1 + plan.ratio))
    _check_attainable(near)

    def enough(control: int) -> bool:
        return _t_power(effect, control, control * plan.ratio, plan.alpha) >= plan.power

    control = max(2, math.ceil(2 / plan.ratio), math.floor(near) - 2)
    while not enough(control):
        control += 1
    return sizes(control, mde_absolute, plan, "student_t")


def power_of(baseline: float, effect: float, *, participants: int, design: Design | None = None) -> float:
    """The chance that `participants` of all variants together find an absolute change of a rate.

    Raises:
        ValueError: An argument is out of its range, or the changed rate is.

    References:
        Fleiss, Levin and Paik (2003), as in `sample_size`.
    """
    plan = design or Design()
    _check_rates(baseline, baseline + effect)
    control, _ = plan.parts(participants)
    pooled, unpooled = _spreads(baseline, baseline + effect, plan.ratio)
    return _two_sided(abs(effect) * math.sqrt(control), _upper(plan.alpha / 2) * pooled, unpooled)


def power_of_means(
    standard_deviation: float, effect: float, *, participants: int, design: Design | None = None
) -> float:
    """The chance that `participants` of all variants together find an absolute change of a mean.

    Raises:
        NotEnoughData: A variant gets fewer than two participants.
        ValueError: An argument is out of its range.

    References:
        Cohen (1988), as in `sample_size_of_means`; the non-central t distribution.
    """
    plan = design or Design()
    standardised = abs(_standardised(standard_deviation, effect))
    control, treatment = plan.parts(participants)
    if min(control, treatment) < 2:
        raise NotEnoughData(
            f"Of {participants} participants a variant gets fewer than two, too few for a mean."
        )
    return _t_power(standardised, control, treatment, plan.alpha)


def minimum_detectable_effect(
    baseline: float, *, participants: int, design: Design | None = None, direction: Direction = "increase"
) -> float:
    """The smallest absolute change of a rate that so many participants find; negative for a fall.

    Args:
        baseline: Control's rate, strictly between 0 and 1.
        participants: Of all variants together.
        design: Level, power, weights and looks.
        direction: Which way the rate is to change.

    Raises:
        NotEnoughData: Not even the greatest change possible would be found with the power asked for; or
            chance alone has that power.
        ValueError: An argument is out of its range.

    References:
        Fleiss, Levin and Paik (2003), as in `sample_size`.
    """
    plan = design or Design()
    _check_rates(baseline, baseline)
    room = (1 - baseline if direction == "increase" else baseline) * (1 - 1e-9)
    sign = 1 if direction == "increase" else -1

    def short(effect: float) -> float:
        return power_of(baseline, sign * effect, participants=participants, design=plan) - plan.power

    if participants < 1 or short(room) < 0:
        raise NotEnoughData(
            f"{participants} participants cannot find any {direction} of a rate of {baseline:g} "
            f"with power {plan.power:g}."
        )
    least = room * 1e-15
    _check_beyond_chance(short(least), plan)
    return sign * float(optimize.brentq(short, least, room, xtol=least))


def minimum_detectable_effect_of_means(
    standard_deviation: float, *, participants: int, design: Design | None = None
) -> float:
    """The smallest absolute change of a mean, either way, that so many participants find.

    Raises:
        NotEnoughData: A variant gets fewer than two participants; or chance alone has the power asked for.
        ValueError: An argument is out of its range.

    References:
        Cohen (1988), as in `sample_size_of_means`.
    """
    plan = design or Design()

    def short(effect: float) -> float:
        found = power_of_means(standard_deviation, effect, participants=participants, design=plan)
        return found - plan.power

    least, most = 1e-9 * standard_deviation, 100 * standard_deviation
    if short(most) < 0:
        raise NotEnoughData(f"{participants} participants cannot find a change of 100 standard deviations.")
    _check_beyond_chance(short(least), plan)
    return float(optimize.brentq(short, least, most, xtol=1e-12 * standard_deviation))


def open_inflation(design: Design | None = None) -> float:
    """By what factor the number grows where results are looked at any time, by a confidence sequence.

    Counts only a crossing at the planned number, so the true power is somewhat above the one asked for.

    References:
        Waudby-Smith et al. (2024), see `experiments.stats.sequential`.
    """
    plan = design or Design()
    z_power = _upper(1 - plan.power)
    return ((boundary_at_plan(plan.alpha) + z_power) / (_upper(plan.alpha / 2) + z_power)) ** 2


def duration_days(
    total: int, *, daily_participants: float, min_days: int = 1, max_days: int | None = None
) -> int:
    """Whole days until `total` participants have come, at least `min_days`.

    Raises:
        NotEnoughData: Nobody comes, or it would take more than `max_days`.
        ValueError: An argument is negative.
    """
    if total < 0 or min_days < 0 or not 0 <= daily_participants < math.inf:
        raise ValueError(
            f"total == {total}, min_days == {min_days}, daily_participants == {daily_participants}: "
            "must be >= 0 and finite."
        )
    if daily_participants == 0:
        raise NotEnoughData("No participants come, so no number of days is enough.")
    days = max(min_days, math.ceil(total / daily_participants))
    if max_days is not None and days > max_days:
        raise NotEnoughData(
            f"{total} participants take {days} days at {daily_participants:g} a day; the plan allows "
            f"{max_days}. Plan for a larger effect, fewer variants, or more traffic."
        )
    return days


def _t_power(effect: float, control: float, treatment: float, alpha: float) -> float:
    """Power of the two-sided t test at a standardised effect >= 0, by the non-central t."""
    freedom = control + treatment - 2
    critical = -float(special.stdtrit(freedom, alpha / 2))
    centre = effect / math.sqrt(1 / control + 1 / treatment)
    if (
        freedom > MANY_DEGREES or centre > FAR_CENTRE
    ):  # there it is normal, or certain, and the series is slow
        return _two_sided(centre, critical, 1.0)
    above, below = special.nctdtr(freedom, [-centre, centre], -critical)
    return min(1.0, float(above + below))


def _two_sided(centre: float, critical: float, spread: float) -> float:
    """The chance that a normal about `centre` is beyond ±`critical`."""
    return float(special.ndtr((centre - critical) / spread) + special.ndtr((-critical - centre) / spread))


def _spreads(control: float, treatment: float, ratio: float) -> tuple[float, float]:
    """Standard deviation of the difference × √control participants: pooled under the null, and not."""
    pooled = (control + ratio * treatment) / (1 + ratio)
    return (
        math.sqrt(pooled * (1 - pooled) * (1 + 1 / ratio)),
        math.sqrt(control * (1 - control) + treatment * (1 - treatment) / ratio),
    )


def sizes(control: float, effect: float, plan: Design, method: str) -> SampleSize:
    """Whole participants for every variant, from what control needs at one look.

    Raises:
        NotEnoughData: They are more than anybody has.
    """
    _check_attainable(control * plan.inflation / plan.shares[0])
    needed = control * plan.inflation
    per_variant = tuple(math.ceil(needed * weight / plan.weights[0] - 1e-9) for weight in plan.weights)
    return SampleSize(per_variant, effect, plan.alpha, method)


def _effect(baseline: float, mde_relative: float | None, mde_absolute: float | None) -> float:
    if (mde_relative is None) == (mde_absolute is None):
        raise ValueError(
            f"mde_relative == {mde_relative}, mde_absolute == {mde_absolute}: give just one of the two."
        )
    return float(mde_absolute if mde_absolute is not None else baseline * (mde_relative or 0.0))


def _check_rates(baseline: float, changed: float) -> None:
    if not 0 < baseline < 1:
        raise ValueError(f"baseline == {baseline}, must be > 0 and < 1.")
    if not 0 <= changed <= 1:
        raise ValueError(f"baseline + effect == {changed}, must be >= 0 and <= 1.")


def _standardised(standard_deviation: float, effect: float) -> float:
    if not 0 < standard_deviation < math.inf:
        raise ValueError(f"standard_deviation == {standard_deviation}, must be > 0 and finite.")
    if not math.isfinite(effect):
        raise ValueError(f"effect == {effect}, must be finite.")
    return effect / standard_deviation


def _check_effect(effect: float) -> None:
    if effect == 0:
        raise ValueError("effect == 0, must not be: no number of participants finds a difference of nothing.")


def _check_beyond_chance(short: float, plan: Design) -> None:
    if short >= 0:
        raise NotEnoughData(
            f"At an error of {plan.alpha:g} chance alone has the power {plan.power:g}, so no effect is the "
            "smallest that is found: ask for more power, or less error."
        )


def _check_attainable(participants: float) -> None:
    if not participants <= MOST_PARTICIPANTS:
        raise NotEnoughData(
            f"More than {MOST_PARTICIPANTS} participants would be needed: plan for a larger effect."
        )


def _upper(tail: float) -> float:
    """The standard normal's upper point of a tail."""
    return -float(special.ndtri(tail))
