"""Traffic that follows the results, from the definition to the ruleset and the results, over several days."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest

from keepgoing.evaluation.decide import decide
from keepgoing.evaluation.ruleset import compile_ruleset
from service.use_cases import allocation
from service.use_cases.credentials import Role
from tests.api_client import CODE, KEY, Site, conversion, exposure, pointers, refusal
from tests.factories import experiment_document, variant_document

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
FOLLOWING: dict[str, Any] = {
    "allocation": {"mode": "thompson"},
    "variants": [variant_document(weight=1), variant_document("progress", weight=1)],
    "plan": {
        "primary": "recharge", "mode": "open", "baseline": 0.2, "min_days": 1, "min_participants": 20,
        "min_conversions": 5,
    },
}  # fmt: skip


class Clock:
    """What is now for the service; moved by hand."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def site(database_url: str, clock: Clock) -> Iterator[Site]:
    """A running experiment whose metric has a window of one day, and whose traffic follows the results."""
    found = Site(database_url, clock=clock)
    found.catalogue()
    metric = {"key": "recharge", "kind": "conversion", "event": "recharge", "window_days": 1}
    assert found.call("PUT", "/v1/metrics/recharge", metric).status_code == 200
    assert found.post("/v1/experiments", experiment_document(**FOLLOWING)).status_code == 201
    assert found.post(f"/v1/experiments/{KEY}/start").status_code == 200
    yield found
    found.services.backend.close()


def a_day(site: Site, clock: Clock, *, rates: dict[str, float], people: int = 120) -> None:
    """Everybody of one day is exposed by the ruleset of that day, and recharges at these rates."""
    ruleset = compile_ruleset(site.get("/v1/ruleset", role=Role.SDK).json)
    events, when, counts = [], clock.now.isoformat(), dict.fromkeys(rates, 0)
    for number in range(people):
        unit = f"{clock.now:%d}-{number}"
        decision = decide(ruleset, CODE, unit, {})
        variant = decision.variant or ""
        counts[variant] += 1
        events.append(exposure(f"x{unit}", unit, variant, occurred_at=when, context={}, phase=decision.phase))
        if int(counts[variant] * rates[variant]) > int((counts[variant] - 1) * rates[variant]):
            events.append(conversion(f"c{unit}", unit, occurred_at=when))
    for start in range(0, len(events), 500):
        assert site.send(*events[start : start + 500]).json["rejected"] == []
    site.fold()
    clock.now += timedelta(days=1)


def phases(site: Site) -> list[dict[str, Any]]:
    """The experiment's phases."""
    found: list[dict[str, Any]] = site.get(f"/v1/experiments/{KEY}/results").json["phases"]
    return found


def test_the_traffic_moves_to_the_better_variant_a_day_at_a_time_and_never_below_the_floor(
    site: Site, clock: Clock
) -> None:
    rates = {"control": 0.1, "progress": 0.3}
    for _ in range(6):
        a_day(site, clock, rates=rates)
        allocation.reallocate_all(site.services.backend.database, clock.now)
    shares = [float(Fraction(phase["shares"]["progress"])) for phase in phases(site)]
    assert shares[0] == 0.5
    assert len(shares) > 1
    assert shares[-1] > 0.9
    assert all(0.05 <= share <= 0.95 for share in shares)
    assert [phase["reason"] for phase in phases(site)][1:] == ["thompson"] * (len(shares) - 1)

    document = site.get(f"/v1/experiments/{KEY}/results").json
    treatment = document["metrics"][0]["variants"][1]
    assert document["allocation"] == {"mode": "thompson", "floor": 0.05}
    assert treatment["absolute"]["method"] == "inverse_probability_weighted"
    assert treatment["sequential"]["method"] == "asymptotic_confidence_sequence_weighted"
    assert document["health"]["srm"]["ok"] is True
    report = site.get(f"/v1/experiments/{KEY}/verdicts").json["items"]
    assert report[0]["outcome"] in ("winner", "keep_running", "collecting")


def test_however_many_ask_there_is_one_phase_a_day_and_it_is_in_the_audit_trail(
    site: Site, clock: Clock
) -> None:
    for _ in range(3):
        a_day(site, clock, rates={"control": 0.1, "progress": 0.3})
    database = site.services.backend.database
    assert [allocation.reallocate_all(database, clock.now) for _ in range(3)] == [1, 0, 0]
    assert len(phases(site)) == 2
    notes = [one for one in site.get("/v1/audit").json["items"] if one["action"] == "experiment.reallocate"]
    assert [one["subject"] for one in notes] == [KEY]


def test_the_ruleset_has_the_new_edges_and_who_keeps_the_range_keeps_the_variant(
    site: Site, clock: Clock
) -> None:
    before = compile_ruleset(site.get("/v1/ruleset", role=Role.SDK).json)
    for _ in range(3):
        a_day(site, clock, rates={"control": 0.1, "progress": 0.3})
    phase = allocation.reallocate(site.scope(), KEY)
    assert phase is not None
    after = compile_ruleset(site.get("/v1/ruleset", role=Role.SDK).json)
    was = {unit: decide(before, CODE, unit, {}).variant for unit in map(str, range(2000))}
    now = {unit: decide(after, CODE, unit, {}).variant for unit in was}
    share = sum(variant == "progress" for variant in now.values()) / len(now)
    assert share == pytest.approx(float(Fraction(phase.shares["progress"])), abs=0.04)
    assert all(now[unit] == "progress" for unit, variant in was.items() if variant == "progress")


def test_a_draft_a_pause_and_too_little_data_leave_the_traffic_as_it_is(site: Site, clock: Clock) -> None:
    database = site.services.backend.database
    clock.now += timedelta(days=1)
    assert allocation.reallocate_all(database, clock.now) == 0
    for _ in range(3):
        a_day(site, clock, rates={"control": 0.1, "progress": 0.3})
    site.post(f"/v1/experiments/{KEY}/pause")
    assert allocation.reallocate_all(database, clock.now) == 0


def test_a_split_that_is_not_the_one_asked_for_holds_the_traffic(site: Site, clock: Clock) -> None:
    when = clock.now.isoformat()
    events = [
        exposure(f"x{n}", f"u{n}", "control" if n % 4 else "progress", occurred_at=when) for n in range(400)
    ]
    events += [conversion(f"c{n}", f"u{n}", occurred_at=when) for n in range(0, 400, 5)]
    assert site.send(*events).json["rejected"] == []
    site.fold()
    clock.now += timedelta(days=3)
    assert allocation.reallocate_all(site.services.backend.database, clock.now) == 0
    assert site.get(f"/v1/experiments/{KEY}/results").json["verdict"]["outcome"] == "invalid"


def test_a_targeting_that_changes_keeps_what_the_traffic_has_come_to(site: Site, clock: Clock) -> None:
    for _ in range(3):
        a_day(site, clock, rates={"control": 0.1, "progress": 0.3})
    assert allocation.reallocate(site.scope(), KEY) is not None
    targeting = {"attribute": "plan", "op": "eq", "value": "pro"}
    assert site.call("PATCH", f"/v1/experiments/{KEY}", {"targeting": targeting}).status_code == 200
    found = phases(site)
    assert len(found) == 3
    assert found[2]["shares"] == found[1]["shares"] != found[0]["shares"]
    assert found[2]["reason"] == "targeting changed"


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"plan": {"primary": "recharge"}}, "/plan/mode"),
        ({"allocation": {"mode": "thompson", "floor": 0.5}}, "/allocation/floor"),
        ({"allocation": {"mode": "thompson", "floor": 0.01}}, "/allocation/floor"),
        ({"allocation": {"mode": "epsilon"}}, "/allocation/mode"),
        ({"assignment": "external"}, "/allocation"),
        ({"variants": [variant_document(weight=99), variant_document("progress", weight=1)]}, "/variants"),
    ],
)
def test_what_does_not_fit_an_allocation_is_refused(
    database_url: str, fields: dict[str, Any], pointer: str
) -> None:
    document = experiment_document(**{**FOLLOWING, **fields})
    with closing(Site(database_url)) as site:
        site.catalogue()
        assert pointer in pointers(refusal(site.post("/v1/experiments", document), 400))


def test_weights_and_the_allocation_itself_are_frozen(site: Site) -> None:
    path = f"/v1/experiments/{KEY}"
    refused = refusal(site.call("PATCH", path, {"allocation": {"mode": "thompson", "floor": 0.1}}), 409)
    assert pointers(refused) == {"/allocation"}
    variants = [variant_document(weight=2), variant_document("progress", weight=1)]
    assert pointers(refusal(site.call("PATCH", path, {"variants": variants}), 409)) == {"/variants/0/weight"}
