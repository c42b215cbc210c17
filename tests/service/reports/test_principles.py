"""The report over all experiments."""

from __future__ import annotations

from experiments.analysis.principles import Contribution, LeftOut, pooled_over
from service.reports.html import html_of
from service.reports.markdown import markdown_of
from service.reports.principles import NOTHING, principles_report


def contributions(how_many: int, *, simulated: bool = False) -> list[Contribution | LeftOut]:
    """So many experiments that found a tenth more, more or less."""
    return [
        Contribution(f"wall-{n}", "recharge", ("friendly",), (), simulated, 0.09 + n / 100, 0.001)
        for n in range(how_many)
    ]


def test_it_shows_each_experiment_all_together_and_why_some_are_left_out() -> None:
    told = [*contributions(3), LeftOut("broken", "Its data are not valid.")]
    report = principles_report({"social_proof": pooled_over(told)})
    text = markdown_of(report)
    assert "## Social proof" in text
    assert "wall-2 | friendly | recharge" in text
    assert "all together" in text
    assert "| broken | Its data are not valid. |" in text
    assert "As the next plan's prior" in text
    drawn = html_of(report)
    assert "good lift against the control, as a percentage of it" in drawn
    assert "Thin: where the next experiment" in drawn
    assert "valid at any time" not in drawn


def test_two_experiments_are_shown_and_not_pooled() -> None:
    report = principles_report({"value": pooled_over(contributions(2))})
    text = markdown_of(report)
    assert "wall-1" in text
    assert "all together" not in text
    assert "Pooling needs at least 3 experiments; there are 2." in text
    assert "Thin:" not in html_of(report)  # there is no thin bar to explain


def test_simulated_units_are_labelled() -> None:
    report = principles_report({"value": pooled_over(contributions(3, simulated=True))})
    assert "no real person is behind these numbers" in markdown_of(report)


def test_a_project_without_principles_says_so() -> None:
    assert NOTHING in markdown_of(principles_report({}))
