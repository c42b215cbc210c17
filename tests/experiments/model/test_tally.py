"""Tests of tallies."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments.model.tally import Tally

participants = st.lists(
    st.tuples(st.integers(-(10**20), 10**20), st.integers(-(10**20), 10**20), st.booleans()), max_size=6
)


def of_all(drawn: list[tuple[int, int, bool]]) -> Tally:
    return sum((Tally.of(y, x, converted=converted) for y, x, converted in drawn), Tally())


@given(participants, participants)
def test_tallies_add_up_whichever_way_participants_are_cut(
    some: list[tuple[int, int, bool]], others: list[tuple[int, int, bool]]
) -> None:
    whole = of_all(some + others)
    assert of_all(some) + of_all(others) == whole
    assert whole - of_all(others) == of_all(some)
    assert whole.squares == sum(y * y for y, _, _ in some + others)
    assert whole.cross == sum(y * x for y, x, _ in some + others)


def test_a_participant_counts_once() -> None:
    assert Tally.of(3, 2, converted=True) == Tally(1, 3, 9, 2, 4, 6, 1)


@pytest.mark.parametrize(
    "sums",
    [
        {"n": 1, "conversions": 2},
        {"n": 0, "conversions": -1},
        {"n": -1},
        {"n": 2, "total": 3, "squares": 4},
        {"n": 1, "total": 1},
        {"n": 2, "covariate": 3, "covariate_squares": 4},
        {"n": 1, "squares": -1},
    ],
)
def test_sums_that_no_participants_can_have_are_refused(sums: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="must be >="):
        Tally(**sums)
