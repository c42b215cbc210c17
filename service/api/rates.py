"""How often a key may call and an address may fail, counted in memory by each worker process."""

from __future__ import annotations

import math
import time

from limits import RateLimitItem, RateLimitItemPerSecond
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter
from werkzeug.exceptions import TooManyRequests


class Rates:
    """The limits of one worker process.

    Args:
        requests_per_second: Of one key.
        events_per_second: Of one key.
        wrong_keys: Of one address, in `wrong_keys_window_seconds`.
        wrong_keys_window_seconds: Length of that window.
    """

    def __init__(
        self,
        *,
        requests_per_second: int,
        events_per_second: int,
        wrong_keys: int,
        wrong_keys_window_seconds: int,
    ) -> None:
        self._limiter = FixedWindowRateLimiter(MemoryStorage())
        self._requests = RateLimitItemPerSecond(requests_per_second, 1, "requests")
        self._events = RateLimitItemPerSecond(events_per_second, 1, "events")
        self._wrong_keys = RateLimitItemPerSecond(wrong_keys, wrong_keys_window_seconds, "wrong-keys")

    def spend_request(self, key_id: str) -> None:
        """Counts one request of a key.

        Raises:
            TooManyRequests: It has made too many in this second.
        """
        self._spend(self._requests, key_id, "requests of this key")

    def admit_events(self, key_id: str) -> None:
        """Nothing, when a key may send events now; how many they are is known once they are read.

        Raises:
            TooManyRequests: It has sent too many in this second.
        """
        if not self._limiter.test(self._events, key_id):
            raise self._refusal(self._events, key_id, "events of this key")

    def spend_events(self, key_id: str, number: int) -> None:
        """Counts events of a key, which bear on its next batch."""
        if number:
            self._limiter.hit(self._events, key_id, cost=number)

    def spend_wrong_key(self, address: str) -> None:
        """Counts a wrong key from an address.

        Raises:
            TooManyRequests: It has sent too many wrong ones; a right key still works.
        """
        self._spend(self._wrong_keys, address, "wrong keys from this address")

    def _spend(self, item: RateLimitItem, who: str, what: str) -> None:
        if not self._limiter.hit(item, who):
            raise self._refusal(item, who, what)

    def _refusal(self, item: RateLimitItem, who: str, what: str) -> TooManyRequests:
        reset = self._limiter.get_window_stats(item, who).reset_time
        wait = max(1, math.ceil(reset - time.time()))
        bound = f"{item.amount} in {item.get_expiry()} s"
        return TooManyRequests(f"Too many {what}: at most {bound}. Try again in {wait} s.", retry_after=wait)
