from __future__ import annotations

import pytest

from keepgoing.transport import Backoff, Deadline


def test_a_deadline_counts_down_and_then_raises() -> None:
    now = [10.0]
    deadline = Deadline(2.0, lambda: now[0])
    assert deadline.check() == deadline.remaining == 2.0
    now[0] = 13.0
    assert deadline.remaining == 0.0
    with pytest.raises(TimeoutError):
        deadline.check()


def test_delays_have_full_jitter_under_a_doubling_ceiling() -> None:
    ceilings: list[float] = []

    def highest(_: float, ceiling: float) -> float:
        ceilings.append(ceiling)
        return ceiling

    backoff = Backoff(0.5, 4.0, highest)
    assert [backoff.next_delay() for _ in range(6)] == [0.5, 1, 2, 4, 4, 4] == ceilings
    assert backoff.next_delay(cap=100.0) == 32.0
    backoff.reset()
    assert backoff.next_delay() == 0.5


def test_a_delay_is_never_nothing() -> None:
    assert Backoff(0.5, 4.0, lambda low, _: low).next_delay() == Backoff.FLOOR_SECONDS
