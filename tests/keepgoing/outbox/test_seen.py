from __future__ import annotations

from keepgoing.outbox.seen import Seen


def test_a_key_is_remembered_for_one_to_two_windows() -> None:
    seen = Seen(10.0)
    seen.age(0.0)
    seen.add(1)
    for now, there in ((9.0, True), (10.0, True), (19.0, True), (20.0, False)):
        seen.age(now)
        assert (1 in seen) is there


def test_memory_is_bounded_and_the_newest_are_kept() -> None:
    seen = Seen(10.0, capacity=100)
    for key in range(1000):
        seen.add(key)
    assert sum(key in seen for key in range(1000)) <= 200
    assert all(key in seen for key in range(900, 1000))


def test_a_key_can_be_forgotten() -> None:
    seen = Seen(10.0, capacity=1)
    seen.add(1)
    seen.add(2)
    for key in (1, 2):
        seen.discard(key)
        assert key not in seen
