"""Calls of the incentives' ledger: a grant is reserved or redeemed once, and can be looked up."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, Field, field_validator

from experiments.model.events import MICRO, moment
from service.api.answers import Answer
from service.api.calls import Calls
from service.api.schemas import Input, Listing, PageQuery, listing
from service.api.services import services
from service.use_cases import incentives
from service.use_cases.credentials import Role
from service.use_cases.event_ids import new_event_id
from service.use_cases.incentives import Claim, Grant, Redemption, Standing
from service.use_cases.scope import Scope

if TYPE_CHECKING:
    from experiments.stats.estimate import Estimate

calls = Calls("incentives")

ASKED = "Names this request: repeated under the same id it gets the same answer. Made up when absent."


class ClaimRequest(Input):
    """A unit that is to have the incentive of the variant it was shown."""

    experiment: Annotated[str, Field(min_length=1, max_length=64)]
    variant: Annotated[str, Field(min_length=1, max_length=64)]
    unit_id: Annotated[str, Field(min_length=1, max_length=256)]
    event_id: Annotated[str | None, Field(min_length=1, max_length=128, description=ASKED)] = None

    @field_validator("experiment", "variant", "unit_id", "event_id")
    @classmethod
    def _is_name(cls, text: str | None) -> str | None:
        if text is not None and ("\x00" in text or not text.strip()):
            raise ValueError("must not be blank, nor hold a NUL character")
        return text


class OfferView(BaseModel):
    """What the grant is."""

    kind: str
    amount: int | float | str
    ends_at: datetime | None


class RedemptionView(BaseModel):
    """Whether this request has the grant."""

    granted: Annotated[bool, Field(description="Give it when this is true and `repeated` is not.")]
    reason: Annotated[
        incentives.Reason, Field(description="`redeemed` or `reserved` where it is granted; else why not.")
    ]
    repeated: Annotated[bool, Field(description="This request had this answer before.")]
    event_id: str
    incentive: OfferView | None
    expires_at: Annotated[datetime | None, Field(description="Until when a reservation is kept.")]


class GrantView(BaseModel):
    """One row of the ledger."""

    id: int
    variant: str
    unit_id: str
    state: Annotated[str, Field(description="reserved, redeemed or expired.")]
    claim: Annotated[str, Field(description="The period, or the request, that the unit has it for.")]
    cost: Annotated[str, Field(description="A decimal number.")]
    event_id: str | None
    claimed_at: datetime
    expires_at: datetime | None
    redeemed_at: datetime | None


class PriceView(BaseModel):
    """What one more conversion costs, or why that is not known."""

    estimate: float | None
    interval: tuple[float, float] | None
    unavailable: str | None


class StandingView(BaseModel):
    """What has become of one variant's incentive."""

    variant: str
    redeemed: int
    reserved: int
    spent: Annotated[str, Field(description="What they cost, reserved ones included: a decimal number.")]
    cost_per_incremental: Annotated[
        PriceView | None,
        Field(description="Of each conversion that would not have been without it, against the control."),
    ]


class LedgerView(Listing[GrantView]):
    """One page of the ledger, with where each variant's incentive stands."""

    variants: list[StandingView]


@calls.post(
    "/v1/incentives/redeem", role=Role.SDK, summary="Grant an incentive, once", body=ClaimRequest,
    answer=RedemptionView, problems=(404, 409),
)  # fmt: skip
def redeem(scope: Scope, body: ClaimRequest) -> Answer:
    """At most one grant a unit and period, never over the budget or after the end; durable when it answers.

    A refusal is a 200 with `granted: false` and its reason. After a 503 or a lost answer send it again.
    """
    event_id = body.event_id or new_event_id(scope.now)
    return _answer(scope, incentives.redeem(scope, _claim(body, event_id)), event_id)


@calls.post(
    "/v1/incentives/reserve", role=Role.SDK, summary="Keep an incentive for a unit", body=ClaimRequest,
    answer=RedemptionView, problems=(404, 409),
)  # fmt: skip
def reserve(scope: Scope, body: ClaimRequest) -> Answer:
    """As when it is shown: the budget holds it for `hold_hours`, and until then it can be redeemed."""
    event_id = body.event_id or new_event_id(scope.now)
    return _answer(scope, incentives.reserve(scope, _claim(body, event_id)), event_id)


@calls.get(
    "/v1/experiments/{key}/grants", role=Role.VIEWER, summary="The ledger of an experiment's incentives",
    query=PageQuery, answer=LedgerView, problems=(404,),
)  # fmt: skip
def list_grants(scope: Scope, key: str, query: PageQuery) -> Answer:
    """Newest first, with what each variant's grants cost so far."""
    found = listing(incentives.ledger(scope, key, query.page()).map(_grant))
    prices = incentives.prices(scope, key)
    standings = [
        {**_standing(one), "cost_per_incremental": _price(prices.get(one.variant))}
        for one in incentives.standings(scope, key)
    ]
    return Answer({**found, "variants": standings})


def _claim(body: ClaimRequest, event_id: str) -> Claim:
    return Claim(body.experiment, body.variant, body.unit_id, event_id)


def _answer(scope: Scope, redemption: Redemption, event_id: str) -> Answer:
    if redemption.reason == "budget_spent":
        services().backend.rulesets.forget(scope.project)  # this process stops showing the offer at once
    grant = redemption.grant if redemption.granted else None
    offer = redemption.incentive
    return Answer(
        {
            "granted": redemption.granted,
            "reason": redemption.reason,
            "repeated": redemption.repeated,
            "event_id": event_id,
            "incentive": offer and offer.model_dump(mode="json", include={"kind", "amount", "ends_at"}),
            "expires_at": _time(grant.expires_at) if grant else None,
        }
    )


def _grant(grant: Grant) -> Mapping[str, Any]:
    return {
        "id": grant.id,
        "variant": grant.variant,
        "unit_id": grant.unit_id,
        "state": grant.state,
        "claim": grant.claim,
        "cost": _money(grant.cost),
        "event_id": grant.event_id,
        "claimed_at": _time(grant.claimed_at),
        "expires_at": _time(grant.expires_at),
        "redeemed_at": _time(grant.redeemed_at),
    }


def _standing(standing: Standing) -> Mapping[str, Any]:
    return {**standing._asdict(), "spent": _money(standing.spent)}


def _price(found: Estimate | str | None) -> Mapping[str, Any] | None:
    if found is None:
        return None
    if isinstance(found, str):
        return {"estimate": None, "interval": None, "unavailable": found}
    interval = (found.interval.lower, found.interval.upper)
    return {"estimate": found.estimate, "interval": interval, "unavailable": None}


def _time(at: int | None) -> datetime | None:
    return None if at is None else moment(at)


def _money(micro: int) -> str:
    return f"{micro // MICRO}.{micro % MICRO:06d}"
