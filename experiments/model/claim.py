"""Claims: figures that messages may show, each computed from the service's own data or not shown at all."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import AfterValidator, Field, Strict, model_validator

from experiments.model.definition import Definition, Path, fit
from experiments.model.names import AttributeName, Currency, EventName
from experiments.model.quantities import Count, Days, FromDay
from experiments.model.text import Description

CLAIM_PREFIX = "claim_"
INCENTIVE_PREFIX = "incentive_"
Kind = Literal["share", "median_hours", "median_value", "continued"]
Hours = Annotated[int, Strict(), Field(ge=1, le=8760)]


class Claim(Definition):
    """One named figure about the units that met this wall; `{claim_NAME}` shows it.

    The cohort are the units first exposed at this error code within `window_days`, long enough ago that what
    they did can be known in full.
    """

    kind: Kind
    event: EventName
    within_days: Days = 7
    from_day: FromDay = 0
    currency: Currency | None = None
    window_days: Days = 90
    min_sample: Annotated[Count, Field(ge=20)] = 200
    fresh_hours: Hours = 48
    description: Description = ""

    @model_validator(mode="after")
    def _fits(self) -> Claim:
        faults: list[tuple[Path, str]] = []
        if self.kind == "median_value" and self.currency is None:
            faults.append((("currency",), "is required: amounts of several currencies have no median"))
        if self.kind != "median_value" and self.currency is not None:
            faults.append((("currency",), "is for median_value; remove it"))
        if self.kind == "continued" and self.from_day >= self.within_days:
            faults.append((("from_day",), "must be below within_days"))
        if self.kind != "continued" and self.from_day:
            faults.append((("from_day",), "is for continued; remove it"))
        fit(faults)
        return self


class Figure(NamedTuple):
    """What a claim came to: None where the sample was too small.

    Attributes:
        value: Rounded against the product's interest.
        sample: How many units it is of.
        computed_at: When, aware.
    """

    value: Decimal | None
    sample: int
    computed_at: datetime


Figures = Mapping[tuple[str, str], Figure]
"""By error code and name."""


def valid_until(claim: Claim, figure: Figure) -> datetime:
    """From when on the figure is stale."""
    return figure.computed_at + timedelta(hours=claim.fresh_hours)


def published(claim: Claim, figure: Figure | None) -> dict[str, Any] | None:
    """The figure for the ruleset; None where there is nothing that may be shown."""
    if figure is None or figure.value is None or figure.sample < claim.min_sample:
        return None
    return {
        "value": int(figure.value) if figure.value == int(figure.value) else float(figure.value),
        "sample": figure.sample,
        "computed_at": figure.computed_at.isoformat(),
        "valid_until": valid_until(claim, figure).isoformat(),
    }


def _name(name: str) -> str:
    if name.startswith((CLAIM_PREFIX, INCENTIVE_PREFIX)):
        raise ValueError(f"is written without its prefix; messages say {{{CLAIM_PREFIX}NAME}}")
    return name


ClaimName = Annotated[AttributeName, Field(max_length=50), AfterValidator(_name)]
Claims = Annotated[dict[ClaimName, Claim], Field(max_length=20, default_factory=dict)]
