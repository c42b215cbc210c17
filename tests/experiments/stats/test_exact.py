from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from experiments.stats import exact
from experiments.stats.estimate import Counts


def columns(control: Counts, treatment: Counts) -> list[list[int]]:
    """The table as SciPy wants it: one column a variant."""
    return [
        [treatment.conversions, control.conversions],
        [treatment.participants - treatment.conversions, control.participants - control.conversions],
    ]


@st.composite
def small_tables(draw: st.DrawFn) -> tuple[Counts, Counts]:
    sizes = draw(st.integers(1, 200)), draw(st.integers(1, 200))
    control, treatment = (Counts(n, draw(st.integers(0, n))) for n in sizes)
    return control, treatment


@given(small_tables())
def test_fisher_is_scipys(table: tuple[Counts, Counts]) -> None:
    assert exact.fisher(*table) == pytest.approx(stats.fisher_exact(columns(*table)).pvalue, rel=1e-9)


def test_fisher_of_the_lady_tasting_tea() -> None:
    assert exact.fisher(Counts(4, 1), Counts(4, 3)) == pytest.approx(0.4857, abs=5e-5)  # Agresti 2002, 3.5.2


@pytest.mark.parametrize(
    ("control", "treatment"),
    [
        (Counts(10, 5), Counts(10, 9)),
        (Counts(100, 9), Counts(100, 20)),
        (Counts(1, 0), Counts(1, 1)),
        (Counts(300, 0), Counts(200, 3)),
        (Counts(30, 29), Counts(40, 31)),
        (Counts(15, 7), Counts(15, 12)),  # the example in SciPy's documentation, Boschloo's test
    ],
)
def test_boschloo_is_scipys_where_that_is_fast(control: Counts, treatment: Counts) -> None:
    witness = stats.boschloo_exact(columns(control, treatment), n=128).pvalue
    assert exact.boschloo(control, treatment) == pytest.approx(witness, rel=1e-6)


@settings(max_examples=25, deadline=None)
@given(small_tables())
def test_boschloo_is_never_weaker_than_twice_the_smaller_fisher(table: tuple[Counts, Counts]) -> None:
    one_sided = [stats.fisher_exact(columns(*table), alternative=side).pvalue for side in ("less", "greater")]
    assert exact.boschloo(*table) <= min(1.0, 2 * min(one_sided)) * (1 + 1e-9)


def test_fisher_takes_a_million_million_participants() -> None:
    p_value = exact.fisher(Counts(10**12, 3), Counts(10**12, 12))
    assert p_value == pytest.approx(stats.binomtest(3, 15).pvalue, rel=1e-6)  # that is its limit


def test_boschloo_answers_in_a_second_where_scipys_takes_twenty() -> None:
    started = time.process_time()
    assert exact.boschloo(Counts(909, 9), Counts(1000, 500)) < 1e-150
    assert time.process_time() - started < 2


def test_too_many_for_either_is_refused() -> None:
    with pytest.raises(ValueError, match="must be <= 2000"):
        exact.boschloo(Counts(1000, 1), Counts(1001, 1))
    with pytest.raises(ValueError, match="must be <= 1000000"):
        exact.fisher(Counts(10**7, 10**6 * 2), Counts(10**7, 10**6 * 2))
