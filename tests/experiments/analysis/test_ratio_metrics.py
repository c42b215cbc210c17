"""Ratio metrics through the whole analysis: secondary, guardrail and primary."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from experiments.analysis.analyze import analyze, verdict_of
from experiments.analysis.data import ExperimentData
from experiments.analysis.timeseries import timeseries
from tests.analysis_factories import a_phase, an_experiment_of, experiment_data, pair_cells, spread
from tests.factories import a_metric

Pairs = list[tuple[int, int]]
SHARE: dict[str, Any] = {
    "key": "refund_share",
    "kind": "ratio",
    "numerator": {"event": "refund"},
    "denominator": {"event": "recharge"},
}


def visits(seed: int, size: int, *, rate: float = 0.3, mean: float = 5) -> Pairs:
    """Refunds of recharges: one who recharges often is refunded often."""
    random = np.random.default_rng(seed)
    recharges = 1 + random.poisson(mean, size)
    leaning = random.beta(3 * rate, 3 * (1 - rate), size)
    return [(int(random.binomial(n, p)), int(n)) for n, p in zip(recharges, leaning, strict=True)]


def data_of(
    control: Pairs, progress: Pairs, *, days: int = 1, direction: str = "increase", **fields: Any
) -> ExperimentData:
    """Two variants with the ratio as the primary metric."""
    cells: list[Any] = []
    for key, pairs in (("control", control), ("progress", progress)):
        for day in range(days):
            cells += pair_cells(key, pairs[day::days], metric="refund_share", day=day)
    plan = {"primary": "refund_share", "mde_relative": 0.1}
    metric = a_metric(**SHARE, direction=direction)
    return experiment_data(
        cells, definition=an_experiment_of("progress", plan=plan), metrics=[metric], **fields
    )


def by_rows(pairs: Pairs) -> tuple[float, float]:
    """The ratio and the delta method's variance of it, by numpy on the rows."""
    y, x = np.array(pairs, dtype=float).T
    (vy, cov), (_, vx) = np.cov(y, x)
    ratio = y.sum() / x.sum()
    return ratio, float((vy - 2 * ratio * cov + ratio**2 * vx) / x.mean() ** 2 / len(pairs))


def test_a_ratio_has_the_members_of_any_metric_by_the_delta_method() -> None:
    control, progress = visits(1, 900), visits(2, 1000, rate=0.32)
    (a, va), (b, vb) = by_rows(control), by_rows(progress)
    one, other = analyze(data_of(control, progress)).document()["metrics"][0]["variants"]
    assert (one["mean"], other["mean"]) == pytest.approx((a, b), rel=1e-12)
    assert (one["numerator"], one["denominator"]) == tuple(np.array(control).sum(axis=0))
    freedom = (va + vb) ** 2 / (va**2 / 899 + vb**2 / 999)
    reach = stats.t.isf(0.025, freedom) * np.sqrt(va + vb)
    assert other["absolute"]["interval"] == pytest.approx([b - a - reach, b - a + reach], rel=1e-9)
    assert other["absolute"]["p_value"] == pytest.approx(
        2 * stats.t.sf(abs(b - a) / np.sqrt(va + vb), freedom)
    )
    assert (one["method"], other["absolute"]["method"], other["absolute"]["test"]) == ("ratio_delta",) * 3
    assert other["relative"]["method"] == "ratio_delta_fieller"
    assert other["bayesian"]["method"] == "normal_ratio_delta"
    assert other["sequential"]["interval"][0] < other["absolute"]["interval"][0]


def test_lower_is_better_turns_the_posterior_of_a_ratio() -> None:
    control, progress = visits(1, 900, rate=0.35), visits(2, 900, rate=0.3)
    chances = [
        analyze(data_of(control, progress, direction=direction)).document()["metrics"][0]["variants"][1][
            "bayesian"
        ]
        for direction in ("increase", "decrease")
    ]
    assert chances[0]["chance_to_beat_control"] == pytest.approx(1 - chances[1]["chance_to_beat_control"])
    assert chances[1]["chance_to_beat_control"] > 0.95
    assert sum(one["chance_to_be_best"] for one in chances) == pytest.approx(1)


def test_a_ratio_without_denominators_has_a_reason_and_no_number() -> None:
    document = analyze(data_of([(1, 0)] * 200, [(1, 0)] * 200)).document()
    one, other = document["metrics"][0]["variants"]
    assert one["mean"] is None
    assert "not clearly above 0" in one["unavailable"]["mean"]
    assert other["absolute"] is None
    assert document["verdict"]["outcome"] == "keep_running"


def test_phases_of_a_ratio_are_compared_within_themselves() -> None:
    """In each phase the treatment's ratio is lower; taken together it would look higher."""
    cells: list[Any] = []
    for phase, rate, sizes in ((1, 0.2, (1800, 200)), (2, 0.6, (200, 1800))):
        for key, size, lower in (("control", sizes[0], 0.0), ("progress", sizes[1], 0.05)):
            pairs = visits(phase * 10 + len(key), size, rate=rate - lower)
            cells += pair_cells(key, pairs, metric="refund_share", phase=phase, day=10 * (phase - 1))
    phases = [
        a_phase(1, shares={"control": "9/10", "progress": "1/10"}),
        a_phase(2, shares={"control": "1/10", "progress": "9/10"}, day=10),
    ]
    definition = an_experiment_of("progress", plan={"primary": "refund_share"})
    data = experiment_data(cells, definition=definition, metrics=[a_metric(**SHARE)], phases=phases)
    control, treatment = analyze(data).document()["metrics"][0]["variants"]
    assert treatment["mean"] > control["mean"]
    assert treatment["absolute"]["estimate"] < 0
    assert treatment["absolute"]["method"] == "stratified_by_phase"
    assert treatment["sequential"]["interval"][0] < treatment["sequential"]["interval"][1]


def test_a_ratio_may_be_primary_and_win() -> None:
    data = data_of(visits(1, 6000), visits(2, 6000, rate=0.36), days=14)
    found = verdict_of(data)
    assert (found.outcome, found.winner) == ("winner", "progress")
    assert found.inputs["looks"]["planned_by"] == "the ratio and spread of all variants together"
    assert found.reasons[0].startswith("progress against control on refund_share: +0.0")
    assert "percentage points" not in found.reasons[0]
    assert verdict_of(data_of(visits(1, 6000), visits(2, 6000), days=14)).outcome != "winner"


def test_a_ratio_that_must_go_down_wins_by_going_down() -> None:
    control, progress = visits(1, 6000, rate=0.36), visits(2, 6000)
    assert verdict_of(data_of(control, progress, days=14, direction="decrease")).winner == "progress"
    assert verdict_of(data_of(progress, control, days=14, direction="decrease")).outcome == "stop_harm"


@pytest.mark.parametrize(
    ("rate", "outcome"), [(0.3, "winner"), (0.325, "winner_blocked"), (0.45, "stop_harm")]
)
def test_a_ratio_guards_a_winner(rate: float, outcome: str) -> None:
    cells = spread("control", 10_000, 1000, days=14) + spread("progress", 10_000, 1200, days=14)
    for key, pairs in (("control", visits(1, 4000)), ("progress", visits(2, 4000, rate=rate))):
        cells.append(pair_cells(key, pairs, metric="refund_share")[1])
    guardrails = [{"metric": "refund_share", "margin": 0.02}]
    plan = {"baseline": 0.1, "mde_relative": 0.125, "guardrails": guardrails}
    metrics = [a_metric(), a_metric(**SHARE, direction="decrease")]
    data = experiment_data(cells, definition=an_experiment_of("progress", plan=plan), metrics=metrics)
    found = verdict_of(data)
    assert found.outcome == outcome, found.reasons


def test_the_series_of_a_ratio_ends_with_the_ratio() -> None:
    control, progress = visits(1, 900), visits(2, 900, rate=0.4)
    data = data_of(control, progress, days=6)
    last = timeseries(data).document()["days"][-1]["variants"]
    assert last[0]["mean"] == pytest.approx(by_rows(control)[0])
    assert last[1]["absolute"]["estimate"] == pytest.approx(by_rows(progress)[0] - by_rows(control)[0])
