"""How long to wait: deadlines that everything obeys, and delays between attempts."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

# For jitter; the host's own sequence of random numbers is not ours to draw from.
CHANCE = random.Random()  # noqa: S311 - no secret is made of it


class Deadline:
    """A moment after which nothing may wait any longer."""

    __slots__ = ("_at", "_monotonic")

    def __init__(self, seconds: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._at = monotonic() + seconds

    @property
    def remaining(self) -> float:
        """Seconds left, never below 0."""
        return max(0.0, self._at - self._monotonic())

    def check(self) -> float:
        """Seconds left.

        Raises:
            TimeoutError: There are none.
        """
        if not (left := self.remaining):
            raise TimeoutError("the deadline has passed")
        return left


class Backoff:
    """Delays between attempts: exponential with full jitter (uniform from near 0 to a doubling ceiling)."""

    FLOOR_SECONDS = 0.05

    def __init__(
        self, base: float, cap: float, uniform: Callable[[float, float], float] = CHANCE.uniform
    ) -> None:
        self._base = base
        self._cap = cap
        self._uniform = uniform
        self._attempts = 0

    def next_delay(self, *, cap: float | None = None) -> float:
        """Seconds to wait before the next attempt; `cap` overrides the highest ceiling."""
        ceiling = min(cap or self._cap, self._base * 2 ** min(self._attempts, 30))
        self._attempts += 1
        return max(self.FLOOR_SECONDS, self._uniform(0.0, ceiling))

    def reset(self) -> None:
        """Starts over: the last attempt succeeded."""
        self._attempts = 0
