from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keepgoing.errors import TransportError
from keepgoing.outbox.delivery import MOST_BYTES, MOST_EVENTS, Delivery
from keepgoing.outbox.event_ids import EventIds
from keepgoing.outbox.queue import Queue
from keepgoing.outbox.seen import Seen
from keepgoing.transport import Backoff, Reply


class Told:
    """A service that answers what it is told, else takes everything it has not got."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.stored: list[str] = []
        self.duplicates = 0
        self.sizes: list[int] = []
        self.bad: set[str] = set()
        self.largest = 10**9

    def __call__(self, path: str, body: bytes, *, within: float) -> Reply:
        assert path == "/v1/events"
        assert within > 0
        assert len(body) <= 1024 * 1024
        ids = [event["event_id"] for event in json.loads(body)["events"]]
        self.sizes.append(len(ids))
        answer = self.answers.pop(0) if self.answers else None
        if answer == "deaf":
            self.keep(ids)
            raise TransportError("reset")
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, bytes):
            return Reply(200, {}, answer)
        if len(ids) > self.largest:
            raise TransportError("too large", status=413)
        if self.bad & set(ids):
            raise TransportError("bad event", status=400)
        return self.keep(ids)

    def keep(self, ids: list[str]) -> Reply:
        new = [each for each in ids if each not in self.stored]
        self.stored += new
        self.duplicates += len(ids) - len(new)
        counts = {"accepted": len(new), "duplicates": len(ids) - len(new), "rejected": []}
        return Reply(200, {}, json.dumps(counts).encode())


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def delivery(service: Told, size: int = 0, padding: int = 0) -> tuple[Delivery, Queue, Clock]:
    clock = Clock()
    queue = Queue(max_events=5000, max_bytes=10**8, seen=Seen(60.0), on_first=lambda: None)
    for number in range(size):
        event = {"event_id": str(number), "unit_id": "u", "padding": "x" * padding}
        queue.add_conversion(json.dumps(event).encode())
    backoff = Backoff(0.5, 60.0, lambda _, high: high)
    return Delivery(queue, service, ids=EventIds(), backoff=backoff, monotonic=clock), queue, clock


def status(code: int, retry_after: int | None = None) -> TransportError:
    return TransportError(f"answered {code}", status=code, retry_after_seconds=retry_after)


def everything(size: int) -> list[str]:
    return [str(number) for number in range(size)]


def test_batches_have_at_most_500_events() -> None:
    service = Told()
    made, queue, _ = delivery(service, 1201)
    made.run(10.0)
    assert (service.sizes, service.stored, len(queue)) == ([500, 500, 201], everything(1201), 0)
    assert queue.counts["conversions_delivered"] == 1201


def test_batches_have_at_most_900_kib() -> None:
    service = Told()
    made, queue, _ = delivery(service, 100, padding=20_000)
    made.run(10.0)
    assert max(service.sizes) * 20_000 <= MOST_BYTES
    assert (service.stored, len(queue)) == (everything(100), 0)


@pytest.mark.parametrize("trouble", [status(500), status(503), status(502), TransportError("refused")])
def test_without_an_answer_the_batch_is_kept_and_the_delays_double(trouble: TransportError) -> None:
    service = Told(*[trouble] * 9)
    made, queue, clock = delivery(service, 3)
    delays = []
    for _ in range(9):
        made.run(10.0)
        delays.append(made.retry_at - clock.now)
        made.run(10.0)  # too early: nothing is sent
        clock.now = made.retry_at
    assert (delays, len(service.sizes), len(queue)) == ([0.5, 1, 2, 4, 8, 16, 32, 60, 60], 9, 3)
    assert made.error == trouble.detail
    made.run(10.0)
    assert (service.stored, made.error, made.retry_at, len(queue)) == (everything(3), None, 0.0, 0)


@pytest.mark.parametrize("code", [401, 403, 404])
def test_a_refused_key_backs_off_to_five_minutes_and_keeps_everything(code: int) -> None:
    service = Told(*[status(code)] * 12)
    made, queue, clock = delivery(service, 3)
    for _ in range(12):
        made.run(10.0)
        last = made.retry_at - clock.now
        clock.now = made.retry_at
    made.run(10.0)
    assert (last, service.stored, queue.counts["conversions_delivered"]) == (300.0, everything(3), 3)


def test_retry_after_is_obeyed_even_when_it_is_urgent() -> None:
    service = Told(status(429, 7))
    made, _, clock = delivery(service, 3)
    made.run(10.0)
    clock.now += 6.9
    made.run(10.0, urgent=True)
    assert service.sizes == [3]
    clock.now += 0.2
    made.run(10.0)
    assert service.stored == everything(3)


def test_urgent_tries_during_a_backoff() -> None:
    service = Told(status(500))
    made, _, _ = delivery(service, 3)
    made.run(10.0)
    made.run(10.0)
    assert service.sizes == [3]
    made.run(10.0, urgent=True)
    assert service.stored == everything(3)


def test_a_batch_that_is_too_large_is_halved_until_it_fits() -> None:
    service = Told()
    service.largest = 60
    made, queue, _ = delivery(service, 700)
    made.run(10.0)
    assert (service.stored, len(queue), queue.counts["conversions_rejected"]) == (everything(700), 0, 0)


def test_an_event_that_is_too_large_alone_is_set_aside() -> None:
    service = Told(status(413))
    made, queue, _ = delivery(service, 1)
    made.run(10.0)
    assert (len(queue), queue.counts["conversions_rejected"], len(made.set_aside)) == (0, 1, 1)


def test_a_bad_event_is_found_and_set_aside_and_the_others_arrive() -> None:
    service = Told()
    service.bad = {"17", "18", "401"}
    made, queue, _ = delivery(service, 500)
    made.run(10.0)
    assert sorted(service.stored, key=int) == [each for each in everything(500) if each not in service.bad]
    assert {json.loads(rejected.body)["event_id"] for rejected in made.set_aside} == service.bad
    assert (len(queue), queue.counts["conversions_rejected"]) == (0, 3)
    assert len(service.sizes) < 60


def test_a_service_that_calls_everything_bad_is_doubted_before_everything_is_lost() -> None:
    service = Told(*[status(400)] * 2000)
    made, queue, clock = delivery(service, 500)
    made.run(10.0)
    assert queue.counts["conversions_rejected"] == 20
    clock.now = made.retry_at
    made.run(10.0)
    assert (queue.counts["conversions_rejected"], len(queue)) == (21, 479)
    service.answers.clear()
    clock.now = made.retry_at
    made.run(10.0)
    assert len(service.stored) == 479


def test_what_the_service_rejects_is_set_aside_with_its_reason_and_the_rest_is_delivered() -> None:
    answer = {"accepted": 2, "duplicates": 0, "rejected": [{"index": 1, "detail": "value is NaN"}]}
    made, queue, _ = delivery(Told(json.dumps(answer).encode()), 3)
    made.run(10.0)
    assert [(json.loads(each.body)["event_id"], each.detail) for each in made.set_aside] == [
        ("1", "value is NaN")
    ]
    assert (queue.counts["conversions_delivered"], queue.counts["conversions_rejected"]) == (2, 1)


@pytest.mark.parametrize(
    "garbage",
    [b"", b"<html>", b"[]", b"{}", b'{"accepted": 3}', b"null",
     b'{"accepted": 1, "duplicates": 0, "rejected": []}',
     b'{"accepted": "x", "duplicates": 0, "rejected": []}',
     b'{"accepted": 2, "duplicates": 0, "rejected": [{"index": 9, "detail": "x"}]}',
     b'{"accepted": 2, "duplicates": 0, "rejected": [7]}', b"[" * 100_000],
)  # fmt: skip
def test_an_answer_that_is_not_the_services_delivers_nothing(garbage: bytes) -> None:
    service = Told(garbage)
    made, queue, clock = delivery(service, 3)
    made.run(10.0)
    assert (len(queue), queue.counts["conversions_delivered"]) == (3, 0)
    clock.now = made.retry_at
    made.run(10.0)
    assert service.stored == everything(3)


def test_a_batch_is_sent_again_with_the_same_bytes() -> None:
    service = Told("deaf")
    made, queue, clock = delivery(service, 3)
    made.run(10.0)
    assert len(queue) == 3
    clock.now = made.retry_at
    made.run(10.0)
    assert (service.stored, service.duplicates, len(queue)) == (everything(3), 3, 0)


def test_it_stops_when_its_time_is_over() -> None:
    clock = Clock()
    service = Told()

    def slow(path: str, body: bytes, *, within: float) -> Reply:
        clock.now += 3
        return service(path, body, within=within)

    _, queue, _ = delivery(service, 2000)
    made = Delivery(queue, slow, ids=EventIds(), monotonic=clock)
    made.run(5.0)
    assert (service.sizes, len(queue)) == ([MOST_EVENTS] * 2, 1000)


troubles = st.sampled_from(
    [None, "deaf", b"<html>", status(500), status(401), status(413), status(429, 3), TransportError("reset")]
)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 40), st.lists(troubles, max_size=25), st.sets(st.integers(0, 39), max_size=3))
def test_through_any_history_all_good_events_arrive_and_none_twice(
    size: int, history: list[Any], bad: set[int]
) -> None:
    service = Told(*history)
    service.bad = {str(number) for number in bad}
    service.largest = 16
    made, queue, clock = delivery(service, size)
    for _ in range(200):
        made.run(10.0)
        clock.now = max(clock.now, made.retry_at)
    assert len(queue) == 0
    aside = [json.loads(each.body)["event_id"] for each in made.set_aside]
    assert sorted({*service.stored, *aside}, key=int) == everything(size)
    assert len(service.stored) == len(set(service.stored))
    lonely = {each.detail for each in made.set_aside} - {"bad event", "answered 413"}
    assert not lonely
    assert queue.counts["conversions_delivered"] + queue.counts["conversions_rejected"] == size
