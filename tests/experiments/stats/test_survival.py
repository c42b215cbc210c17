from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.duration.survfunc import SurvfuncRight, survdiff

from experiments.errors import NotEnoughData
from experiments.stats import mean, proportion, survival
from experiments.stats.estimate import Counts
from experiments.stats.survival import Durations
from tests.experiments.stats.strategies import answer_or_none, from_values


def followed(text: str) -> Durations:
    """Durations as books print them: `6 6+` is an event at 6, and one last seen at 6 without."""
    return Durations.of((int(word.rstrip("+")), not word.endswith("+")) for word in text.split())


# Freireich et al. (1963), Blood 21, 699: weeks of remission of leukaemia, as in every book on the subject
MERCAPTOPURINE = followed("6 6 6 6+ 7 9+ 10 10+ 11+ 13 16 17+ 19+ 20+ 22 23 25+ 32+ 32+ 34+ 35+")
PLACEBO = followed("1 1 2 2 3 4 4 5 5 8 8 8 8 11 11 12 12 15 17 22 23")
# R's survival::aml, with the figures of its documentation
MAINTAINED = followed("9 13 13+ 18 23 28+ 31 34 45+ 48 161+")
NOT_MAINTAINED = followed("5 5 8 8 12 16+ 23 27 30 33 43 45")

rows = st.lists(st.tuples(st.integers(0, 12), st.booleans()), max_size=40)


def test_freireichs_curve_is_as_published() -> None:
    points = survival.curve(MERCAPTOPURINE, 0.95)
    assert [(p.time, p.at_risk, p.events) for p in points] == [
        (6, 21, 3),
        (7, 17, 1),
        (10, 15, 1),
        (13, 12, 1),
        (16, 11, 1),
        (22, 7, 1),
        (23, 6, 1),
    ]
    published = [0.857, 0.807, 0.753, 0.690, 0.627, 0.538, 0.448]
    assert [p.share for p in points] == pytest.approx(published, abs=5e-4)


def test_freireichs_log_rank_test_is_as_published() -> None:
    test = survival.log_rank(PLACEBO, MERCAPTOPURINE)
    assert test.statistic == pytest.approx(16.79, abs=5e-3)
    assert test.p_value == pytest.approx(4.17e-5, abs=5e-8)


def test_the_leukaemia_trial_of_r_has_its_published_figures() -> None:
    # survdiff(Surv(time, status) ~ x, aml): chisq 3.4, p 0.07; survfit's rmean: 52.65 (19.83), 22.71 (4.18)
    # (so says R 4.2.2 with survival 3.5.3, which was run)
    test = survival.log_rank(NOT_MAINTAINED, MAINTAINED)
    assert (test.statistic, test.p_value) == (pytest.approx(3.396, abs=5e-4), pytest.approx(0.0653, abs=5e-5))
    for durations, area, error in ((MAINTAINED, 52.65, 19.83), (NOT_MAINTAINED, 22.71, 4.18)):
        answer = survival.restricted_mean(durations, 161, least_followed=1)
        n = answer.participants
        assert answer.mean == pytest.approx(area, abs=5e-3)
        assert math.sqrt(answer.variance / n * (n - 1) / n) == pytest.approx(error, abs=5e-3)


def _arrays(durations: Durations) -> tuple[np.ndarray, np.ndarray]:
    times, status = np.array(durations.times * 2), np.repeat([1, 0], len(durations.times))
    counts = np.array(durations.events + durations.censored)
    return np.repeat(times, counts), np.repeat(status, counts)


@settings(deadline=None)
@given(rows, rows)
def test_the_log_rank_test_is_statsmodels(
    first: list[tuple[int, bool]], second: list[tuple[int, bool]]
) -> None:
    control, treatment = Durations.of(first), Durations.of(second)
    test = answer_or_none(lambda: survival.log_rank(control, treatment))
    if test is None:
        return
    pairs = [_arrays(one) for one in (control, treatment)]
    time, status = (np.concatenate([pair[i] for pair in pairs]) for i in (0, 1))
    group = np.repeat([0, 1], [control.participants, treatment.participants])
    statistic, p_value = survdiff(time, status, group)
    assert (test.statistic, test.p_value) == (pytest.approx(statistic), pytest.approx(p_value))


def test_grouped_durations_have_the_curve_of_statsmodels_on_rows() -> None:
    expected = SurvfuncRight(*_arrays(MAINTAINED))
    points = survival.curve(MAINTAINED, 0.95)
    assert [p.share for p in points] == pytest.approx(expected.surv_prob.tolist(), rel=1e-12)
    assert [p.time for p in points] == expected.surv_times.tolist()


def test_without_censoring_the_interval_is_wilsons() -> None:
    points = survival.curve(PLACEBO, 0.95)
    for point in points[:-1]:
        left = round(21 * point.share)
        expected = proportion.rate(Counts(21, left), 0.95).interval
        assert point.interval.lower == pytest.approx(expected.lower)
        assert point.interval.upper == pytest.approx(expected.upper)
    assert points[-1].share == 0.0
    assert 0.1 < points[-1].interval.upper < 0.25


@given(st.lists(st.integers(0, 30), min_size=2, max_size=40), st.integers(1, 40))
def test_without_censoring_the_restricted_mean_is_the_mean_of_the_shortened_times(
    times: list[int], horizon: int
) -> None:
    answer = survival.restricted_mean(Durations.of((t, True) for t in times), horizon, least_followed=0)
    plain = from_values([min(t, horizon) for t in times])
    assert answer.mean == pytest.approx(plain.mean, abs=1e-9)
    assert answer.variance == pytest.approx(plain.variance, abs=1e-9)


def test_the_difference_of_restricted_means_is_welchs_without_censoring() -> None:
    times = np.random.default_rng(1).integers(0, 30, (2, 80)).tolist()
    pair = [Durations.of((t, True) for t in one) for one in times]
    plain = [from_values([min(t, 20) for t in one]) for one in times]
    answer = survival.restricted_mean_difference(*pair, 20, 0.95)
    expected = mean.difference(*plain, 0.95)
    assert answer.estimate == pytest.approx(expected.estimate)
    assert answer.interval.upper == pytest.approx(expected.interval.upper)
    assert survival.restricted_mean_test(*pair, 20).p_value == pytest.approx(
        mean.difference_test(*plain).p_value
    )


def test_resampled_participants_spread_as_the_variance_of_the_restricted_mean_says() -> None:
    generator = np.random.default_rng(2)
    events, ends = generator.geometric(0.1, 200) - 1, generator.integers(5, 30, 200)
    people = [(int(min(e, c)), bool(e <= c)) for e, c in zip(events, ends, strict=True)]
    answer = survival.restricted_mean(Durations.of(people), 20, least_followed=1)
    resampled = [
        survival.restricted_mean(Durations.of(people[i] for i in drawn), 20, least_followed=1).mean
        for drawn in generator.integers(0, 200, (600, 200))
    ]
    assert math.sqrt(answer.variance / 200) == pytest.approx(np.std(resampled), rel=0.09)


def test_two_halves_add_up_to_the_whole() -> None:
    together = MAINTAINED + NOT_MAINTAINED
    assert together.participants == 23
    assert survival.log_rank(together, together).statistic == 0.0
    assert together.at_risk(45) == 4


@pytest.mark.parametrize(
    ("durations", "reason"),
    [
        (((1,), (1, 2), (0,)), "same length"),
        (((-1,), (1,), (0,)), r"times\[0\] == -1"),
        (((2, 2), (1, 1), (0, 0)), "must increase"),
        (((1,), (-1,), (0,)), "must be >= 0"),
        (((1,), (10**12,), (1,)), "participants =="),
    ],
)
def test_durations_that_cannot_be_are_refused(durations: tuple[tuple[int, ...], ...], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        Durations(*durations)


def test_a_horizon_that_too_few_were_followed_to_is_not_answered() -> None:
    with pytest.raises(NotEnoughData, match="needs 10 participants followed to it; it has 4"):
        survival.restricted_mean(MERCAPTOPURINE, 26)
    with pytest.raises(NotEnoughData, match="there are 1"):
        survival.restricted_mean(Durations.of([(1, True)]), 1)
    with pytest.raises(ValueError, match="horizon == 0"):
        survival.restricted_mean(PLACEBO, 0)


def test_where_the_event_came_for_all_before_the_horizon_nobody_need_be_followed() -> None:
    assert survival.restricted_mean(PLACEBO, 100).mean == pytest.approx(182 / 21)


def test_without_events_there_is_no_step_and_no_test() -> None:
    nobody = Durations.of([(9, False)] * 20)
    assert survival.curve(nobody, 0.95) == ()
    assert survival.restricted_mean(nobody, 9).mean == 9.0
    with pytest.raises(NotEnoughData, match="No event"):
        survival.log_rank(nobody, nobody)
    with pytest.raises(NotEnoughData, match="at least one participant"):
        survival.log_rank(nobody, Durations((), (), ()))


@settings(deadline=None)
@given(rows, rows, st.integers(1, 14), st.sampled_from([1, 10**9]))
def test_any_durations_have_an_answer_or_a_reason(
    first: list[tuple[int, bool]], second: list[tuple[int, bool]], horizon: int, copies: int
) -> None:
    pair = [_times(copies, Durations.of(one)) for one in (first, second)]
    points = answer_or_none(lambda: survival.curve(pair[0], 0.95)) or ()
    assert all(0 <= p.interval.lower <= p.share <= p.interval.upper <= 1 for p in points)
    answer = answer_or_none(lambda: survival.restricted_mean_difference(*pair, horizon, 0.95))
    assert answer is None or (math.isfinite(answer.estimate) and answer.interval.contains(answer.estimate))
    for question in (lambda: survival.log_rank(*pair), lambda: survival.restricted_mean_test(*pair, horizon)):
        test = answer_or_none(question)
        assert test is None or 0 <= test.p_value <= 1


def _times(copies: int, durations: Durations) -> Durations:
    events, censored = (
        tuple(copies * n for n in counts) for counts in (durations.events, durations.censored)
    )
    return Durations(durations.times, events, censored)


def _shares(runs: int) -> tuple[float, float]:
    """No difference, recruited over 30 days: share of intervals that hold 0, and of log-rank p <= 0.05."""
    generator = np.random.default_rng(3)
    held = rejected = 0
    for _ in range(runs):
        events = generator.geometric(0.05, (2, 300)) - 1
        ends = generator.integers(10, 40, (2, 300))
        times, seen = np.minimum(events, ends), events <= ends
        pair = [
            Durations.of(zip(t.tolist(), s.tolist(), strict=True)) for t, s in zip(times, seen, strict=True)
        ]
        held += survival.restricted_mean_difference(*pair, 25, 0.95).interval.contains(0.0)
        rejected += survival.log_rank(*pair).p_value <= 0.05
    return held / runs, rejected / runs


def test_intervals_cover_and_the_log_rank_test_keeps_its_error() -> None:
    held, rejected = _shares(300)
    assert 0.91 <= held <= 0.985
    assert 0.015 <= rejected <= 0.09


@pytest.mark.slow
def test_intervals_cover_and_the_log_rank_test_keeps_its_error_as_promised() -> None:
    held, rejected = _shares(3000)
    assert 0.938 <= held <= 0.962
    assert 0.038 <= rejected <= 0.062
