"""What the statistics promise, held against simulations: 200 runs always, 2,000 with --slow."""

from __future__ import annotations

import pytest

from tests.simulations import promises
from tests.simulations.promises import COVERED, KINDS

RUNS = [200, pytest.param(2000, marks=pytest.mark.slow)]
NEARLY = {"beta posterior": 0.945, "relative lift of means, Fieller": 0.945, "Welch": 0.945}
"""Large-sample intervals that cover a little less than 0.95 at these sizes; each by its own theory."""


@pytest.mark.parametrize("runs", RUNS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_hundred_looks_err_in_five_percent_at_most_where_naive_looks_err_often(
    kind: str, runs: int
) -> None:
    found = promises.looked(kind, runs)
    assert found.sequential.is_at_most(0.05)
    assert found.naive.share > 0.2


@pytest.mark.parametrize("runs", RUNS)
@pytest.mark.parametrize("kind", COVERED)
def test_an_interval_holds_the_truth_as_often_as_it_says(kind: str, runs: int) -> None:
    found = promises.covered(kind, runs)
    assert found.is_at_least(NEARLY.get(kind, 0.95))
    assert found.share <= 0.985, "an interval that always holds says nothing"


@pytest.mark.parametrize("runs", RUNS)
def test_the_sequence_holds_the_truth_on_all_looks_together(runs: int) -> None:
    assert promises.sequence_covered(runs).is_at_least(0.95)


@pytest.mark.parametrize("runs", [2000])
def test_planned_looks_find_nearly_as_much_as_one_look_at_the_same_number(runs: int) -> None:
    found = promises.found(runs)
    assert found.fixed.is_at_least(0.8)
    assert found.planned.share >= 0.75


def test_a_promise_that_is_broken_would_be_noticed() -> None:
    assert not promises.Rate(40, 200).is_at_most(0.05)
    assert not promises.Rate(170, 200).is_at_least(0.95)
