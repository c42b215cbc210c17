"""Whether the data can be trusted."""

from __future__ import annotations

from typing import Any

import pytest

from experiments.analysis.data import ExperimentData
from experiments.analysis.health import Health, health
from experiments.analysis.reading import Ledger
from experiments.analysis.results import Unavailable
from experiments.stats import srm
from tests.analysis_factories import a_phase, an_experiment_of, experiment_data, rate_cells


def health_of(data: ExperimentData) -> Health:
    """The health of an experiment."""
    return health(data, Ledger(data.cells))


def of_days(*days: tuple[int, int], **fields: Any) -> ExperimentData:
    """Control and progress with so many participants on each day."""
    cells = [
        cell
        for day, (control, progress) in enumerate(days)
        for cell in rate_cells("control", control, 0, day=day) + rate_cells("progress", progress, 0, day=day)
    ]
    return experiment_data(cells, **fields)


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


@pytest.mark.parametrize(("units", "empty"), [(200, ()), (201, ("progress",))])
def test_a_variant_is_called_empty_after_two_hundred_units(units: int, empty: tuple[str, ...]) -> None:
    assert health_of(of_days((units, 0))).empty_variants == empty


def test_a_variant_of_a_tiny_share_may_be_empty_for_long() -> None:
    phase = a_phase(shares={"control": "999/1000", "progress": "1/1000"})
    assert health_of(of_days((300, 0), phases=[phase])).empty_variants == ()


@pytest.mark.parametrize(("crossed", "ok"), [(10, True), (11, False)])
def test_over_one_percent_doubly_exposed_is_too_many(crossed: int, ok: bool) -> None:
    cells = rate_cells("control", 500, 0) + rate_cells("progress", 500 - crossed, 0)
    cells += rate_cells("progress", crossed, 0, crossed=True)
    found = health_of(experiment_data(cells))
    assert found.doubly_exposed.units == crossed
    assert found.doubly_exposed.ok is ok
    assert found.ok is ok
