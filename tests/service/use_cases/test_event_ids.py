"""Ids of events that the service makes."""

from __future__ import annotations

import uuid
from datetime import timedelta

from service.use_cases.event_ids import new_event_id
from tests.factories import A_MONDAY


def test_an_id_is_a_uuid_of_version_7_that_holds_its_time() -> None:
    made = uuid.UUID(new_event_id(A_MONDAY))
    assert (made.version, made.variant) == (7, uuid.RFC_4122)
    assert made.int >> 80 == int(A_MONDAY.timestamp() * 1000)


def test_ids_are_ordered_by_time_and_never_the_same() -> None:
    ids = [new_event_id(A_MONDAY + timedelta(milliseconds=number)) for number in range(1_000)]
    assert ids == sorted(ids)
    assert len({new_event_id(A_MONDAY) for _ in range(1_000)}) == 1_000
