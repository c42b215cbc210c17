"""Winners' lifts without the luck that it took to win, beside the plain ones."""

from __future__ import annotations

import math
from typing import Any

import pytest
from scipy import optimize, stats

from experiments.analysis.analyze import analyze, verdict_of
from experiments.analysis.document import verdict_document
from experiments.analysis.outcome import Verdict
from tests.analysis_factories import an_experiment_of, experiment_data, spread
from tests.factories import a_metric


def verdict_on(*treatments: int, control: int = 1000, **plan: Any) -> Verdict:
    """The verdict on treatments a, b … with these conversions of 10,000."""
    names = "abc"[: len(treatments)]
    cells = spread("control", 10_000, control, days=14)
    for name, converted in zip(names, treatments, strict=True):
        cells += spread(name, 10_000, converted, days=14)
    settings = {"baseline": 0.1, "mde_relative": 0.14, **plan}
    return verdict_of(experiment_data(cells, definition=an_experiment_of(*names, plan=settings)))


def likeliest(z: float, bound: float) -> float:
    """The mean of z that makes this z likeliest among those beyond the bound, by search."""

    def unlikely(mean: float) -> float:
        beyond = stats.norm.sf(bound - mean) + stats.norm.cdf(-bound - mean)
        return math.log(beyond) - float(stats.norm.logpdf(z - mean))

    found = optimize.minimize_scalar(unlikely, bounds=(0, z), method="bounded", options={"xatol": 1e-10})
    return float(found.x)


def test_a_narrow_winner_is_corrected_by_much_and_a_clear_one_by_little() -> None:
    shares = []
    for converted in (1110, 1300):
        found = verdict_on(converted)
        plain = found.inputs["compared"][0]["lift"]["estimate"]
        shares.append(found.corrected_lifts["a"].estimate / plain)
    assert 0 < shares[0] < 0.8
    assert 0.99 < shares[1] <= 1


def test_the_correction_is_the_likeliest_lift_given_the_bound() -> None:
    found = verdict_on(1110)
    (one,) = found.inputs["compared"]
    share = likeliest(one["z"], found.inputs["looks"]["bounds"][0]) / one["z"]
    assert found.corrected_lifts["a"].estimate == pytest.approx(share * one["lift"]["estimate"], rel=1e-5)
    assert found.corrected_lifts["a"].method == "conditional_likelihood"


def test_the_reasons_and_the_document_carry_it_beside_the_plain_lift() -> None:
    found = verdict_on(1110)
    plain, overstated, corrected = found.reasons
    assert plain.startswith("a against control on recharge: +1.1")
    assert "better than they are" in overstated
    assert corrected.startswith("Corrected for that, a is at +0.")
    document = verdict_document(found)["corrected_lifts"]["a"]
    assert document["interval"][0] < document["estimate"] < document["interval"][1]


def test_a_second_treatment_is_held_against_the_bound_it_passed() -> None:
    """Beside a clearer one it passed the lower bound for one comparison, so less luck was needed."""
    first = verdict_on(1130, 1000).corrected_lifts["a"].estimate
    second = verdict_on(1130, 1131).corrected_lifts
    assert set(second) == {"a", "b"}
    assert second["a"].estimate > first


def test_lower_is_better_is_corrected_towards_zero_too() -> None:
    data = experiment_data(
        spread("control", 10_000, 1110, days=14) + spread("progress", 10_000, 1000, days=14),
        definition=an_experiment_of("progress", plan={"baseline": 0.11, "mde_relative": 0.13}),
        metrics=[a_metric(direction="decrease")],
    )
    found = analyze(data).verdict
    plain = found.inputs["compared"][0]["lift"]["estimate"]
    assert plain < found.corrected_lifts["progress"].estimate < 0


@pytest.mark.parametrize("plan", [{"mode": "open"}, {}])
def test_without_a_fixed_bound_or_a_winner_nothing_is_corrected(plan: dict[str, Any]) -> None:
    found = verdict_on(1300 if plan else 1010, **plan)
    assert (found.outcome == "winner") is bool(plan)
    assert found.corrected_lifts == {}
    assert verdict_document(found)["corrected_lifts"] == {}
    assert any("nearer the lower end" in reason for reason in found.reasons) is bool(plan)
