"""The order of the columns in which rows travel as tuples between the fold and the database."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from experiments.model.events import EventRecord

Row = Sequence[Any]
Position = tuple[int, int]  # (txid, seq): a place in the order in which PostgreSQL's log is folded

EVENT = ("project_id", *EventRecord._fields)
CONVERSION = ("unit_id", "event_id", "name", "occurred_at", "value", "currency")

PARTICIPANT_KEY = ("project_id", "unit_id", "experiment_id")
PARTICIPANT_STATE = (
    *("variant", "phase", "first_exposure_at", "first_event_id", "seen", "segments", "measured"),
)
PARTICIPANT = PARTICIPANT_KEY + PARTICIPANT_STATE

TALLY_CELL = ("variant", "phase", "metric", "day", "segment", "segment_value", "crossed")  # as Cell
TALLY_KEY = ("experiment_id", *TALLY_CELL)
TALLY_SUMS = ("n", "total", "squares", "covariate", "covariate_squares", "cross_product", "conversions")
TALLY = TALLY_KEY + TALLY_SUMS

TALLY_BIN_KEY = (*TALLY_KEY, "bin")
TALLY_BIN = TALLY_BIN_KEY + TALLY_SUMS

EXPOSURE_DAY_KEY = ("experiment_id", "day")
EXPOSURE_DAY_COUNTS = ("exposures", "uncounted", "fallbacks", "moved", "lag_total")
EXPOSURE_DAY_HIGHEST = ("lag_max", "last_received_at")
EXPOSURE_DAY = EXPOSURE_DAY_KEY + EXPOSURE_DAY_COUNTS + EXPOSURE_DAY_HIGHEST

CONVERSION_COUNT = ("project_id", "name", "events", "matched", "last_received_at")


def listed(names: Sequence[str], before: str = "") -> str:
    """The names with commas between them, each with the same text before it."""
    return ", ".join(before + name for name in names)
