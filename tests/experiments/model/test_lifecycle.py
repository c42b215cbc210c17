from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from experiments.errors import Conflict, InvalidInput
from experiments.model.exclusion import SPACE
from experiments.model.lifecycle import archive, pause, ship, start, stop
from experiments.model.state import ExperimentState, Status
from tests.factories import A_MONDAY, a_metric, a_running_state, a_state, an_experiment, variant_document

LATER = A_MONDAY + timedelta(days=3)

STEPS: dict[str, Callable[[ExperimentState], ExperimentState]] = {
    "start": lambda state: start(state, LATER),
    "pause": pause,
    "stop": lambda state: stop(state, LATER),
    "archive": archive,
    "ship": lambda state: ship(state, "progress", LATER),
}
ALLOWED = {
    (Status.DRAFT, "start"): Status.RUNNING,
    (Status.DRAFT, "archive"): Status.ARCHIVED,
    (Status.RUNNING, "pause"): Status.PAUSED,
    (Status.RUNNING, "stop"): Status.STOPPED,
    (Status.RUNNING, "ship"): Status.STOPPED,
    (Status.PAUSED, "start"): Status.RUNNING,
    (Status.PAUSED, "stop"): Status.STOPPED,
    (Status.PAUSED, "ship"): Status.STOPPED,
    (Status.STOPPED, "archive"): Status.ARCHIVED,
    (Status.STOPPED, "ship"): Status.STOPPED,
}


def in_status(status: Status) -> ExperimentState:
    return a_state() if status is Status.DRAFT else a_running_state(status=status)


@pytest.mark.parametrize(("status", "step"), ALLOWED)
def test_an_allowed_step_leads_where_it_should(status: Status, step: str) -> None:
    assert STEPS[step](in_status(status)).status is ALLOWED[status, step]


@pytest.mark.parametrize(
    ("status", "step"),
    [(status, step) for status in Status for step in STEPS if (status, step) not in ALLOWED],
)
def test_a_forbidden_step_is_a_conflict_that_says_why(status: Status, step: str) -> None:
    with pytest.raises(Conflict, match=f"cannot {step} 'low-balance-framing': it is {status}; .+"):
        STEPS[step](in_status(status))


def test_the_start_opens_the_first_phase_with_the_shares_of_then() -> None:
    started = start(a_state(), A_MONDAY)
    assert started.started_at == A_MONDAY
    (phase,) = started.phases
    assert (phase.number, phase.opened_at, phase.revision, phase.reason) == (1, A_MONDAY, 1, "start")
    assert phase.shares == {"control": "1/2", "progress": "1/2"}


def test_the_start_keeps_the_metrics_of_the_plan_as_they_are_then() -> None:
    plan = {"primary": "recharge", "guardrails": [{"metric": "support", "margin": 0.01}]}
    metrics = (a_metric(key="other"), a_metric(key="support"), a_metric())
    started = start(a_state(definition=an_experiment(plan=plan), metrics=metrics), A_MONDAY)
    assert [metric.key for metric in started.metrics] == ["recharge", "support"]


def test_a_start_without_a_metric_of_the_plan_is_refused() -> None:
    with pytest.raises(InvalidInput, match="no metric is called 'recharge'"):
        start(a_state(metrics=()), A_MONDAY)


def test_starting_again_after_a_pause_changes_nothing_but_the_status() -> None:
    running = a_running_state()
    assert start(pause(running), LATER) == running


@pytest.mark.parametrize("zero", ["control", "progress"])
def test_an_experiment_with_nothing_to_compare_does_not_start(zero: str) -> None:
    variants = [variant_document(key, weight=0 if key == zero else 1) for key in ("control", "progress")]
    with pytest.raises(InvalidInput, match="weight"):
        start(a_state(definition=an_experiment(variants=variants)), A_MONDAY)


def test_the_start_takes_its_traffic_of_the_exclusion_group() -> None:
    definition = an_experiment(exclusion_group="billing", traffic=0.25)
    started = start(a_state(definition=definition), A_MONDAY, taken={"other": ((0, SPACE // 2),)})
    assert started.slots == ((SPACE // 2, SPACE // 4 * 3),)


def test_a_start_in_a_full_exclusion_group_is_a_conflict() -> None:
    definition = an_experiment(exclusion_group="billing")
    with pytest.raises(Conflict, match="'other' holds 1"):
        start(a_state(definition=definition), A_MONDAY, taken={"other": ((0, SPACE),)})


def test_slots_are_kept_through_a_pause_and_given_back_at_the_stop() -> None:
    running = start(a_state(definition=an_experiment(exclusion_group="billing")), A_MONDAY)
    assert pause(running).slots == running.slots
    assert stop(running, LATER).slots == ()
    assert ship(running, "progress", LATER).slots == running.slots


def test_shipping_stops_and_serves_until_it_is_archived() -> None:
    shipped = ship(a_running_state(), "progress", LATER)
    assert (shipped.shipped, shipped.stopped_at, shipped.serves) == ("progress", LATER, True)
    assert ship(shipped, "control", LATER + timedelta(days=1)).stopped_at == LATER
    assert not archive(shipped).serves


def test_only_a_variant_that_there_is_can_be_shipped() -> None:
    with pytest.raises(InvalidInput) as refused:
        ship(a_running_state(), "progres", LATER)
    (fault,) = refused.value.faults
    assert (fault.pointer, fault.detail) == (
        "/variant",
        "no variant is called 'progres'; did you mean 'progress'?",
    )


def test_what_another_system_assigns_cannot_be_shipped_here() -> None:
    with pytest.raises(Conflict, match="another system"):
        ship(a_running_state(definition=an_experiment(assignment="external")), "progress", LATER)


@pytest.mark.parametrize("status", Status)
def test_only_what_runs_or_was_shipped_serves(status: Status) -> None:
    assert in_status(status).serves is (status is Status.RUNNING)


def test_a_state_survives_json() -> None:
    state = start(a_state(definition=an_experiment(exclusion_group="billing", traffic="0.1")), A_MONDAY)
    assert ExperimentState.model_validate_json(state.model_dump_json()) == state
