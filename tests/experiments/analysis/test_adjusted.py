"""Lifts adjusted by what was measured before the exposure, in one phase and over several."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import statsmodels.api as sm

from experiments.analysis.adjusted import adjusted_pair
from experiments.analysis.analyze import analyze
from experiments.analysis.data import ExperimentData
from experiments.analysis.pairs import pair_of
from experiments.errors import NotEnoughData
from experiments.stats.pair_sums import PairSums
from tests.analysis_factories import a_phase, experiment_data, pair_cells, rate_cells
from tests.factories import a_metric, an_experiment

Pairs = list[tuple[int, int]]
VALUE = a_metric(key="value", kind="mean", event="recharge", value="sum", window_days=7)


def customers(seed: int, size: int, *, lift: float = 0.0, base: float = 20.0) -> Pairs:
    """What each spent after and before: a spender stays one, so both go together."""
    random = np.random.default_rng(seed)
    before = random.gamma(2, 10, size)
    after = base + 0.8 * before + random.normal(0, 8, size) + lift
    return [(int(y), int(x)) for y, x in zip(after.round(), before.round(), strict=True)]


def two(control: Pairs, progress: Pairs, **where: Any) -> list[Any]:
    """The cells of both variants."""
    return pair_cells("control", control, **where) + pair_cells("progress", progress, **where)


def of_means(cells: list[Any], **fields: Any) -> ExperimentData:
    """An experiment on the mean value."""
    return experiment_data(
        cells, definition=an_experiment(plan={"primary": "value"}), metrics=[VALUE], **fields
    )


def treatment(data: ExperimentData) -> dict[str, Any]:
    """The treatment's member of the document."""
    found: dict[str, Any] = analyze(data).document()["metrics"][0]["variants"][1]
    return found


def test_the_adjusted_lift_is_that_of_a_regression_on_the_covariate() -> None:
    """Lin's regression with HC3 errors by statsmodels: the same in the limit, so near it here."""
    control, progress = customers(1, 2000), customers(2, 2200, lift=2)
    adjusted = treatment(of_means(two(control, progress)))["adjusted"]
    y, x = np.array(control + progress, dtype=float).T
    treated = np.repeat([0.0, 1.0], [2000, 2200])
    columns = np.column_stack([treated, x - x.mean(), treated * (x - x.mean())])
    witness = sm.OLS(y, sm.add_constant(columns)).fit(cov_type="HC3")
    assert adjusted["estimate"] == pytest.approx(witness.params[1], rel=1e-2)
    assert adjusted["interval"] == pytest.approx(list(witness.conf_int()[1]), rel=2e-2)
    assert adjusted["method"] == "cuped_welch"


def test_the_share_saved_is_the_square_of_the_correlation() -> None:
    control, progress = customers(1, 2000), customers(2, 2000)
    adjusted = treatment(of_means(two(control, progress)))["adjusted"]
    correlation = np.corrcoef(np.array(control).T)[0, 1]
    assert adjusted["variance_saved"] == pytest.approx(correlation**2, abs=0.02)
    assert adjusted["helps"] is True


def test_the_headline_and_the_verdict_stay_unadjusted() -> None:
    """The adjustment finds a lift that the plain reading does not; the verdict is made on the plain one."""
    control, progress = customers(1, 1000), customers(2, 1000, lift=1)
    with_covariate = of_means(two(control, progress))
    without = of_means(two([(y, 0) for y, _ in control], [(y, 0) for y, _ in progress]))
    found, plain = treatment(with_covariate), treatment(without)
    adjusted = found.pop("adjusted")
    assert found == plain
    assert adjusted["interval"][1] - adjusted["interval"][0] < 0.7 * (
        plain["absolute"]["interval"][1] - plain["absolute"]["interval"][0]
    )
    assert (
        adjusted["sequential"]["interval"][0] < adjusted["estimate"] < adjusted["sequential"]["interval"][1]
    )
    assert analyze(with_covariate).verdict == analyze(without).verdict


def test_a_covariate_that_explains_nothing_says_so() -> None:
    random = np.random.default_rng(3)
    control, progress = (
        [(int(y), int(x)) for y, x in random.integers(0, 100, (800, 2))] for _ in ("control", "progress")
    )
    adjusted = treatment(of_means(two(control, progress)))["adjusted"]
    assert 0 <= adjusted["variance_saved"] < 0.01
    assert adjusted["helps"] is False


def test_without_anything_measured_before_there_is_no_adjusted_lift() -> None:
    assert "adjusted" not in treatment(
        experiment_data(rate_cells("control", 500, 50) + rate_cells("progress", 500, 60))
    )


def test_a_conversion_rate_is_adjusted_by_who_converted_before() -> None:
    random = np.random.default_rng(4)
    cells: list[Any] = []
    rows = {}
    for key, rate in (("control", 0.1), ("progress", 0.12)):
        before = random.random(4000) < 0.3
        after = random.random(4000) < np.where(before, rate + 0.4, rate)
        rows[key] = after.astype(float) - after.mean(), before.astype(float) - before.mean()
        pairs = [(int(y), int(x)) for y, x in zip(after, before, strict=True)]
        cells += pair_cells(key, pairs, metric="recharge", is_rate=True)
    adjusted = treatment(experiment_data(cells))["adjusted"]
    y, x = (np.concatenate([rows[key][side] for key in rows]) for side in (0, 1))
    assert adjusted["variance_saved"] == pytest.approx(np.corrcoef(y, x)[0, 1] ** 2, abs=1e-3)


def test_few_conversions_are_not_adjusted() -> None:
    few = [(1, 1)] * 5 + [(0, 1)] * 100 + [(0, 0)] * 400
    cells = pair_cells("control", few, metric="recharge", is_rate=True)
    cells += pair_cells("progress", few, metric="recharge", is_rate=True)
    found = treatment(experiment_data(cells))
    assert found["adjusted"] is None
    assert "there are 5 and 500" in found["unavailable"]["adjusted"]


def test_each_phase_is_adjusted_by_itself() -> None:
    """Spenders come in the second phase, when the treatment has most of the traffic: that is no lift."""
    cells = two(customers(1, 1800), customers(2, 200))
    cells += two(customers(3, 200, base=90), customers(4, 1800, base=90), phase=2, day=10)
    phases = [
        a_phase(1, shares={"control": "9/10", "progress": "1/10"}),
        a_phase(2, shares={"control": "1/10", "progress": "9/10"}, day=10),
    ]
    adjusted = treatment(of_means(cells, phases=phases))["adjusted"]
    assert adjusted["method"] == "cuped_stratified_by_phase"
    assert abs(adjusted["estimate"]) < 2
    assert adjusted["interval"][0] < 0 < adjusted["interval"][1]
    assert 0.5 < adjusted["variance_saved"] < 0.95


def test_equal_phases_say_what_the_whole_says() -> None:
    sums = {key: _sums(customers(seed, 600)) for seed, key in enumerate(("c", "t"))}
    one, half = (
        adjusted_pair({1: sums}, "c", "t", is_rate=False),
        adjusted_pair({1: sums, 2: sums}, "c", "t", is_rate=False),
    )
    assert half.variance_saved == pytest.approx(one.variance_saved)
    assert half.pair.absolute(0.95).estimate == pytest.approx(one.pair.absolute(0.95).estimate)


def test_twice_the_same_phase_is_surer_by_the_root_of_two() -> None:
    sums = {key: _sums(customers(seed, 600)) for seed, key in enumerate(("c", "t"))}
    once, twice = (
        adjusted_pair(dict.fromkeys(phases, sums), "c", "t", is_rate=False).pair.absolute(0.95).interval
        for phases in ((1,), (1, 2))
    )
    width = (once.upper - once.lower) / (twice.upper - twice.lower)
    assert width == pytest.approx(2**0.5, rel=1e-2)


def test_what_unlike_phases_save_is_weighed_by_what_they_bring_to_the_lift() -> None:
    """The share saved is that by which the square of the combined lift's error fell."""
    noise = np.random.default_rng(9).integers(0, 90, (900, 2))
    paired = {
        1: {"c": _sums(customers(1, 3000)), "t": _sums(customers(2, 900))},
        2: {"c": _sums(_ints(noise[:500])), "t": _sums(_ints(noise[500:]))},
    }
    raw = {phase: {key: one.outcomes for key, one in found.items()} for phase, found in paired.items()}
    found = adjusted_pair(paired, "c", "t", is_rate=False)
    before, after = (pair.absolute(0.95).interval for pair in (pair_of(raw, "c", "t"), found.pair))
    left = ((after.upper - after.lower) / (before.upper - before.lower)) ** 2
    assert found.variance_saved == pytest.approx(1 - left, abs=2e-3)


def _ints(rows: Any) -> Pairs:
    return [(int(y), int(x)) for y, x in rows]


def _sums(pairs: Pairs) -> PairSums:
    y, x = np.array(pairs, dtype=object).T
    return PairSums(len(pairs), y.sum(), (y * y).sum(), x.sum(), (x * x).sum(), (x * y).sum(), 1)


def test_two_participants_carry_no_adjustment() -> None:
    two_of_each = {1: {"c": _sums([(1, 1), (2, 3)]), "t": _sums([(1, 1), (2, 3)])}}
    with pytest.raises(NotEnoughData, match="at least 3 participants"):
        adjusted_pair(two_of_each, "c", "t", is_rate=False)


def test_the_adjusted_interval_covers_as_often_as_it_says() -> None:
    covered = 0
    for seed in range(300):
        found = {"c": _sums(customers(2 * seed, 60)), "t": _sums(customers(2 * seed + 1, 60, lift=3))}
        interval = adjusted_pair({1: found}, "c", "t", is_rate=False).pair.absolute(0.95).interval
        covered += interval.contains(3)
    assert 0.92 <= covered / 300 <= 0.98
