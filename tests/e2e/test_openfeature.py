"""OpenFeature's real clients, in Python and Node, against a real service: they say what the SDK says."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from openfeature import api
from openfeature.contrib.provider.ofrep import OFREPProvider
from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import ErrorCode

import keepgoing
from tests.clients import node
from tests.e2e.service_process import ROOT, ServiceProcess

KEY = "low-balance-framing"
CODE = "INSUFFICIENT_BALANCE"
CONTEXT = {"plan": "pro", "usage_percent": 87, "hours_saved": 3}
UNITS = 500


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServiceProcess]:
    """A service on SQLite in which the contract's experiment runs."""
    folder = tmp_path_factory.mktemp("openfeature")
    process = ServiceProcess(f"sqlite:///{folder / 'keepgoing.db'}", folder=folder)
    process.keepgoing("experiments", "apply", str(ROOT / "tests" / "contract_definitions.yaml"))
    process.keepgoing("experiments", "start", KEY)
    process.start()
    yield process
    process.stop()


@pytest.fixture(scope="module")
def key(service: ServiceProcess) -> str:
    """A key of the role sdk."""
    return service.key("sdk")


@pytest.fixture(scope="module")
def expected(service: ServiceProcess, key: str) -> list[keepgoing.Decision]:
    """The SDK's own decision for each unit, without an exposure."""
    with keepgoing.Client(service.url, key) as client:
        assert client.wait_ready(10)
        return [client.decide(CODE, f"acct_{n}", CONTEXT, exposure=False) for n in range(UNITS)]


def test_the_provider_for_python_says_what_the_sdk_says(
    service: ServiceProcess, key: str, expected: list[keepgoing.Decision]
) -> None:
    provider = OFREPProvider(service.url, headers_factory=lambda: {"Authorization": f"Bearer {key}"})
    api.set_provider_and_wait(provider)
    flags = api.get_client()
    try:
        for number, decision in enumerate(expected):
            context = EvaluationContext(f"acct_{number}", CONTEXT)
            body = flags.get_object_details(CODE, {}, context)
            assert (body.value, body.variant, body.reason) == (decision.body, decision.variant, "SPLIT")
            assert body.flag_metadata["decisionReason"] == "split"
        text = flags.get_string_details(f"{CODE}.message", "", EvaluationContext("acct_0", CONTEXT))
        assert text.value == expected[0].text
        missing = flags.get_object_details("NO_SUCH", {"mine": True}, EvaluationContext("acct_0"))
        assert (missing.value, missing.error_code) == ({"mine": True}, ErrorCode.FLAG_NOT_FOUND)
        nobody = flags.get_object_details(CODE, {"mine": True}, EvaluationContext(None, CONTEXT))
        assert (nobody.value, nobody.error_code) == ({"mine": True}, ErrorCode.TARGETING_KEY_MISSING)
    finally:
        api.clear_providers()


def test_the_documented_provider_for_node_says_what_the_sdk_says_and_tracks(
    service: ServiceProcess, key: str, expected: list[keepgoing.Decision]
) -> None:
    (node.FOLDER / "documented_provider.mjs").write_text(node.documented_provider())
    found = node.run("openfeature_server.mjs", service.url, key, str(UNITS))
    for decision, (body, variant, reason, metadata, text, text_variant) in zip(
        expected, found["units"], strict=True
    ):
        assert (body, variant, reason) == (decision.body, decision.variant, "SPLIT")
        assert (text, text_variant) == (decision.text, decision.variant)
        assert metadata["isControl"] is (decision.variant == "control")
    assert found["errors"]["missing"] == [{"mine": True}, "FLAG_NOT_FOUND", "ERROR"]
    assert found["errors"]["nobody"] == [{"mine": True}, "TARGETING_KEY_MISSING", "ERROR"]
    assert converted(service) == 1


def test_the_provider_for_browsers_gets_all_flags_and_a_304_while_nothing_changes(
    service: ServiceProcess, key: str, expected: list[keepgoing.Decision]
) -> None:
    found = node.run("openfeature_web.mjs", service.url, key)
    for decision, (body, variant, reason, text) in zip(expected, found["units"], strict=False):
        assert (body, variant, reason, text) == (decision.body, decision.variant, "SPLIT", decision.text)
    assert len(found["units"]) == 20
    assert set(found["statuses"]) == {200, 304}


def test_the_documented_subclass_is_short() -> None:
    lines = [line for line in node.documented_provider().splitlines() if line.strip()]
    assert len(lines) <= node.LONGEST_SUBCLASS


def converted(service: ServiceProcess) -> int:
    """How many units recharged, by the results, as soon as there are any."""
    viewer = service.key("viewer")
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        found: Any = service.call("GET", f"/v1/experiments/{KEY}/results", key=viewer).json
        if count := sum(one["conversions"] for one in found["metrics"][0]["variants"]):
            return int(count)
        time.sleep(0.1)
    return 0
