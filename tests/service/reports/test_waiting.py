"""Tests of times in a report: a curve and its table for each phase, medians, and the test in words."""

from __future__ import annotations

from dataclasses import replace

from experiments.analysis.results import MetricResult, Unavailable
from service.reports.blocks import Curves, Paragraph, Table
from service.reports.html import html_of
from service.reports.report import report_of
from service.reports.waiting import waiting
from tests.experiments.analysis.test_times import DEFINITION, PERSONS, data_of, wait_of
from tests.experiments.analysis.test_times import analyze as analyze_all

METRIC = wait_of(data_of(PERSONS))


def with_no_curves() -> MetricResult:
    return replace(METRIC, waiting=Unavailable("nothing was counted"))


def test_a_time_has_a_curve_with_the_table_of_its_points() -> None:
    curves, table, tested = waiting(METRIC, ("Simulated.",))
    assert isinstance(curves, Curves)
    assert [line.name for line in curves.lines] == ["control", "progress"]
    assert curves.labels == ("Simulated.",)
    assert isinstance(table, Table)
    assert [row[0] for row in table.rows] == ["control", "progress"]
    last = {line.name: line.points[-1][1] for line in curves.lines}
    for row in table.rows:
        assert row[-1].startswith(f"{last[row[0]] * 100:.1f}%")
        assert "days (" in row[1]
    assert isinstance(tested, Paragraph)
    assert "log-rank test, p below 0.0001" in tested.text


def test_a_median_that_is_not_reached_has_its_reason_below() -> None:
    slow = wait_of(data_of([(one[0], one[1], None) for one in PERSONS]))
    _, table, tested = waiting(slow, ())
    assert isinstance(table, Table)
    assert table.rows[0][1] == "not shown [1]"
    assert "no median yet" in table.notes[0]
    assert table.rows[0][-1] == "0%"
    assert isinstance(tested, Paragraph)
    assert "no test, because" in tested.text


def test_curves_that_cannot_be_had_are_said() -> None:
    (said,) = waiting(with_no_curves(), ())
    assert said == Paragraph("The curves of wait are not shown because: nothing was counted", "warning")


def test_other_kinds_have_none() -> None:
    assert waiting(replace(METRIC, waiting=None), ()) == []


def test_the_page_draws_a_line_for_each_variant() -> None:
    page = html_of(report_of(analyze_all(data_of(PERSONS)), definition=DEFINITION))
    assert page.count('<path class="curve"') == 2
    assert 'aria-label="wait: share who have had the event, at the end: control' in page
