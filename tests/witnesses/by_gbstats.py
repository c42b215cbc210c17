"""What gbstats answers. It runs where gbstats is installed, not in the project's own environment."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gbstats.bayesian.tests import EffectBayesianABTest, EffectBayesianConfig, GaussianPrior
from gbstats.frequentist.tests import (
    FrequentistConfig,
    SequentialConfig,
    SequentialTwoSidedTTest,
    TwoSidedTTest,
)
from gbstats.models.statistics import (
    ProportionStatistic,
    RatioStatistic,
    RegressionAdjustedStatistic,
    SampleMeanStatistic,
    compute_theta,
)
from gbstats.utils import check_srm

from tests.witnesses.inputs import PAIRS, RATES, SPLITS

Row = tuple[str, str, dict[str, Any]]
PLANNED = 5000
ABSOLUTE, RELATIVE = {"difference_type": "absolute"}, {"difference_type": "relative"}
PRIOR = GaussianPrior(mean=0.01, variance=0.02**2, proper=True)
"""Of the relative lift."""


def rows() -> Iterator[Row]:
    """Every answer: which method, on which input, and what came out."""
    yield from _rates()
    yield from _pairs()
    for case, (observed, weights) in SPLITS.items():
        yield "chi_square", case, {"p_value": check_srm(list(observed), list(weights))}


def _rates() -> Iterator[Row]:
    for case, pair in RATES.items():
        a, b = (ProportionStatistic(n=n, sum=x) for n, x in pair)
        yield "shrunk", case, _bayes(a, b, RELATIVE, PRIOR)
        yield "lift", case, _lift(TwoSidedTTest(a, b, FrequentistConfig(**RELATIVE)))
        yield "sequence_of_rates", case, _sequence(a, b)


def _pairs() -> Iterator[Row]:
    for case, (control, treatment) in PAIRS.items():
        a, b = (_mean(y for y, _ in pairs) for pairs in (control, treatment))
        yield "welch", case, _fixed(TwoSidedTTest(a, b, FrequentistConfig(**ABSOLUTE)))
        yield "lift_of_means", case, _lift(TwoSidedTTest(a, b, FrequentistConfig(**RELATIVE)))
        yield "sequence_of_means", case, _sequence(a, b)
        yield "bayesian_mean", case, _bayes(a, b, ABSOLUTE, GaussianPrior())
        prior = GaussianPrior(mean=0.5, variance=1.5**2, proper=True)
        yield "bayesian_mean_with_prior", case, _bayes(a, b, ABSOLUTE, prior)
        ratios = [_ratio(pairs) for pairs in (control, treatment)]
        yield "ratio", case, _fixed(TwoSidedTTest(*ratios, FrequentistConfig(**ABSOLUTE)))
        yield "sequence_of_ratios", case, _sequence(*ratios)
        adjusted = [_adjusted(pairs) for pairs in (control, treatment)]
        theta = compute_theta(*adjusted)
        for one in adjusted:
            one.theta = theta
        test = TwoSidedTTest(*adjusted, FrequentistConfig(**ABSOLUTE))
        yield "cuped_at_theta", case, {"theta": theta, **_fixed(test)}


def _mean(values: Any) -> SampleMeanStatistic:
    found = list(values)
    return SampleMeanStatistic(n=len(found), sum=sum(found), sum_squares=sum(v * v for v in found))


def _ratio(pairs: list[tuple[int, int]]) -> RatioStatistic:
    y, x = (_mean(side) for side in zip(*pairs, strict=True))
    return RatioStatistic(len(pairs), y, x, sum(a * b for a, b in pairs))


def _adjusted(pairs: list[tuple[int, int]]) -> RegressionAdjustedStatistic:
    y, x = (_mean(side) for side in zip(*pairs, strict=True))
    return RegressionAdjustedStatistic(len(pairs), y, x, sum(a * b for a, b in pairs), 0.0)


def _fixed(test: TwoSidedTTest) -> dict[str, float]:
    result = test.compute_result()
    return {
        "estimate": float(result.expected),
        "lower": float(result.ci[0]),
        "upper": float(result.ci[1]),
        "p_value": float(result.p_value),
    }


def _lift(test: TwoSidedTTest) -> dict[str, float]:
    result = test.compute_result()
    return {"estimate": float(result.expected), "standard_error": float(result.uplift.stddev)}


def _sequence(a: Any, b: Any) -> dict[str, float]:
    config = SequentialConfig(sequential_tuning_parameter=PLANNED, **ABSOLUTE)
    test = SequentialTwoSidedTTest(a, b, config)
    return {"standard_error": float(test.variance) ** 0.5, "planned": PLANNED, **_fixed(test)}


def _bayes(a: Any, b: Any, scale: dict[str, str], prior: GaussianPrior) -> dict[str, float]:
    config = EffectBayesianConfig(prior_effect=prior, prior_type=scale["difference_type"], **scale)
    result = EffectBayesianABTest(a, b, config).compute_result()
    return {
        "prior_mean": prior.mean,
        "prior_deviation": prior.variance**0.5,
        "estimate": float(result.expected),
        "lower": float(result.ci[0]),
        "upper": float(result.ci[1]),
        "chance": float(result.chance_to_win),
        "loss": float(result.risk[1]),
    }
