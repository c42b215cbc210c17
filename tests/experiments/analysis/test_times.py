"""Tests of times to an event: against every row recounted, with windows closed and open."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.duration.survfunc import SurvfuncRight, survdiff

from experiments.analysis.analyze import analyze
from experiments.analysis.data import ExperimentData
from experiments.analysis.results import MetricResult, VariantResult
from experiments.model.events import MICRO
from tests.analysis_factories import FIRST_DAY, a_phase, experiment_data, of_people
from tests.factories import a_metric, an_experiment

WINDOW = 7
WHOLE = WINDOW * 86_400
WAIT = a_metric(key="wait", kind="time", event="recharge", window_days=WINDOW)
DEFINITION = an_experiment(plan={"primary": "recharge", "secondary": ["wait"]})
METRICS = [a_metric(), WAIT]

Person = tuple[str, int, int | None]
"""Variant, day, and seconds to the event: None when it never came in the window."""


def three_digits(seconds: int) -> int:
    """The seconds as bins keep them, spelled by Python's own formatting."""
    step = 10 ** max(0, len(str(seconds * MICRO)) - 3)
    return min(-(-(-(-seconds * MICRO // step) * step) // MICRO), WHOLE)


def people(seed: int, n: int, *, days: int = 10, hazards: tuple[float, float] = (3.0, 2.0)) -> list[Person]:
    random = np.random.default_rng(seed)
    found: list[Person] = []
    for place, variant in enumerate(("control", "progress")):
        for _ in range(n):
            seconds = int(random.exponential(hazards[place] * 86_400)) + 1
            found.append((variant, int(random.integers(days)), seconds if seconds < WHOLE else None))
    return found


def data_of(persons: list[Person], *, days: float = 40, **fields: Any) -> ExperimentData:
    rows = [
        (variant, day, {} if seconds is None else {"wait": [seconds * MICRO, 0, 1]})
        for variant, day, seconds in persons
    ]
    return experiment_data(definition=DEFINITION, days=days, **of_people(METRICS, rows), **fields)


def wait_of(data: ExperimentData) -> MetricResult:
    return analyze(data).metric("wait")


def lift_of(metric: MetricResult) -> VariantResult:
    return metric.matured.variant("progress")


PERSONS = people(1, 400)


def test_the_mean_is_that_of_the_time_up_to_the_window() -> None:
    metric = wait_of(data_of(PERSONS))
    times = {
        key: np.array([WHOLE if one[2] is None else one[2] for one in PERSONS if one[0] == key], float)
        for key in ("control", "progress")
    }
    found, document = lift_of(metric), metric.document()
    assert found.mean == pytest.approx(times["progress"].mean(), rel=1e-12)
    welch = stats.ttest_ind(times["progress"], times["control"], equal_var=False)
    lift: Any = found.absolute
    assert lift.estimate == pytest.approx(times["progress"].mean() - times["control"].mean(), rel=1e-12)
    assert lift.p_value == pytest.approx(welch.pvalue, rel=1e-9)
    assert [*document["variants"][1]["absolute"]["interval"]] == pytest.approx(
        list(welch.confidence_interval(0.95)), rel=1e-9
    )
    assert (document["unit"], document["direction"]) == ("seconds", "decrease")
    assert document["variants"][1]["bayesian"]["chance_to_beat_control"] > 0.999  # sooner is better


def test_the_sequential_answer_of_a_time_is_that_of_its_mean() -> None:
    found = wait_of(data_of(people(1, 3000))).document()["variants"][1]
    lower, upper = found["sequential"]["interval"]
    assert lower < found["absolute"]["interval"][0] < found["absolute"]["interval"][1] < upper < 0


def test_curve_median_and_log_rank_are_those_of_statsmodels_on_every_row() -> None:
    document = wait_of(data_of(PERSONS)).document()["times"]
    rounded = [(one[0], three_digits(one[2] or WHOLE), one[2] is not None) for one in PERSONS]
    times, events = (np.array([row[place] for row in rounded]) for place in (1, 2))
    arms = np.array([row[0] for row in rounded])
    _, p_value = survdiff(times, events.astype(int), arms)
    assert document["log_rank"][0]["p_value"] == pytest.approx(p_value, rel=1e-9)
    for curve in document["curves"]:
        own = arms == curve["variant"]
        fit = SurvfuncRight(times[own], events[own].astype(int))
        assert (
            curve["median"]["seconds"] == sorted(times[own])[199]
        )  # of 400: statsmodels' product misses 1/2
        share = dict(zip(fit.surv_times.tolist(), fit.surv_prob.tolist(), strict=True))
        assert len(curve["points"]) > 50
        for point in curve["points"]:
            assert point["converted"] == pytest.approx(1 - share[point["seconds"]], abs=1e-12)
            assert point["interval"][0] <= point["converted"] <= point["interval"][1]


def test_binning_moves_the_curve_by_less_than_one_percent_of_the_time() -> None:
    persons = people(2, 2000)
    curve = wait_of(data_of(persons)).document()["times"]["curves"][0]
    exact = np.sort([one[2] or WHOLE for one in persons if one[0] == "control"])
    median = float(exact[999])
    assert median <= curve["median"]["seconds"] <= median * 1.01


def censored(persons: list[Person], as_of_day: float) -> list[tuple[str, int, bool]]:
    """Every row as it was watched: until the whole seconds since the end of its day, at most the window."""
    as_of = FIRST_DAY + timedelta(days=as_of_day)
    found = []
    for variant, day, seconds in persons:
        ended = FIRST_DAY + timedelta(days=day + 1)
        followed = min(WHOLE, max(0, int((as_of - ended).total_seconds())))
        rounded = WHOLE + 1 if seconds is None else three_digits(seconds)
        found.append((variant, min(rounded, followed), rounded <= followed))
    return found


def test_open_windows_are_censored_and_not_taken_as_slow() -> None:
    many = people(1, 1500)
    metric = wait_of(data_of(many, days=12.5))
    rows = censored(many, 12.5)
    assert metric.provisional
    times, events = (np.array([row[place] for row in rows]) for place in (1, 2))
    arms = np.array([row[0] for row in rows])
    document = metric.document()
    _, p_value = survdiff(times, events.astype(int), arms)
    assert document["times"]["log_rank"][0]["p_value"] == pytest.approx(p_value, rel=1e-9)
    for place, key in enumerate(("control", "progress")):
        fit = SurvfuncRight(times[arms == key], events[arms == key].astype(int))
        edges = np.concatenate([[0], fit.surv_times, [WHOLE]])
        area = float(np.concatenate([[1], fit.surv_prob]) @ np.diff(edges))
        assert document["variants"][place]["mean"] == pytest.approx(area, rel=1e-9)
        assert document["variants"][place]["method"] == "restricted_mean"


def test_a_mean_to_date_that_nobody_was_followed_for_is_not_made_up() -> None:
    metric = wait_of(data_of(PERSONS, days=4))
    found = metric.document()["variants"][1]
    assert found["mean"] is None
    assert "followed" in found["unavailable"]["mean"]
    assert found["absolute"] is None
    assert metric.document()["times"]["curves"][0]["points"]


def test_several_phases_have_their_own_curves_and_one_stratified_test() -> None:
    fields = of_people(
        METRICS, [(v, d, {} if s is None else {"wait": [s * MICRO, 0, 1]}) for v, d, s in PERSONS]
    )
    later = of_people(
        METRICS,
        [(v, d + 10, {} if s is None else {"wait": [s * MICRO, 0, 1]}) for v, d, s in people(5, 200)],
        phase=2,
    )
    both = {name: [*fields[name], *later[name]] for name in ("cells", "bins")}
    data = experiment_data(
        definition=DEFINITION, metrics=METRICS, phases=[a_phase(), a_phase(2, day=10)], **both
    )
    metric = wait_of(data)
    document = metric.document()["times"]
    assert [(one["phase"], one["variant"]) for one in document["curves"]] == [
        *[(1, "control"), (1, "progress"), (2, "control"), (2, "progress")]
    ]
    rows = [
        (phase, v, three_digits(s or WHOLE), s is not None)
        for phase, persons in ((1, PERSONS), (2, people(5, 200)))
        for v, _, s in persons
    ]
    strata, arms, times, events = (np.array([row[place] for row in rows]) for place in range(4))
    _, p_value = survdiff(times, events.astype(int), arms, strata=strata)
    assert document["log_rank"][0] == {
        "variant": "progress",
        "p_value": pytest.approx(p_value, rel=1e-9),
        "test": "log_rank_stratified_by_phase",
    }
    lift: Any = lift_of(metric).absolute
    assert lift.method == "stratified_by_phase"


def test_bins_that_are_missing_are_said_and_the_mean_stays() -> None:
    data = data_of(PERSONS)
    without = experiment_data(definition=DEFINITION, metrics=METRICS, cells=data.cells)
    document = wait_of(without).document()
    assert document["times"] is None
    assert "keepgoing rebuild" in document["unavailable"]["times"]
    assert document["variants"][1]["mean"] is not None


def test_a_time_guardrail_is_tested_for_harm_and_non_inferiority() -> None:
    plan = {"primary": "recharge", "guardrails": [{"metric": "wait", "margin": 3600}]}
    definition = an_experiment(plan=plan)
    rows = [
        (v, d, {"recharge": [1, 0, 1]} | ({} if s is None else {"wait": [s * MICRO, 0, 1]}))
        for v, d, s in people(3, 3000, hazards=(1.0, 3.0))
    ]
    found = analyze(experiment_data(definition=definition, **of_people(METRICS, rows)))
    assert found.verdict.outcome == "stop_harm"
    assert any("wait" in reason for reason in found.verdict.reasons)


hostile = st.lists(
    st.tuples(
        st.sampled_from(["control", "progress"]),
        st.integers(0, 8),
        st.one_of(st.none(), st.integers(0, WHOLE - 1)),
    ),
    max_size=30,
)


@settings(max_examples=60, deadline=None)
@given(hostile, st.floats(0, 20))
def test_whatever_came_there_is_an_answer_or_a_reason(persons: list[Person], days: float) -> None:
    document = wait_of(data_of(persons, days=days)).document()
    for variant in document["variants"]:
        assert variant["mean"] is not None or variant["unavailable"]["mean"]
    for curve in document["times"]["curves"]:
        assert all(0 <= point["converted"] <= 1 for point in curve["points"])
