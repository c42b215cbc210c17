"""Ids of events that the service makes itself: ordered by time, so that the log's index grows at one end."""

from __future__ import annotations

import secrets
import uuid
from datetime import datetime

RANDOM_BITS = 74


def new_event_id(now: datetime) -> str:
    """A UUID of version 7 (RFC 9562) for this moment."""
    milliseconds = int(now.timestamp() * 1000)
    random = secrets.randbits(RANDOM_BITS)
    high, low = random >> 62, random & ((1 << 62) - 1)
    return str(uuid.UUID(int=milliseconds << 80 | 0x7 << 76 | high << 64 | 0b10 << 62 | low))
