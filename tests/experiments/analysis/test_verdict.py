"""Every outcome of a verdict, reached through the whole analysis; and the rules' order."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from experiments.analysis.alarms import Alarm, Clearance
from experiments.analysis.analyze import analyze, verdict_of
from experiments.analysis.data import ExperimentData
from experiments.analysis.document import verdict_document
from experiments.analysis.outcome import Verdict
from experiments.analysis.verdict import NAMES, RULES_VERSION
from experiments.model.tally import Cell, Tally
from tests.analysis_factories import (
    FIRST_DAY,
    an_experiment_of,
    experiment_data,
    metric_cell,
    rate_cells,
    spread,
)
from tests.factories import a_metric

Cells = list[tuple[Cell, Tally]]
SUPPORT = a_metric(key="support", kind="conversion", event="support", window_days=7, direction="decrease")


def two(control: int, treatment: int, *, n: int = 10_000, days: int = 14, first: int = 0) -> Cells:
    """Control and progress with these conversions of `n` participants each, spread over days."""
    return spread("control", n, control, days=days, first=first) + spread(
        "progress", n, treatment, days=days, first=first
    )


def data_of(cells: Cells, *, plan: dict[str, Any] | None = None, **fields: Any) -> ExperimentData:
    """Two variants with a plan of 10,000 participants each, more or less, unless the plan says otherwise."""
    settings = {"baseline": 0.1, "mde_relative": 0.125, **(plan or {})}
    return experiment_data(cells, definition=an_experiment_of("progress", plan=settings), **fields)


def with_support(cells: Cells, control: int, treatment: int, *, margin: float = 0.01) -> ExperimentData:
    """The same with a guardrail: so many support contacts."""
    support = [metric_cell("control", 10_000, control, metric="support")]
    support.append(metric_cell("progress", 10_000, treatment, metric="support"))
    plan = {"guardrails": [{"metric": "support", "margin": margin}]}
    return data_of(cells + support, plan=plan, metrics=[a_metric(), SUPPORT])


def three(a: int, b: int, **plan: Any) -> ExperimentData:
    """Control at 1,000 of 10,000, and two treatments."""
    cells = (
        spread("control", 10_000, 1_000, days=14)
        + spread("a", 10_000, a, days=14)
        + spread("b", 10_000, b, days=14)
    )
    settings = {"baseline": 0.1, "mde_relative": 0.13, **plan}
    return experiment_data(cells, definition=an_experiment_of("a", "b", plan=settings))


CASES: dict[str, tuple[str, Callable[[], ExperimentData]]] = {
    "two percent saw both": (
        "invalid",
        lambda: data_of(two(1000, 1200) + rate_cells("control", 500, 50, crossed=True)),
    ),
    "a variant is never seen": ("invalid", lambda: data_of(spread("control", 300, 30, days=14))),
    "the split is wrong": (
        "invalid",
        lambda: data_of(spread("control", 10_000, 900, days=14) + spread("progress", 9_000, 900, days=14)),
    ),
    "nothing came yet": ("collecting", lambda: data_of([], status="draft", started_at=None)),
    "six days": ("collecting", lambda: data_of(two(1000, 1200, days=1), days=6)),
    "few participants": ("collecting", lambda: data_of(two(40, 45, n=99))),
    "few conversions": ("collecting", lambda: data_of(two(24, 60))),
    "stopped, windows open": (
        "collecting",
        lambda: data_of(two(300, 310, n=3000), days=15, status="stopped"),
    ),
    "half way and even": ("keep_running", lambda: data_of(two(400, 410, n=4000))),
    "paused half way": ("keep_running", lambda: data_of(two(400, 410, n=4000), status="paused")),
    "a rate that no plan fits": (
        "keep_running",
        lambda: data_of(two(10_000, 10_000), plan={"baseline": None}),
    ),
    "no plan fits and it is over": (
        "inconclusive",
        lambda: data_of(two(10_000, 10_000), plan={"baseline": None}, status="stopped"),
    ),
    "far worse": ("stop_harm", lambda: data_of(two(1000, 600))),
    "far worse on the first days": (
        "stop_harm",
        lambda: data_of(two(1000, 600, days=1), metrics=[a_metric(window_days=1)], days=3),
    ),
    "support overrun": ("stop_harm", lambda: with_support(two(1000, 1200), 300, 900)),
    "support not cleared": ("winner_blocked", lambda: with_support(two(1000, 1200), 300, 380)),
    "better": ("winner", lambda: data_of(two(1000, 1200))),
    "better and support is fine": ("winner", lambda: with_support(two(1000, 1200), 300, 310)),
    "better in an open run": ("winner", lambda: data_of(two(1000, 1200), plan={"mode": "open"})),
    "the better of two": ("winner", lambda: three(1150, 1300)),
    "two alike and better": ("tie", lambda: three(1250, 1251)),
    "the same": ("no_difference", lambda: data_of(two(1000, 1001, n=10_000))),
    "two that are the same": ("no_difference", lambda: three(1001, 999, mde_relative=0.14)),
    "one the same, one worse": ("control_wins", lambda: three(1001, 870, mde_relative=0.14)),
    "one worse, one not decided": ("inconclusive", lambda: three(920, 870, mde_relative=0.14)),
    "both worse": ("control_wins", lambda: three(880, 870, mde_relative=0.14)),
    "worse at the end": ("control_wins", lambda: data_of(two(1000, 900))),
    "neither at the end": ("inconclusive", lambda: data_of(two(1000, 1070))),
    "the longest run is over": ("inconclusive", lambda: data_of(two(100, 115, n=1000, days=42), days=60)),
    "stopped half way": ("inconclusive", lambda: data_of(two(400, 420, n=4000), status="stopped")),
}


@pytest.mark.parametrize("name", CASES)
def test_each_outcome_is_reached(name: str) -> None:
    outcome, build = CASES[name]
    found = verdict_of(build())
    assert found.outcome == outcome, found.reasons


def test_the_cases_reach_every_outcome() -> None:
    assert {outcome for outcome, _ in CASES.values()} == {
        "invalid", "collecting", "keep_running", "stop_harm", "winner_blocked",
        "winner", "tie", "no_difference", "control_wins", "inconclusive",
    }  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_every_gate_is_listed_and_just_one_decides(name: str) -> None:
    found = verdict_of(CASES[name][1]())
    assert [(gate.number, gate.name) for gate in found.gates] == list(enumerate(NAMES, start=1))
    assert [gate.state for gate in found.gates].count("applies") == 1
    assert all(gate.detail for gate in found.gates)
    assert found.reasons
    assert found.rules == RULES_VERSION


@pytest.mark.parametrize("name", CASES)
def test_only_the_outcome_winner_names_one(name: str) -> None:
    found = verdict_of(CASES[name][1]())
    assert (found.winner is not None) == (found.outcome == "winner")


@pytest.mark.parametrize("name", CASES)
def test_a_verdict_is_recorded_with_finite_numbers_and_the_same_bytes(name: str) -> None:
    data = CASES[name][1]()
    written = json.dumps(verdict_document(verdict_of(data)), allow_nan=False)
    assert written == json.dumps(analyze(data).document()["verdict"], allow_nan=False)


def test_just_one_percent_doubly_exposed_is_not_too_many() -> None:
    found = verdict_of(data_of(two(1000, 1200, n=9900) + rate_cells("control", 200, 20, crossed=True)))
    assert found.inputs["exposure"] == {"units": 20_000, "doubly_exposed": 200, "empty": []}
    assert found.gates[0].state == "passed"


def test_the_winner_is_named_with_its_lift_and_interval() -> None:
    found = verdict_of(data_of(two(1000, 1200)))
    assert found.winner == "progress"
    assert "progress against control on recharge: +2.00 percentage points (95% interval" in found.reasons[0]
    assert found.inputs["compared"][0]["lift"]["estimate"] == pytest.approx(0.02)


def test_the_better_of_two_winners_is_the_one_that_is_ahead() -> None:
    found = verdict_of(three(1150, 1300))
    assert (found.winner, found.variants) == ("b", ("b",))


def test_a_tie_names_all_that_may_be_shipped() -> None:
    assert verdict_of(three(1250, 1251)).variants == ("a", "b")


def test_holm_lets_a_second_treatment_through_once_a_first_has_passed() -> None:
    """z = 2.2 lies between the bounds for one and for two open comparisons."""
    alone, beside_a_better = verdict_of(three(1000, 1096)), verdict_of(three(1500, 1096))
    assert (
        alone.inputs["looks"]["bounds"][0]
        < alone.inputs["compared"][1]["z"]
        < alone.inputs["looks"]["bounds"][1]
    )
    assert "No treatment is beyond the bound" in alone.gates[4].detail
    assert "better side: a and b" in beside_a_better.gates[4].detail


def test_open_mode_steps_down_by_holm_too() -> None:
    alone, beside_a_better = (
        verdict_of(three(1000, 1142, mode="open")),
        verdict_of(three(1500, 1142, mode="open")),
    )
    assert 0.025 < alone.inputs["compared"][1]["sequential_p_value"] <= 0.05
    assert "No treatment is beyond the bound" in alone.gates[4].detail
    assert "better side: a and b" in beside_a_better.gates[4].detail


def test_harm_names_the_variant_and_waits_for_no_minimum_run() -> None:
    found = verdict_of(CASES["far worse on the first days"][1]())
    assert found.variants == ("progress",)
    assert "at least" in found.reasons[0]
    assert found.gates[2].state == "not_reached"
    assert "does not wait" in found.gates[2].detail


def test_what_is_missing_says_how_much_and_when() -> None:
    found = verdict_of(data_of(two(20, 60, n=400, days=10), days=18))
    (conversions,) = found.missing
    assert (conversions.what, conversions.have, conversions.need) == ("conversions of control", 20, 25)
    assert conversions.expected_at == FIRST_DAY + timedelta(days=18 + 3)  # 20 in 10 days, 5 more in 3


def test_the_minimum_run_is_expected_on_its_day() -> None:
    found = verdict_of(data_of(two(1000, 1100, days=3), days=4, metrics=[a_metric(window_days=1)]))
    assert found.missing[0].what == "full days"
    assert found.missing[0].expected_at == FIRST_DAY + timedelta(days=7)


def test_a_stopped_experiment_has_run_until_its_last_exposure() -> None:
    """Looking at it a year later does not make three days a week."""
    data = data_of(two(1000, 1300, days=3), status="stopped", days=365)
    found = verdict_of(data)
    assert found.outcome == "collecting"
    assert found.missing[0].have == 3
    assert verdict_of(replace(data, status="running")).outcome == "winner"


def test_keep_running_says_how_long_and_with_what_chance() -> None:
    found = verdict_of(data_of(two(400, 410, n=4000)))
    assert any("days left" in reason for reason in found.reasons)
    assert any("chance of" in reason for reason in found.reasons)
    assert found.missing[0].need > 4000


def test_guardrails_that_cannot_be_computed_block_and_say_so() -> None:
    wait = a_metric(key="support", kind="time", event="support", window_days=7)
    plan = {"baseline": 0.1, "mde_relative": 0.125, "guardrails": [{"metric": "support", "margin": 1}]}
    definition = an_experiment_of("progress", plan=plan)
    found = verdict_of(experiment_data(two(1000, 1200), definition=definition, metrics=[a_metric(), wait]))
    assert found.outcome == "winner_blocked"
    assert any("All values are the same" in reason for reason in found.reasons)
    assert "Not checked" in found.gates[3].detail


def test_a_guardrail_blocks_only_the_variant_that_fails_it() -> None:
    cells = (
        spread("control", 10_000, 1_000, days=14)
        + spread("a", 10_000, 1_200, days=14)
        + spread("b", 10_000, 1_300, days=14)
    )
    cells += [
        metric_cell(key, 10_000, count, metric="support")
        for key, count in (("control", 300), ("a", 300), ("b", 385))
    ]
    plan = {"baseline": 0.1, "mde_relative": 0.13, "guardrails": [{"metric": "support", "margin": 0.01}]}
    definition = an_experiment_of("a", "b", plan=plan)
    found = verdict_of(experiment_data(cells, definition=definition, metrics=[a_metric(), SUPPORT]))
    assert (found.outcome, found.winner) == ("winner", "a")
    assert "b may be worse on support" in found.gates[5].detail


def test_the_end_of_a_plan_says_of_each_treatment_how_it_is_to_be_read() -> None:
    _, both, worse, a, b = verdict_of(three(1001, 870, mde_relative=0.14)).reasons
    assert "Nothing is better by the margin" in both
    assert worse == "b is worse than control beyond doubt."
    assert a.startswith("a against control")
    assert a.endswith("It makes no difference that matters.")
    assert b.endswith("It is worse beyond doubt.")


def test_an_open_treatment_does_not_hide_that_another_is_worse() -> None:
    _, open_one, worse, a, b = verdict_of(three(920, 870, mde_relative=0.14)).reasons
    assert open_one == "The data of a fit both a difference that matters and none."
    assert worse == "b is worse than control beyond doubt."
    assert (a.endswith("This is not decided."), b.endswith("It is worse beyond doubt.")) == (True, True)


def test_a_difference_inside_the_margin_is_none_that_matters_even_when_it_is_beyond_doubt() -> None:
    found = verdict_of(data_of(two(10_000, 9_700, n=100_000), plan={"mde_relative": 0.04, "margin": 0.06}))
    assert found.outcome == "no_difference"
    assert found.gates[4].detail.startswith("Beyond the bound on the worse side")
    assert found.reasons[-1].endswith("It is worse, but by less than the margin that matters.")


def test_no_difference_never_speaks_of_a_treatment_that_is_worse_by_the_margin() -> None:
    outcomes = set()
    for b in range(850, 1000, 10):
        found = verdict_of(three(1001, b, mde_relative=0.14))
        outcomes.add(found.outcome)
        assert not (found.outcome == "no_difference" and "worse beyond doubt" in " ".join(found.reasons))
    assert outcomes == {"control_wins", "inconclusive", "no_difference"}


def test_lower_is_better_wins_by_going_down() -> None:
    metric = a_metric(direction="decrease")
    assert verdict_of(data_of(two(1200, 1000), metrics=[metric])).winner == "progress"
    assert verdict_of(data_of(two(1000, 1090), metrics=[metric])).outcome in ("control_wins", "inconclusive")
    assert verdict_of(data_of(two(1000, 1600), metrics=[metric])).outcome == "stop_harm"


def test_open_windows_never_decide() -> None:
    """A treatment that only makes people recharge sooner is not better: whole windows are waited for."""
    young = two(100, 900, n=5000, days=7, first=14)
    old = two(1000, 1010, n=10_000, days=14)
    without = verdict_of(data_of(old, plan={"mde_relative": 0.05}, days=21))
    found = verdict_of(data_of(old + young, plan={"mde_relative": 0.05}, days=21))
    assert found.inputs["compared"] == without.inputs["compared"]


def test_who_comes_after_the_end_of_the_plan_does_not_decide() -> None:
    ended = two(1000, 1200)
    late = two(600, 100, n=3000, days=5, first=14)
    one, other = (verdict_of(data_of(cells)) for cells in (ended, ended + late))
    assert one.inputs["compared"] == other.inputs["compared"]
    assert one.outcome == other.outcome == "winner"
    assert "who came later is shown only" in other.inputs["looks"]["final"]


def replayed(data: ExperimentData) -> list[Verdict]:
    """The verdicts of all days, each from what was known then."""
    first, days = FIRST_DAY, range(8, 40)
    return [verdict_of(replace(data, as_of=first + timedelta(days=day))) for day in days]


def test_asking_every_day_changes_no_bound() -> None:
    found = replayed(data_of(two(1000, 1100, days=20)))
    numbers = [one.inputs["looks"]["number"] for one in found if "fraction" in (one.inputs["looks"] or {})]
    assert numbers == sorted(numbers)
    assert len(set(numbers)) > 5


def test_an_external_experiment_that_is_over_has_one_look_at_all_of_it() -> None:
    definition = an_experiment_of("progress", assignment="external")
    data = experiment_data(two(1000, 1100), definition=definition, status="stopped")
    looks = verdict_of(data).inputs["looks"]
    assert (looks["number"], looks["fraction"]) == (1, 1.0)
    assert looks["bounds"][0] == pytest.approx(1.96, abs=1e-3)


def test_stopping_by_hand_spends_no_more_than_was_earned() -> None:
    """Who stops may have seen how it goes: the bound stays that of the look's own fraction."""
    stopped = verdict_of(data_of(two(400, 500, n=4000), status="stopped"))
    running = verdict_of(data_of(two(400, 500, n=4000)))
    assert stopped.inputs["looks"]["bounds"] == running.inputs["looks"]["bounds"]


@pytest.mark.parametrize("gate", [1, 2])
def test_an_alarm_that_stands_makes_any_verdict_invalid_whatever_the_numbers_say_now(gate: int) -> None:
    alarm = Alarm(gate, FIRST_DAY, "It was off.")
    found = verdict_of(data_of(two(1000, 1200), alarm=alarm))
    assert found.outcome == "invalid"
    assert [one.state for one in found.gates].index("applies") == gate - 1
    assert found.reasons[0] == "It was off. Recorded on 2 March 2026."
    assert found.inputs["alarm"] == {"gate": gate, "at": "2026-03-02T00:00:00Z", "said": "It was off."}


def test_after_the_clearing_the_verdict_is_the_one_that_the_numbers_give() -> None:
    cleared = Clearance(2, FIRST_DAY, "cli", "The old app is gone.")
    found = verdict_of(data_of(two(1000, 1200), clearances=(cleared,)))
    assert found.outcome == "winner"
    assert "“The old app is gone.”" in found.gates[1].detail
    assert "cleared" not in found.gates[0].detail.lower()
