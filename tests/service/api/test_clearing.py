"""An alarm stays until a person clears it with a reason; then the gate starts anew."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from service.use_cases.credentials import Role
from tests.api_client import KEY, Site, exposure, pointers, refusal

PATH = f"/v1/experiments/{KEY}"
START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
WHY = "The broken app version was withdrawn on Monday."


class Clock:
    """A clock that tests move."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    """A clock at the first day."""
    return Clock()


@pytest.fixture
def site(database_url: str, clock: Clock) -> Iterator[Site]:
    """A service with a running experiment of two equal variants."""
    opened = Site(database_url, clock=clock).running()
    yield opened
    opened.close()


def arrive(site: Site, clock: Clock, day: int, *, control: int, progress: int, both: int = 0) -> None:
    """So many units see each variant on a day, and so many of the control's see the other one too."""
    clock.now = START + timedelta(days=day)
    at = clock.now.isoformat()
    events = [
        exposure(f"x-{variant}-{day}-{number}", f"{variant}-{day}-{number}", variant, occurred_at=at)
        for variant, units in (("control", control), ("progress", progress))
        for number in range(units)
    ]
    events += [
        exposure(f"y-{day}-{number}", f"control-{day}-{number}", "progress", occurred_at=at)
        for number in range(both)
    ]
    for begin in range(0, len(events), 1000):
        assert site.send(*events[begin : begin + 1000]).status_code == 200
    site.fold()


def outcome(site: Site) -> str:
    """The outcome now, recorded on the way."""
    return str(site.get(f"{PATH}/results").json["verdict"]["outcome"])


def recorded(site: Site) -> list[str]:
    """The outcomes recorded, newest first."""
    return [one["outcome"] for one in site.get(f"{PATH}/verdicts").json["items"]]


def crossed(site: Site, clock: Clock) -> None:
    """Many units see both variants on the first day, and the alarm is recorded."""
    arrive(site, clock, 0, control=100, progress=100, both=10)
    assert outcome(site) == "invalid"


def test_an_alarm_of_the_exposures_stays_when_the_share_has_recovered(site: Site, clock: Clock) -> None:
    crossed(site, clock)
    arrive(site, clock, 1, control=600, progress=600)
    results = site.get(f"{PATH}/results").json
    assert results["verdict"]["outcome"] == "invalid"
    said = " ".join(results["verdict"]["reasons"])
    assert "10 of 200 units saw two variants" in said
    assert "Recorded on 2 March 2026" in said
    assert "10 of 1,400 units" in said
    assert "until a person has cleared it" in said
    assert results["health"]["ok"] is False
    assert results["health"]["alarm"]["gate"] == 1


def test_an_alarm_of_the_split_by_chi_square_stays_when_the_split_evens_out(site: Site, clock: Clock) -> None:
    """178 against 116: chi-square 0.0003, sequential 0.015: only the first stops."""
    arrive(site, clock, 0, control=178, progress=116)
    srm = site.get(f"{PATH}/results").json["health"]["srm"]
    assert srm["chi_square_p_value"] < 0.0005 < 0.01 < srm["sequential_p_value"]
    assert recorded(site) == ["invalid"]
    arrive(site, clock, 1, control=116, progress=178)
    results = site.get(f"{PATH}/results").json
    assert results["health"]["srm"]["chi_square_p_value"] == 1.0
    assert results["health"]["srm"]["ok"] is False
    assert results["verdict"]["outcome"] == "invalid"


def test_a_person_clears_it_with_a_reason_that_everybody_reads(site: Site, clock: Clock) -> None:
    crossed(site, clock)
    answer = site.post(f"{PATH}/clear", {"reason": WHY}, role=Role.EDITOR)
    assert answer.status_code == 200
    assert answer.json["clearances"][0]["reason"] == WHY
    results = site.get(f"{PATH}/results").json
    assert results["verdict"]["outcome"] == "collecting"
    assert recorded(site) == ["collecting", "invalid"]
    (cleared,) = results["health"]["clearances"]
    assert (cleared["gate"], cleared["reason"]) == (1, WHY)
    assert cleared["by"]
    assert results["health"]["alarm"] is None
    assert WHY in results["verdict"]["gates"][0]["detail"]
    assert any("cleared by a person on 2 March 2026" in note for note in results["notes"])
    entry = next(one for one in site.get("/v1/audit").json["items"] if one["action"] == "experiment.clear")
    assert (entry["subject"], entry["detail"]["reason"]) == (KEY, WHY)


def test_what_came_before_stays_among_the_numbers(site: Site, clock: Clock) -> None:
    crossed(site, clock)
    before = site.get(f"{PATH}/results").json["variants"]
    site.post(f"{PATH}/clear", {"reason": WHY})
    assert site.get(f"{PATH}/results").json["variants"] == before


def test_a_fault_that_goes_on_raises_the_alarm_again(site: Site, clock: Clock) -> None:
    crossed(site, clock)
    site.post(f"{PATH}/clear", {"reason": WHY})
    arrive(site, clock, 1, control=100, progress=100, both=10)
    assert outcome(site) == "invalid"
    assert recorded(site) == ["invalid", "collecting", "invalid"]
    assert "10 of 200 units" in site.get(f"{PATH}/results").json["verdict"]["reasons"][0]


def test_the_rest_of_the_day_of_the_clearing_is_not_held_against_what_comes_after(
    site: Site, clock: Clock
) -> None:
    crossed(site, clock)
    site.post(f"{PATH}/clear", {"reason": WHY})
    clock.now += timedelta(hours=1)
    assert outcome(site) == "collecting"


def test_clearing_one_gate_leaves_the_other_as_it_is(site: Site, clock: Clock) -> None:
    arrive(site, clock, 0, control=400, progress=100, both=20)
    assert outcome(site) == "invalid"
    cleared = site.post(f"{PATH}/clear", {"reason": WHY}).json["clearances"]
    assert [one["gate"] for one in cleared] == [1]
    results = site.get(f"{PATH}/results").json
    assert results["verdict"]["outcome"] == "invalid"
    assert results["verdict"]["gates"][1]["state"] == "applies"
    cleared = site.post(f"{PATH}/clear", {"reason": WHY}).json["clearances"]
    assert [one["gate"] for one in cleared] == [1, 2]
    assert outcome(site) == "collecting"


def test_the_split_is_tested_anew_from_the_day_after(site: Site, clock: Clock) -> None:
    arrive(site, clock, 0, control=400, progress=100)
    assert outcome(site) == "invalid"
    site.post(f"{PATH}/clear", {"reason": WHY})
    srm = site.get(f"{PATH}/results").json["health"]["srm"]
    assert (srm["ok"], srm["sequential_p_value"], srm["since"]) == (True, None, "2026-03-03T00:00:00Z")
    arrive(site, clock, 1, control=200, progress=205)
    assert site.get(f"{PATH}/results").json["health"]["srm"]["sequential_p_value"] == 1.0
    arrive(site, clock, 2, control=400, progress=100)
    assert outcome(site) == "invalid"


def test_there_must_be_something_to_clear(site: Site, clock: Clock) -> None:
    refusal(site.post(f"{PATH}/clear", {"reason": WHY}), 409)
    crossed(site, clock)
    assert site.post(f"{PATH}/clear", {"reason": WHY}).status_code == 200
    refusal(site.post(f"{PATH}/clear", {"reason": WHY}), 409)


def test_what_nobody_has_looked_at_yet_can_be_cleared(site: Site, clock: Clock) -> None:
    arrive(site, clock, 0, control=100, progress=100, both=10)
    assert site.post(f"{PATH}/clear", {"reason": WHY}).status_code == 200


@pytest.mark.parametrize(
    "body", [{}, {"reason": ""}, {"reason": "  "}, {"reason": "x" * 1001}, {"reason": 1}]
)
def test_a_reason_must_say_something(site: Site, clock: Clock, body: dict[str, Any]) -> None:
    crossed(site, clock)
    assert pointers(refusal(site.post(f"{PATH}/clear", body), 400)) == {"/reason"}
    assert outcome(site) == "invalid"


def test_a_viewer_cannot_clear(site: Site, clock: Clock) -> None:
    crossed(site, clock)
    refusal(site.post(f"{PATH}/clear", {"reason": WHY}, role=Role.VIEWER), 403)
    assert outcome(site) == "invalid"


def test_a_past_moment_knows_only_the_alarms_and_clearings_until_then(site: Site, clock: Clock) -> None:
    crossed(site, clock)
    arrive(site, clock, 3, control=600, progress=600)
    before = (clock.now - timedelta(hours=1)).isoformat()
    site.post(f"{PATH}/clear", {"reason": WHY})
    past = site.get(f"{PATH}/results?as_of={before}").json
    assert past["health"]["alarm"]["gate"] == 1
    assert past["health"]["clearances"] == []
    assert site.get(f"{PATH}/results").json["health"]["alarm"] is None
