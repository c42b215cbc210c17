from __future__ import annotations

import gc
import socket
import time
import tracemalloc
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keepgoing import Client
from tests.keepgoing.client.conftest import SEGMENTED, soon
from tests.rulesets import CODE, wire_ruleset
from tests.scripted_service import Service


def test_an_event_id_of_the_host_counts_once(service: Service, make: Callable[..., Client]) -> None:
    client = make()
    for _ in range(3):
        client.track("recharge", "a", value=20, event_id="invoice-981")
    assert client.flush()
    assert (list(service.stored), service.duplicates) == (["invoice-981"], 2)


@pytest.mark.parametrize(
    "arguments",
    [("", "a"), ("recharge", ""), ("recharge", None), ("recharge", "a", "NaN"), ("recharge", "a", True),
     ("recharge", "a", 1, "dollars"), ("recharge", "a", 1, "USD", ""), (None, "a"),
     ("recharge", "a", 1, "USD", "e", "yesterday"), ("recharge", "a", 1, "USD", "e", None, [1])],
)  # fmt: skip
def test_a_bad_conversion_is_counted_and_logged_and_never_raised(
    make: Callable[..., Client], arguments: tuple[Any, ...], caplog: pytest.LogCaptureFixture
) -> None:
    client = make()
    assert not client.track(*arguments)
    assert not client.track(*arguments)
    stats = client.stats()
    assert (stats["invalid_conversions"], stats["pending_events"]) == (2, 0)
    assert len([record for record in caplog.records if "cannot track" in record.message]) == 1


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.builds(object),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=300, deadline=None)
@given(st.lists(anything, min_size=2, max_size=7))
def test_track_takes_anything_without_raising(arguments: list[Any]) -> None:
    with Client(bootstrap=wire_ruleset(), environ={}) as client:
        client.track(*arguments)
        counts = client.stats()
    assert counts["invalid_conversions"] + counts["discarded"] == 1


@pytest.mark.parametrize(
    "step", [500, "reset", "garbage", "deaf", (429, {"Retry-After": "1"}), 401, 413, 400]
)
def test_nothing_is_lost_and_nothing_doubled_whatever_the_service_answers_first(
    service: Service, make: Callable[..., Client], step: Any
) -> None:
    client = make()
    client.wait_ready(5)
    service.script.append(step)
    for number in range(20):
        client.decide(CODE, f"u{number}")
        client.track("recharge", f"u{number}", value=Decimal("1.50"))
    assert soon(lambda: client.flush(0.5), 8.0)
    expected = sorted(f"u{number}" for number in range(20))
    assert service.units("exposure") == service.units("conversion") == expected
    assert client.stats()["conversions"] == {"delivered": 20, "rejected": 0, "dropped": 0}


def test_a_poisoned_event_is_set_aside_and_the_others_arrive(
    service: Service, make: Callable[..., Client]
) -> None:
    service.poison = {"u7"}
    service.refuse = {"u11"}
    client = make()
    for number in range(20):
        client.track("recharge", f"u{number}")
    assert client.flush()
    assert service.units("conversion") == sorted(f"u{n}" for n in range(20) if n not in (7, 11))
    assert client.stats()["conversions"] == {"delivered": 18, "rejected": 2, "dropped": 0}


def test_a_service_of_small_batches_gets_small_batches(service: Service, make: Callable[..., Client]) -> None:
    service.largest_batch = 30
    client = make(flush_seconds=0.2)
    for number in range(300):
        client.track("recharge", f"u{number}")
    assert client.flush()
    assert len(service.units("conversion")) == 300


def test_while_the_service_is_down_conversions_are_kept_and_exposures_make_room(
    service: Service, make: Callable[..., Client]
) -> None:
    client = make(max_events=100)
    client.wait_ready(5)
    service.always = 503
    for number in range(100):
        client.decide(CODE, f"u{number}")
    for number in range(60):
        assert client.track("recharge", f"u{number}")
    assert not client.flush(0.3)
    service.always = None
    assert soon(lambda: client.flush(0.5))
    assert len(service.units("conversion")) == 60
    stats = client.stats()
    assert stats["conversions"]["dropped"] == 0
    assert stats["exposures"]["dropped"] + len(service.units("exposure")) == 100
    assert stats["exposures"]["dropped"] >= 60


def test_decide_never_waits_for_a_service_that_drips(service: Service, make: Callable[..., Client]) -> None:
    service.ruleset_script.extend(["drip"] * 9)
    client = make()
    client.decide(CODE, "a")
    slowest = 0.0
    for number in range(2000):
        start = time.perf_counter()
        client.decide(CODE, f"u{number}")
        slowest = max(slowest, time.perf_counter() - start)
    assert slowest < 0.25
    start = time.monotonic()
    assert not client.close(timeout=0.3) or client.stats()["pending_events"] == 0
    assert time.monotonic() - start < 1.0


def test_a_refusing_port_a_deaf_port_and_garbage_all_leave_the_host_unharmed(
    make: Callable[..., Client],
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        for port in (9, deaf.getsockname()[1]):
            client = make(url=f"http://127.0.0.1:{port}", answer_seconds=0.2)
            client.track("recharge", "a")
            assert client.decide(CODE, "a").status == 402
            start = time.monotonic()
            assert not client.flush(0.3)
            assert not client.close(0.3)
            assert time.monotonic() - start < 1.5
            assert client.stats()["pending_events"] == 1


def test_memory_stays_flat_over_many_units_while_the_service_is_down(make: Callable[..., Client]) -> None:
    client = make(url="http://127.0.0.1:9", bootstrap=SEGMENTED, max_events=500)

    def hit(first: int, many: int) -> None:
        for number in range(first, first + many):
            client.decide(CODE, f"unit-{number}", {"plan": "pro", "locale": f"x-{number}"})

    hit(0, 25_000)
    gc.collect()
    tracemalloc.start()
    hit(25_000, 60_000)
    gc.collect()
    grown = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert grown < 2 * 1024 * 1024
    assert client.stats()["pending_events"] <= 500
