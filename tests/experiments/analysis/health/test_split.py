"""Whether participants fell on the variants in the shares that were set."""

from __future__ import annotations

from datetime import timedelta

import pytest

from experiments.analysis.alarms import Alarm, Clearance
from experiments.analysis.results import Unavailable
from experiments.stats import srm
from tests.analysis_factories import a_phase, an_experiment_of, day_start, experiment_data, rate_cells
from tests.healths import health_of, of_days


def test_kohavis_split_is_a_mismatch() -> None:
    """821,588 against 815,482: chi-square 1.8e-6, sequential 0.0015 (Kohavi's example, research notes)."""
    split = health_of(of_days((821_588, 815_482))).split
    assert not split.ok
    assert split.chi_square_p_value == pytest.approx(1.8e-6, rel=0.02)
    assert split.sequential_p_value == pytest.approx(0.0015, rel=0.05)


def test_an_uneven_split_that_was_asked_for_is_none() -> None:
    phase = a_phase(shares={"control": "9/10", "progress": "1/10"})
    split = health_of(of_days((9000, 1000), phases=[phase])).split
    assert split.ok
    assert split.chi_square_p_value == pytest.approx(1.0)
    assert [(one.observed, one.expected) for one in split.phases[0].variants] == [
        (9000, 9000.0),
        (1000, 1000.0),
    ]


def test_each_phase_is_held_against_its_own_shares() -> None:
    phases = [a_phase(1), a_phase(2, shares={"control": "1/10", "progress": "9/10"}, day=1)]
    cells = rate_cells("control", 5000, 0) + rate_cells("progress", 5000, 0)
    cells += rate_cells("control", 1000, 0, day=1, phase=2) + rate_cells("progress", 9000, 0, day=1, phase=2)
    split = health_of(experiment_data(cells, phases=phases)).split
    assert split.ok
    assert [one.phase for one in split.phases] == [1, 2]
    assert split.chi_square_p_value == pytest.approx(1.0)


def test_two_phases_a_little_off_the_same_way_count_together() -> None:
    phases = [a_phase(1), a_phase(2, day=1)]
    cells = rate_cells("control", 10_000, 0) + rate_cells("progress", 10_350, 0)
    once = health_of(experiment_data(cells, phases=phases)).split
    cells += rate_cells("control", 10_000, 0, day=1, phase=2) + rate_cells(
        "progress", 10_350, 0, day=1, phase=2
    )
    twice = health_of(experiment_data(cells, phases=phases)).split
    assert twice.chi_square_p_value < once.chi_square_p_value  # type: ignore[operator]
    assert twice.sequential_p_value < once.sequential_p_value  # type: ignore[operator]


def test_in_one_phase_the_sequential_answer_is_that_of_the_statistics() -> None:
    days = [(500, 420), (480, 500), (510, 400)]
    split = health_of(of_days(*days)).split
    cumulative = [(500, 420), (980, 920), (1490, 1320)]
    assert split.sequential_p_value == pytest.approx(srm.sequential_so_far(cumulative, [0.5, 0.5]).p_value)


def test_evidence_once_had_is_not_lost_when_the_split_evens_out() -> None:
    alarmed = health_of(of_days((1000, 600))).split
    evened = health_of(of_days((1000, 600), (600, 1000))).split
    assert evened.sequential_p_value == alarmed.sequential_p_value
    assert not evened.ok


def test_a_variant_without_weight_is_no_degree_of_freedom() -> None:
    """500/560/0 with weights 1/1/0: p = 0.065, not 0.183."""
    phase = a_phase(shares={"control": "1/2", "a": "1/2", "b": "0"})
    cells = rate_cells("control", 500, 0) + rate_cells("a", 560, 0)
    data = experiment_data(cells, definition=an_experiment_of("a", "b"), phases=[phase])
    found = health_of(data)
    assert found.split.chi_square_p_value == pytest.approx(0.065, abs=1e-3)
    assert found.empty_variants == ()


def test_a_chi_square_between_the_limits_is_a_warning_and_no_stop() -> None:
    split = health_of(of_days((44_700, 45_489))).split
    assert split.ok
    assert split.warning is not None
    assert health_of(of_days((5000, 5000))).split.warning is None


def test_too_few_participants_have_no_chi_square_but_a_sequential_answer() -> None:
    split = health_of(of_days((3, 2))).split
    assert split.ok
    assert isinstance(split.chi_square_p_value, Unavailable)
    assert split.sequential_p_value == 1.0


def test_after_a_clearing_both_tests_start_with_the_day_after_it() -> None:
    cleared = Clearance(2, day_start(0) + timedelta(hours=20), "cli", "The old app is gone.")
    split = health_of(of_days((1000, 600), (500, 520), clearances=(cleared,))).split
    assert split.ok
    assert split.since == day_start(1)
    assert split.chi_square_p_value == srm.chi_square([500, 520], [1, 1]).p_value
    assert split.sequential_p_value == srm.sequential([500, 520], [1, 1]).p_value
    assert [one.observed for one in split.phases[0].variants] == [
        1500,
        1120,
    ]  # all of them are in the analysis
    again = health_of(of_days((1000, 600), (1000, 600), clearances=(cleared,))).split
    assert not again.ok


def test_a_clearing_of_the_other_gate_changes_nothing() -> None:
    cleared = Clearance(1, day_start(0), "cli", "The ids are mended.")
    assert not health_of(of_days((1000, 600), (500, 520), clearances=(cleared,))).split.ok


def test_an_alarm_that_stands_is_no_sound_split() -> None:
    alarm = Alarm(2, day_start(1), "The split was off.")
    found = health_of(of_days((1000, 1001), alarm=alarm))
    assert not found.split.ok
    assert not found.ok
    assert found.check("sample_ratio").state == "stop"
    assert "The split was off." in found.check("sample_ratio").says
