"""What an outcome claims is held against the truth, in both directions."""

from __future__ import annotations

import pytest

from experiments.analysis.outcome import Outcome
from experiments.simulation.claims import (
    is_false_positive,
    is_found,
    is_wrong,
    why_no_false_positive,
    why_no_power,
)
from tests.experiments.simulation.builders import a_truth

NOTHING = {"a": 0.0, "b": 0.0}


@pytest.mark.parametrize(
    ("outcome", "named"),
    [("winner", ["a"]), ("tie", ["a", "b"]), ("control_wins", ["control"]), ("stop_harm", ["a"])],
)
def test_where_nothing_differs_every_claim_of_a_difference_is_a_false_positive(
    outcome: Outcome, named: list[str]
) -> None:
    assert is_false_positive(a_truth(NOTHING), outcome, named)
    assert is_wrong(a_truth(NOTHING), outcome, named)


@pytest.mark.parametrize(
    "outcome",
    ["no_difference", "inconclusive", "winner_blocked", "keep_running", "collecting", "invalid"],
)
def test_where_nothing_differs_the_other_outcomes_claim_nothing_wrong(outcome: Outcome) -> None:
    assert not is_false_positive(a_truth(NOTHING), outcome, [])
    assert not is_wrong(a_truth(NOTHING), outcome, [])


@pytest.mark.parametrize(
    ("gains", "wrong"),
    [
        ({"a": 0.0, "b": -0.03}, False),
        ({"a": 0.01, "b": -0.03}, False),  # better, but not by the margin of 0.02
        ({"a": 0.02, "b": -0.03}, True),
    ],
)
def test_the_control_wins_beside_treatments_that_make_no_difference(
    gains: dict[str, float], wrong: bool
) -> None:
    assert is_wrong(a_truth(gains), "control_wins", ["control"]) is wrong
    assert not is_false_positive(a_truth(gains), "control_wins", ["control"])


@pytest.mark.parametrize(
    ("gain", "outcome", "named", "wrong"),
    [
        (0.01, "winner", ["a"], False),
        (-0.01, "winner", ["a"], True),
        (-0.01, "control_wins", ["control"], False),
        (0.01, "control_wins", ["control"], True),
        (-0.01, "stop_harm", ["a"], True),  # worse, but not by the margin of 0.02
        (-0.03, "stop_harm", ["a"], False),
        (0.02, "no_difference", [], True),
        (0.01, "no_difference", [], False),
        (-0.05, "no_difference", [], False),  # nothing better is missed
    ],
)
def test_a_claim_is_wrong_where_the_truth_is_another(
    gain: float, outcome: Outcome, named: list[str], wrong: bool
) -> None:
    truth = a_truth({"a": gain})
    assert is_wrong(truth, outcome, named) is wrong
    assert not is_false_positive(truth, outcome, named)


def test_of_several_treatments_only_the_one_without_a_difference_makes_a_false_positive() -> None:
    truth = a_truth({"a": 0.01, "b": 0.0})
    assert not is_false_positive(truth, "winner", ["a"])
    assert is_false_positive(truth, "winner", ["b"])
    assert is_false_positive(truth, "tie", ["a", "b"])


def test_a_better_variant_that_breaks_a_guardrail_is_shipped_wrongly() -> None:
    truth = a_truth({"a": 0.02}, guardrail={"a": 0.01})
    assert is_wrong(truth, "winner", ["a"])
    assert not is_found(truth, "winner", ["a"])
    assert why_no_power(truth) is not None


def test_harm_to_a_guardrail_beyond_its_margin_is_rightly_stopped() -> None:
    truth = a_truth({"a": 0.0}, guardrail={"a": 0.03})
    assert not is_wrong(truth, "stop_harm", ["a"])
    assert not is_false_positive(truth, "stop_harm", ["a"])
    assert is_false_positive(truth, "winner", ["a"])


@pytest.mark.parametrize(
    ("gains", "outcome", "named", "found"),
    [
        ({"a": 0.01}, "winner", ["a"], True),
        ({"a": 0.01, "b": 0.02}, "tie", ["a", "b"], True),
        ({"a": 0.01, "b": 0.0}, "tie", ["a", "b"], False),
        ({"a": 0.01}, "inconclusive", [], False),
        ({"a": 0.01, "b": -0.03}, "stop_harm", ["b"], False),  # what is better was not found
        ({"a": -0.03}, "stop_harm", ["a"], True),
        ({"a": -0.01}, "control_wins", ["control"], True),
        ({"a": -0.01}, "no_difference", [], False),
    ],
)
def test_a_difference_is_found_by_shipping_what_is_better_or_dropping_what_is_worse(
    gains: dict[str, float], outcome: Outcome, named: list[str], found: bool
) -> None:
    assert is_found(a_truth(gains), outcome, named) is found


def test_power_and_false_positives_say_when_they_do_not_apply() -> None:
    assert "truly differs" in (why_no_power(a_truth(NOTHING)) or "")
    assert why_no_false_positive(a_truth(NOTHING)) is None
    assert "truly differs" in (why_no_false_positive(a_truth({"a": 0.01})) or "")
    assert why_no_power(a_truth({"a": 0.01, "b": 0.0})) is None


def test_truths_that_differ_by_rounding_alone_are_the_same() -> None:
    assert a_truth({"a": 0.3 - 0.1 - 0.2}).gain("a") == 0.0
