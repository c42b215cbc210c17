"""Allowances: so many in each window, for each who asks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.exceptions import TooManyRequests

from service.api.rates import Allowance


class Clock:
    """Seconds that a test moves."""

    now = 1_000.0

    def __call__(self) -> float:
        return self.now


def test_what_is_over_the_amount_is_refused_until_the_next_window() -> None:
    clock = Clock()
    allowance = Allowance("calls", 3, 10, clock=clock)
    for _ in range(3):
        allowance.spend("a")
    clock.now += 4.2
    with pytest.raises(TooManyRequests, match="Too many calls: at most 3 in 10 s") as refusal:
        allowance.spend("a")
    assert refusal.value.retry_after == 6
    clock.now += 6
    allowance.spend("a")


def test_one_who_asks_too_often_takes_nothing_from_another() -> None:
    allowance = Allowance("calls", 1, clock=Clock())
    allowance.spend("a")
    with pytest.raises(TooManyRequests):
        allowance.spend("a")
    allowance.spend("b")


def test_what_was_let_in_already_bears_on_what_comes_next() -> None:
    allowance = Allowance("events", 100, clock=Clock())
    allowance.spend("a", 0)
    allowance.add("a", 250)
    with pytest.raises(TooManyRequests):
        allowance.spend("a", 0)


def test_nobody_who_once_asked_is_remembered() -> None:
    clock = Clock()
    allowance = Allowance("calls", 1, clock=clock)
    for number in range(1_000):
        allowance.spend(f"address {number}")
    clock.now += 1
    allowance.spend("another")
    assert allowance._counts == {"another": 1}


@given(st.lists(st.floats(0, 0.9), max_size=200), st.integers(1, 20))
def test_no_window_lets_more_in_than_its_amount(pauses: list[float], amount: int) -> None:
    clock = Clock()
    allowance = Allowance("calls", amount, clock=clock)
    admitted: dict[int, int] = {}
    for pause in pauses:
        clock.now += pause
        try:
            allowance.spend("a")
        except TooManyRequests:
            continue
        admitted[int(clock.now)] = admitted.get(int(clock.now), 0) + 1
    assert all(number <= amount for number in admitted.values())
