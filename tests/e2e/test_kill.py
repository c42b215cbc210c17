"""kill -9 in the middle of a stream of batches: what was acknowledged is there, and nothing twice."""

from __future__ import annotations

import random
import threading
import time
from datetime import UTC, datetime
from typing import Any

from tests.e2e.service_process import ServiceProcess

CODE, KEY = "INSUFFICIENT_BALANCE", "low-balance-framing"
BATCHES, SIZE, KILLS = 50, 40, 4


def batch(number: int) -> dict[str, Any]:
    """Units that nobody else has: each met a wall, each recharged."""
    now = datetime.now(UTC).isoformat()
    events: list[dict[str, Any]] = []
    for place in range(SIZE // 2):
        unit = f"u-{number}-{place}"
        events.append(
            {"type": "exposure", "event_id": f"e-{unit}", "error_code": CODE, "experiment": KEY,
             "variant": "control" if place % 2 else "progress", "unit_id": unit, "occurred_at": now}
        )  # fmt: skip
        events.append(
            {"type": "conversion", "event_id": f"r-{unit}", "name": "recharge", "unit_id": unit,
             "occurred_at": now, "value": "1.00", "currency": "USD"}
        )  # fmt: skip
    return {"events": events}


def test_a_killed_service_loses_no_acknowledged_event_and_counts_none_twice(service: ServiceProcess) -> None:
    key, viewer = service.key("sdk"), service.key("viewer")
    batches = [batch(number) for number in range(BATCHES)]
    acknowledged: set[int] = set()
    dice = random.Random(7)

    for round_ in range(KILLS):
        killer = threading.Timer(dice.uniform(0.02, 0.25), service.kill)
        killer.start()
        for number in range(round_, BATCHES, KILLS):
            try:
                if service.call("POST", "/v1/events", key=key, body=batches[number]).status == 200:
                    acknowledged.add(number)
            except (OSError, ValueError):
                break  # the service died under this request: not acknowledged
        killer.join()
        service.start()

    lost = sum(
        service.call("POST", "/v1/events", key=key, body=batches[number]).json["accepted"]
        for number in acknowledged
    )
    assert lost == 0
    for one in batches:  # the client's retries of everything: none is counted twice
        assert service.call("POST", "/v1/events", key=key, body=one).status == 200

    deadline = time.monotonic() + 30
    while (
        totals(service, viewer) != (BATCHES * SIZE // 2, BATCHES * SIZE // 2) and time.monotonic() < deadline
    ):
        time.sleep(0.2)
    assert totals(service, viewer) == (BATCHES * SIZE // 2, BATCHES * SIZE // 2)


def totals(service: ServiceProcess, viewer: str) -> tuple[int, int]:
    found = service.call("GET", f"/v1/experiments/{KEY}/results", key=viewer).json
    rows = found["metrics"][0]["variants"]
    return sum(one["participants"] for one in rows), sum(one["conversions"] for one in rows)
