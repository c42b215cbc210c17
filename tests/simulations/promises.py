"""How often the statistics err and intervals hold, by simulation: `python3 -m tests.simulations.promises`.

Each function draws experiments whose truth is known and asks the product's own functions.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from experiments.errors import NotEnoughData
from experiments.stats import (
    bayes,
    cuped,
    mean,
    noninferiority,
    power,
    proportion,
    quantile,
    ratio,
    sequential,
    survival,
)
from experiments.stats.estimate import Counts, Interval, Sums
from experiments.stats.group_sequential import boundaries
from experiments.stats.pair_sums import PairSums
from experiments.stats.survival import Durations

LOOKS = 100
LEVEL = 0.95
SEED = 20261125
LEAST_CONVERSIONS = 10
"""A large-sample test of rates is not looked at with fewer."""
Random = np.random.Generator
Sample = Counts | Sums | PairSums
Table = NDArray[np.int64]


@dataclass(frozen=True)
class Rate:
    """How often something happened, of so many runs."""

    hits: int
    runs: int

    @property
    def share(self) -> float:
        """As a fraction."""
        return self.hits / self.runs

    @property
    def error(self) -> float:
        """Its standard error."""
        return math.sqrt(max(self.share * (1 - self.share), 1 / self.runs) / self.runs)

    def is_at_most(self, promised: float) -> bool:
        """Whether it is no more than promised, but for the error of the simulation."""
        return self.share <= promised + 3 * math.sqrt(promised * (1 - promised) / self.runs)

    def is_at_least(self, promised: float) -> bool:
        """Whether it is no less than promised, but for the error of the simulation."""
        return self.share >= promised - 3 * math.sqrt(promised * (1 - promised) / self.runs)


# --- looking a hundred times where there is no difference ------------------------------------------------


@dataclass(frozen=True)
class Looked:
    """How often one of a hundred looks found a difference that is not there."""

    sequential: Rate
    naive: Rate


def conversions(base: float) -> Callable[[Random], Iterator[tuple[Counts, Counts]]]:
    """A rate of both variants; about five conversions a variant and look."""
    size = round(5 / base)

    def looks(random: Random) -> Iterator[tuple[Counts, Counts]]:
        c, t = (random.binomial(size, base, LOOKS).cumsum() for _ in range(2))
        for look in range(LOOKS):
            n = size * (look + 1)
            yield Counts(n, int(c[look])), Counts(n, int(t[look]))

    return looks


def revenue(random: Random) -> Iterator[tuple[Sums, Sums]]:
    """One in ten pays a log-normal amount whose logarithm has the spread 1.5."""
    amounts = random.binomial(1, 0.1, (2, LOOKS, 200)) * random.lognormal(3, 1.5, (2, LOOKS, 200))
    cents = np.rint(amounts * 100).astype(np.int64)
    totals, squares = cents.sum(axis=2).cumsum(axis=1), (cents**2).sum(axis=2).cumsum(axis=1)
    for look in range(LOOKS):
        n = 200 * (look + 1)
        c, t = (Sums(n, int(totals[v, look]), int(squares[v, look]), 100) for v in (0, 1))
        yield c, t


def refunds(random: Random) -> Iterator[tuple[PairSums, PairSums]]:
    """A ratio: refunds over purchases, units differing in both how much they buy and how much they return."""
    shape = (2, LOOKS, 100)
    bought = 1 + random.poisson(2.0, shape)
    returned = random.binomial(bought, random.beta(1, 4, shape))
    added = [part.sum(axis=2).cumsum(axis=1) for part in _moments(returned, bought)]
    for look in range(LOOKS):
        c, t = (PairSums(100 * (look + 1), *(int(part[v, look]) for part in added), scale=1) for v in (0, 1))
        yield c, t


KINDS: dict[str, Callable[[Random], Iterator[tuple[Any, Any]]]] = {
    "conversion 0.5 %": conversions(0.005),
    "conversion 5 %": conversions(0.05),
    "conversion 50 %": conversions(0.5),
    "heavy-tailed revenue": revenue,
    "ratio": refunds,
}


def looked(kind: str, runs: int) -> Looked:
    """A hundred looks at experiments without a difference: by the sequence, and by the fixed test."""
    random = np.random.default_rng([SEED, *kind.encode()])
    always_valid = naive = 0
    for _ in range(runs):
        found = list(KINDS[kind](random))
        always_valid += any(_sequence_rejects(*pair) for pair in found)
        naive += any(_test_rejects(*pair) for pair in found)
    return Looked(Rate(always_valid, runs), Rate(naive, runs))


def _sequence_rejects(control: Sample, treatment: Sample) -> bool:
    planned = LOOKS * 200
    pair = [ratio.linearised(one) if isinstance(one, PairSums) else one for one in (control, treatment)]
    try:
        return sequential.confidence_sequence(pair[0], pair[1], LEVEL, planned).p_value <= 1 - LEVEL
    except NotEnoughData:
        return False


def _test_rejects(control: Any, treatment: Any) -> bool:
    """The fixed test; of rates the large-sample one, which is what people look at."""
    if isinstance(control, Counts):
        return _z_rejects(control, treatment)
    ask = ratio.difference_test if isinstance(control, PairSums) else mean.difference_test
    try:
        return ask(control, treatment).p_value <= 1 - LEVEL
    except NotEnoughData:
        return False


def _z_rejects(control: Counts, treatment: Counts) -> bool:
    both = control + treatment
    if min(control.conversions, treatment.conversions) < LEAST_CONVERSIONS:
        return False
    error = math.sqrt(both.rate * (1 - both.rate) * (1 / control.participants + 1 / treatment.participants))
    return error > 0 and abs(treatment.rate - control.rate) >= 1.96 * error


# --- intervals that hold the truth -------------------------------------------------------------------------

Draw = Callable[[Random], tuple[Interval, float]]


def _rates(n: int, c: float, t: float) -> Callable[[Random], tuple[Counts, Counts]]:
    return lambda random: (Counts(n, int(random.binomial(n, c))), Counts(n, int(random.binomial(n, t))))


def _values(random: Random, mean_: float, n: int = 400) -> Table:
    """Skewed amounts in cents, of this mean."""
    return np.rint(random.gamma(2.0, mean_ / 2, n) * 100).astype(np.int64)


def _sums(values: Table) -> Sums:
    return Sums(len(values), int(values.sum()), int((values**2).sum()), 100)


def _moments(y: Table, x: Table) -> tuple[Table, ...]:
    return y, y**2, x, x**2, x * y


def _pairs(y: Table, x: Table, scale: int) -> PairSums:
    return PairSums(len(y), *(int(part.sum()) for part in _moments(y, x)), scale=scale)


def _wilson(random: Random) -> tuple[Interval, float]:
    return proportion.rate(_rates(300, 0.1, 0.1)(random)[0], LEVEL).interval, 0.1


def _newcombe(random: Random) -> tuple[Interval, float]:
    return proportion.difference(*_rates(500, 0.05, 0.08)(random), LEVEL).interval, 0.03


def _fieller(random: Random) -> tuple[Interval, float]:
    return proportion.relative(*_rates(2000, 0.1, 0.13)(random), LEVEL).interval, 0.3


def _log(random: Random) -> tuple[Interval, float]:
    return proportion.relative(*_rates(600, 0.02, 0.025)(random), LEVEL).interval, 0.25


def _miettinen_nurminen(random: Random) -> tuple[Interval, float]:
    """The one-sided bound at 95 %."""
    found = noninferiority.noninferior_rates(*_rates(800, 0.1, 0.09)(random), 0.02)
    return Interval(found.bound, 1.0), -0.01


def _beta(random: Random) -> tuple[Interval, float]:
    """A credible interval; with a flat prior it covers about as often as it says."""
    return bayes.rates(*_rates(500, 0.1, 0.12)(random)).interval, 0.02


def _welch(random: Random) -> tuple[Interval, float]:
    pair = _sums(_values(random, 10.0)), _sums(_values(random, 11.0, 300))
    return mean.difference(*pair, LEVEL).interval, 1.0


def _fieller_welch(random: Random) -> tuple[Interval, float]:
    pair = _sums(_values(random, 10.0)), _sums(_values(random, 11.0, 300))
    return mean.relative(*pair, LEVEL).interval, 0.1


def _bought(random: Random, share: float) -> PairSums:
    bought = 1 + random.poisson(2.0, 500)
    returned = random.binomial(bought, random.beta(5 * share, 5 * (1 - share), 500))
    return _pairs(returned, bought, 1)


def _ratio(random: Random) -> tuple[Interval, float]:
    return ratio.difference(_bought(random, 0.2), _bought(random, 0.25), LEVEL).interval, 0.05


def _ratio_relative(random: Random) -> tuple[Interval, float]:
    return ratio.relative(_bought(random, 0.2), _bought(random, 0.25), LEVEL).interval, 0.25


def _before_and_after(random: Random, lift: float) -> PairSums:
    before = random.gamma(2.0, 5.0, 400)
    after = 0.7 * before + random.gamma(2.0, 2.0, 400) + lift
    return _pairs(*(np.rint(part * 100).astype(np.int64) for part in (after, before)), 100)


def _cuped(random: Random) -> tuple[Interval, float]:
    pair = _before_and_after(random, 0.0), _before_and_after(random, 0.5)
    return cuped.difference(*pair, LEVEL).interval, 0.5


def _quantile(random: Random) -> tuple[Interval, float]:
    return quantile.quantile(random.lognormal(3, 1, 301), 0.5, LEVEL).interval, math.exp(3)


def _quantile_difference(random: Random) -> tuple[Interval, float]:
    pair = random.lognormal(3, 1, 400), random.lognormal(3.1, 1, 400)
    return quantile.difference(*pair, 0.5, LEVEL).interval, math.exp(3.1) - math.exp(3)


def _restricted_mean(random: Random) -> tuple[Interval, float]:
    """Times in hours, watched for a week or until a censoring that knows nothing of them."""
    pair = []
    for scale in (100.0, 80.0):
        times, watched = random.exponential(scale, 400), random.uniform(100, 400, 400)
        seen = zip(np.minimum(times, watched).astype(int).tolist(), (times <= watched).tolist(), strict=True)
        pair.append(Durations.of(seen))
    truths = [_mean_of_whole_hours(scale, 96) for scale in (100.0, 80.0)]
    return survival.restricted_mean_difference(*pair, 96, LEVEL).interval, truths[1] - truths[0]


def _mean_of_whole_hours(scale: float, horizon: int) -> float:
    """E min(⌊T⌋, horizon) of an exponential time."""
    return math.fsum(math.exp(-hour / scale) for hour in range(1, horizon + 1))


COVERED: dict[str, Draw] = {
    "Wilson": _wilson,
    "Newcombe": _newcombe,
    "relative lift of rates, Fieller": _fieller,
    "relative lift of rates, log": _log,
    "Miettinen-Nurminen bound": _miettinen_nurminen,
    "beta posterior": _beta,
    "Welch": _welch,
    "relative lift of means, Fieller": _fieller_welch,
    "ratio, delta method": _ratio,
    "relative lift of ratios, Fieller": _ratio_relative,
    "CUPED": _cuped,
    "median": _quantile,
    "difference of medians": _quantile_difference,
    "restricted mean time": _restricted_mean,
}
"""Intervals of one look; those of stratified, adaptive, shrunk and pooled lifts are tested beside them."""


def covered(kind: str, runs: int) -> Rate:
    """How often the interval holds the truth."""
    random = np.random.default_rng([SEED, *kind.encode()])
    hits = 0
    for _ in range(runs):
        interval, truth = COVERED[kind](random)
        hits += interval.lower <= truth <= interval.upper
    return Rate(hits, runs)


def sequence_covered(runs: int) -> Rate:
    """How often the sequence holds a true difference of a rate on all of a hundred looks."""
    random = np.random.default_rng([SEED, 1])
    hits = 0
    for _ in range(runs):
        c, t = (random.binomial(100, rate, LOOKS).cumsum() for rate in (0.10, 0.13))
        hits += all(_holds(100 * (look + 1), int(c[look]), int(t[look])) for look in range(LOOKS))
    return Rate(hits, runs)


def _holds(n: int, control: int, treatment: int) -> bool:
    try:
        found = sequential.confidence_sequence(Counts(n, control), Counts(n, treatment), LEVEL, 20_000)
    except NotEnoughData:
        return True
    return found.interval.contains(0.03)


# --- power at the planned number ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Found:
    """How often an effect of the planned size was found at the number of one look."""

    fixed: Rate
    planned: Rate


def found(runs: int, *, looks: int = 20) -> Found:
    """From 10 % to 12 % with the 3,841 a variant that one look needs, looked at once and twenty times."""
    n = power.sample_size(0.10, mde_absolute=0.02).per_variant[0]
    random = np.random.default_rng([SEED, 2])
    sizes = np.diff(np.rint(np.linspace(0, n, looks + 1))).astype(int)
    c, t = (random.binomial(sizes, rate, (runs, looks)).cumsum(axis=1) for rate in (0.10, 0.12))
    seen = sizes.cumsum()
    pooled = (c + t) / (2 * seen)
    z = (t - c) / seen / np.sqrt(pooled * (1 - pooled) * 2 / seen)
    bounds = np.array(boundaries([float(part) / n for part in seen]))
    beyond = (np.abs(z) >= bounds).any(axis=1)
    return Found(
        Rate(int((np.abs(z[:, -1]) >= stats.norm.isf(0.025)).sum()), runs), Rate(int(beyond.sum()), runs)
    )


# --- as a table --------------------------------------------------------------------------------------------


def report(runs: int) -> Iterator[str]:
    """The measured rates as a Markdown table, a line at a time."""
    yield f"| promise ({runs:,} runs) | promised | measured | ± | naive |"
    yield "| --- | --- | --- | --- | --- |"
    for kind in KINDS:
        both = looked(kind, runs)
        yield _row(f"false positives of 100 looks, {kind}", "<= 0.05", both.sequential, both.naive)
    for kind in COVERED:
        yield _row(f"coverage, {kind}", "0.95", covered(kind, runs))
    yield _row("coverage of all 100 looks, sequence", ">= 0.95", sequence_covered(runs))
    both_ways = found(runs)
    yield _row("power of one look", "0.80", both_ways.fixed)
    yield _row("power of 20 planned looks at the same number", ">= 0.75", both_ways.planned)


def _row(what: str, promised: str, measured: Rate, naive: Rate | None = None) -> str:
    beside = "" if naive is None else f"{naive.share:.3f}"
    return f"| {what} | {promised} | {measured.share:.4f} | {measured.error:.4f} | {beside} |"


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=2000, help="experiments a line")
    for line in report(parser.parse_args().runs):
        sys.stdout.write(line + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
