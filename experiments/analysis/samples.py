"""What is known of one variant: the counts, sums or values that statistics take, from the sums of a tally."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace

from experiments.errors import NotEnoughData
from experiments.model.events import DAY, MICRO
from experiments.model.metric import MeanMetric, Metric, QuantileMetric, RatioMetric, TimeMetric, window
from experiments.model.tally import Tally
from experiments.stats import quantile, ratio, survival
from experiments.stats.binned import Bin, BinnedValues
from experiments.stats.estimate import Counts, Means, Moments, Sums
from experiments.stats.pair_sums import PairSums
from experiments.stats.quantile import BinnedQuantile
from experiments.stats.survival import Restricted


@dataclass(frozen=True, slots=True)
class Unknown:
    """Participants of whom what was asked for is not known, and why."""

    participants: int
    reason: str


Sample = Counts | Sums | Moments | PairSums | BinnedQuantile | Restricted | Unknown
"""What is known of one variant: of a rate, a mean, an adjusted mean, a ratio, a quantile, a waiting time."""
Strata = Mapping[int, Mapping[str, Sample]]
"""By phase, and in it by variant."""
Paired = Mapping[int, Mapping[str, PairSums]]
"""The same with each outcome beside its covariate."""


Place = tuple[int, str]
"""A phase and a variant."""
ByEdge = dict[int, Tally]
"""The sums of a place split by bins."""
INCOMPLETE = (
    "The bins of this metric are not complete: events were counted before there were bins. "
    "`keepgoing rebuild` makes them."
)


class AdaptiveStrata(dict[int, Mapping[str, Sample]]):
    """Strata of an experiment whose traffic follows its results: phases with their recorded shares.

    Whoever compares variants must weight by them; `pairs.pair_of` and `strata.mean_of` do.
    """

    def __init__(self, found: Strata, shares: Mapping[int, Mapping[str, float]]) -> None:
        super().__init__(found)
        self.shares = shares


def adds_up(tally: Tally, by_edge: Mapping[int, Tally]) -> bool:
    """Whether bins add up to the sums of a cell, whose n counts those at 0 too."""
    return replace(sum(by_edge.values(), Tally()), n=tally.n) == tally


def strata_of(
    metric: Metric,
    people: Mapping[Place, Tally],
    values: Mapping[Place, Tally],
    bins: Mapping[Place, ByEdge],
) -> Strata:
    found: dict[int, dict[str, Sample]] = defaultdict(dict)
    for (phase, variant), there in sorted(people.items()):
        tally, by_edge = values.get((phase, variant), Tally()), bins.get((phase, variant), {})
        found[phase][variant] = sample_of(metric, there.n, tally, by_edge)
    return dict(found)


def sample_of(
    metric: Metric, participants: int, tally: Tally, by_edge: Mapping[int, Tally] | None = None
) -> Sample:
    """Counts for a rate, sums for a mean, for a ratio those of both sides, for a quantile the values by bins.

    Who has no event adds nothing but himself: to a time the whole window, in which each of the participants
    must have been watched. A time is in seconds.
    """
    if isinstance(metric, RatioMetric):
        return pair_sums(participants, tally, scale=MICRO)
    if isinstance(metric, MeanMetric):
        return Sums(participants, tally.total, tally.squares)
    if isinstance(metric, TimeMetric):
        waiting, whole = participants - tally.conversions, window(metric)[1] * DAY
        return Sums(participants, tally.total + waiting * whole, tally.squares + waiting * whole**2)
    if isinstance(metric, QuantileMetric):
        return _quantile(metric, participants, tally, by_edge or {})
    return Counts(participants, tally.conversions)


def _quantile(
    metric: QuantileMetric, participants: int, tally: Tally, by_edge: Mapping[int, Tally]
) -> Sample:
    if not adds_up(tally, by_edge):
        return Unknown(participants, INCOMPLETE)
    if metric.among == "converted":
        bins = [Bin(edge, one.conversions, one.n, one.total, one.squares) for edge, one in by_edge.items()]
    else:
        at_zero = participants - sum(one.n for one in by_edge.values())
        with_zero = dict(by_edge)
        with_zero[0] = with_zero.get(0, Tally()) + Tally(n=at_zero)
        bins = [Bin(edge, one.n, one.n, one.total, one.squares) for edge, one in with_zero.items()]
    return BinnedQuantile(BinnedValues.of(bins), metric.quantile, participants)


def pair_sums(participants: int, tally: Tally, *, scale: int) -> PairSums:
    return PairSums(
        participants,
        tally.total,
        tally.squares,
        tally.covariate,
        tally.covariate_squares,
        tally.cross,
        scale,
    )


def linear(sample: Sample) -> Counts | Means:
    """The sample as the statistics of rates and means take it.

    A ratio is linearised by the delta method; a quantile and a restricted mean have their own variances.

    Raises:
        NotEnoughData: The data do not carry it.
    """
    if isinstance(sample, PairSums):
        return ratio.linearised(sample)
    if isinstance(sample, BinnedQuantile):
        return quantile.moments(sample.values, sample.share)
    if isinstance(sample, Restricted):
        return survival.restricted_mean(sample.durations, sample.horizon)
    if isinstance(sample, Unknown):
        raise NotEnoughData(sample.reason)
    return sample


def add(one: Sample, other: Sample) -> Sample:
    """Both samples as one; only samples of one metric add up."""
    if isinstance(one, Unknown) or isinstance(other, Unknown):
        reason = one.reason if isinstance(one, Unknown) else INCOMPLETE
        return Unknown(one.participants + other.participants, reason)
    if type(one) is not type(other):
        raise TypeError("Samples of two kinds do not add up.")
    return one + other  # type: ignore[operator]  # both are of one kind, as was just made sure
