from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments.errors import NotEnoughData
from experiments.stats.pair_sums import PairSums, finite
from tests.experiments.stats.strategies import from_pairs, pair_sums

pairs = st.lists(st.tuples(st.integers(-99, 99), st.integers(-99, 99)), min_size=2, max_size=20)


@given(pairs, st.fractions(-3, 3))
def test_the_residual_variance_is_that_of_the_residuals(rows: list[tuple[int, int]], slope: Fraction) -> None:
    residuals = [float(y - slope * x) / 10 for y, x in rows]
    assert float(from_pairs(rows, scale=10).residual_variance(slope)) == pytest.approx(
        np.var(residuals, ddof=1), abs=1e-9
    )


@given(pair_sums(), st.fractions())
def test_the_residual_variance_is_never_below_0(sums: PairSums, slope: Fraction) -> None:
    if sums.participants >= 2:
        assert sums.residual_variance(slope) >= 0


@given(pairs, pairs)
def test_two_add_up_to_one(first: list[tuple[int, int]], second: list[tuple[int, int]]) -> None:
    assert from_pairs(first) + from_pairs(second) == from_pairs(first + second)


def test_each_half_is_a_sum_of_its_own() -> None:
    sums = from_pairs([(3, 1), (5, 2)], scale=10)
    assert (sums.outcomes.mean, sums.covariates.mean) == (0.4, 0.15)


@pytest.mark.parametrize(
    ("sums", "reason"),
    [
        ((2, 1, 0, 0, 0, 0), r"squares == 0, must be >= total² / participants"),
        ((2, 0, 0, 1, 0, 0), r"covariate: squares == 0"),
        ((2, 0, 2, 0, 2, 3), r"cross == 3, cannot be"),
        ((0, 0, 0, 0, 0, 1), r"cross == 1, cannot be"),
        ((-1, 0, 0, 0, 0, 0), r"participants == -1"),
    ],
)
def test_sums_that_no_participants_can_have_are_refused(sums: tuple[int, ...], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        PairSums(*sums)


def test_two_scales_do_not_add_up() -> None:
    with pytest.raises(ValueError, match="two scales"):
        from_pairs([(1, 1)], scale=1) + from_pairs([(1, 1)], scale=10)


def test_one_participant_has_no_variance() -> None:
    with pytest.raises(NotEnoughData, match="there are 1"):
        from_pairs([(1, 1)]).residual_variance(Fraction(1))


def test_what_no_float_can_hold_is_not_given() -> None:
    assert finite(Fraction(1, 3), "third") == 1 / 3
    with pytest.raises(NotEnoughData, match="The giant is too great"):
        finite(Fraction(10**400), "giant")
