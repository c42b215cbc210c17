"""What reading calls answer: results, series, health, verdicts, overview, principles and plans."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.api_client import KEY, Site, conversion, exposure, pointers, refusal
from tests.factories import experiment_document, variant_document

PATH = f"/v1/experiments/{KEY}"
START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


class Clock:
    """A clock that tests move."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


def crowd(day: int, variant: str, *, units: int, conversions: int) -> list[dict[str, Any]]:
    """Events of one day: so many units meet a variant, and the first of them recharge an hour later."""
    moment = START + timedelta(days=day)
    names = [f"{variant}-{day}-{number}" for number in range(units)]
    seen = [exposure(f"x-{name}", name, variant, occurred_at=moment.isoformat()) for name in names]
    later = (moment + timedelta(hours=1)).isoformat()
    return seen + [conversion(f"c-{name}", name, occurred_at=later) for name in names[:conversions]]


@pytest.fixture
def finished(database_url: str) -> Any:
    """A service whose experiment has run for 20 days, with a clear winner."""
    clock = Clock(START)
    site = Site(database_url, clock=clock).running(
        variants=[variant_document(), variant_document("progress", principles=["progress"])],
        plan={"primary": "recharge", "mde_relative": 0.5, "baseline": 0.2},
    )
    for day in range(10):
        clock.now = START + timedelta(days=day, hours=2)
        assert site.send(*crowd(day, "control", units=60, conversions=12)).status_code == 200
        assert site.send(*crowd(day, "progress", units=60, conversions=26)).status_code == 200
    clock.now = START + timedelta(days=20)
    site.fold()
    yield site
    site.close()


def test_results_carry_what_the_contract_names(finished: Site) -> None:
    results = finished.get(f"{PATH}/results").json
    head = {name: results[name] for name in ("experiment", "status", "revision")}
    assert head == {"experiment": KEY, "status": "running", "revision": 1}
    assert [
        (one["key"], one["control"], one["participants"], one["weight"]) for one in results["variants"]
    ] == [
        ("control", True, 600, 0.5),
        ("progress", False, 600, 0.5),
    ]
    assert results["health"]["srm"]["ok"] is True
    metric = results["metrics"][0]
    assert (metric["key"], metric["kind"], metric["role"]) == ("recharge", "conversion", "primary")
    treatment = metric["variants"][1]
    assert (treatment["participants"], treatment["conversions"]) == (600, 260)
    assert {"estimate", "interval", "p_value", "p_value_adjusted"} <= treatment["absolute"].keys()
    assert {"estimate", "interval"} <= treatment["relative"].keys()
    assert {"interval", "p_value"} <= treatment["sequential"].keys()
    assert {"chance_to_beat_control", "expected_loss", "interval"} <= treatment["bayesian"].keys()
    assert (results["verdict"]["outcome"], results["verdict"]["winner"]) == ("winner", "progress")


def test_a_verdict_is_recorded_when_it_first_appears_and_not_again(finished: Site) -> None:
    for _ in range(3):
        finished.get(f"{PATH}/results")
    recorded = finished.get(f"{PATH}/verdicts").json["items"]
    assert [(one["outcome"], one["winner"]) for one in recorded] == [("winner", "progress")]
    assert recorded[0]["reasons"]
    assert recorded[0]["gates"]
    assert recorded[0]["inputs"]
    actions = [entry["action"] for entry in finished.get("/v1/audit").json["items"]]
    assert actions.count("verdict.record") == 1


def test_a_verdict_that_changes_is_recorded_beside_the_one_before(site: Site) -> None:
    site.running().send(exposure("x1"))
    site.fold()
    site.get(f"{PATH}/results")
    first = site.get(f"{PATH}/verdicts").json["items"]
    units = [f"u{number}" for number in range(400)]
    site.send(*(exposure(f"y-{unit}", unit) for unit in units))  # all of them in one variant: a broken split
    site.fold()
    site.get(f"{PATH}/results")
    recorded = site.get(f"{PATH}/verdicts").json["items"]
    assert [one["outcome"] for one in recorded] == ["invalid", "collecting"]
    assert recorded[1] == first[0]


def test_a_draft_has_results_without_numbers_and_no_verdict_is_recorded(site: Site) -> None:
    site.catalogue().post("/v1/experiments", experiment_document())
    results = site.get(f"{PATH}/results").json
    assert [one["participants"] for one in results["variants"]] == [0, 0]
    assert results["metrics"][0]["variants"][1]["absolute"] is None
    assert site.get(f"{PATH}/verdicts").json == {"items": [], "next": None}


def test_results_of_a_past_moment_are_those_of_the_days_before(finished: Site) -> None:
    past = (START + timedelta(days=8)).isoformat()
    results = finished.get(f"{PATH}/results?as_of={past}").json  # a + that nobody encoded
    assert results["as_of"] == "2026-03-10T09:00:00Z"
    assert 0 < sum(one["participants"] for one in results["metrics"][0]["variants"]) < 1_200
    assert finished.get(f"{PATH}/verdicts").json["items"] == []  # a past moment's verdict is none of now


@pytest.mark.parametrize("moment", ["2099-01-01T00:00:00Z", "2025", "yesterday", "2026-03-02T09:00:00"])
def test_a_moment_that_is_none_or_lies_ahead_is_refused(site: Site, moment: str) -> None:
    site.running()
    assert pointers(refusal(site.get(f"{PATH}/results?as_of={moment}"), 400)) == {"/as_of"}


def test_results_by_a_declared_segment(site: Site) -> None:
    site.running(plan={"primary": "recharge", "segments": ["plan"]})
    site.send(
        exposure("x1", "a", context={"plan": "pro"}),
        exposure("x2", "b", "progress", context={"plan": "free"}),
    )
    site.fold()
    segments = site.get(f"{PATH}/results?segment=plan").json["segments"]
    assert {value["value"] for value in segments["values"]} == {"pro", "free"}
    assert pointers(refusal(site.get(f"{PATH}/results?segment=colour"), 400)) == {"/segment"}


def test_the_series_has_a_day_for_each_day_with_participants(finished: Site) -> None:
    series = finished.get(f"{PATH}/timeseries").json
    assert [day["date"] for day in series["days"]] == [
        (START + timedelta(days=day)).date().isoformat() for day in range(10)
    ]
    assert series["days"][-1]["variants"][0]["participants"] == 600
    refusal(finished.get(f"{PATH}/timeseries?metric=nothing"), 404)


def test_health_is_that_of_the_results(finished: Site) -> None:
    assert finished.get(f"{PATH}/health").json == finished.get(f"{PATH}/results").json["health"]


def test_health_answers_every_check_by_name_with_a_sentence(finished: Site) -> None:
    health = finished.get(f"{PATH}/health").json
    checks = {one["name"]: one for one in health["checks"]}
    assert (checks["sample_ratio"]["state"], checks["sample_ratio"]["p_value"]) == ("ok", 1.0)
    assert checks["sample_ratio_by_day"]["state"] == "ok"
    assert len(checks["sample_ratio_by_day"]["details"]["parts"]) == 10
    assert checks["novelty"]["state"] == "ok"
    assert len(checks["novelty"]["details"]["treatments"][0]["days"]) == 10
    assert checks["sample_ratio_by_segment"]["state"] == "not_evaluated"
    assert checks["last_event"]["state"] == "warning"  # nothing came for ten days
    assert checks["event_lag"]["details"]["arrival_mean_seconds"] == pytest.approx(7200, rel=0.01)
    assert health["last_received_at"].startswith("2026-03-11")
    assert all(one["says"] for one in checks.values())


def test_the_split_by_segment_is_looked_at_by_the_health_call_alone(site: Site) -> None:
    site.running(plan={"primary": "recharge", "segments": ["plan"]})
    units = [
        (f"{plan}-{variant}-{n}", variant, plan)
        for plan, control, progress in (("free", 300, 200), ("pro", 200, 300))
        for variant, many in (("control", control), ("progress", progress))
        for n in range(many)
    ]
    site.send(
        *(exposure(f"x-{name}", name, variant, context={"plan": plan}) for name, variant, plan in units)
    )
    site.fold()

    def by_segment(health: dict[str, Any]) -> dict[str, Any]:
        return next(one for one in health["checks"] if one["name"] == "sample_ratio_by_segment")

    health = site.get(f"{PATH}/health").json
    assert health["ok"] is True
    assert by_segment(health)["state"] == "warning"
    assert "plan = free (300 against 200" in by_segment(health)["says"]
    assert by_segment(site.get(f"{PATH}/results").json["health"])["state"] == "not_evaluated"


def test_the_overview_shows_every_experiment_with_its_verdict(finished: Site) -> None:
    finished.post("/v1/experiments", experiment_document(key="waiting"))
    first, second = finished.get("/v1/overview").json["items"]
    assert (first["key"], first["status"], first["participants"]) == (KEY, "running", 1_200)
    assert first["verdict"]["outcome"] == "winner"
    assert (second["key"], second["status"], second["participants"], second["verdict"]) == (
        "waiting",
        "draft",
        0,
        None,
    )


def test_principles_list_their_variants_and_are_not_pooled_while_there_are_few(finished: Site) -> None:
    (principle,) = finished.get("/v1/principles").json["items"]
    assert (principle["principle"], principle["pooled"], principle["prior"]) == ("progress", None, None)
    assert "at least 3 experiments; there are 1" in principle["note"]
    (showing,) = principle["variants"]
    assert (showing["experiment"], showing["variant"], showing["metric"]) == (KEY, "progress", "recharge")
    assert showing["result"]["absolute"]["estimate"] == pytest.approx(260 / 600 - 120 / 600)
    (told,) = principle["contributions"]
    assert told["lift"] == pytest.approx(260 / 120 - 1)


def test_simulated_data_and_sources_are_labelled_in_results_and_overview(site: Site) -> None:
    site.running(simulated=True, source={"label": "A simulation", "url": "https://example.com/data"})
    for document in (site.get(f"{PATH}/results").json, site.get("/v1/overview").json["items"][0]):
        assert document["simulated"] is True
        assert document["source"]["label"] == "A simulation"


def test_a_plan_for_ten_to_twelve_percent_takes_3841_participants_a_variant(site: Site) -> None:
    plan = site.post("/v1/plan", {"baseline": 0.1, "mde_relative": 0.2, "daily": 500}).json
    assert (plan["participants_per_variant"], plan["participants"], plan["days"]) == (3841, 7682, 16)
    effects = [one["mde_absolute"] for one in plan["detectable"]]
    assert effects == sorted(effects, reverse=True)


def test_a_plan_needs_only_a_baseline(site: Site) -> None:
    plan = site.post("/v1/plan", {"baseline": 0.1}).json
    assert (plan["mde_relative"], plan["power"], plan["level"], plan["variants"]) == (0.05, 0.8, 0.95, 2)
    assert (plan["daily"], plan["days"], plan["detectable"]) == (None, None, [])


def test_a_plan_beyond_what_a_rate_can_be_is_refused(site: Site) -> None:
    assert pointers(refusal(site.post("/v1/plan", {"baseline": 0.9, "mde_relative": 0.2}), 400)) == {
        "/mde_relative"
    }


def test_a_plan_that_nobody_can_carry_out_is_a_422(site: Site) -> None:
    refusal(site.post("/v1/plan", {"baseline": 1e-9, "mde_relative": 1e-9}), 422)


def test_a_plan_to_find_no_change_is_refused(site: Site) -> None:
    assert pointers(refusal(site.post("/v1/plan", {"baseline": 0.1, "mde_relative": 0}), 400)) == {
        "/mde_relative"
    }


def test_a_plan_is_made_for_every_kind_and_says_what_the_traffic_carries(site: Site) -> None:
    mean = {"kind": "mean", "baseline": 4.2, "standard_deviation": 11, "mde_relative": 0.1, "mode": "planned"}
    plan = site.post(
        "/v1/plan", {**mean, "daily": 100, "guardrails": [{"baseline": 0.05, "margin": 0.01}]}
    ).json
    assert plan["feasible"] is False
    assert plan["reason"].startswith("This traffic cannot detect")
    assert len(plan["guardrail_participants"]) == 1
    assert plan["inflation"] > 1
    assert pointers(refusal(site.post("/v1/plan", {"kind": "mean", "baseline": 4.2}), 400)) == {
        "/standard_deviation"
    }
    assert pointers(
        refusal(site.post("/v1/plan", {"baseline": 0.1, "guardrails": [{"margin": 0.1}]}), 400)
    ) == {"/guardrails/0"}
