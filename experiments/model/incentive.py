"""What a person gets for going on: what it is worth, how often one unit may have it, and until when."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import ROUND_CEILING, Context, Decimal
from typing import Annotated, Any, Final, Literal

from pydantic import AwareDatetime, Field, Strict, model_validator

from experiments.model.definition import Definition, Path, fit
from experiments.model.events import EPOCH, LARGEST_VALUE, MICRO
from experiments.model.locales import moment_text
from experiments.model.metric import MeanMetric, Metric
from experiments.model.names import Currency
from experiments.model.quantities import Amount, Days, Flag, Money

GRANT_EVENT: Final = "incentive_grant"
"""The name of the conversion that the log gets for each grant; its value is what the grant costs."""

_UNITED: Final = Context(prec=60)
HoldHours = Annotated[int, Strict(), Field(ge=1, le=8760)]


class Incentive(Definition):
    """What a person gets for going on; `unit_cost` and `budget` never leave the service.

    A grant costs `amount` × `unit_cost`; a `discount_amount` costs its amount where no `unit_cost` is given.
    """

    kind: Literal["bonus_units", "discount_percent", "discount_amount", "trial_days"]
    amount: Amount
    unit_cost: Money | None = None
    currency: Currency | None = None
    once_per_unit: Flag = True
    period_days: Days | None = None
    hold_hours: HoldHours = 72
    budget: Money | None = None
    ends_at: AwareDatetime | None = None

    @model_validator(mode="after")
    def _fits(self) -> Incentive:
        faults: list[tuple[Path, str]] = []
        if self.budget is not None and self.cost is None:
            faults.append((("budget",), "cannot be held without unit_cost, what one unit of amount costs"))
        if self.period_days is not None and not self.once_per_unit:
            faults.append((("period_days",), "is for once_per_unit: true; remove one of the two"))
        if (self.cost_micro or 0) > LARGEST_VALUE * MICRO:
            faults.append((("unit_cost",), "makes one grant cost over 1e12"))
        fit(faults)
        return self

    @property
    def cost(self) -> Decimal | None:
        """What one grant costs; None where nobody said."""
        if self.unit_cost is not None:
            return _UNITED.multiply(self.amount, self.unit_cost)
        return self.amount if self.kind == "discount_amount" else None

    @property
    def cost_micro(self) -> int | None:
        """The same in micro-units, rounded up: many grants must not cost more than the sum says."""
        return None if self.cost is None else _micro(self.cost, up=True)

    @property
    def budget_micro(self) -> int | None:
        """The budget in micro-units, rounded down; None without one."""
        return None if self.budget is None else _micro(self.budget, up=False)

    def is_over(self, now: datetime) -> bool:
        """Whether its time has ended."""
        return self.ends_at is not None and now >= self.ends_at

    def is_spent(self, spent_micro: int) -> bool:
        """Whether the budget, of which so much is given or held, has no room for one more grant."""
        budget = self.budget_micro
        return budget is not None and spent_micro + (self.cost_micro or 0) > budget

    def claim(self, now: datetime, event_id: str) -> str:
        """What a unit can have once: this period (periods are counted from 1970), or this request."""
        if not self.once_per_unit:
            return f"event/{event_id}"
        if self.period_days is None:
            return "once"
        return f"{self.period_days}d/{(now - EPOCH) // timedelta(days=self.period_days)}"


def incentive_arguments(incentive: Incentive | None) -> dict[str, Literal["string", "number"]]:
    """The arguments that an incentive gives to the messages of its variant, with their types."""
    if incentive is None:
        return {}
    given: dict[str, Literal["string", "number"]] = {"incentive_amount": "number"}
    return given | ({"incentive_ends_at": "string"} if incentive.ends_at else {})


def incentive_facts(incentive: Incentive, locale: str) -> dict[str, Any]:
    """The same as facts of the ruleset, which run out with the offer; its end as this locale writes it."""
    ends_at = incentive.ends_at
    until = ends_at.isoformat() if ends_at else None
    amount = incentive.amount
    values: dict[str, Any] = {"incentive_amount": int(amount) if amount == int(amount) else float(amount)}
    if ends_at is not None:
        values["incentive_ends_at"] = moment_text(ends_at, locale)
    return {name: {"value": value, "valid_until": until} for name, value in values.items()}


def grant_currency(incentive: Incentive, metrics: Sequence[Metric]) -> str | None:
    """The currency of a grant's cost: its own, else the first that a mean metric of the plan has."""
    counted = (metric.currency for metric in metrics if isinstance(metric, MeanMetric) and metric.currency)
    return incentive.currency or next(counted, None)


def _micro(amount: Decimal, *, up: bool) -> int:
    scaled = amount.scaleb(6, _UNITED)
    return int(scaled.to_integral_value(ROUND_CEILING)) if up else int(scaled)
