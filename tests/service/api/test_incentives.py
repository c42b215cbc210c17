"""Tests of incentives through the front door: redeemed once, refused with a reason, listed for viewers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from service.use_cases.credentials import Role
from tests.api_client import KEY, Site, pointers, refusal
from tests.factories import experiment_document, variant_document

INCENTIVE = {"kind": "bonus_units", "amount": 10, "unit_cost": "0.02", "budget": "0.45"}


def offering(site: Site, **incentive: Any) -> Site:
    """The site with a running experiment whose variant `progress` has an incentive."""
    variants = [variant_document(), variant_document("progress", incentive=INCENTIVE | incentive)]
    return site.running(variants=variants)


def ask(site: Site, unit_id: str, *, how: str = "redeem", role: Role = Role.SDK, **members: Any) -> Any:
    """The answer to a claim."""
    claim = {"experiment": KEY, "variant": "progress", "unit_id": unit_id, **members}
    return site.post(f"/v1/incentives/{how}", claim, role=role)


def test_a_grant_is_redeemed_once(site: Site) -> None:
    offering(site)
    first = ask(site, "acct_1", event_id="r1")
    assert first.status_code == 200
    assert first.json == {
        "granted": True, "reason": "redeemed", "repeated": False, "event_id": "r1", "expires_at": None,
        "incentive": {"kind": "bonus_units", "amount": 10, "ends_at": None},
    }  # fmt: skip
    assert ask(site, "acct_1", event_id="r1").json["repeated"] is True
    assert ask(site, "acct_1").json["reason"] == "already_granted"


def test_what_it_costs_is_nobodys_business_but_the_viewers(site: Site) -> None:
    offering(site)
    assert "0.02" not in ask(site, "acct_1").text
    ledger = site.get(f"/v1/experiments/{KEY}/grants", role=Role.VIEWER).json
    assert [(row["unit_id"], row["state"], row["cost"]) for row in ledger["items"]] == [
        ("acct_1", "redeemed", "0.200000")
    ]
    assert ledger["variants"] == [{"variant": "progress", "redeemed": 1, "reserved": 0, "spent": "0.200000"}]


def test_a_reservation_says_until_when_it_is_kept(site: Site) -> None:
    offering(site, hold_hours=24)
    held = ask(site, "acct_1", how="reserve").json
    left = datetime.fromisoformat(held["expires_at"]) - datetime.now(UTC)
    assert (held["granted"], held["reason"]) == (True, "reserved")
    assert timedelta(hours=23) < left <= timedelta(hours=24)
    assert ask(site, "acct_1").json["reason"] == "redeemed"


def test_a_claim_that_is_none_is_refused_with_its_places(site: Site) -> None:
    offering(site)
    found = refusal(site.post("/v1/incentives/redeem", {"unit_id": " ", "variant": "x"}, role=Role.SDK), 400)
    assert {"/experiment", "/unit_id"} <= pointers(found)
    refusal(ask(site, "acct_1", experiment="unheard-of"), 404)
    refusal(ask(site, "acct_1", variant="unheard-of"), 404)
    ask(site, "acct_1", event_id="r1")
    refusal(ask(site, "acct_2", event_id="r1"), 409)


def test_a_foreign_project_can_redeem_nothing_of_ours(site: Site) -> None:
    offering(site)
    claim = {"experiment": KEY, "variant": "progress", "unit_id": "acct_1"}
    refusal(site.post("/v1/incentives/redeem", claim, role=Role.SDK, project="rival"), 404)


@pytest.mark.parametrize(
    ("incentive", "place"),
    [
        ({"unit_cost": None}, "budget"),
        ({"once_per_unit": False, "period_days": 7}, "period_days"),
        ({"hold_hours": 0}, "hold_hours"),
        ({"currency": "usd"}, "currency"),
    ],
)
def test_an_incentive_that_could_not_be_held_is_refused_at_save(
    site: Site, incentive: dict[str, Any], place: str
) -> None:
    site.catalogue()
    variants = [variant_document(), variant_document("progress", incentive=INCENTIVE | incentive)]
    answer = site.post("/v1/experiments", experiment_document(variants=variants))
    assert pointers(refusal(answer, 400)) == {f"/variants/1/incentive/{place}"}
