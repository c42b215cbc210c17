"""Incentives: reserved and redeemed once, within budget and time, whoever asks and however often."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import TYPE_CHECKING, Literal

import msgspec
from sqlalchemy import Connection

from experiments.errors import Conflict, NotFound
from experiments.model.events import microseconds, moment
from experiments.model.incentive import GRANT_EVENT, Incentive, grant_currency
from experiments.model.state import ExperimentState
from service.storage import incentives, plans
from service.storage.database import Database
from service.storage.incentives import Grant, PotKey, Standing
from service.storage.journal import append_within
from service.storage.log import Batch
from service.use_cases import intake
from service.use_cases.experiments import found_row
from service.use_cases.paging import Page, PageOf
from service.use_cases.results import experiment_data
from service.use_cases.scope import Scope
from service.use_cases.wire import Conversion

if TYPE_CHECKING:
    from experiments.stats.estimate import Estimate

__all__ = [
    "Claim",
    "Grant",
    "Reason",
    "Redemption",
    "Standing",
    "ledger",
    "prices",
    "redeem",
    "release_lapsed",
    "reserve",
    "standings",
]

Reason = Literal[
    "redeemed", "reserved", "already_granted", "budget_spent", "ended", "not_running", "no_incentive"
]


@dataclass(frozen=True, slots=True)
class Claim:
    """Which unit asks for the incentive of which variant; `event_id` names the request for good."""

    experiment: str
    variant: str
    unit_id: str
    event_id: str


@dataclass(frozen=True, slots=True)
class Redemption:
    """The answer to a claim.

    Attributes:
        granted: Whether this request has the grant; true again for a repetition under the same event id.
        reason: Why, or why not.
        repeated: Whether this request was answered before, so that nothing is given a second time.
        incentive: What it is about; None where the variant has none.
        grant: The row of the ledger that decided it, if there is one.
    """

    granted: bool
    reason: Reason
    repeated: bool = False
    incentive: Incentive | None = None
    grant: Grant | None = None


@dataclass(frozen=True, slots=True)
class _Offer:
    """An incentive with all that decides about a claim of it."""

    scope: Scope
    claim: Claim
    state: ExperimentState
    key: PotKey
    incentive: Incentive

    @property
    def now(self) -> int:
        return microseconds(self.scope.now)

    @property
    def period(self) -> str:
        return self.incentive.claim(self.scope.now, self.claim.event_id)

    def answer(
        self, *, granted: bool, reason: Reason, grant: Grant | None, repeated: bool = False
    ) -> Redemption:
        return Redemption(granted, reason, repeated, self.incentive, grant)


def redeem(scope: Scope, claim: Claim) -> Redemption:
    """The incentive, granted once and for good; durable, with its event in the log, when this returns.

    Raises:
        NotFound: There is no such experiment, or it has no such variant.
        Conflict: The event id has redeemed another grant.
        StorageBusy: Nothing was granted; ask again with the same event id.
    """
    return _claimed(scope, claim, redeeming=True)


def reserve(scope: Scope, claim: Claim) -> Redemption:
    """The incentive, kept for the unit for `hold_hours`, as when it is shown; the same errors as `redeem`."""
    return _claimed(scope, claim, redeeming=False)


def ledger(scope: Scope, key: str, page: PageOf) -> Page[Grant]:
    """The grants of an experiment, newest first.

    Raises:
        NotFound: There is no such experiment.
    """
    with scope.reading() as session:
        experiment_id = found_row(session, scope, key).id or 0
        rows = incentives.page(session.connection(), experiment_id, before=page.before, limit=page.probe)
    return page.of(rows, lambda grant: grant.id)


def standings(scope: Scope, key: str) -> list[Standing]:
    """What has become of each variant's incentive.

    Raises:
        NotFound: There is no such experiment.
    """
    with scope.reading() as session:
        return incentives.standings(session.connection(), found_row(session, scope, key).id or 0)


def prices(scope: Scope, key: str) -> dict[str, Estimate | str]:
    """By treatment, what each further conversion has cost, or why that is not known.

    Read from the plan's ratio metric of grants over conversions, of everybody who saw one variant only.

    Raises:
        NotFound: There is no such experiment.
    """
    from experiments.analysis.incremental import (
        prices_of,
    )  # SciPy costs a second that no redemption should pay

    return prices_of(experiment_data(scope, key))


def release_lapsed(database: Database, now: datetime) -> int:
    """How many pots got back what lapsed reservations had held, so that their offers may show again."""
    with database.reading() as connection:
        keys = incentives.with_lapsed(connection, microseconds(now))
    for key in keys:
        with database.writing() as connection:
            incentives.locked(connection, key, microseconds(now))
            incentives.publish(connection, key.project_id)
    return len(keys)


def _claimed(scope: Scope, claim: Claim, *, redeeming: bool) -> Redemption:
    with scope.database.reading() as connection:  # most repetitions are answered without the lock
        offer = _offer(connection, scope, claim)
        if isinstance(offer, Redemption):
            return offer
        settled = _settled(connection, offer, redeeming=redeeming)
    if settled is not None:
        return settled
    with scope.database.writing() as connection:
        spent = incentives.locked(connection, offer.key, offer.now)
        settled = _settled(connection, offer, redeeming=redeeming)
        return settled or _granted(connection, offer, spent, redeeming=redeeming)


def _offer(connection: Connection, scope: Scope, claim: Claim) -> _Offer | Redemption:
    found = plans.documents(connection, scope.project.id, [claim.experiment]).get(claim.experiment)
    if found is None:
        raise NotFound(f"There is no experiment {claim.experiment[:64]!r} in this project.")
    experiment_id, document = found
    state = plans.state(document)
    variant = state.definition.variant(claim.variant)
    if variant is None:
        raise NotFound(f"{claim.experiment!r} has no variant {claim.variant[:64]!r}.")
    if variant.incentive is None:
        return Redemption(granted=False, reason="no_incentive")
    key = PotKey(scope.project.id, experiment_id, variant.key)
    return _Offer(scope, claim, state, key, variant.incentive)


def _settled(connection: Connection, offer: _Offer, *, redeeming: bool) -> Redemption | None:
    """The answer, where what stands in the ledger, the time or the experiment decides it already."""
    claim = offer.claim
    known = incentives.by_event(connection, offer.key.project_id, claim.event_id)
    if known is not None:
        asked = (offer.key.experiment_id, claim.variant, claim.unit_id)
        if (known.experiment_id, known.variant, known.unit_id) != asked:
            raise Conflict("The event_id has redeemed another grant; every grant needs one of its own.")
        return offer.answer(granted=True, reason="redeemed", grant=known, repeated=True)
    standing = incentives.by_claim(connection, offer.key.experiment_id, claim.unit_id, offer.period)
    if standing is not None and standing.state == "redeemed":
        return offer.answer(granted=False, reason="already_granted", grant=standing)
    if standing is not None and standing.is_held(offer.now):
        if standing.variant != claim.variant:
            return offer.answer(granted=False, reason="already_granted", grant=standing)
        if redeeming:
            return None  # what was promised is kept, also after the end
        return offer.answer(granted=True, reason="reserved", grant=standing, repeated=True)
    if offer.incentive.is_over(offer.scope.now):
        return offer.answer(granted=False, reason="ended", grant=standing)
    if not offer.state.serves or offer.state.shipped not in (None, claim.variant):
        return offer.answer(granted=False, reason="not_running", grant=standing)
    return None


def _granted(connection: Connection, offer: _Offer, spent: int, *, redeeming: bool) -> Redemption:
    """The grant, written; the ledger's lock is held."""
    claim, incentive, now = offer.claim, offer.incentive, offer.now
    cost = incentive.cost_micro or 0
    standing = incentives.by_claim(connection, offer.key.experiment_id, claim.unit_id, offer.period)
    held = standing is not None and standing.is_held(now)
    if not held:
        if incentive.is_spent(spent):
            return offer.answer(granted=False, reason="budget_spent", grant=None)
        incentives.spend(connection, offer.key, cost)
        if incentive.is_spent(spent + cost):
            incentives.publish(connection, offer.key.project_id)
    if redeeming:
        values = {"state": "redeemed", "event_id": claim.event_id, "redeemed_at": now, "expires_at": None}
        _log(connection, offer, cost)
    else:
        until = offer.scope.now + timedelta(hours=incentive.hold_hours)
        values = {"state": "reserved", "expires_at": microseconds(until)}
    claimed = {} if held else {"claimed_at": now, "cost": cost}
    incentives.put(connection, offer.key, claim.unit_id, offer.period, **claimed, **values)
    grant = incentives.by_claim(connection, offer.key.experiment_id, claim.unit_id, offer.period)
    return offer.answer(granted=True, reason="redeemed" if redeeming else "reserved", grant=grant)


def _log(connection: Connection, offer: _Offer, cost: int) -> None:
    """Writes the grant into the event log, in the same transaction: metrics count what it costs."""
    name = "\0".join((offer.claim.experiment, offer.claim.unit_id, offer.period))
    event = Conversion(
        event_id="grant-" + blake2b(name.encode(), digest_size=16).hexdigest(),
        name=GRANT_EVENT,
        unit_id=offer.claim.unit_id,
        occurred_at=moment(offer.now),
        value=msgspec.Raw(f'"{cost // 1_000_000}.{cost % 1_000_000:06d}"'.encode()),
        currency=grant_currency(offer.incentive, offer.state.metrics),
        properties={"experiment": offer.claim.experiment, "variant": offer.claim.variant},
    )
    record = intake.record(event, known={}, now=offer.now)
    append_within(connection, [Batch(offer.key.project_id, [record])])
