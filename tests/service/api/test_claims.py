"""Tests of claims through the front door: a figure follows the data, and is not shown without them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from experiments.model.events import microseconds
from keepgoing.evaluation.decide import decide
from keepgoing.evaluation.ruleset import compile_ruleset
from service.storage.pending import fold_everything
from service.use_cases import claims
from service.use_cases.credentials import Role
from tests.api_client import CODE, Site, conversion, exposure, pointers, refusal
from tests.factories import error_code_document, experiment_document, message_document, variant_document

SENTENCE = (
    "Insufficient balance.{claim_back, select, missing {} other "
    "{ {claim_back, number, percent} of accounts recharged within a week.}} Recharge to go on."
)
BARE = "Insufficient balance. Recharge to go on."
BACK = {"kind": "share", "event": "recharge", "within_days": 7, "min_sample": 20, "fresh_hours": 48}


class Clock:
    """What is now for the service, as the test says."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC) - timedelta(days=30)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def site(database_url: str, clock: Clock) -> Iterator[Site]:
    """A service in which a variant shows a claim."""
    opened = Site(database_url, clock=clock)
    assert opened.post("/v1/error-codes", error_code_document(claims={"back": BACK})).status_code == 201
    opened.post("/v1/metrics", {"key": "recharge", "kind": "conversion", "event": "recharge"})
    variants = [
        variant_document(message={"en": message_document(SENTENCE)}),
        variant_document("progress", message={"en": message_document(SENTENCE)}),
    ]
    opened.post("/v1/experiments", experiment_document(variants=variants))
    assert opened.post("/v1/experiments/low-balance-framing/start").status_code == 200
    yield opened
    opened.close()


def meet_the_wall(site: Site, units: range, recharging: int) -> None:
    """These units meet the wall now, and the first so many of them recharge a minute later."""
    at = site.now().isoformat()
    later = (site.now() + timedelta(minutes=1)).isoformat()
    site.send(*(exposure(f"e{unit}", f"u{unit}", occurred_at=at) for unit in units))
    site.send(*(conversion(f"c{unit}", f"u{unit}", occurred_at=later) for unit in list(units)[:recharging]))
    fold_everything(site.services.backend.database, owner="test", now=microseconds(site.now()))


def ruleset_at(site: Site) -> Any:
    """The ruleset as a client would compile it, at the service's time."""
    document = site.get("/v1/ruleset", role=Role.SDK).json
    return compile_ruleset(document, clock=lambda: site.now().timestamp())


def text_now(site: Site, **context: Any) -> str:
    return decide(ruleset_at(site), CODE, "somebody", context).text


def refresh(site: Site) -> None:
    claims.refresh_all(site.services.backend.database, site.now())


def test_a_claim_appears_at_its_minimum_sample_and_disappears_when_stale(site: Site, clock: Clock) -> None:
    meet_the_wall(site, range(19), recharging=13)
    clock.now += timedelta(days=8)
    refresh(site)
    assert text_now(site) == BARE, "19 units are too few"

    clock.now -= timedelta(days=8)
    meet_the_wall(site, range(19, 20), recharging=0)
    clock.now += timedelta(days=8, hours=13)
    refresh(site)
    assert text_now(site) == SENTENCE.split("{claim")[0] + (
        " 65% of accounts recharged within a week. Recharge to go on."
    )

    clock.now += timedelta(hours=48)
    assert text_now(site) == BARE, "a stale figure is not shown, though the ruleset still has it"
    refresh(site)
    assert "65%" in text_now(site)


def test_no_host_can_put_a_figure_in(site: Site) -> None:
    assert text_now(site, claim_back=0.99) == BARE


def test_units_whose_week_is_not_over_are_not_counted(site: Site, clock: Clock) -> None:
    meet_the_wall(site, range(40), recharging=40)
    clock.now += timedelta(days=6)
    refresh(site)
    assert text_now(site) == BARE


def test_the_exposure_carries_the_figure_that_was_shown(site: Site, clock: Clock) -> None:
    meet_the_wall(site, range(30), recharging=10)
    clock.now += timedelta(days=8)
    refresh(site)
    assert dict(decide(ruleset_at(site), CODE, "somebody").segments) == {"claim_back": 0.33}
    clock.now += timedelta(days=3)
    assert dict(decide(ruleset_at(site), CODE, "somebody").segments) == {}


def test_a_claim_that_is_not_declared_is_refused_at_save(site: Site) -> None:
    variants = [
        variant_document(),
        variant_document("progress", message={"en": message_document("So {claim_made_up, number} did.")}),
    ]
    answer = site.post("/v1/experiments", experiment_document(key="other", variants=variants))
    assert pointers(refusal(answer, 400)) == {"/variants/1/message/en/detail"}


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"claims": {"x": {**BACK, "min_sample": 5}}}, "/claims/x/min_sample"),
        ({"claims": {"x": {**BACK, "kind": "median_value"}}}, "/claims/x/currency"),
        ({"claims": {"claim_x": BACK}}, "/claims/claim_x"),
        ({"context": {"claim_x": "number"}}, "/context/claim_x"),
    ],
)
def test_a_claim_that_could_flatter_or_be_forged_is_refused(
    site: Site, fields: dict[str, Any], place: str
) -> None:
    answer = site.post("/v1/error-codes", error_code_document(code="OTHER", **fields))
    assert any(found.startswith(place) for found in pointers(refusal(answer, 400)))
