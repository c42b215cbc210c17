"""The examples of docs/integrations.md behind real servers: walls, messages that vary, recharges."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.service_process import ROOT, ServiceProcess, free_port, python
from tests.integrations.examples import PAGE, examples
from tests.integrations.host import SERVERS

KEY = "low-balance-framing"
DEFINITIONS = ROOT / "tests" / "contract_definitions.yaml"
UNITS = 24
LONGEST_EXAMPLE = 20


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServiceProcess]:
    """A service on SQLite in which the contract's experiment runs, shared by all hosts of this file."""
    folder = tmp_path_factory.mktemp("integrations")
    process = ServiceProcess(f"sqlite:///{folder / 'keepgoing.db'}", folder=folder)
    process.keepgoing("experiments", "apply", str(DEFINITIONS))
    process.keepgoing("experiments", "start", KEY)
    process.start()
    yield process
    process.stop()


@pytest.fixture(scope="module")
def keys(service: ServiceProcess) -> dict[str, str]:
    """A key of each role that the hosts and the test need."""
    return {role: service.key(role) for role in ("sdk", "viewer")}


@contextmanager
def running(name: str, environment: dict[str, str], folder: Path) -> Iterator[int]:
    """The port of an example that runs behind a real server."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.integrations.host", name, str(port)],
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment}, cwd=folder, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            try:
                call(port, "GET", "/generate", "warm-up")
                break
            except OSError:
                time.sleep(0.05)
        yield port
    finally:
        process.kill()
        process.wait(10)


def call(port: int, method: str, path: str, account: str, **headers: str) -> tuple[int, dict[str, str], Any]:
    """Status, headers and body of one request of an account."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(method, path, headers={"X-Account": account, **headers})
        answer = connection.getresponse()
        names = {name.lower(): value for name, value in answer.getheaders()}
        return answer.status, names, json.loads(answer.read())
    finally:
        connection.close()


def until_split(port: int) -> None:
    """Returns when the host's client has the ruleset."""
    deadline = time.monotonic() + 15
    while call(port, "GET", "/generate", "warm-up")[2].get("decision_id") is None:
        assert time.monotonic() < deadline, "the ruleset did not arrive"
        time.sleep(0.1)


def results(service: ServiceProcess, keys: dict[str, str]) -> tuple[dict[str, int], dict[str, int]]:
    """The participants and conversions of each variant."""
    found = service.call("GET", f"/v1/experiments/{KEY}/results", key=keys["viewer"]).json
    variants = found["metrics"][0]["variants"]
    return (
        {one["key"]: one["participants"] for one in variants},
        {one["key"]: one["conversions"] for one in variants},
    )


@pytest.mark.parametrize("name", SERVERS)
def test_at_a_wall_of_each_framework_the_message_varies_and_the_recharge_counts(
    name: str, service: ServiceProcess, keys: dict[str, str], tmp_path: Path
) -> None:
    seen, recharged = results(service, keys)
    environment = {"KEEPGOING_URL": service.url, "KEEPGOING_KEY": keys["sdk"]}
    with running(name, environment, tmp_path) as port:
        until_split(port)
        answers = [call(port, "GET", "/generate", f"{name}-{n}") for n in range(UNITS)]
        again = [call(port, "GET", "/generate", f"{name}-{n}") for n in range(UNITS)]
        assert call(port, "POST", f"/recharged/{name}-invoice", f"{name}-0")[0] == 200
        deadline = time.monotonic() + 10
        while sum(results(service, keys)[1].values()) == sum(recharged.values()):
            assert time.monotonic() < deadline, "the recharge did not arrive"
            time.sleep(0.1)

    assert [body for *_, body in answers] == [body for *_, body in again]
    assert {status for status, *_ in answers} == {402}
    texts = {body["error"]["message"] for *_, body in answers}
    assert len(texts) == 2
    assert any("you have used 87% of your tier" in text for text in texts)
    assert {body["error"]["code"] for *_, body in answers} == {"INSUFFICIENT_BALANCE"}
    assert {headers["content-type"] for _, headers, _ in answers} == {"application/problem+json"}
    after, converted = results(service, keys)
    assert sum(after.values()) - sum(seen.values()) - UNITS in (0, 1)  # the one that warmed the host up
    assert sum(converted.values()) - sum(recharged.values()) == 1


@pytest.mark.parametrize("name", ["job", "openfeature"])
def test_a_job_and_an_openfeature_client_are_counted_too(
    name: str, service: ServiceProcess, keys: dict[str, str], tmp_path: Path
) -> None:
    seen, recharged = results(service, keys)
    environment = {"KEEPGOING_URL": service.url, "KEEPGOING_KEY": keys["sdk"]}
    said = python(
        examples()[name], environment=environment, folder=tmp_path, arguments=(name, f"{name}-invoice")
    )
    assert "balance" in said.lower()
    after, converted = results(service, keys)
    assert sum(after.values()) == sum(seen.values()) + 1
    assert sum(converted.values()) == sum(recharged.values()) + 1


def test_the_example_for_tests_of_hosts_runs(tmp_path: Path) -> None:
    python(examples()["testing"], environment={}, folder=tmp_path)


@pytest.mark.parametrize("name", examples())
def test_an_example_is_short(name: str) -> None:
    lines = [line for line in examples()[name].splitlines() if line.strip()]
    assert len(lines) <= LONGEST_EXAMPLE, f"{PAGE.name}: {name} has {len(lines)} lines"
