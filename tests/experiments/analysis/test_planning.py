"""Plans for every kind of metric, and what is said when traffic does not carry one."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy import stats

from experiments.analysis.planning import ExperimentPlan, Guarded, Question, plan
from experiments.errors import InvalidInput
from experiments.stats import group_sequential, power


def planned(baseline: float = 0.1, mde_relative: float = 0.2, **members: Any) -> ExperimentPlan:
    """The plan for a question, from ten to twelve percent unless said otherwise."""
    return plan(Question(baseline=baseline, mde_relative=mde_relative, **members))


def test_a_rate_takes_the_published_number() -> None:
    assert planned().participants_by_variant == (3841, 3841)
    assert planned(kind="retention").participants == 7682


KINDS: list[dict[str, Any]] = [
    {"kind": "mean", "standard_deviation": 11.0, "baseline": 4.2},
    {"kind": "ratio", "standard_deviation": 0.7, "baseline": 0.3},
    {"kind": "time", "horizon": 30.0, "baseline": 12.0, "mde_relative": -0.1},
    {"kind": "time", "horizon": 30.0, "baseline": 12.0, "mde_relative": -0.1, "standard_deviation": 9.0},
    {"kind": "quantile", "log_deviation": 0.9, "baseline": 20.0, "quantile": 0.9},
]


@pytest.mark.parametrize("question", KINDS)
def test_every_kind_has_a_size_a_power_and_a_smallest_effect_that_agree(question: dict[str, Any]) -> None:
    asked = {"mde_relative": 0.1, **question}
    first = planned(**asked)
    again = planned(**asked, participants=first.participants, daily=first.participants / 7)
    assert again.power_of_participants == pytest.approx(0.8, abs=0.002)
    week = again.detectable[0]
    assert week.mde_relative == pytest.approx(first.mde_relative, rel=0.01)
    assert (week.mde_absolute or 0) * first.mde_absolute > 0


def test_a_planned_time_is_found_as_often_as_promised() -> None:
    """Exponential times whose restricted means differ by the effect; Welch's test of min(T, 30)."""
    found = planned(**{**KINDS[2], "mde_relative": -0.1})
    generator = np.random.default_rng(23)

    def rate_of(mean: float) -> float:
        grid = np.linspace(1e-4, 1, 200_000)
        return float(grid[np.argmin(np.abs((1 - np.exp(-grid * 30)) / grid - mean))])

    hits = []
    for _ in range(400):
        n = found.participants_by_variant[0]
        a, b = (np.minimum(generator.exponential(1 / rate_of(m), n), 30) for m in (12.0, 10.8))
        hits.append(stats.ttest_ind(a, b, equal_var=False).pvalue < 0.05)
    assert np.mean(hits) == pytest.approx(0.8, abs=0.06)


@pytest.mark.parametrize("spending", ["obrien_fleming", "pocock"])
def test_planned_looks_are_paid_for_by_their_spending(spending: Any) -> None:
    looking = planned(mode="planned", looks=5, spending=spending)
    factor = group_sequential.inflation(5, spending=spending)
    assert looking.inflation == factor
    assert looking.participants == pytest.approx(7682 * factor, abs=3)


def test_looking_at_any_time_costs_what_the_sequence_costs() -> None:
    assert planned(mode="open").inflation == power.open_inflation()


def test_clusters_multiply_and_weights_are_the_variants_own() -> None:
    clustered = planned(cluster_size=21, icc=0.05)
    assert clustered.design_effect == pytest.approx(2.0)
    assert clustered.participants == pytest.approx(2 * 7682, abs=2)
    uneven = planned(weights=(0.6, 0.3, 0.1))
    assert uneven.variants == 3
    assert uneven.participants_by_variant[0] == pytest.approx(2 * uneven.participants_by_variant[1], abs=2)


def test_guardrails_raise_the_power_of_each_and_the_largest_number_counts() -> None:
    guarded = planned(
        guardrails=(Guarded(margin=0.005, baseline=0.05), Guarded(margin=5, standard_deviation=9))
    )
    assert guarded.power_each == pytest.approx(1 - 0.2 / 3)
    assert guarded.participants == max(guarded.guardrail_participants)
    assert guarded.guardrail_participants[0] > planned().participants > guarded.guardrail_participants[1]


def test_traffic_that_does_not_carry_it_says_so_and_what_would() -> None:
    found = planned(mde_relative=0.02, daily=500, variants=3, mode="open")
    assert found.feasible is False
    assert found.reason is not None
    assert found.reason.startswith("This traffic cannot detect a change of +2.00%")
    for remedy in ("In that time it finds", "With two variants", "With planned looks", "run longer"):
        assert remedy in found.reason
    assert planned(daily=500).feasible is True
    assert planned(daily=500).reason is None
    assert planned().feasible is None


@pytest.mark.parametrize(
    ("members", "pointer"),
    [
        ({"mde_relative": 0.0}, "/mde_relative"),
        ({"baseline": 0.9}, "/mde_relative"),
        ({"baseline": 3.0}, "/baseline"),
        ({"kind": "mean", "baseline": 3.0}, "/standard_deviation"),
        ({"kind": "ratio", "baseline": 3.0}, "/standard_deviation"),
        ({"kind": "time", "baseline": 3.0}, "/horizon"),
        ({"kind": "time", "baseline": 3.0, "horizon": 2.0}, "/horizon"),
        ({"kind": "quantile", "baseline": 3.0}, "/log_deviation"),
        ({"guardrails": (Guarded(margin=0.1),)}, "/guardrails/0"),
        ({"guardrails": (Guarded(margin=0.1, baseline=0.1, standard_deviation=1),)}, "/guardrails/0"),
        ({"guardrails": (Guarded(margin=0.1, baseline=1.5),)}, "/guardrails/0/baseline"),
    ],
)
def test_an_impossible_question_names_its_member(members: dict[str, Any], pointer: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        planned(**members)
    assert [fault.pointer for fault in refusal.value.faults] == [pointer]


def test_no_answer_holds_a_number_that_is_none() -> None:
    found = planned(daily=1, mde_relative=0.0001)
    assert all(math.isfinite(one.mde_absolute) for one in found.detectable if one.mde_absolute is not None)
    assert found.feasible is False
