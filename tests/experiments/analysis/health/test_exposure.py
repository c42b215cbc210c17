"""Units that saw two variants, and variants that nobody saw."""

from __future__ import annotations

import pytest

from experiments.analysis.alarms import Clearance
from tests.analysis_factories import a_phase, day_start, experiment_data, rate_cells
from tests.healths import health_of, of_days


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


def test_after_a_clearing_only_units_of_later_days_are_looked_at() -> None:
    cleared = Clearance(1, day_start(0), "cli", "The ids are mended.")
    cells = rate_cells("control", 500, 0) + rate_cells("progress", 400, 0)
    cells += rate_cells("progress", 100, 0, crossed=True) + rate_cells("progress", 100, 0, day=1)
    cells += rate_cells("control", 100, 0, day=1)
    found = health_of(experiment_data(cells, clearances=(cleared,)))
    assert found.doubly_exposed.units == 100  # shown, and left out, as before
    assert found.doubly_exposed.ok
    assert not health_of(experiment_data(cells)).doubly_exposed.ok
