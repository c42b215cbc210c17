"""Shares and means over runs have the error that their number allows, or say why there is none."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from experiments.simulation.run import Run
from experiments.simulation.summary import Figure, summary
from tests.experiments.simulation.builders import a_truth

WAITED = Run("inconclusive", 9, 900, False, False, False, False, 1.0, None)
WON = replace(WAITED, outcome="winner", days=5, is_found=True)


def test_a_share_has_the_standard_error_of_a_share() -> None:
    found = Figure.of([True] * 10 + [False] * 90, otherwise="")
    assert found.estimate == pytest.approx(0.1)
    assert found.standard_error == pytest.approx(math.sqrt(0.1 * 0.9 / 99))
    assert found.document() == {
        "estimate": found.estimate,
        "standard_error": found.standard_error,
        "runs": 100,
    }


def test_what_does_not_apply_is_null_with_its_reason() -> None:
    found = summary(a_truth({"a": 0.01}), [WAITED, WON, WON, WON])
    assert found.power.estimate == 0.75
    shown = found.document()["false_positive_rate"]
    assert shown["estimate"] is None
    assert shown["standard_error"] is None
    assert "truly differs" in shown["reason"]


def test_coverage_is_over_the_runs_that_had_an_interval() -> None:
    found = summary(a_truth({"a": 0.0}), [WAITED, WON, replace(WON, covered_sequential=None)])
    assert (found.coverage.estimate, found.coverage.runs) == (1.0, 2)
    assert found.coverage_fixed.reason is not None


def test_outcomes_are_listed_with_the_most_frequent_first() -> None:
    found = summary(a_truth({"a": 0.0}), [WAITED, WON, WON, WON])
    assert {name: figure.estimate for name, figure in found.outcomes.items()} == {
        "winner": 0.75,
        "inconclusive": 0.25,
    }
    assert next(iter(found.outcomes)) == "winner"
    assert found.expected_days.estimate == 6.0


def test_one_run_has_no_error_and_is_refused() -> None:
    with pytest.raises(ValueError, match="must be >= 2"):
        summary(a_truth({"a": 0.0}), [WON])
