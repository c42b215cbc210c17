from __future__ import annotations

import pytest
from pydantic import ValidationError

from experiments.model.state import Phase
from tests.factories import A_MONDAY, a_metric, a_running_state, a_state


def a_phase(**fields: object) -> Phase:
    return Phase.model_validate(
        {"number": 1, "opened_at": A_MONDAY, "shares": {}, "revision": 1, "reason": "start", **fields}
    )


def test_the_open_phase_is_the_last_one_and_a_draft_has_none() -> None:
    assert a_state().phase is None
    running = a_running_state()
    assert running.phase is running.phases[-1]


def test_a_metric_is_the_one_of_the_start() -> None:
    assert a_running_state().metric("recharge") == a_metric()
    assert a_running_state().metric("other") is None


def test_shares_are_fractions_in_their_lowest_terms() -> None:
    assert a_phase(shares={"a": "2/4", "b": "0.5"}).shares == {"a": "1/2", "b": "1/2"}


@pytest.mark.parametrize("share", ["half", "1/0", ""])
def test_a_share_is_nothing_else(share: str) -> None:
    with pytest.raises(ValidationError, match="must be a fraction"):
        a_phase(shares={"a": share})


def test_a_phase_opens_at_a_time_that_is_one_everywhere() -> None:
    with pytest.raises(ValidationError, match="offset to UTC"):
        a_phase(opened_at=A_MONDAY.replace(tzinfo=None))
