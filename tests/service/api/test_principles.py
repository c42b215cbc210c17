"""Which persuasion principle works, over several experiments of a project."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from service.use_cases.credentials import Role
from tests.api_client import Site, conversion, exposure
from tests.factories import experiment_document, variant_document

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
LATER = START + timedelta(days=20)
FOUND = {"first": (60, 80), "second": (50, 62), "third": (70, 78)}
"""Conversions of 300 in control and progress, by experiment."""


class Clock:
    """A clock that tests move."""

    now = START

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    """A clock at the first day."""
    return Clock()


@pytest.fixture
def site(database_url: str, clock: Clock) -> Iterator[Site]:
    """A service with three experiments on a wording that shows progress, whose windows have ended."""
    opened = Site(database_url, clock=clock).catalogue()
    for key, counts in FOUND.items():
        run(opened, key, *counts)
    clock.now = LATER
    yield opened
    opened.close()


def run(site: Site, key: str, control: int, progress: int, *, units: int = 300, **fields: Any) -> None:
    """An experiment in which so many of its units convert."""
    variants = [variant_document(), variant_document("progress", principles=["progress", "value"])]
    site.post("/v1/experiments", experiment_document(key=key, variants=variants, **fields))
    assert site.post(f"/v1/experiments/{key}/start").status_code == 200
    at, events = site.now().isoformat(), []
    for variant, converted in (("control", control), ("progress", progress)):
        for number in range(units):
            unit = f"{key}-{variant}-{number}"
            events.append(exposure(f"x-{unit}", unit, variant, experiment=key, occurred_at=at))
            if number < converted:
                events.append(conversion(f"c-{unit}", unit, occurred_at=at))
    assert site.send(*events).status_code == 200
    site.fold()


def found(site: Site, name: str = "progress") -> dict[str, Any]:
    """What the service answers of one principle."""
    items = site.get("/v1/principles", role=Role.VIEWER).json["items"]
    return next(one for one in items if one["principle"] == name)


def test_three_experiments_are_pooled_with_a_prediction_and_a_prior_for_the_next_plan(site: Site) -> None:
    answer = found(site)
    pooled = answer["pooled"]
    assert (pooled["experiments"], pooled["few"]) == (3, True)
    assert pooled["prediction"][0] <= pooled["interval"][0] < pooled["lift"] < pooled["interval"][1]
    assert 0.1 < pooled["lift"] < 0.35
    assert answer["prior"].keys() == {"mean", "sd", "source"}
    assert answer["prior"]["mean"] == pytest.approx(pooled["lift"])
    assert "Fewer than 10 experiments" in answer["note"]


def test_a_wording_of_two_principles_counts_for_both_and_says_so(site: Site) -> None:
    assert found(site, "value")["pooled"] == found(site)["pooled"]
    assert found(site)["contributions"][0]["beside"] == ["value"]
    assert "uses other principles too" in found(site)["note"]


def test_an_experiment_whose_data_are_not_valid_is_left_out(site: Site, clock: Clock) -> None:
    clock.now = START
    run(site, "broken", 100, 10)
    at = START.isoformat()
    more = [
        exposure(f"y-{n}", f"broken-control-{n}", "progress", experiment="broken", occurred_at=at)
        for n in range(50)
    ]
    site.send(*more)
    site.fold()
    clock.now = LATER
    assert found(site)["left_out"] == [{"experiment": "broken", "reason": "Its data are not valid."}]
    assert found(site)["pooled"]["experiments"] == 3


def test_simulated_units_do_not_count_beside_real_ones(site: Site, clock: Clock) -> None:
    clock.now = START
    run(site, "made-up", 10, 200, simulated=True)
    clock.now = LATER
    answer = found(site)
    assert [one["experiment"] for one in answer["left_out"]] == ["made-up"]
    assert (answer["simulated"], answer["pooled"]["experiments"]) == (False, 3)


def test_windows_that_are_open_say_nothing_yet(site: Site, clock: Clock) -> None:
    clock.now = LATER - timedelta(days=1)
    run(site, "young", 60, 90)
    clock.now = LATER
    (left_out,) = found(site)["left_out"]
    assert left_out["experiment"] == "young"
    assert "window" in left_out["reason"]


def test_no_other_project_is_told_of(site: Site) -> None:
    assert site.get("/v1/principles", project="rival").json["items"] == []
