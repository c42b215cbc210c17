"""On which day, or in which segment, a split is off."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from experiments.analysis.data import ExperimentData
from experiments.analysis.health.diagnosis import by_day
from experiments.analysis.reading import Ledger
from experiments.stats import srm
from tests.analysis_factories import an_experiment_of, experiment_data, rate_cells
from tests.healths import health_of, of_days

EVEN = [1.0, 1.0]


def by_plan(*plans: tuple[str, int, int], read: bool = True) -> ExperimentData:
    """Participants of control and progress by the value of the declared segment `plan`."""
    cells = [
        cell
        for plan, control, progress in plans
        for variant, units in (("control", control), ("progress", progress))
        for cell in rate_cells(variant, units, 0) + rate_cells(variant, units, 0, segment=("plan", plan))
    ]
    definition = an_experiment_of("progress", plan={"segments": ["plan"]})
    return experiment_data(cells, definition=definition, by_segment=read)


def test_the_day_that_is_off_is_named() -> None:
    found = health_of(of_days((500, 510), (700, 480), (505, 500))).check("sample_ratio_by_day")
    assert found.state == "warning"
    assert "3 March 2026 (700 against 480" in found.says
    assert [part["off"] for part in found.details["parts"]] == [False, True, False]


def test_the_p_values_of_all_days_are_holms() -> None:
    days = [(500, 510), (560, 480), (505, 430), (2, 1)]
    found = health_of(of_days(*days)).check("sample_ratio_by_day")
    alone = [srm.chi_square(list(day), EVEN).p_value for day in days[:3]]
    adjusted = [part["p_value_adjusted"] for part in found.details["parts"]]
    assert adjusted[:3] == pytest.approx(list(multipletests(alone, method="holm")[1]))
    assert adjusted[3] is None
    assert "expects" in found.details["parts"][3]["unavailable"]["p_value"]
    assert found.p_value == min(adjusted[:3])


def test_the_segment_that_is_off_is_named_though_all_together_is_even() -> None:
    found = health_of(by_plan(("free", 1000, 800), ("pro", 800, 1000), ("team", 300, 310)))
    assert found.split.ok
    check = found.check("sample_ratio_by_segment")
    assert check.state == "warning"
    assert "plan = free (1,000 against 800" in check.says
    assert "plan = pro (800 against 1,000" in check.says
    assert found.ok  # a diagnosis stops nothing


def test_days_and_segments_share_the_error() -> None:
    found = health_of(by_plan(("free", 1000, 930)))
    alone = srm.chi_square([1000, 930], EVEN).p_value
    for name in ("sample_ratio_by_day", "sample_ratio_by_segment"):
        assert found.check(name).p_value == pytest.approx(2 * alone)


def test_segments_that_were_not_read_are_not_called_sound() -> None:
    check = health_of(by_plan(("free", 1000, 800), read=False)).check("sample_ratio_by_segment")
    assert (check.state, check.p_value) == ("not_evaluated", None)


def test_forty_sound_days_raise_no_more_alarms_than_stated() -> None:
    """At most 1 in 100 looks; 200 runs, three standard errors of the simulation above."""
    random = np.random.default_rng(20261103)
    alarms = 0
    for _ in range(200):
        control = random.binomial(200, 0.5, size=40)
        data = of_days(*((int(one), 200 - int(one)) for one in control))
        alarms += by_day(data, Ledger(data.cells)).state == "warning"
    assert alarms <= 200 * 0.01 + 3 * (200 * 0.01 * 0.99) ** 0.5
