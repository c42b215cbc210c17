"""Event ids: UUIDv7 (RFC 9562), ordered by time, since ids that come in order are cheap to store."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable

COUNTER_BITS = 12
COUNTER_SPACE = 1 << COUNTER_BITS


class EventIds:
    """A maker of ids that grow strictly, also within a millisecond and when the clock is set back."""

    def __init__(
        self, clock: Callable[[], float] = time.time, randomness: Callable[[int], bytes] = os.urandom
    ) -> None:
        self._clock = clock
        self._randomness = randomness
        self._lock = threading.Lock()
        self._last = 0  # milliseconds and counter as one number

    def next_id(self) -> str:
        """A new id."""
        random = int.from_bytes(self._randomness(8), "big")
        with self._lock:
            now = (int(self._clock() * 1000) << COUNTER_BITS) | (
                random >> 53
            )  # the counter starts in its lower half
            self._last = stamp = max(now, self._last + 1)
        milliseconds, counter = divmod(stamp, COUNTER_SPACE)
        value = (
            (milliseconds & (1 << 48) - 1) << 80
            | 0x7 << 76
            | counter << 64
            | 0b10 << 62
            | random & (1 << 62) - 1
        )
        text = f"{value:032x}"
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
