"""How often a key may call and an address may fail, counted in memory by each worker process."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from werkzeug.exceptions import TooManyRequests


class Allowance:
    """So many of something in each window of time, for each who asks.

    The counts of a window that has passed are dropped together: nobody who once asked is remembered.

    Args:
        what: In words, for the refusal.
        amount: The most in one window.
        seconds: The window's length.
        clock: Seconds that only grow.
    """

    def __init__(
        self, what: str, amount: int, seconds: int = 1, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._what = what
        self._amount = amount
        self._seconds = seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._window = 0
        self._counts: dict[str, int] = {}

    def spend(self, who: str, number: int = 1) -> None:
        """Counts so many, unless the window is used up.

        Raises:
            TooManyRequests: It is; says when the next begins.
        """
        now = self._clock()
        with self._lock:
            self._turn(now)
            spent = self._counts.get(who, 0)
            if spent < self._amount:
                self._counts[who] = spent + number
                return
        raise self._refusal(now)

    def add(self, who: str, number: int) -> None:
        """Counts so many that have been let in already; they bear on what comes next."""
        with self._lock:
            self._turn(self._clock())
            self._counts[who] = self._counts.get(who, 0) + number

    def _turn(self, now: float) -> None:
        """Begins a new window when the old one has passed."""
        window = int(now // self._seconds)
        if window != self._window:
            self._window, self._counts = window, {}

    def _refusal(self, now: float) -> TooManyRequests:
        wait = max(1, math.ceil((self._window + 1) * self._seconds - now))
        bound = f"at most {self._amount} in {self._seconds} s"
        return TooManyRequests(f"Too many {self._what}: {bound}. Try again in {wait} s.", retry_after=wait)


@dataclass(frozen=True, slots=True)
class Rates:
    """The limits of one worker process: of keys by their id, and of addresses."""

    requests: Allowance
    events: Allowance
    wrong_keys: Allowance
