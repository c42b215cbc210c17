from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments.errors import Conflict
from experiments.model.exclusion import SPACE, Slots, allocate

HALF = SPACE // 2
SHARES = st.fractions(min_value=Fraction(1, 1000), max_value=1)


def size(slots: Slots) -> int:
    return sum(end - start for start, end in slots)


def overlap(one: Slots, other: Slots) -> int:
    return sum(max(0, min(a[1], b[1]) - max(a[0], b[0])) for a in one for b in other)


def test_an_empty_group_is_filled_from_its_beginning() -> None:
    assert allocate(Fraction(1, 2), taken={}) == ((0, HALF),)


def test_a_whole_group_is_every_bucket() -> None:
    assert allocate(Fraction(1), taken={}) == ((0, SPACE),)


def test_what_others_hold_is_left_to_them() -> None:
    taken: dict[str, Slots] = {"a": ((0, 100), (200, 300))}
    assert allocate(Fraction(150, SPACE), taken=taken) == ((100, 200), (300, 350))


def test_more_traffic_keeps_the_old_slots_and_adds() -> None:
    held: Slots = ((0, 100),)
    assert allocate(Fraction(150, SPACE), held=held, taken={"b": ((100, 200),)}) == ((0, 100), (200, 250))


def test_less_traffic_gives_back_from_the_end() -> None:
    assert allocate(Fraction(120, SPACE), held=((0, 100), (200, 250)), taken={}) == ((0, 100), (200, 220))


def test_a_full_group_says_who_holds_how_much() -> None:
    taken: dict[str, Slots] = {"a": ((0, HALF),), "b": ((HALF, HALF + SPACE // 4),)}
    with pytest.raises(
        Conflict, match=r"traffic 0.5 is more than the 0.25 left .* 'a' holds 0.5, 'b' holds 0.25"
    ):
        allocate(Fraction(1, 2), taken=taken)


@given(st.lists(SHARES, min_size=1, max_size=8))
def test_experiments_of_a_group_never_share_a_bucket(shares: list[Fraction]) -> None:
    total = sum(shares)
    taken: dict[str, Slots] = {}
    for number, share in enumerate(shares):
        slots = allocate(share / max(total, 1), taken=taken)
        assert size(slots) == int(share / max(total, 1) * SPACE)
        assert not any(overlap(slots, others) for others in taken.values())
        taken[str(number)] = slots


@given(SHARES, SHARES, SHARES)
def test_raising_and_lowering_moves_nobody_who_stays(
    first: Fraction, second: Fraction, other: Fraction
) -> None:
    third = Fraction(1, 3)
    held = allocate(first * third, taken={})
    taken = {"other": allocate(other * third, taken={"mine": held})}
    after = allocate(second * third, held=held, taken=taken)
    assert size(after) == int(second * third * SPACE)
    assert overlap(held, after) == min(size(held), size(after))
    assert not overlap(after, taken["other"])
