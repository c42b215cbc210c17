"""All checks of one experiment together."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from experiments.analysis import wording
from tests.analysis_factories import an_experiment_of, experiment_data, rate_cells
from tests.healths import health_of, of_days

NAMES = [
    "sample_ratio",
    "sample_ratio_chi_square",
    "sample_ratio_by_segment",
    "sample_ratio_by_day",
    "doubly_exposed",
    "empty_variants",
    "pre_exposure_balance",
    "too_good_to_be_true",
    "outliers",
    "novelty",
    "event_lag",
    "last_event",
    "uncounted_exposures",
    "moved_by_phase",
    "fallbacks",
    "unmatched_conversions",
]
STOP = {"sample_ratio", "sample_ratio_chi_square", "doubly_exposed", "empty_variants"}


def test_every_check_is_there_with_its_name_and_a_title_for_people() -> None:
    names = [check.name for check in health_of(of_days((500, 500))).checks]
    assert names[: len(NAMES)] == NAMES
    assert set(names) <= wording.CHECKS.keys()


counts = st.integers(min_value=0, max_value=5000)


@given(st.lists(st.tuples(counts, counts, counts, counts), max_size=10))
def test_whatever_the_counts_each_check_says_a_sentence_and_only_four_can_stop(
    days: list[tuple[int, int, int, int]],
) -> None:
    cells = []
    for day, (control, progress, some, others) in enumerate(days):
        cells += rate_cells("control", control, min(some, control), day=day)
        cells += rate_cells("progress", progress, min(others, progress), day=day)
    found = health_of(experiment_data(cells, definition=an_experiment_of("progress")))
    json.dumps(found.document(), allow_nan=False)
    for check in found.checks:
        assert check.says.endswith(".")
        assert check.p_value is None or 0 <= check.p_value <= 1
        assert check.state != "stop" or check.name in STOP
    assert found.ok == all(check.state != "stop" for check in found.checks)
