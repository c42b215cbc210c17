"""The results in a sentence or two."""

from __future__ import annotations

from experiments.analysis.analyze import analyze
from experiments.analysis.headline import chance_sentence, headline, lift_sentence
from tests.analysis_factories import an_experiment_of, experiment_data, spread

CELLS = spread("control", 10_000, 1000, days=14) + spread("progress", 10_000, 1200, days=14)
PLAN = {"baseline": 0.1, "mde_relative": 0.125}


def test_the_headline_names_the_winner_its_lift_and_what_must_stand_beside_it() -> None:
    definition = an_experiment_of("progress", plan=PLAN, simulated=True, source={"label": "A study"})
    said = headline(analyze(experiment_data(CELLS, definition=definition)))
    assert said.startswith("Winner: progress. progress against control on recharge: +2.00 percentage points")
    assert said.endswith("Simulated units: no real person is behind these numbers. Source: A study.")


def test_a_headline_without_a_winner_says_what_is_missing() -> None:
    said = headline(analyze(experiment_data([])))
    assert said.startswith("Still collecting. 0 of 7 full days")


def test_lift_and_chance_are_two_sentences() -> None:
    results = analyze(experiment_data(CELLS, definition=an_experiment_of("progress", plan=PLAN)))
    metric = results.metrics[0]
    assert metric.to_date is not None
    control, treatment = metric.to_date.variants
    lift, chance = lift_sentence(metric, treatment, "control"), chance_sentence(metric, treatment)
    assert "+2.00 percentage points (95% interval" in lift
    assert "chance" not in lift
    assert chance == "progress is better than the control on recharge with a chance of above 99.9%."
    assert lift_sentence(metric, control, "control") == "control on recharge: It is the control."
    assert chance_sentence(metric, control) == "control on recharge: It is the control."


def test_what_is_not_known_is_said_with_its_reason() -> None:
    metric = analyze(experiment_data([])).metrics[0]
    assert metric.to_date is not None
    treatment = metric.to_date.variants[1]
    assert lift_sentence(metric, treatment, "control") == "progress on recharge: There is no participant yet."
    assert chance_sentence(metric, treatment) == "progress on recharge: There is no participant yet."
