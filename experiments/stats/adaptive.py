"""Traffic that follows the results, and estimates that stay unbiased though it does.

Within a phase every participant has the same recorded chance of each variant; the next phase's chances come
from what was seen before. The plain mean over all phases is biased then: a variant that began badly gets less
traffic and so less opportunity to correct that.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from experiments.errors import NotEnoughData
from experiments.stats import bayes, sequential
from experiments.stats.estimate import Counts, Direction, Estimate, Interval, Moments, Sums, check_level
from experiments.stats.mean import two_sided_t
from experiments.stats.sequential import LEAST_PARTICIPANTS, SequentialAnswer, Side

FLOOR = 0.05
"""No variant gets less traffic: without a floor the weights of the estimate have no bound."""


@dataclass(frozen=True, slots=True)
class Phase:
    """A stretch with one set of assignment probabilities.

    Attributes:
        probabilities: The recorded chance of each variant, in one order for all phases.
        variants: What was seen of each, in that order.
    """

    probabilities: tuple[float, ...]
    variants: tuple[Counts | Sums, ...]

    def __post_init__(self) -> None:
        if len(self.probabilities) != len(self.variants) or len(self.variants) < 2:
            raise ValueError("a phase needs a probability for each of at least two variants.")
        if min(self.probabilities) <= 0 or not math.isclose(math.fsum(self.probabilities), 1, abs_tol=1e-9):
            raise ValueError(f"probabilities == {self.probabilities}, must be > 0 and sum to 1.")

    @property
    def participants(self) -> int:
        """Participants of all variants."""
        return sum(sample.participants for sample in self.variants)


@dataclass(frozen=True, slots=True)
class Weighted:
    """Treatment minus control over all phases, weighted by the recorded probabilities.

    Attributes:
        estimate: The difference.
        standard_error: Of it.
        participants: Of all variants and phases.
        first_variance: Variance per participant in the first phase, which was split without any result.
    """

    estimate: float
    standard_error: float
    participants: int
    first_variance: float


def thompson(
    variants: Sequence[Counts] | Sequence[Sums], *, floor: float = FLOOR, direction: Direction = "increase"
) -> tuple[float, ...]:
    """The next phase's assignment probabilities: each variant's chance to be the best, and a floor.

    The chances are computed by quadrature, so the same results give the same traffic.

    Args:
        variants: All that was seen so far, control included.
        floor: Least probability of each; the rest is shared by chance to be best.
        direction: Which way is good.

    Raises:
        NotEnoughData: A variant cannot carry a posterior yet; split evenly until it can.

    References:
        Thompson, W. R. (1933). On the likelihood that one unknown probability exceeds another in view of the
        evidence of two samples. Biometrika 25, 285-294. Scott (2010), see `bayes.chance_to_be_best`.
    """
    chances = bayes.chance_to_be_best(variants, direction=direction)
    return floored(chances, floor=floor)


def floored(chances: Sequence[float], *, floor: float = FLOOR) -> tuple[float, ...]:
    """Assignment probabilities by chance to be best, none below the floor."""
    if not 0 < floor * len(chances) < 1:
        raise ValueError(f"floor == {floor}, must be > 0 and leave something for {len(chances)} variants.")
    spare = 1 - floor * len(chances)
    return tuple(floor + spare * chance / math.fsum(chances) for chance in chances)


def weighted(phases: Sequence[Phase], control: int, treatment: int) -> Weighted:
    """Treatment minus control, unbiased whatever rule moved the traffic.

    A participant's score is m_t - m_c plus (y - m) / e of their own variant, e its recorded probability in
    the phase and m the variant's mean in the phases before: augmented inverse probability weighting. The
    estimate is the mean of the scores. Given the past each has the true difference as its expectation, since
    m and e come from the past alone. The first phase has no past: there m leaves the participant out, which
    makes its scores' mean the plain difference.

    Args:
        phases: In order of time.
        control, treatment: Places of the two variants in each phase.

    Raises:
        NotEnoughData: There is no phase; the first has fewer than two participants of one of the two; or no
            value differs from another.

    References:
        Hadad, V., Hirshberg, D. A., Zhan, R., Wager, S., Athey, S. (2021). Confidence intervals for policy
        evaluation in adaptive experiments. PNAS 118, e2014602118. Nie, X., Tian, X., Taylor, J., Zou, J.
        (2018). Why adaptively collected data have negative bias and how to correct for it. AISTATS.
    """
    pairs = [(phase, _sums(phase, control), _sums(phase, treatment)) for phase in phases]
    total, variance, first = _first(pairs)
    seen = pairs[0][1], pairs[0][2]
    for phase, before, after in pairs[1:]:
        found = _scores(phase, (control, treatment), (before, after), (seen[0].mean, seen[1].mean))
        total, variance = total + found[0], variance + found[1]
        seen = seen[0] + before, seen[1] + after
    if variance == 0:
        raise NotEnoughData("Every participant has the same value, so nothing can be compared.")
    participants = sum(phase.participants for phase in phases)
    return Weighted(total / participants, math.sqrt(variance) / participants, participants, first)


def mean(phases: Sequence[Phase], place: int) -> Moments:
    """One variant's mean, unbiased whatever rule moved the traffic, as the mean of its participants.

    The score of every participant, of whatever variant, is m + (y - m) / e for this variant's own and m for
    the others, as in `weighted`; the first phase counts with its plain mean.

    Args:
        phases: In order of time.
        place: Of the variant.

    Raises:
        NotEnoughData: There is no phase; the first has fewer than two participants of the variant; or no
            value differs from another.

    References:
        Hadad et al. (2021), as in `weighted`.
    """
    samples = [_sums(phase, place) for phase in phases]
    if not samples or samples[0].participants < 2:
        raise NotEnoughData("The first phase needs at least two participants of the variant.")
    seen = samples[0]
    n = phases[0].participants
    total, variance = n * seen.mean, n * n * seen.variance / seen.participants
    for phase, sums in zip(phases[1:], samples[1:], strict=True):
        found = _own_scores(phase, place, sums, seen.mean)
        total, variance = total + found[0], variance + found[1]
        seen = seen + sums
    everybody = sum(phase.participants for phase in phases)
    if variance == 0:
        raise NotEnoughData("Every participant has the same value, so the spread of the mean is not known.")
    return Moments(seen.participants, total / everybody, variance / everybody**2 * seen.participants)


def difference(phases: Sequence[Phase], control: int, treatment: int, level: float) -> Estimate:
    """Treatment minus control with an interval for one look, for reading: the verdict takes `sequence`.

    Raises:
        NotEnoughData: As for `weighted`.

    References:
        Hadad et al. (2021), as in `weighted`.
    """
    check_level(level)
    found = weighted(phases, control, treatment)
    reach = found.standard_error * two_sided_t(level, found.participants - 1)
    interval = Interval(found.estimate - reach, found.estimate + reach)
    return Estimate(found.estimate, interval, level, "inverse_probability_weighted")


def sequence(
    phases: Sequence[Phase], control: int, treatment: int, level: float, planned_participants: int
) -> SequentialAnswer:
    """Treatment minus control with an interval that holds at all looks together with probability `level`.

    Time is counted in variance gathered, not in participants: the less traffic a variant gets, the more a
    participant adds. The time of the plan is what the first phase's split would gather by then.

    Args:
        phases: In order of time.
        control, treatment: Places of the two variants.
        level: Chance that the truth is inside at every look.
        planned_participants: Of all variants together; validity does not depend on it.

    Raises:
        NotEnoughData: As for `weighted`; or a variant has fewer participants than the burn-in of means.

    References:
        Waudby-Smith et al. (2024), see `experiments.stats.sequential`; martingale differences of changing
        variance are its section 2.4.
    """
    check_level(level)
    _check_planned(planned_participants)
    found = weighted(phases, control, treatment)
    for place in (control, treatment):
        count = sum(phase.variants[place].participants for phase in phases)
        if count < LEAST_PARTICIPANTS:
            raise NotEnoughData(
                f"The sequence starts at {LEAST_PARTICIPANTS} participants of both; one has {count}."
            )
    r = _relative_time(found, 1 - level, planned_participants)
    answer = sequential.sequence_at(found.estimate, found.standard_error, r, level)
    return replace(answer, method="asymptotic_confidence_sequence_weighted")


def sequence_bound(
    phases: Sequence[Phase],
    control: int,
    treatment: int,
    *,
    side: Side,
    alpha: float,
    planned_participants: int,
) -> float:
    """The bound of treatment minus control on one side that holds at all looks together.

    Raises:
        NotEnoughData: As for `weighted`.

    References:
        Waudby-Smith et al. (2024), see `experiments.stats.sequential.one_sided_sequence`.
    """
    check_level(alpha, name="alpha")
    found = weighted(phases, control, treatment)
    r = _relative_time(found, min(2 * alpha, 0.99), planned_participants)
    reach = math.sqrt(2 * (r + 1) / r * math.log1p(math.sqrt(r + 1) / (2 * alpha))) * found.standard_error
    return found.estimate + (reach if side == "upper" else -reach)


_Pair = tuple[Sums, Sums]


def _relative_time(found: Weighted, alpha: float, planned_participants: int) -> float:
    """r, as `sequence` has it."""
    _check_planned(planned_participants)
    gathered = (found.standard_error * found.participants) ** 2
    return sequential.time_at_plan(alpha) * gathered / (found.first_variance * planned_participants)


def _check_planned(participants: int) -> None:
    if participants < 1:
        raise ValueError(f"planned_participants == {participants}, must be >= 1.")


def _first(pairs: Sequence[tuple[Phase, Sums, Sums]]) -> tuple[float, float, float]:
    """Total and variance of the first phase's scores, and that variance for one participant."""
    if not pairs or min(pairs[0][1].participants, pairs[0][2].participants) < 2:
        raise NotEnoughData("The first phase needs at least two participants of both variants.")
    phase, before, after = pairs[0]
    variance = before.variance / before.participants + after.variance / after.participants
    if variance == 0:
        raise NotEnoughData(
            "Every participant of the first phase has the same value: go on splitting evenly."
        )
    n = phase.participants
    return n * (after.mean - before.mean), n * n * variance, n * variance


def _scores(
    phase: Phase, places: tuple[int, int], pair: _Pair, centres: tuple[float, float]
) -> tuple[float, float]:
    """Total of the scores of a later phase, and the variance of that total."""
    n, apart = phase.participants, centres[1] - centres[0]
    surplus = squares = 0.0
    for sign, place, sums, centre in zip((-1, 1), places, pair, centres, strict=True):
        chance = phase.probabilities[place]
        surplus += sign * _about(sums, centre) / chance
        squares += _squares_about(sums, centre) / chance**2
    spread = max(0.0, squares - surplus**2 / n) * n / (n - 1) if n > 1 else squares
    return n * apart + surplus, spread


def _own_scores(phase: Phase, place: int, sums: Sums, centre: float) -> tuple[float, float]:
    """Total of one variant's scores in a later phase, and the variance of that total."""
    n, chance = phase.participants, phase.probabilities[place]
    surplus = _about(sums, centre) / chance
    squares = _squares_about(sums, centre) / chance**2
    return n * centre + surplus, max(0.0, squares - surplus**2 / n) * n / (n - 1) if n > 1 else squares


def _about(sums: Sums, centre: float) -> float:
    """Σ (y - centre)."""
    return float(Fraction(sums.total, sums.scale) - sums.participants * Fraction(centre))


def _squares_about(sums: Sums, centre: float) -> float:
    """Σ (y - centre)²."""
    middle = Fraction(centre)
    crossed = Fraction(sums.squares, sums.scale**2) - 2 * middle * Fraction(sums.total, sums.scale)
    return float(crossed + sums.participants * middle**2)


def _sums(phase: Phase, place: int) -> Sums:
    sample = phase.variants[place]
    if isinstance(sample, Sums):
        return sample
    return Sums(sample.participants, sample.conversions, sample.conversions, 1)
