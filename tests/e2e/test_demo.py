"""The demo as a new user starts it: an empty folder, real data, a verdict, a running service."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.service_process import ROOT

REPLAY_SECONDS, AGAIN_SECONDS = 200.0, 60.0


class Demo:
    """A running `keepgoing demo --json`."""

    def __init__(self, folder: Path, seconds: float) -> None:
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "service.cli", "demo", "--no-browser", "--port", "0", "--json"],
            cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        began = time.monotonic()
        assert self._process.stdout is not None
        self.doors: dict[str, Any] = json.loads(self._process.stdout.readline())
        assert time.monotonic() - began < seconds

    def get(self, path: str) -> Any:
        """What the service answers the viewer."""
        request = urllib.request.Request(
            self.doors["url"] + path, headers={"Authorization": f"Bearer {self.doors['viewer_key']}"}
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def stop(self) -> int:
        """The exit code after an interruption, as by Ctrl-C."""
        self._process.send_signal(signal.SIGINT)
        assert self._process.stdout is not None
        self._process.stdout.close()
        return self._process.wait(20)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="module")
def demo(folder: Path) -> Iterator[Demo]:
    running = Demo(folder, REPLAY_SECONDS)
    yield running
    running.stop()


def test_it_says_where_it_is_and_how_to_enter(demo: Demo) -> None:
    assert set(demo.doors) == {"url", "viewer_key", "admin_key", "experiments", "sign_in_url"}
    assert demo.doors["experiments"][0] == "cookie-cats-gate"
    assert len(demo.doors["experiments"]) == 5


def test_its_link_opens_the_dashboard_once(demo: Demo) -> None:
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    with browser.open(demo.doors["sign_in_url"], timeout=30) as page:
        assert "cookie-cats-gate" in page.read().decode()
    with browser.open(f"{demo.doors['url']}/experiments/cookie-cats-gate", timeout=30) as page:
        text = page.read().decode()
    assert "8,502" in text
    assert "real players" in text
    with pytest.raises(urllib.error.HTTPError):
        urllib.request.build_opener().open(demo.doors["sign_in_url"], timeout=30)


def test_cookie_cats_has_the_published_numbers_and_a_verdict(demo: Demo) -> None:
    found = demo.get("/v1/experiments/cookie-cats-gate/results")
    control, treatment = found["metrics"][0]["variants"]
    assert (control["conversions"], control["participants"]) == (8_502, 44_700)
    assert (treatment["conversions"], treatment["participants"]) == (8_279, 45_489)
    assert treatment["absolute"]["p_value"] == pytest.approx(0.00155, abs=5e-6)
    assert found["health"]["srm"]["chi_square_p_value"] == pytest.approx(0.0086, abs=5e-5)
    assert found["verdict"]["outcome"] == "control_wins"
    assert found["verdict"]["reasons"]
    assert [gate["number"] for gate in found["verdict"]["gates"]] == list(range(1, 10))


def test_real_data_name_their_source_and_simulated_units_are_called_so(demo: Demo) -> None:
    for key in demo.doors["experiments"]:
        found = demo.get(f"/v1/experiments/{key}/results")
        assert found["simulated"] is (key == "low-balance-framing")
        assert bool(found["source"]) is (key != "low-balance-framing")
        assert found["notes"]
    assert "simulated" in " ".join(demo.get("/v1/experiments/low-balance-framing/results")["notes"]).lower()


def test_each_experiment_has_a_recorded_verdict(demo: Demo) -> None:
    for key in demo.doors["experiments"]:
        assert len(demo.get(f"/v1/experiments/{key}/verdicts")["items"]) == 1


def test_a_second_start_replays_nothing_and_has_new_keys(demo: Demo, folder: Path) -> None:
    again = Demo(folder, AGAIN_SECONDS)
    try:
        assert again.doors["viewer_key"] != demo.doors["viewer_key"]
        found = again.get("/v1/experiments/cookie-cats-gate/results")
        assert sum(one["participants"] for one in found["variants"]) == 90_189
    finally:
        assert again.stop() == 130
