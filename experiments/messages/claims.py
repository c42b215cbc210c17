"""What a claim comes to: from what units did after their wall to a figure that flatters nobody."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from statistics import median_high, median_low
from typing import NamedTuple

from experiments.model.claim import Claim
from experiments.model.events import DAY, MICRO

HOUR = DAY // 24
PER_CENT = Decimal("0.01")


class Deed(NamedTuple):
    """An event of a unit, so long (microseconds) after its wall, worth so many micro-units."""

    after: int
    value: int | None
    currency: str | None


def compute(claim: Claim, cohort: Iterable[Sequence[Deed]]) -> tuple[Decimal | None, int]:
    """The figure and how many units it is of; None where the sample is below the claim's minimum.

    Shares are cut to whole per cents, hours taken up to whole ones, amounts cut to whole ones; of two middle
    values the one that says less counts.

    Args:
        claim: What is claimed.
        cohort: Of each unit of the cohort, its events of the claim's name, in any order.
    """
    counted = [_first(claim, deeds) for deeds in cohort]
    if claim.kind in ("share", "continued"):
        sample = len(counted)
        return (_share(counted) if sample >= claim.min_sample else None), sample
    found = [deed for deed in counted if deed is not None]
    sample = len(found)
    if sample < claim.min_sample:
        return None, sample
    if claim.kind == "median_hours":
        hours = Decimal(median_high(deed.after for deed in found)) / HOUR
        return max(hours.to_integral_value(ROUND_CEILING), Decimal(1)), sample
    amount = Decimal(median_low(deed.value or 0 for deed in found)) / MICRO
    return amount.to_integral_value(ROUND_FLOOR), sample


def _first(claim: Claim, deeds: Sequence[Deed]) -> Deed | None:
    """The first event that counts for the claim; refunds never do."""
    start, end = claim.from_day * DAY, claim.within_days * DAY
    counted = (
        deed
        for deed in deeds
        if start <= deed.after < end
        and not (deed.value is not None and deed.value < 0)
        and (claim.currency is None or (deed.currency == claim.currency and deed.value is not None))
    )
    return min(counted, key=lambda deed: deed.after, default=None)


def _share(counted: Sequence[Deed | None]) -> Decimal:
    did = sum(deed is not None for deed in counted)
    return Decimal(did * 100 // len(counted)) * PER_CENT
