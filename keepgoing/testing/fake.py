"""A client without service, thread and queue, that answers what a test wants to see."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from copy import deepcopy
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

from keepgoing.client.redeem import INVALID, Claim, Redemption
from keepgoing.errors import ConfigurationError
from keepgoing.evaluation import Decision, decide
from keepgoing.evaluation.host import HostMessage
from keepgoing.evaluation.ruleset import Ruleset, compile_ruleset
from keepgoing.outbox import events
from keepgoing.testing.documents import document_of, forced_document, variants_at


class Tracked(NamedTuple):
    """One conversion that a host tracked, as it would have been sent."""

    name: str
    unit_id: str
    value: str | None
    currency: str | None
    event_id: str | None
    properties: dict[str, Any]


class Exposure(NamedTuple):
    """One unit that was shown a variant."""

    error_code: str
    experiment: str
    variant: str
    unit_id: str


class FakeClient:
    """Has the methods of `keepgoing.Client`, decides with the same evaluation, and sends nothing.

        client = FakeClient.from_texts({"NO_BALANCE": {"control": "Too low.", "more": "87 % done."}})
        client.force("NO_BALANCE", "more")

    Attributes:
        tracked: The conversions, in order; one whose event id was tracked before is left out, as it would be.
        exposures: What was shown, in order, each unit and variant once.
        refused: Why `track` answered False, one sentence for each such call.
        redeemed: The event id under which an experiment's incentive was granted to a unit.

    Args:
        ruleset: A ruleset document. Without one every decision is the host's own message.
    """

    def __init__(self, ruleset: Mapping[str, Any] | None = None) -> None:
        self.tracked: list[Tracked] = []
        self.exposures: list[Exposure] = []
        self.refused: list[str] = []
        self.redeemed: dict[tuple[str, str], str] = {}
        self._document = None if ruleset is None else deepcopy(dict(ruleset))
        self._ruleset: Ruleset | None = None if ruleset is None else compile_ruleset(ruleset)
        self._unforced = self._ruleset
        self._forced: dict[str, str] = {}

    @classmethod
    def from_file(cls, path: str | os.PathLike[str]) -> FakeClient:
        """A fake of the ruleset in a file.

        Raises:
            OSError: The file cannot be read.
            InvalidRuleset: It cannot be used.
        """
        return cls(json.loads(Path(path).read_text(encoding="utf-8")))

    @classmethod
    def from_texts(cls, texts: Mapping[str, Mapping[str, str]], *, status: int = 402) -> FakeClient:
        """A fake with one experiment for each error code, whose variants say these texts.

        Args:
            texts: By error code and variant; the first variant is the control.
            status: The HTTP status of all of them.
        """
        return cls(document_of(texts, status))

    def force(self, error_code: str, variant: str) -> None:
        """From now on every unit gets this variant at this wall, with the reason `split`.

        Raises:
            ConfigurationError: There is no ruleset, or it has no such variant at that wall.
        """
        self._check(error_code, variant)
        self._forced[error_code] = variant
        self._ruleset = compile_ruleset(forced_document(self._document or {}, self._forced))

    def unforce(self) -> None:
        """From now on units get what their ids give them."""
        self._forced.clear()
        self._ruleset = self._unforced

    def forget(self) -> None:
        """Empties `tracked`, `exposures` and `refused`."""
        self.tracked.clear()
        self.exposures.clear()
        self.refused.clear()
        self.redeemed.clear()

    @property
    def project(self) -> str | None:
        """The ruleset's project; None without ruleset."""
        return None if self._ruleset is None else self._ruleset.project

    def knows(self, error_code: str) -> bool:
        """Whether the ruleset has this error code."""
        return self._ruleset is not None and error_code in self._ruleset.plans

    def decide(
        self,
        error_code: str,
        unit_id: str,
        context: Mapping[str, Any] | None = None,
        *,
        exposure: bool = True,
        default: HostMessage | Mapping[str, Any] | None = None,
    ) -> Decision:
        """As `Client.decide`."""
        decision = decide(self._ruleset, error_code, unit_id, context, default=default)
        if exposure and decision.is_exposure:
            self.exposed(decision)
        return decision

    def exposed(self, decision: Decision) -> None:
        """As `Client.exposed`."""
        if not decision.is_exposure or decision.unit_id is None:
            return
        shown = Exposure(
            decision.error_code, decision.experiment or "", decision.variant or "", decision.unit_id
        )
        if shown not in self.exposures:
            self.exposures.append(shown)

    def track(
        self,
        name: str,
        unit_id: str,
        value: str | float | Decimal | None = None,
        currency: str | None = None,
        event_id: str | None = None,
        occurred_at: datetime | str | None = None,
        properties: Mapping[str, Any] | None = None,
    ) -> bool:
        """As `Client.track`: what a real client would refuse is refused, and `refused` says why."""
        try:
            sent = json.loads(
                events.conversion(
                    name,
                    unit_id,
                    event_id=event_id or "made-up",
                    occurred_at=events.timestamp(occurred_at, 0.0),
                    value=value,
                    currency=currency,
                    properties=properties,
                )
            )
        except (ValueError, TypeError) as error:
            self.refused.append(f"{name!r} of {unit_id!r}: {error}")
            return False
        if event_id is None or all(one.event_id != event_id for one in self.tracked):
            self.tracked.append(
                Tracked(
                    name,
                    unit_id,
                    sent.get("value"),
                    sent.get("currency"),
                    event_id,
                    sent.get("properties", {}),
                )
            )
        return True

    def redeem(
        self,
        decision: Decision | None = None,
        *,
        unit_id: str | None = None,
        experiment: str | None = None,
        variant: str | None = None,
        event_id: str | None = None,
        timeout: float = 5.0,  # noqa: ARG002 - as the real one
    ) -> Redemption:
        """As `Client.redeem`, of a service that grants every unit of every experiment once."""
        asked = event_id or f"made-up-{len(self.redeemed)}"
        try:
            names = Claim(decision, unit_id, experiment, variant).names()
        except ConfigurationError as error:
            return Redemption(False, INVALID, asked, detail=error.detail)
        known = self.redeemed.setdefault((names["experiment"], names["unit_id"]), asked)
        return Redemption(known == asked, "redeemed" if known == asked else "already_granted", asked)

    def reserve(
        self,
        decision: Decision | None = None,
        *,
        unit_id: str | None = None,
        experiment: str | None = None,
        variant: str | None = None,
        timeout: float = 5.0,  # noqa: ARG002 - as the real one
    ) -> Redemption:
        """As `Client.reserve`: what nobody has redeemed is kept."""
        try:
            names = Claim(decision, unit_id, experiment, variant).names()
        except ConfigurationError as error:
            return Redemption(False, INVALID, "", detail=error.detail)
        free = (names["experiment"], names["unit_id"]) not in self.redeemed
        return Redemption(free, "reserved" if free else "already_granted", "")

    def wait_ready(self, timeout: float) -> bool:  # noqa: ARG002 - as the real one
        """Whether there is a ruleset."""
        return self._ruleset is not None

    def flush(self, timeout: float = 5.0) -> bool:  # noqa: ARG002 - as the real one
        """True: nothing waits."""
        return True

    def close(self, timeout: float = 2.0) -> bool:  # noqa: ARG002 - as the real one
        """True: nothing waits."""
        return True

    def status(self) -> dict[str, Any]:
        """As `Client.status`, of a client that is ready where it has a ruleset."""
        state = "never_fetched" if self._ruleset is None else "fresh"
        return {"state": state, "running": False, "closed": False, "pending_events": 0, "outbox_error": None}

    def stats(self) -> dict[str, Any]:
        """How much was tracked, shown and refused."""
        return {
            "conversions": len(self.tracked),
            "exposures": len(self.exposures),
            "conversions_invalid": len(self.refused),
        }

    def __enter__(self) -> FakeClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _check(self, error_code: str, variant: str) -> None:
        if self._document is None:
            raise ConfigurationError("there is no ruleset, so no variant can be forced: use from_texts")
        found = [key for key, _ in variants_at(self._document, error_code)]
        if variant not in found:
            known = ", ".join(found) or "none"
            raise ConfigurationError(f"{error_code} has no variant {variant!r}; it has: {known}")
