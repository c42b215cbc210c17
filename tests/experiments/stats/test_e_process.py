from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from scipy import integrate, stats

from experiments.stats.e_process import EValue, bernoulli_e_value, log_dirichlet_multinomial, product
from experiments.stats.estimate import Counts
from tests.experiments.stats.strategies import counts


def test_it_is_the_beta_mixture_of_likelihood_ratios() -> None:
    control, treatment = Counts(1000, 12), Counts(1000, 25)
    mixture, _ = integrate.quad(
        lambda share: stats.beta.pdf(share, 50, 50) * (share / 0.5) ** 25 * ((1 - share) / 0.5) ** 12, 0, 1
    )
    assert math.exp(bernoulli_e_value(control, treatment).log_e_value) == pytest.approx(mixture, rel=1e-9)


def test_the_first_conversion_says_nothing_and_none_says_nothing() -> None:
    assert bernoulli_e_value(Counts(0, 0), Counts(0, 0)).p_value == 1.0
    assert bernoulli_e_value(Counts(1, 0), Counts(1, 1)).log_e_value == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.8])
def test_its_mean_under_the_null_is_one_by_full_enumeration(share: float) -> None:
    conversions = 40
    mean = sum(
        stats.binom.pmf(k, conversions, share)
        * math.exp(log_dirichlet_multinomial([conversions - k, k], [1 - share, share], concentration=20))
        for k in range(conversions + 1)
    )
    assert mean == pytest.approx(1, abs=1e-10)


def test_an_unequal_split_of_equal_rates_is_no_evidence() -> None:
    control, treatment = Counts(9000, 900), Counts(1000, 100)
    assert bernoulli_e_value(control, treatment, treatment_share=0.1).p_value == 1.0
    assert bernoulli_e_value(control, treatment, treatment_share=0.5).p_value < 1e-50


def test_a_hundred_thousand_conversions_do_not_overflow() -> None:
    e_value = bernoulli_e_value(Counts(10**6, 60_000), Counts(10**6, 40_000))
    assert math.isfinite(e_value.log_e_value)
    assert e_value.p_value == 0.0  # smaller than any float; the logarithm still tells it


@given(counts(), counts())
def test_any_counts_have_a_p_value(control: Counts, treatment: Counts) -> None:
    e_value = bernoulli_e_value(control, treatment)
    assert math.isfinite(e_value.log_e_value)
    assert 0 <= e_value.p_value <= 1


def test_phases_multiply() -> None:
    first = bernoulli_e_value(Counts(100, 10), Counts(100, 30))
    second = bernoulli_e_value(Counts(900, 90), Counts(100, 20), treatment_share=0.1)
    together = product([first, second])
    assert together == EValue(first.log_e_value + second.log_e_value, "bernoulli_e_process")


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="treatment_share == 1, must be > 0 and < 1"):
        bernoulli_e_value(Counts(1, 1), Counts(1, 1), treatment_share=1)
    with pytest.raises(ValueError, match="concentration == 0"):
        bernoulli_e_value(Counts(1, 1), Counts(1, 1), concentration=0)
    with pytest.raises(ValueError, match="number of e-values == 0"):
        product([])


def _share_ever_rejected(
    rates: tuple[float, float], runs: int, *, per_look: int, share: float = 0.5
) -> float:
    """Share of runs in which one of 100 looks has p <= 0.05, each participant's variant being drawn."""
    generator = np.random.default_rng(7)
    treated = generator.binomial(per_look, share, size=(runs, 100))
    x_t = generator.binomial(treated, rates[1]).cumsum(axis=1)
    x_c = generator.binomial(per_look - treated, rates[0]).cumsum(axis=1)
    rejected = 0
    for i in range(runs):
        looks = zip(x_c[i].tolist(), x_t[i].tolist(), strict=True)
        rejected += any(
            bernoulli_e_value(Counts(10**9, c), Counts(10**9, t), treatment_share=share).p_value <= 0.05
            for c, t in looks
        )
    return rejected / runs


@pytest.mark.parametrize(("rate", "share"), [(0.005, 0.5), (0.05, 0.2), (0.5, 0.5)])
def test_a_hundred_looks_without_a_difference_rarely_find_one(rate: float, share: float) -> None:
    assert _share_ever_rejected((rate, rate), 200, per_look=200, share=share) <= 0.05


def test_a_hundred_looks_find_a_difference_that_is_there() -> None:
    assert _share_ever_rejected((0.05, 0.06), 100, per_look=400) > 0.5


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rate", "share"), [(0.005, 0.5), (0.005, 0.1), (0.05, 0.2), (0.05, 0.5), (0.5, 0.5)]
)
def test_a_hundred_looks_keep_the_promised_error(rate: float, share: float) -> None:
    assert _share_ever_rejected((rate, rate), 2000, per_look=200, share=share) <= 0.05
