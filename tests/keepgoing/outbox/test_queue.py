from __future__ import annotations

import threading
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from keepgoing.evaluation import compile_ruleset
from keepgoing.evaluation.assign import Outcome
from keepgoing.outbox.queue import Conversion, Exposure, Queue, weight
from keepgoing.outbox.seen import Seen
from tests.rulesets import CODE, wire_ruleset

OUTCOME: Outcome = compile_ruleset(wire_ruleset()).plans[CODE].assign("a", {})


def queue(max_events: int = 100, max_bytes: int = 100_000, wakes: list[int] | None = None) -> Queue:
    woken = [] if wakes is None else wakes
    return Queue(
        max_events=max_events, max_bytes=max_bytes, seen=Seen(60.0), on_first=lambda: woken.append(1)
    )


def expose(made: Queue, unit: str, outcome: Outcome = OUTCOME) -> None:
    made.add_exposure(outcome, unit, {}, is_plain=False, at=0.0)


def names(events: list[Exposure | Conversion]) -> list[str]:
    return [event.unit_id if isinstance(event, Exposure) else event.body.decode() for event in events]


def test_events_leave_in_the_order_in_which_they_came() -> None:
    made = queue()
    expose(made, "a")
    made.add_conversion(b"b")
    expose(made, "c")
    made.add_conversion(b"d")
    assert names(made.take(3)) == ["a", "b", "c"]
    assert names(made.take(3)) == ["d"]
    assert made.take(3) == []


def test_the_same_exposure_is_queued_once_and_another_phase_is_another_exposure() -> None:
    made = queue()
    document = wire_ruleset()
    document["experiments"]["framing"]["phase"] = 2
    other_phase = compile_ruleset(document).plans[CODE].assign("a", {})
    for _ in range(3):
        expose(made, "a")
    expose(made, "b")
    expose(made, "a", other_phase)
    assert names(made.take(9)) == ["a", "b", "a"]
    assert made.repeated == 2
    assert made.repeats(OUTCOME, "a")
    assert not made.repeats(OUTCOME, "c")
    assert made.repeated == 3


def test_an_exposure_is_dropped_when_it_finds_no_room_and_may_come_again() -> None:
    made = queue(max_events=1)
    expose(made, "a")
    expose(made, "b")
    assert made.counts["exposures_dropped"] == 1
    (first,) = made.take(1)
    made.settle(first, "delivered")
    expose(made, "b")
    assert names(made.take(9)) == ["b"]


def test_a_conversion_takes_the_place_of_the_oldest_exposures() -> None:
    made = queue(max_events=3)
    for unit in "abc":
        expose(made, unit)
    assert made.add_conversion(b"d")
    assert made.add_conversion(b"e")
    assert names(made.take(9)) == ["c", "d", "e"]
    assert made.counts["exposures_dropped"] == 2
    expose(made, "a")
    assert made.repeated == 0


def test_a_conversion_that_finds_only_conversions_is_dropped_and_counted() -> None:
    made = queue(max_events=2)
    assert [made.add_conversion(body) for body in (b"a", b"b", b"c")] == [True, True, False]
    assert (names(made.take(9)), made.counts["conversions_dropped"]) == (["a", "b"], 1)


def test_bytes_are_bounded_too() -> None:
    made = queue(max_bytes=1000)
    assert [made.add_conversion(b"x" * 400) for _ in range(3)] == [True, True, False]
    assert made.size_bytes == 800


def test_what_was_handed_out_counts_until_it_is_settled() -> None:
    made = queue(max_events=2)
    made.add_conversion(b"a")
    made.add_conversion(b"b")
    taken = made.take(2)
    assert (len(made), made.add_conversion(b"c")) == (2, False)
    for event in taken:
        made.settle(event, "delivered")
    assert (len(made), made.size_bytes, made.counts["conversions_delivered"]) == (0, 0, 2)


def test_waiting_ends_when_all_that_was_there_is_settled() -> None:
    made = queue()
    made.add_conversion(b"a")
    made.add_conversion(b"b")
    here = made.last_sequence
    made.add_conversion(b"later")
    first, second = made.take(2)
    made.settle(second, "delivered")
    assert not made.wait_settled(here, 0.0)
    threading.Timer(0.05, made.settle, (first, "delivered")).start()
    assert made.wait_settled(here, 5.0)
    assert not made.wait_settled(made.last_sequence, 0.0)


def test_it_wakes_only_for_the_first_event() -> None:
    wakes: list[int] = []
    made = queue(wakes=wakes)
    expose(made, "a")
    made.add_conversion(b"b")
    assert len(wakes) == 1


steps = st.lists(
    st.tuples(st.sampled_from(["expose", "convert", "take", "settle"]), st.integers(0, 30)), max_size=80
)


@given(steps, st.integers(1, 8), st.integers(400, 3000))
def test_whatever_happens_bounds_hold_and_every_event_is_somewhere(
    history: list[tuple[str, int]], max_events: int, max_bytes: int
) -> None:
    made = queue(max_events, max_bytes)
    out: list[Any] = []
    offered = 0
    for what, number in history:
        if what == "expose":
            offered += 1
            expose(made, f"u{number}")
        elif what == "convert":
            offered += 1
            made.add_conversion(b"x" * (number * 10 + 1))
        elif what == "take":
            out.extend(made.take(number))
        elif out:
            made.settle(out.pop(number % len(out)), "delivered")
        assert len(made) <= max_events
        assert made.size_bytes <= max_bytes
    rest = [*out, *made.take(1000)]
    assert (len(rest), sum(map(weight, rest))) == (len(made), made.size_bytes)
    assert offered == len(rest) + sum(made.counts.values()) + made.repeated
