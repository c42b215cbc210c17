"""Our answers to the questions of `inputs`, by the names that the vectors have for their numbers."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from experiments.stats import (
    bayes,
    cuped,
    e_process,
    exact,
    group_sequential,
    mean,
    multiplicity,
    noninferiority,
    pooling,
    power,
    proportion,
    quantile,
    ratio,
    sequential,
    shrinkage,
    srm,
    survival,
)
from experiments.stats.estimate import Counts, Estimate, Interval, Test
from experiments.stats.pair_sums import PairSums
from tests.experiments.stats.strategies import from_pairs, from_values
from tests.experiments.stats.test_pooling import log_relative_risk
from tests.witnesses.inputs import BCG, DURATIONS, P_VALUES, PAIRS, POSTERIORS, RATES, SPLITS

Answer = dict[str, Any]


def as_answer(estimate: Estimate | None = None, test: Test | None = None) -> Answer:
    """An estimate and a test, by the names that the vectors have for their numbers."""
    found: Answer = {}
    if estimate is not None:
        found |= {"estimate": estimate.estimate, **bounds(estimate.interval)}
    return found if test is None else {**found, "p_value": test.p_value}


def bounds(interval: Interval) -> Answer:
    return {"lower": interval.lower, "upper": interval.upper}


def rates(case: str) -> tuple[Counts, Counts]:
    (n_control, x_control), (n_treatment, x_treatment) = RATES[case]
    return Counts(n_control, x_control), Counts(n_treatment, x_treatment)


def pairs(case: str) -> tuple[PairSums, PairSums]:
    control, treatment = PAIRS[case]
    return from_pairs(control), from_pairs(treatment)


def values(case: str) -> tuple[Any, Any]:
    control, treatment = PAIRS[case]
    return from_values([y for y, _ in control]), from_values([y for y, _ in treatment])


def durations(case: str) -> tuple[survival.Durations, survival.Durations]:
    control, treatment = DURATIONS[case]
    return survival.Durations.of(control), survival.Durations.of(treatment)


def one_of(case: str) -> survival.Durations:
    name, _, variant = case.rpartition(", ")
    return durations(name)[("control", "treatment").index(variant)]


def welch(case: str, _said: Answer) -> Answer:
    return as_answer(mean.difference(*values(case), 0.95), mean.difference_test(*values(case)))


def ratio_of(case: str, _said: Answer) -> Answer:
    return as_answer(ratio.difference(*pairs(case), 0.95), ratio.difference_test(*pairs(case)))


def cuped_at_theta(case: str, said: Answer) -> Answer:
    """At their theta, which is over all rows as if they were one variant; ours is over both variants'."""
    theta = said.get("theta") or _theta_over_all_rows(case)
    adjusted = cuped.adjust(*pairs(case), theta=Fraction(theta))
    two = adjusted.control, adjusted.treatment
    found = as_answer(mean.difference(*two, 0.95), mean.difference_test(*two))
    return {"theta": said["theta"], **found} if "theta" in said else found


def _theta_over_all_rows(case: str) -> float:
    control, treatment = pairs(case)
    together = control + treatment
    return float(Fraction(together.centred_cross) / together.centred_covariate)


def lift(case: str, said: Answer) -> Answer:
    two = rates(case) if case in RATES else values(case)
    found = shrinkage.lift(*two)
    return {"estimate": found.estimate, **({"standard_error": found.standard_error} if len(said) > 1 else {})}


def shrunk(case: str, said: Answer) -> Answer:
    prior = shrinkage.RelativePrior(said["prior_mean"], said["prior_deviation"], "the vectors")
    found = shrinkage.lift(*rates(case))
    known = shrinkage.posterior(found, prior)
    return {
        **said,
        **as_answer(shrinkage.shrunk(found, 0.95, prior)),
        "chance": known.sf(0.0) if hasattr(known, "sf") else math.nan,
    }


def posterior_of_means(case: str, said: Answer) -> Answer:
    prior = bayes.LiftPrior(said["prior_mean"], said["prior_deviation"]) if said["prior_mean"] else None
    found = bayes.means(*values(case), prior=prior)
    centre = (found.interval.lower + found.interval.upper) / 2
    said = {**said, "chance": found.chance_to_beat_control, "loss": found.expected_loss}
    return {**said, "estimate": centre, **bounds(found.interval)}


def sequence(case: str, said: Answer) -> Answer:
    """At gbstats' standard error, the unpooled one; ours is the greater of that and the pooled one."""
    control, treatment = RATES[case] if case in RATES else PAIRS[case]
    n = control[0] + treatment[0] if case in RATES else len(control) + len(treatment)
    time = sequential.time_at_plan(0.05) * n / said["planned"]
    found = sequential.sequence_at(said["estimate"], said["standard_error"], time, 0.95)
    return {**said, "p_value": found.p_value, **bounds(found.interval)}


def noninferior(case: str, said: Answer) -> Answer:
    found = noninferiority.noninferior_means(*values(case), said["margin"])
    return {"margin": said["margin"], "bound": found.bound, "p_value": found.p_value}


def p_of(test: Test) -> Answer:
    return {"p_value": test.p_value}


def curve(case: str, _said: Answer) -> Answer:
    points = survival.curve(one_of(case), 0.95)
    return {"times": [point.time for point in points], "shares": [point.share for point in points]}


def restricted(case: str, said: Answer) -> Answer:
    found = survival.restricted_mean(one_of(case), said["horizon"], least_followed=1)
    n = found.participants
    error_over_n = math.sqrt(found.variance / n * (n - 1) / n)  # R's is that of n, ours of n - 1
    return {"horizon": said["horizon"], "estimate": found.mean, "error_over_n": error_over_n}


def median(case: str, said: Answer) -> Answer:
    points = survival.curve(one_of(case), 0.95)
    return {"estimate": survival.median_time(points).estimate}


def e_value(_case: str, said: Answer) -> Answer:
    control, treatment = (Counts(1000, conversions) for conversions in said["conversions"])
    found = e_process.bernoulli_e_value(control, treatment, treatment_share=said["shares"][1])
    return {**said, "e_value": math.exp(found.log_e_value)}


def split(case: str, _said: Answer) -> Answer:
    return {"e_value": math.exp(srm.sequential(*SPLITS[case]).statistic or 0.0)}


def spent(_case: str, said: Answer) -> Answer:
    """What their bounds spend up to each look: found by our quadrature, which they know nothing of."""
    looks, their_bounds = said["looks"], said["bounds"]
    found = [
        group_sequential.crossing_probability(looks[:k], their_bounds[:k]) for k in range(1, len(looks) + 1)
    ]
    return {**said, "spent": found}


def power_of_means(_case: str, said: Answer) -> Answer:
    ratio_of_sizes = said.get("ratio", 1.0)
    weights = (1 / (1 + ratio_of_sizes), ratio_of_sizes / (1 + ratio_of_sizes))
    design = power.Design(weights=weights)
    return {
        **said,
        "power": power.power_of_means(1.2, 0.3, participants=450 if "ratio" in said else 500, design=design),
    }


def sizes_of_means(_case: str, said: Answer) -> Answer:
    if "total" in said:
        return {"total": power.sample_size_of_means(1.0, mde_absolute=0.5).total}
    return {
        "each": power.sample_size_of_means(1.2, mde_absolute=0.3, design=power.Design(power=0.9)).per_variant[
            0
        ]
    }


def quantiles(case: str, said: Answer) -> Answer:
    values = [y for y, _ in PAIRS[case][0]]
    return {**said, "estimates": [quantile.at(values, share) for share in said["shares"]]}


def stratified(case: str, _said: Answer) -> Answer:
    """Participants in turn into a stratum of a third and one of two thirds."""
    both = [(place, *one) for place, half in enumerate(DURATIONS[case]) for one in half]
    turns = [place % 3 > 0 for place in range(len(both))]
    strata = [
        tuple(
            survival.Durations.of(
                (time, bool(event))
                for (variant, time, event), turn in zip(both, turns, strict=True)
                if variant == which and turn == stratum
            )
            for which in (0, 1)
        )
        for stratum in (False, True)
    ]
    test = survival.stratified_log_rank([(strata[0][0], strata[0][1]), (strata[1][0], strata[1][1])])
    return {"statistic": test.statistic, "p_value": test.p_value}


def beta_posteriors(case: str, _said: Answer) -> Answer:
    variants = [Counts(n, x) for n, x in POSTERIORS[case]]
    return {"chances": bayes.chance_to_be_best(variants), "losses": bayes.expected_losses(variants)}


def pooled(case: str, _said: Answer) -> Answer:
    found = pooling.pool([log_relative_risk(*row) for row in BCG], 0.95, method=case)
    return {
        **as_answer(found.mean),
        "error": found.standard_error,
        "tau_squared": found.tau_squared,
        "q": found.heterogeneity.statistic,
        "q_p_value": found.heterogeneity.p_value,
    }


OURS: dict[str, Callable[[str, Answer], Answer]] = {
    "bayesian_mean": posterior_of_means,
    "bayesian_mean_with_prior": posterior_of_means,
    "benjamini_hochberg": lambda case, _: {"p_values": list(multiplicity.benjamini_hochberg(P_VALUES[case]))},
    "bernoulli_e_value": e_value,
    "beta_posteriors": beta_posteriors,
    "boschloo": lambda _case, _said: {"p_value": exact.boschloo(Counts(300, 4), Counts(290, 13))},
    "bounds": spent,
    "chi_square": lambda case, _: p_of(srm.chi_square(*SPLITS[case])),
    "cuped_at_theta": cuped_at_theta,
    "curve": curve,
    "effect_of_means": lambda _case, _said: {
        "effect": power.minimum_detectable_effect_of_means(1.2, participants=500)
    },
    "effect_of_rates": lambda _case, _said: {
        "effect": power.minimum_detectable_effect(0.1, participants=6000)
    },
    "fisher": lambda case, _: {"p_value": exact.fisher(*rates(case))},
    "holm": lambda case, _: {"p_values": list(multiplicity.holm(P_VALUES[case]))},
    "lift": lift,
    "lift_of_means": lift,
    "log_rank": lambda case, _: {
        "statistic": survival.log_rank(*durations(case)).statistic,
        **p_of(survival.log_rank(*durations(case))),
    },
    "mean": lambda case, _: as_answer(mean.mean(values(case)[0], 0.95)),
    "median_time": median,
    "noninferior_means": noninferior,
    "newcombe": lambda case, _: as_answer(proportion.difference(*rates(case), 0.95)),
    "pooled": pooled,
    "pooled_z": lambda case, _: {
        "statistic_squared": (proportion.difference_test(*rates(case)).statistic or 0.0) ** 2,
        **p_of(proportion.difference_test(*rates(case))),
    },
    "power_of_means": power_of_means,
    "power_of_rates": lambda _case, _said: {"power": power.power_of(0.1, 0.02, participants=6000)},
    "quantile": quantiles,
    "ratio": ratio_of,
    "restricted_mean": restricted,
    "sample_size_of_means": sizes_of_means,
    "sample_size_of_rates": lambda _case, _said: {
        "each": power.sample_size(0.1, mde_absolute=0.02).per_variant[0]
    },
    "sequence_of_means": sequence,
    "sequence_of_rates": sequence,
    "sequence_of_ratios": sequence,
    "sequential": split,
    "shrunk": shrunk,
    "stratified_log_rank": stratified,
    "welch": welch,
    "welch_freedom": lambda case, _: {"freedom": mean.welch(*values(case)).freedom},
    "wilson": lambda case, _: bounds(proportion.rate(rates(case)[0], 0.95).interval),
}
