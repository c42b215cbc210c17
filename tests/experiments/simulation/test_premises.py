"""What is assumed becomes a truth, or is refused with its place."""

from __future__ import annotations

from typing import Any

import pytest

from experiments.errors import InvalidInput
from experiments.model.experiment import Experiment
from experiments.simulation.premises import Premised, Premises, premised
from experiments.simulation.truth import Values
from tests.analysis_factories import an_experiment_of
from tests.experiments.simulation.builders import METRICS
from tests.factories import an_experiment, variant_document

GUARDED = {"guardrails": [{"metric": "support_contact", "margin": 0.01}]}


def known(definition: Experiment | None = None, **premises: Any) -> Premised:
    """The truth that these premises give."""
    return premised(definition or an_experiment_of("progress", "value"), METRICS, Premises(**premises))


def test_a_variant_that_is_not_named_is_as_the_control() -> None:
    found = known(rates={"control": 0.2, "progress": 0.3})
    assert found.truth.primary.truth.means == {"control": 0.2, "progress": 0.3, "value": 0.2}
    assert found.origins == {"recharge": "given"}
    assert found.truth.gain("value") == 0.0
    assert found.truth.difference("progress") == pytest.approx(0.1)


def test_the_control_is_the_plans_baseline_unless_it_is_given() -> None:
    planned = an_experiment_of("progress", plan={"baseline": 0.07})
    assert known(planned).truth.primary.truth.means == {"control": 0.07, "progress": 0.07}
    assert known(planned).origins == {"recharge": "plan"}
    assert known(planned, rates={"control": 0.2}).truth.primary.truth.means["control"] == 0.2


def test_without_a_baseline_the_rate_is_assumed_and_said_to_be() -> None:
    assert known().truth.primary.truth.means["control"] == 0.10
    assert known().origins == {"recharge": "assumed"}


def test_the_control_may_be_called_so_whatever_its_key_is() -> None:
    variants = [variant_document("plain", control=True), variant_document("progress")]
    found = known(an_experiment(variants=variants), rates={"CONTROL": 0.2})
    assert found.truth.control == "plain"
    assert found.truth.primary.truth.means == {"plain": 0.2, "progress": 0.2}


def test_less_is_a_gain_where_less_is_good() -> None:
    found = known(an_experiment_of("progress", plan={"primary": "support_contact"}), rates={"progress": 0.08})
    assert found.truth.gain("progress") == pytest.approx(0.02)
    assert found.truth.difference("progress") == pytest.approx(-0.02)


def test_the_margin_of_the_primary_metric_is_a_share_of_the_control() -> None:
    plan = {"baseline": 0.2, "mde_relative": 0.1, "margin": 0.3}
    assert known(an_experiment_of("progress", plan=plan)).truth.primary.margin == pytest.approx(0.06)
    del plan["margin"]
    assert known(an_experiment_of("progress", plan=plan)).truth.primary.margin == pytest.approx(0.02)


def test_guardrails_have_a_rate_of_all_variants_and_may_be_harmed_in_one() -> None:
    definition = an_experiment_of("progress", "value", plan=GUARDED)
    found = known(
        definition, guardrails={"support_contact": 0.04}, harmed={("support_contact", "progress"): 0.06}
    )
    (guardrail,) = found.truth.guardrails
    assert guardrail.truth.means == {"control": 0.04, "progress": 0.06, "value": 0.04}
    assert found.truth.is_harmful("progress")
    assert not found.truth.is_harmful("value")
    assert found.origins["support_contact"] == "given"
    assert known(definition).origins["support_contact"] == "assumed"


def test_a_mean_spreads_as_much_as_the_controls_mean_unless_it_is_given() -> None:
    definition = an_experiment_of("progress", plan={"primary": "value"})
    found = known(definition, means={"control": 10.0, "progress": 12.0})
    assert found.truth.primary.truth == Values({"control": 10.0, "progress": 12.0}, 10.0)


def test_a_treatment_without_weight_is_not_judged() -> None:
    variants = [variant_document("control"), variant_document("a"), variant_document("b", weight=0)]
    assert known(an_experiment(variants=variants)).truth.treatments == ("a",)


MEAN = {"primary": "value"}


@pytest.mark.parametrize(
    ("plan", "premises", "place"),
    [
        ({}, {"rates": {"shiny": 0.2}}, "/rates/shiny"),
        ({}, {"rates": {"control": 0.0}}, "/rates/control"),
        ({}, {"rates": {"progress": 1.0}}, "/rates/progress"),
        ({}, {"rates": {"progress": -0.1}}, "/rates/progress"),
        ({"baseline": 3.0}, {}, "/rates/control"),
        ({}, {"means": {"control": 3.0}}, "/means"),
        ({}, {"guardrails": {"support_contact": 0.2}}, "/guardrails/support_contact"),
        (GUARDED, {"guardrails": {"support_contact": 2.0}}, "/guardrails/support_contact/control"),
        (GUARDED, {"harmed": {("support_contact", "shiny"): 0.2}}, "/guardrails/support_contact/shiny"),
        (GUARDED, {"harmed": {("errors", "progress"): 0.2}}, "/guardrails/errors"),
        ({"guardrails": [{"metric": "value", "margin": 1}]}, {}, "/guardrails/value"),
        (MEAN, {}, "/means"),
        (MEAN, {"rates": {"control": 0.2}}, "/rates"),
        (MEAN, {"means": {"control": 5.0}, "deviation": 0.0}, "/deviation"),
        (MEAN, {"means": {"control": 5.0}, "valued": 0.0}, "/valued"),
        (MEAN, {"means": {"control": 5.0}, "valued": 0.1}, "/deviation"),
        (MEAN, {"means": {"control": 1e10}, "deviation": 1.0}, "/means/control"),
        (MEAN, {"means": {"control": 1.0, "progress": -1.0}, "shape": "lognormal"}, "/means/progress"),
        ({"primary": "share"}, {}, "/metrics"),
        ({"primary": "unheard_of"}, {}, "/metrics"),
    ],
)
def test_what_cannot_be_is_refused_with_its_place(
    plan: dict[str, Any], premises: dict[str, Any], place: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        known(an_experiment_of("progress", plan=plan), **premises)
    assert [fault.pointer for fault in refused.value.faults] == [place]


def test_a_control_without_weight_is_refused() -> None:
    variants = [variant_document("control", weight=0), variant_document("a")]
    with pytest.raises(InvalidInput, match="must have a weight above 0"):
        known(an_experiment(variants=variants))
