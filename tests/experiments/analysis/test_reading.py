"""From cells to counts and sums."""

from __future__ import annotations

from datetime import timedelta

import pytest

from experiments.analysis.data import day_of, start_of
from experiments.analysis.reading import (
    Cumulative,
    Group,
    Ledger,
    cells_at,
    last_matured_day,
    matured_through,
)
from experiments.analysis.samples import add
from experiments.model.metric import ConversionMetric
from experiments.model.tally import Cell, Tally
from experiments.stats.estimate import Counts, Sums
from tests.analysis_factories import FIRST_DAY, experiment_data, mean_cells, rate_cells
from tests.factories import a_metric

RECHARGE = ConversionMetric(key="recharge", kind="conversion", event="recharge")
DAY = day_of(FIRST_DAY)


def test_cells_of_one_place_add_up() -> None:
    ledger = Ledger(rate_cells("control", 10, 1) + rate_cells("control", 20, 2))
    assert ledger.strata(RECHARGE) == {1: {"control": Counts(30, 3)}}


def test_who_has_no_event_needs_no_cell_of_the_metric() -> None:
    """The fold writes a metric's cell for those with an event only; participants are counted by metric ""."""
    cells = [(Cell("control", 1, "", DAY, "", "", False), Tally(n=50))]
    cells.append(
        (Cell("control", 1, "recharge", DAY, "", "", False), Tally(n=4, total=4, squares=4, conversions=4))
    )
    assert Ledger(cells).strata(RECHARGE) == {1: {"control": Counts(50, 4)}}


def test_phases_days_and_segments_are_kept_apart() -> None:
    cells = rate_cells("control", 10, 1) + rate_cells("control", 20, 2, phase=2, day=3)
    cells += rate_cells("control", 7, 1, segment=("plan", "pro"))
    ledger = Ledger(cells)
    assert ledger.strata(RECHARGE) == {1: {"control": Counts(10, 1)}, 2: {"control": Counts(20, 2)}}
    assert ledger.strata(RECHARGE, through=DAY + 2) == {1: {"control": Counts(10, 1)}}
    assert ledger.strata(RECHARGE, group=Group("plan", "pro")) == {1: {"control": Counts(7, 1)}}
    assert ledger.values("plan") == ["pro"]
    assert ledger.values("") == []
    assert ledger.exposure_days() == [DAY, DAY + 3]


def test_crossed_units_come_in_only_when_asked_for() -> None:
    ledger = Ledger(rate_cells("control", 10, 1) + rate_cells("control", 3, 3, crossed=True))
    assert ledger.strata(RECHARGE) == {1: {"control": Counts(10, 1)}}
    assert ledger.strata(RECHARGE, with_crossed=True) == {1: {"control": Counts(13, 4)}}
    assert ledger.converted(RECHARGE, with_crossed=True) == {(1, "control"): 4}
    assert ledger.participants(crossed=True) == {(1, "control"): 3}


def test_the_days_so_far_end_with_everybody() -> None:
    ledger = Ledger(rate_cells("control", 10, 1) + rate_cells("control", 20, 2, day=3))
    assert list(ledger.cumulative(RECHARGE)) == [
        Cumulative(DAY, {1: {"control": Counts(10, 1)}}, 1),
        Cumulative(DAY + 3, {1: {"control": Counts(30, 3)}}, 3),
    ]
    assert ledger.daily() == [(DAY, {(1, "control"): 10}), (DAY + 3, {(1, "control"): 20})]


def test_means_are_sums_in_millionths() -> None:
    metric = a_metric(key="value", kind="mean", event="recharge", value="sum", window_days=7)
    assert Ledger(mean_cells("control", [3, 4])).strata(metric) == {
        1: {"control": Sums(2, 7_000_000, 25_000_000_000_000)}
    }


def test_counts_and_sums_do_not_add_up() -> None:
    with pytest.raises(TypeError):
        add(Counts(1, 1), Sums(1, 1, 1))


@pytest.mark.parametrize(
    ("metric", "last"),
    [
        (a_metric(window_days=7), 12),
        (a_metric(window_days=1), 18),
        (a_metric(kind="retention", event="session", from_day=7, to_day=14), 5),
    ],
)
def test_a_day_is_matured_when_its_last_windows_have_ended(metric: ConversionMetric, last: int) -> None:
    as_of = FIRST_DAY + timedelta(days=20, hours=23)
    assert last_matured_day(metric, as_of) == DAY + last
    ended = start_of(DAY + last) + timedelta(days=1) + timedelta(days=20 - last - 1)
    assert ended <= as_of < ended + timedelta(days=1)


def test_a_table_has_no_open_windows() -> None:
    assert matured_through(experiment_data([], dated=False), RECHARGE) is None


def test_of_a_past_moment_cells_of_ended_days_are_left() -> None:
    cells = rate_cells("control", 10, 1) + rate_cells("control", 20, 2, day=3)
    now = FIRST_DAY + timedelta(days=9)
    past = experiment_data(cells, as_of=FIRST_DAY + timedelta(days=3, hours=1), events_folded_to=now)
    assert [cell.day - DAY for cell, _ in cells_at(past)] == [0, 0]
    almost_now = experiment_data(cells, as_of=now - timedelta(hours=23), events_folded_to=now)
    assert len(cells_at(almost_now)) == 4


def test_participants_of_a_later_day_are_never_there_yet() -> None:
    """Even of a moment that is not a whole day past."""
    cells = rate_cells("control", 10, 1) + rate_cells("control", 20, 2, day=1)
    before = FIRST_DAY + timedelta(hours=20)
    data = experiment_data(cells, as_of=before, events_folded_to=before + timedelta(hours=12))
    assert [cell.day - DAY for cell, _ in cells_at(data)] == [0, 0]
