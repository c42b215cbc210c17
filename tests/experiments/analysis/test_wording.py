"""Numbers as people read them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

import experiments
from experiments.analysis import wording
from experiments.analysis.outcome import Outcome
from experiments.stats.estimate import Interval


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.0, "0%"),
        (0.19020134, "19.0%"),
        (0.0123, "1.23%"),
        (0.00123, "0.12%"),
        (0.000123, "0.012%"),
        (-0.043119, "\N{MINUS SIGN}4.31%"),
        (1.0, "100.0%"),
    ],
)
def test_a_share_is_read_as_a_percentage_with_a_true_minus(share: float, text: str) -> None:
    assert wording.percent(share) == text


def test_a_difference_of_rates_is_said_in_points_with_its_sign() -> None:
    assert wording.points(-0.0082013) == "\N{MINUS SIGN}0.82 percentage points"
    assert wording.points(0.0139) == "+1.39 percentage points"


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.001554, "p = 0.0016"), (0.00001, "p below 0.0001"), (1.0, "p = 1.0000"), (0.0, "p below 0.0001")],
)
def test_small_p_values_are_not_written_out(value: float, text: str) -> None:
    assert wording.with_p(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(1.0, "above 99.9%"), (0.99922, "above 99.9%"), (0.5, "50.0%"), (0.0, "below 0.1%")]
)
def test_a_chance_is_never_rounded_to_certainty(value: float, text: str) -> None:
    assert wording.chance(value) == text


def test_an_interval_carries_its_unit_once() -> None:
    bounds = Interval(-0.0133, -0.0031)
    assert (
        wording.interval(bounds, is_rate=True) == "\N{MINUS SIGN}1.33 to \N{MINUS SIGN}0.31 percentage points"
    )
    assert wording.interval(Interval(-0.5, 1234.5), is_rate=False) == "\N{MINUS SIGN}0.50 to +1,234"


def test_nothing_is_never_written_with_a_sign() -> None:
    assert wording.number(-0.00000001, signed=True) == "0"


def test_lists_and_plurals_read_as_english() -> None:
    assert wording.listed(["a"]) == "a"
    assert wording.listed(["a", "b", "c"]) == "a, b and c"
    assert wording.plural(1, "day") == "1 day"
    assert wording.plural(1200, "day") == "1,200 days"


def test_a_date_needs_no_zeros() -> None:
    assert wording.date(datetime(2026, 5, 3, tzinfo=UTC)) == "3 May 2026"


def test_simulated_units_and_the_source_are_always_named() -> None:
    assert wording.provenance(source_label=None, simulated=False) == []
    said = wording.provenance(source_label="Cookie Cats", simulated=True)
    assert "Simulated" in said[0]
    assert "Cookie Cats" in said[1]


def test_every_outcome_has_a_name() -> None:
    assert set(wording.OUTCOMES) == set(Outcome.__args__)  # type: ignore[attr-defined]


def test_percent_signs_are_made_in_wording_alone() -> None:
    folder = Path(experiments.__file__).parent / "analysis"
    guilty = [
        path.name
        for path in folder.glob("*.py")
        if path.name != "wording.py" and any(mark in path.read_text() for mark in ('%"', "%}", "% "))
    ]
    assert guilty == []


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0 s"), (45, "45.0 s"), (750, "12.5 min"), (3_600, "1.00 h"), (86_400 * 3.2, "3.20 days")],
)
def test_a_duration_has_the_greatest_unit_that_it_fills(seconds: float, said: str) -> None:
    assert wording.duration(seconds) == said


def test_a_difference_of_times_has_its_sign() -> None:
    assert wording.duration(-7_200, signed=True) == "\N{MINUS SIGN}2.00 h"
