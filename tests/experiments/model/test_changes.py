from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from experiments.errors import Conflict, InvalidInput
from experiments.model.changes import Frozen, change, error_code_faults_while_running
from experiments.model.exclusion import SPACE
from experiments.model.experiment import Experiment
from experiments.model.lifecycle import start
from experiments.model.state import ExperimentState, Status
from tests.factories import (
    A_MONDAY,
    a_running_state,
    a_state,
    an_error_code,
    an_experiment,
    message_document,
    variant_document,
)

LATER = A_MONDAY + timedelta(days=3)
PRO = {"attribute": "plan", "op": "eq", "value": "pro"}


def of_variants(*variants: dict[str, Any]) -> Experiment:
    return an_experiment(variants=[*variants])


def weighted(control: float, progress: float) -> Experiment:
    return of_variants(variant_document(weight=control), variant_document("progress", weight=progress))


FROZEN = {
    "/error_code": an_experiment(error_code="QUOTA_EXCEEDED"),
    "/unit": an_experiment(unit="user"),
    "/assignment": an_experiment(assignment="external"),
    "/simulated": an_experiment(simulated=True),
    "/salt": an_experiment(salt="another"),
    "/exclusion_group": an_experiment(exclusion_group="billing"),
    "/plan": an_experiment(plan={"primary": "recharge", "level": 0.9}),
    "/variants/1/message": of_variants(
        variant_document(), variant_document("progress", message={"en": message_document("Other words.")})
    ),
    "/variants/0/incentive": of_variants(
        variant_document(incentive={"kind": "trial_days", "amount": 3}), variant_document("progress")
    ),
    "/variants/2": of_variants(
        variant_document(), variant_document("progress"), variant_document("third", weight=0)
    ),
}


@pytest.mark.parametrize("status", [Status.RUNNING, Status.PAUSED])
@pytest.mark.parametrize("place", FROZEN)
def test_what_would_change_the_meaning_is_refused_at_its_place(place: str, status: Status) -> None:
    with pytest.raises(Frozen) as refused:
        change(a_running_state(status=status), FROZEN[place], LATER)
    assert [fault.pointer for fault in refused.value.faults] == [place]
    assert place in refused.value.detail


def test_a_refusal_of_a_frozen_part_is_a_conflict() -> None:
    with pytest.raises(Conflict):
        change(a_running_state(), FROZEN["/plan"], LATER)


def test_every_frozen_place_is_named_at_once() -> None:
    new = an_experiment(unit="user", plan={"primary": "recharge", "power": 0.9})
    with pytest.raises(Frozen) as refused:
        change(a_running_state(), new, LATER)
    assert {fault.pointer for fault in refused.value.faults} == {"/unit", "/plan"}


def test_a_variant_cannot_be_removed_or_be_the_control_instead() -> None:
    new = of_variants(variant_document(control=False), variant_document("other", control=True))
    with pytest.raises(Frozen) as refused:
        change(a_running_state(), new, LATER)
    assert [fault.pointer for fault in refused.value.faults] == [
        "/variants",
        "/variants/0/control",
        "/variants/1",
    ]
    assert "give it the weight 0" in refused.value.faults[0].detail


def test_everything_of_a_draft_may_change_but_its_key() -> None:
    draft = a_state()
    for new in FROZEN.values():
        assert change(draft, new, LATER).definition == new
    with pytest.raises(Frozen, match="/key"):
        change(draft, an_experiment(key="other"), LATER)


def test_a_salt_that_is_written_into_a_draft_is_the_one_that_is_used() -> None:
    assert change(a_state(), an_experiment(salt="mine"), LATER).salt == "mine"


@pytest.mark.parametrize("state", [a_state(), a_running_state(), a_running_state(status=Status.STOPPED)])
def test_the_same_definition_again_changes_nothing(state: ExperimentState) -> None:
    assert change(state, an_experiment(), LATER) is state


@pytest.mark.parametrize(
    "new",
    [
        an_experiment(description="More words."),
        an_experiment(hypothesis="Another guess."),
        an_experiment(traffic=0.5),
        an_experiment(forced={"acct_qa": "progress"}),
        an_experiment(source={"label": "An import"}),
        weighted(2, 2),
    ],
)
def test_what_moves_nobody_is_a_revision_within_the_phase(new: Experiment) -> None:
    running = a_running_state()
    changed = change(running, new, LATER)
    assert (changed.definition, changed.revision, changed.phases) == (new, 2, running.phases)


@pytest.mark.parametrize("status", [Status.RUNNING, Status.PAUSED])
def test_other_weights_open_a_phase(status: Status) -> None:
    changed = change(a_running_state(status=status), weighted(1, 3), LATER)
    assert changed.status is status
    assert [phase.number for phase in changed.phases] == [1, 2]
    opened = changed.phases[1]
    assert (opened.shares, opened.opened_at) == ({"control": "1/4", "progress": "3/4"}, LATER)
    assert (opened.reason, opened.revision) == ("weights changed", 2)


def test_another_targeting_opens_a_phase() -> None:
    changed = change(a_running_state(), an_experiment(targeting=PRO), LATER)
    assert changed.phases[1].reason == "targeting changed"
    assert change(changed, an_experiment(), LATER).phases[2].reason == "targeting changed"


def test_a_running_experiment_keeps_something_to_compare() -> None:
    three = of_variants(variant_document(), variant_document("progress"), variant_document("third"))
    dropped = of_variants(
        variant_document(), variant_document("progress", weight=0), variant_document("third")
    )
    assert change(a_running_state(definition=three), dropped, LATER).phases[1].shares["progress"] == "0"
    with pytest.raises(InvalidInput, match="control"):
        change(a_running_state(), weighted(0, 1), LATER)


@pytest.mark.parametrize("status", [Status.STOPPED, Status.ARCHIVED])
def test_only_the_description_changes_once_it_has_ended(status: Status) -> None:
    ended = a_running_state(status=status)
    assert change(ended, an_experiment(description="What we learnt."), LATER).revision == 2
    with pytest.raises(Frozen, match="/hypothesis: is fixed since the experiment is"):
        change(ended, an_experiment(hypothesis="We knew it."), LATER)


def test_more_traffic_in_an_exclusion_group_adds_to_the_slots() -> None:
    quarter = an_experiment(exclusion_group="billing", traffic=0.25)
    running = start(a_state(definition=quarter), A_MONDAY)
    half = an_experiment(exclusion_group="billing", traffic=0.5)
    taken = {"other": ((SPACE // 4, SPACE // 2),)}
    changed = change(running, half, LATER, taken=taken)
    assert changed.slots == ((0, SPACE // 4), (SPACE // 2, SPACE // 4 * 3))
    assert changed.phases == running.phases
    with pytest.raises(Conflict, match=r"'other' holds 0\.25"):
        change(running, an_experiment(exclusion_group="billing", traffic=1), LATER, taken=taken)


@pytest.mark.parametrize(
    ("new", "place"),
    [
        (an_error_code(status=429), "/status"),
        (an_error_code(envelope="problem"), "/envelope"),
        (an_error_code(type="https://example.com/other"), "/type"),
        (an_error_code(title="Other"), "/title"),
        (an_error_code(headers={"x-should-retry": "false"}), "/headers"),
        (an_error_code(context={"usage_percent": "integer", "hours_saved": "number"}), "/context/plan"),
        (
            an_error_code(context={"usage_percent": "number", "hours_saved": "number", "plan": "string"}),
            "/context/usage_percent",
        ),
    ],
)
def test_what_all_variants_share_is_fixed_while_experiments_run(new: Any, place: str) -> None:
    (fault,) = error_code_faults_while_running(
        an_error_code(), new, ["low-balance-framing"], "/error_codes/0"
    )
    assert fault.pointer == f"/error_codes/0{place}"
    assert "low-balance-framing" in fault.detail
    assert error_code_faults_while_running(an_error_code(), new, []) == []


def test_the_default_message_and_more_context_may_change_while_experiments_run() -> None:
    context = {**an_error_code().context, "country": "string"}
    new = an_error_code(context=context, message={"en": message_document("Other words.")})
    assert error_code_faults_while_running(an_error_code(), new, ["low-balance-framing"]) == []
