"""Lifts stratified by segment and phase: right where the plain sum turns the sign, and never deciding."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm

from experiments.analysis.analyze import analyze
from experiments.analysis.results import PostStratified, Unavailable
from tests.analysis_factories import a_phase, an_experiment_of, experiment_data, rate_cells

PLAN = {"segments": ["plan"], "baseline": 0.1}
Counts = dict[tuple[str, int, str], tuple[int, int]]
"""By value, phase and variant: participants and conversions."""


def lifts(counts: Counts) -> list[PostStratified]:
    """The post-stratified lifts of an experiment with these counts."""
    cells = []
    for (value, phase, variant), (people, converted) in counts.items():
        for segment in (("", ""), ("plan", value)):
            cells += rate_cells(variant, people, converted, day=phase, phase=phase, segment=segment)
    phases = [a_phase(number, day=number) for number in sorted({phase for _, phase, _ in counts})]
    data = experiment_data(cells, definition=an_experiment_of("progress", plan=PLAN), phases=phases)
    segments = analyze(data, segment="plan").segments
    assert segments is not None
    return list(segments.post_stratified)


SIMPSON: Counts = {
    ("free", 1, "control"): (5000, 250), ("free", 1, "progress"): (500, 25),
    ("pro", 1, "control"): (500, 100), ("pro", 1, "progress"): (5000, 1000),
}  # fmt: skip
"""Free accounts recharge at 5 %, pro ones at 20 %, whatever they read; the words went to the pro ones."""


def test_where_the_sum_makes_a_lift_of_who_came_there_is_none() -> None:
    (found,) = lifts(SIMPSON)
    assert (250 + 100) / 5500 < 0.07 < 0.18 < (25 + 1000) / 5500
    assert found.estimate == pytest.approx(0.0, abs=1e-12)
    assert not isinstance(found.p_value, Unavailable)
    assert found.p_value > 0.9
    assert (found.strata, found.left_out, found.method) == (2, 0, "stratified_by_segment_and_phase")


def test_phases_and_values_are_both_strata() -> None:
    counts = {
        (value, phase, variant): (1000 * phase, 100 * phase + (30 if variant == "progress" else 0))
        for value in ("free", "pro") for phase in (1, 2) for variant in ("control", "progress")
    }  # fmt: skip
    (found,) = lifts(counts)
    assert found.strata == 4
    assert found.estimate == pytest.approx((1000 * 0.03 + 2000 * 0.015) / 3000)


def test_the_lift_is_that_of_least_squares_with_a_constant_for_each_stratum() -> None:
    """With n m / (n + m) as weights the estimate is the treatment's coefficient beside stratum dummies."""
    generator = np.random.default_rng(4)
    counts: Counts = {}
    rows = []
    for place, (value, rate) in enumerate((("a", 0.1), ("b", 0.3), ("c", 0.6))):
        for variant, treated in (("control", 0.0), ("progress", 1.0)):
            people = int(generator.integers(200, 900))
            converted = int(generator.binomial(people, rate + 0.02 * treated))
            counts[value, 1, variant] = (people, converted)
            dummies = np.eye(3)[place]
            rows += [(*dummies, treated, float(n < converted)) for n in range(people)]
    table = np.array(rows)
    fitted = sm.OLS(table[:, -1], table[:, :-1]).fit()
    (found,) = lifts(counts)
    assert found.estimate == pytest.approx(fitted.params[-1], abs=1e-9)


def test_a_value_that_one_variant_lacks_is_left_out_and_nothing_shared_is_a_reason() -> None:
    (found,) = lifts({**SIMPSON, ("team", 1, "control"): (100, 10)})
    assert found.strata == 2
    (nothing,) = lifts({("free", 1, "control"): (500, 50), ("pro", 1, "progress"): (500, 50)})
    assert isinstance(nothing.estimate, Unavailable)
