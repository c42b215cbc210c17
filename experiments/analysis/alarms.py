"""Alarms that stay: what gates 1 and 2 once found stands until a person clears it with a reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

EXPOSURE_HEALTH, SAMPLE_RATIO = 1, 2
"""The gates whose alarms stay."""
ABOUT = {EXPOSURE_HEALTH: "the exposures", SAMPLE_RATIO: "the split"}
"""What the alarm of each gate is about."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """An `invalid` that was recorded and that nobody has cleared.

    Attributes:
        gate: Which gate raised it.
        at: When it was recorded.
        said: What the gate found then.
    """

    gate: int
    at: datetime
    said: str


@dataclass(frozen=True, slots=True)
class Clearance:
    """A person's decision to go on after an alarm.

    Attributes:
        gate: The gate whose alarm it was.
        at: When it was cleared: this gate looks only at units first exposed on a later day (UTC).
        by: Who did it.
        reason: Why, in that person's words.
    """

    gate: int
    at: datetime
    by: str
    reason: str


def last_of(clearances: Sequence[Clearance], gate: int) -> Clearance | None:
    """The newest clearing of one gate's alarms."""
    mine = [one for one in clearances if one.gate == gate]
    return max(mine, key=lambda one: one.at) if mine else None
