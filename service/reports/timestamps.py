"""Moments as a report writes them."""

from __future__ import annotations

from datetime import UTC, datetime

from experiments.analysis import wording


def minute(moment: datetime) -> str:
    """A moment to the minute, in UTC: 5 May 2026, 14:03 UTC."""
    utc = moment.astimezone(UTC)
    return f"{wording.date(utc)}, {utc:%H:%M} UTC"
