"""The main job through real processes: a wall, a message, a recharge, and what the results say of them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from scipy.stats import chisquare

import keepgoing
from tests.e2e.service_process import ServiceProcess, python

KEY = "low-balance-framing"
CODE = "INSUFFICIENT_BALANCE"
CONTEXT = {
    "plan": "pro", "usage_percent": 87, "hours_saved": 3, "requests_done": 10, "offer_ends": "Friday",
    "locale": "en-US",
}  # fmt: skip

HOST_SCRIPT = """
import json, os, keepgoing
client = keepgoing.Client(url=os.environ["KEEPGOING_URL"], key=os.environ["KEEPGOING_KEY"])
client.wait_ready(10)
context = {"plan": "pro", "usage_percent": 87, "hours_saved": 3, "requests_done": 10, "offer_ends": "Friday"}
decision = client.decide("INSUFFICIENT_BALANCE", unit_id="acct_42", context=context)
print(json.dumps([decision.status, decision.variant, decision.reason, decision.body]))
client.track("recharge", unit_id="acct_42", value="20.00", currency="USD", event_id="invoice-981")
client.close()
"""

DECIDE_SCRIPT = """
import json, sys, keepgoing
client = keepgoing.Client.from_file(sys.argv[1])
context = json.loads(sys.argv[2])
units = [f"acct_{n}" for n in range(int(sys.argv[3]))]
decisions = [client.decide("INSUFFICIENT_BALANCE", unit_id=unit, context=context) for unit in units]
print(json.dumps([decision.variant for decision in decisions]))
"""


def eventually(look: Callable[[], Any], *, seconds: float = 5.0) -> Any:
    """What `look` finds as soon as it finds something, within so many seconds."""
    deadline = time.monotonic() + seconds
    while not (found := look()) and time.monotonic() < deadline:
        time.sleep(0.1)
    return found


def test_a_host_script_gets_a_message_recharges_and_is_in_the_results_within_5_seconds(
    service: ServiceProcess, tmp_path: Path
) -> None:
    assert len(HOST_SCRIPT.strip().splitlines()) <= 15
    viewer = service.key("viewer")
    eventually(
        lambda: service.call("GET", f"/v1/experiments/{KEY}/results", key=viewer).status == 200, seconds=30
    )
    environment = {"KEEPGOING_URL": service.url, "KEEPGOING_KEY": service.key("sdk")}

    status, variant, reason, body = json.loads(python(HOST_SCRIPT, environment=environment, folder=tmp_path))
    assert (status, reason) == (402, "split")
    assert body["error"]["code"] == CODE
    assert "balance" in body["detail"]
    assert KEY not in json.dumps(body)

    def converted() -> list[str]:
        found = service.call("GET", f"/v1/experiments/{KEY}/results", key=viewer).json
        return [one["key"] for one in found["metrics"][0]["variants"] if one["conversions"]]

    assert eventually(converted) == [variant]


def test_sdk_http_and_another_process_give_every_unit_the_same_variant(
    service: ServiceProcess, tmp_path: Path
) -> None:
    agree_on(service, tmp_path, units=1_000)


@pytest.mark.slow
def test_100_000_units_get_the_same_variant_at_every_door_in_the_declared_shares(
    service: ServiceProcess, tmp_path: Path
) -> None:
    variants = agree_on(service, tmp_path, units=100_000)
    counts = [variants.count(key) for key in sorted(set(variants))]
    assert len(counts) == 8
    assert chisquare(counts).pvalue > 0.001


def agree_on(service: ServiceProcess, folder: Path, *, units: int) -> list[str]:
    """The variants of so many units, which the SDK, `POST /v1/decide` and another process agree on."""
    key = service.key("sdk")
    ruleset = folder / "ruleset.json"
    ruleset.write_bytes(service.call("GET", "/v1/ruleset", key=key).body)
    names = [f"acct_{number}" for number in range(units)]
    with keepgoing.Client.from_file(ruleset) as client:
        by_sdk = [client.decide(CODE, name, CONTEXT, exposure=False).variant for name in names]
    arguments = (str(ruleset), json.dumps(CONTEXT), str(units))
    assert json.loads(python(DECIDE_SCRIPT, environment={}, folder=folder, arguments=arguments)) == by_sdk

    def by_http(name: str) -> str:
        wall = {"error_code": CODE, "unit_id": name, "context": CONTEXT, "exposure": False}
        variant: str = service.call("POST", "/v1/decide", key=key, body=wall).json["variant"]
        return variant

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(by_http, names)) == by_sdk
    return [str(variant) for variant in by_sdk]


def test_a_wall_over_http_is_logged_as_an_exposure_unless_it_says_not(service: ServiceProcess) -> None:
    key, viewer = service.key("sdk"), service.key("viewer")
    wall = {"error_code": CODE, "unit_id": "acct_1", "context": CONTEXT}
    answer = service.call("POST", "/v1/decide", key=key, body=wall)
    assert (answer.status, answer.json["status"], answer.json["reason"]) == (200, 402, "split")
    service.call("POST", "/v1/decide", key=key, body={**wall, "unit_id": "acct_2", "exposure": False})

    def participants() -> int:
        found = service.call("GET", f"/v1/experiments/{KEY}/results", key=viewer).json
        return sum(one["participants"] for one in found["variants"])

    assert eventually(participants, seconds=20) == 1


def test_one_batch_posted_three_times_and_by_two_processes_at_once_counts_once(
    service: ServiceProcess, tmp_path: Path
) -> None:
    key, viewer = service.key("sdk"), service.key("viewer")
    batch = {"events": [exposure(number) for number in range(200)] + [recharge(n) for n in range(0, 200, 4)]}
    first = service.call("POST", "/v1/events", key=key, body=batch, zipped=True)
    assert (first.status, first.json["accepted"], first.json["duplicates"]) == (200, 250, 0)
    for _ in range(2):
        again = service.call("POST", "/v1/events", key=key, body=batch).json
        assert (again["accepted"], again["duplicates"], again["rejected"]) == (0, 250, [])

    other = {"events": [exposure(number) for number in range(200, 700)]}
    with ThreadPoolExecutor(2) as threads:  # two workers serve them: two processes write at once
        answers = list(
            threads.map(lambda _: service.call("POST", "/v1/events", key=key, body=other), range(2))
        )
    assert sum(answer.json["accepted"] for answer in answers) == 500
    assert sum(answer.json["duplicates"] for answer in answers) == 500

    def totals() -> tuple[int, int]:
        found = service.call("GET", f"/v1/experiments/{KEY}/results", key=viewer).json
        rows = found["metrics"][0]["variants"]
        return sum(one["participants"] for one in rows), sum(one["conversions"] for one in rows)

    assert eventually(lambda: totals() == (700, 50) and totals(), seconds=20) == (700, 50)


def exposure(number: int) -> dict[str, Any]:
    return {
        "type": "exposure", "event_id": f"e-{number}", "error_code": CODE, "experiment": KEY,
        "variant": "control" if number % 2 else "progress", "unit_id": f"u-{number}",
        "occurred_at": datetime.now(UTC).isoformat(), "context": {"plan": "pro"},
    }  # fmt: skip


def recharge(number: int) -> dict[str, Any]:
    return {
        "type": "conversion", "event_id": f"r-{number}", "name": "recharge", "unit_id": f"u-{number}",
        "occurred_at": datetime.now(UTC).isoformat(), "value": "20.00", "currency": "USD",
    }  # fmt: skip
