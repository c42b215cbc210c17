from __future__ import annotations

import re
import threading

from keepgoing.outbox.event_ids import EventIds

SHAPE = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def test_an_id_is_a_uuid_of_version_7_with_its_time() -> None:
    made = EventIds(clock=lambda: 1_700_000_000.123, randomness=lambda n: b"\xff" * n).next_id()
    assert SHAPE.fullmatch(made)
    assert int(made.replace("-", "")[:12], 16) == 1_700_000_000_123
    assert made == "018bcfe5-687b-77ff-bfff-ffffffffffff"


def test_ids_grow_within_a_millisecond_and_when_the_clock_is_set_back() -> None:
    times = iter([5.0] * 5000 + [1.0] * 5000)
    ids = EventIds(clock=lambda: next(times), randomness=lambda n: b"\0" * n)
    made = [ids.next_id() for _ in range(10_000)]
    assert made == sorted(set(made))


def test_ids_of_many_threads_are_all_different() -> None:
    ids, made = EventIds(), list[str]()
    threads = [
        threading.Thread(target=lambda: made.extend(ids.next_id() for _ in range(2000))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(made)) == 16_000
    assert all(SHAPE.fullmatch(each) for each in made)


def test_two_makers_make_different_ids() -> None:
    assert EventIds().next_id() != EventIds().next_id()
