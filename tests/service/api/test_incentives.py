"""Tests of incentives through the front door: redeemed once, refused with a reason, listed for viewers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from experiments.analysis.incremental import NO_METRIC
from experiments.model.events import microseconds
from service.storage.pending import fold_everything
from service.use_cases import incentives
from service.use_cases.credentials import Role
from tests.api_client import KEY, Site, conversion, exposure, pointers, refusal
from tests.factories import (
    error_code_document,
    experiment_document,
    message_document,
    metric_document,
    variant_document,
)

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
    price = {"estimate": None, "interval": None, "unavailable": NO_METRIC}
    assert ledger["variants"] == [
        {
            "variant": "progress", "redeemed": 1, "reserved": 0, "spent": "0.200000",
            "cost_per_incremental": price,
        }
    ]  # fmt: skip


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


TELLING = (
    "Insufficient balance. Recharge to go on.{incentive_amount, select, missing {} "
    "other { You get {incentive_amount, plural, one {# unit} other {# units}} on top.}}"
)


def shown(site: Site) -> tuple[str, Any]:
    """The text and the incentive that somebody with the variant `progress` is shown now."""
    answers = (site.decide(f"u{number}", exposure=False).json for number in range(100))
    body = next(answer for answer in answers if answer["variant"] == "progress")["body"]
    return body["detail"], body["incentive"]


def test_an_offer_stops_being_shown_when_its_budget_is_spent_and_shows_again_when_it_is_free(
    database_url: str,
) -> None:
    times = [datetime.now(UTC)]
    site = Site(database_url, clock=lambda: times[-1]).catalogue()
    progress = variant_document(
        "progress", incentive=INCENTIVE | {"hold_hours": 1}, message={"en": message_document(TELLING)}
    )
    site.post("/v1/experiments", experiment_document(variants=[variant_document(), progress]))
    assert site.post(f"/v1/experiments/{KEY}/start").status_code == 200

    assert shown(site) == (
        "Insufficient balance. Recharge to go on. You get 10 units on top.",
        {"kind": "bonus_units", "amount": 10, "ends_at": None},
    )
    assert ask(site, "acct_1").json["granted"]
    assert ask(site, "acct_2", how="reserve").json["granted"]
    assert shown(site) == ("Insufficient balance. Recharge to go on.", None)
    times.append(times[-1] + timedelta(hours=2))
    incentives.release_lapsed(site.services.backend.database, times[-1])
    assert shown(site)[1] is not None
    site.close()


def test_a_message_shows_the_real_end_of_its_offer_in_its_language(site: Site) -> None:
    code = error_code_document(message={"en": message_document(), "de": message_document("Guthaben leer.")})
    site.post("/v1/error-codes", code)
    site.post("/v1/metrics", metric_document())
    told = {
        "en": message_document("Until {incentive_ends_at}.", plain="Insufficient balance."),
        "de": message_document("Bis {incentive_ends_at}.", plain="Guthaben leer."),
    }
    both = {"en": message_document(), "de": message_document("Guthaben leer.")}
    variants = [
        variant_document(message=both),
        variant_document("progress", message=told, incentive=INCENTIVE | {"ends_at": "2099-12-31T12:00:00Z"}),
    ]
    site.post("/v1/experiments", experiment_document(variants=variants))
    assert site.post(f"/v1/experiments/{KEY}/start").status_code == 200
    texts = {
        locale: {site.decide(f"u{n}", context={"locale": locale}).json["body"]["detail"] for n in range(30)}
        for locale in told
    }
    assert any("December 31, 2099" in text for text in texts["en"])
    assert any("31. Dezember 2099" in text for text in texts["de"])


def test_the_ledger_prices_each_recharge_that_the_incentive_brought(site: Site) -> None:
    site.catalogue()
    price = {
        "key": "price", "kind": "ratio", "numerator": {"event": "incentive_grant", "currency": "USD"},
        "denominator": {"event": "recharge", "value": "count"},
    }  # fmt: skip
    assert site.post("/v1/metrics", price).status_code == 201
    offer = INCENTIVE | {"currency": "USD", "budget": None}
    variants = [variant_document(), variant_document("progress", incentive=offer)]
    plan = {"primary": "recharge", "secondary": ["price"]}
    site.post("/v1/experiments", experiment_document(variants=variants, plan=plan))
    assert site.post(f"/v1/experiments/{KEY}/start").status_code == 200
    for variant, recharging in (("control", 10), ("progress", 50)):
        units = [f"{variant}-{number}" for number in range(100)]
        site.send(*(exposure(f"e-{unit}", unit, variant) for unit in units))
        site.send(*(conversion(f"c-{unit}", unit) for unit in units[:recharging]))
        for unit in units[:recharging] if variant == "progress" else ():
            assert ask(site, unit).json["granted"]
    fold_everything(site.services.backend.database, owner="test", now=microseconds(site.now()))
    ((standing),) = site.get(f"/v1/experiments/{KEY}/grants").json["variants"]
    found = standing["cost_per_incremental"]
    assert found["estimate"] == pytest.approx(0.25), "50 grants of 0.20 for 40 more recharges"
    assert 0.2 < found["interval"][0] < 0.25 < found["interval"][1] < 0.4
