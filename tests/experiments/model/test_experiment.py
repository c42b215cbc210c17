from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from experiments.model.experiment import Experiment
from tests.factories import an_experiment, variant_document


def of_weights(*weights: object) -> Experiment:
    keys = ["control", *(f"v{n}" for n in range(1, len(weights)))]
    return an_experiment(
        variants=[variant_document(key, weight=weight) for key, weight in zip(keys, weights, strict=True)]
    )


def test_shares_are_the_weights_over_their_sum_exactly() -> None:
    assert of_weights(0.1, 0.1, 0.1).shares == dict.fromkeys(["control", "v1", "v2"], Fraction(1, 3))
    assert of_weights("1", 2, 0).shares == {
        "control": Fraction(1, 3),
        "v1": Fraction(2, 3),
        "v2": Fraction(0),
    }


def test_a_weight_is_the_number_that_was_written() -> None:
    assert of_weights(0.1, 0.9).variants[0].weight == Decimal("0.1")


def test_the_control_is_the_one_that_is_marked_whatever_it_is_called() -> None:
    variants = [variant_document("a", control=False), variant_document("b", control=True)]
    assert an_experiment(variants=variants).control.key == "b"


def test_a_variant_is_found_by_its_key() -> None:
    experiment = an_experiment()
    assert experiment.variant("progress") is experiment.variants[1]
    assert experiment.variant("nobody") is None


def test_the_plan_names_its_metrics_the_primary_first() -> None:
    plan = {"primary": "a", "secondary": ["b"], "guardrails": [{"metric": "c", "margin": "0.01"}]}
    assert an_experiment(plan=plan).plan.metric_keys == ("a", "b", "c")


def test_looking_at_shares_leaves_two_equal_experiments_equal() -> None:
    one, other = an_experiment(), an_experiment()
    assert one.shares
    assert one == other


def test_an_experiment_survives_json() -> None:
    rule = {
        "all": [
            {"attribute": "plan", "op": "in", "value": ["pro"]},
            {"not": {"attribute": "plan", "op": "exists"}},
        ]
    }
    incentive = {
        "kind": "bonus_units",
        "amount": 10,
        "unit_cost": "0.02",
        "budget": "500.00",
        "ends_at": "2026-12-31T00:00:00Z",
    }
    variants = [
        variant_document(),
        variant_document("b", incentive=incentive, weight="0.333333333333333333"),
    ]
    experiment = an_experiment(targeting=rule, variants=variants, forced={"acct/qa": "b"})
    assert Experiment.model_validate_json(experiment.model_dump_json()) == experiment
    assert Experiment.model_validate(experiment.model_dump(mode="json", by_alias=True)) == experiment
