"""A made-up population at INSUFFICIENT_BALANCE: assigned by the product, recharging by known rates."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random

from keepgoing.evaluation.decide import decide
from keepgoing.evaluation.ruleset import Ruleset
from service.demo.facts import Event, conversion, exposure

KEY = "low-balance-framing"
ERROR_CODE = "INSUFFICIENT_BALANCE"
UNITS = 32_000
FIRST_WALL = datetime(2026, 9, 1, tzinfo=UTC)
WALLS = timedelta(days=28)
# The truth that the analysis does not know: the share of accounts that recharges within a week of the wall.
RECHARGE_RATES = {
    "control": 0.20, "progress": 0.26, "value": 0.22, "reciprocity": 0.21,
    "authority": 0.20, "commitment": 0.215, "scarcity": 0.22, "empathy": 0.225,
}  # fmt: skip
SUPPORT_RATE = 0.03
AMOUNTS = ("10.00", "20.00", "20.00", "50.00")
SEED = 402


def low_balance_events(ruleset: Ruleset) -> Iterator[Event]:
    """Walls, recharges and support contacts of simulated accounts; the same every time for one ruleset.

    Args:
        ruleset: That of the demo's project, in which the experiment runs.
    """
    chance = Random(SEED)  # noqa: S311 - a simulation, not a secret
    for number in range(1, UNITS + 1):
        unit = f"simulated-{number:05d}"
        wall = FIRST_WALL + WALLS * ((number - 0.5) / UNITS)
        decision = decide(ruleset, ERROR_CODE, unit, account(chance))
        if not decision.is_exposure or decision.variant is None:
            continue
        segments = dict(decision.segments or {})
        yield exposure(f"{unit}-wall", KEY, ERROR_CODE, decision.variant, unit, wall, segments)
        yield from _afterwards(chance, unit, wall, RECHARGE_RATES[decision.variant])


def account(chance: Random) -> dict[str, object]:
    """What a host would tell of one account."""
    return {
        "plan": chance.choice(("free", "free", "pro")),
        "usage_percent": chance.randint(60, 99),
        "hours_saved": chance.randint(1, 40),
        "requests_done": chance.randint(20, 20_000),
        "offer_ends": "30 September 2026",
        "locale": "en",
    }


def _afterwards(chance: Random, unit: str, wall: datetime, rate: float) -> Iterator[Event]:
    if chance.random() < rate:
        paid = wall + timedelta(minutes=chance.randint(1, 6 * 24 * 60))
        yield conversion(f"{unit}-paid", "recharge", unit, paid, value=chance.choice(AMOUNTS), currency="USD")
    if chance.random() < SUPPORT_RATE:
        asked = wall + timedelta(minutes=chance.randint(1, 6 * 24 * 60))
        yield conversion(f"{unit}-asked", "support_contact", unit, asked)
