"""Asking the service for an incentive: the one call of the client that waits for an answer."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from keepgoing.errors import ConfigurationError, TransportError
from keepgoing.evaluation import Decision
from keepgoing.outbox.event_ids import EventIds
from keepgoing.transport import Transport

UNAVAILABLE = "unavailable"
INVALID = "invalid"
PATHS = {"redeem": "/v1/incentives/redeem", "reserve": "/v1/incentives/reserve"}
REFUSALS = (400, 401, 403, 404, 409, 413, 415)  # asking again would change nothing

_ids = EventIds()


class Redemption(NamedTuple):
    """The answer to `client.redeem` or `client.reserve`.

    Attributes:
        granted: Whether this request has the grant. Give it when this is true and `repeated` is not.
        reason: redeemed, reserved, already_granted, budget_spent, ended, not_running, no_incentive; `invalid`
            when it cannot be asked for at all, `unavailable` when there was no answer: then nobody knows
            whether it was granted, and the same `event_id` asks again.
        event_id: The id of the request.
        repeated: Whether this request had this answer before.
        kind: Of the incentive, where it is known.
        amount: Of the incentive.
        expires_at: Until when a reservation is kept, RFC 3339.
        detail: What went wrong, for the log.
    """

    granted: bool
    reason: str
    event_id: str
    repeated: bool = False
    kind: str | None = None
    amount: int | float | str | None = None
    expires_at: str | None = None
    detail: str | None = None


class Claim(NamedTuple):
    """What is asked for: by a decision, or by names."""

    decision: Decision | None = None
    unit_id: str | None = None
    experiment: str | None = None
    variant: str | None = None

    def names(self) -> dict[str, str]:
        """The experiment, the variant and the unit.

        Raises:
            ConfigurationError: Neither the decision nor the names say whose incentive it is.
        """
        decision = self.decision
        members = {
            "experiment": self.experiment or (decision.experiment if decision else None),
            "variant": self.variant or (decision.variant if decision else None),
            "unit_id": self.unit_id or (decision.unit_id if decision else None),
        }
        found = {name: value for name, value in members.items() if isinstance(value, str)}
        if missing := members.keys() - found.keys():
            raise ConfigurationError(f"{min(missing)} is missing: pass it, or a decision of an experiment")
        return found


def ask(
    transport: Transport | None, how: str, claim: Claim, event_id: str | None, seconds: float
) -> Redemption:
    """The service's answer, within so many seconds; whatever goes wrong is an answer too."""
    request_id = event_id if isinstance(event_id, str) and event_id else _ids.next_id()
    try:
        if transport is None:
            raise ConfigurationError("this client has no service to ask: it needs url and key")
        body = json.dumps({**claim.names(), "event_id": request_id}).encode()
        reply = transport.post(PATHS[how], body, within=seconds)
        return _read(json.loads(reply.body), request_id)
    except TransportError as error:
        refused = error.status in REFUSALS
        return Redemption(False, INVALID if refused else UNAVAILABLE, request_id, detail=error.detail)
    except ConfigurationError as error:
        return Redemption(False, INVALID, request_id, detail=error.detail)
    except Exception as error:  # an answer that is none
        return Redemption(False, UNAVAILABLE, request_id, detail=f"{type(error).__name__}: {error}")


def _read(answer: Any, event_id: str) -> Redemption:
    incentive = answer.get("incentive") or {}
    return Redemption(
        granted=answer["granted"] is True,
        reason=str(answer["reason"]),
        event_id=event_id,
        repeated=answer.get("repeated") is True,
        kind=incentive.get("kind"),
        amount=incentive.get("amount"),
        expires_at=answer.get("expires_at"),
    )
