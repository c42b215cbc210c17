"""Which exposures were queued lately, so that retries of one wall are sent once. Memory is bounded."""

from __future__ import annotations


class Seen:
    """Two generations of keys: the younger is filled, the older forgotten as a whole.

    A key is remembered for one to two windows, or until as many others as fit have come after it. `young` and
    `old` may be read directly, where a call would cost too much.

    Args:
        window_seconds: How long a key is remembered at least, while there is room.
        capacity: Keys in one generation.
    """

    def __init__(self, window_seconds: float, capacity: int = 10_000) -> None:
        self._window_seconds = window_seconds
        self._capacity = capacity
        self.young: set[int] = set()
        self.old: set[int] = set()
        self._turned_at: float | None = None

    def __contains__(self, key: int) -> bool:
        return key in self.young or key in self.old

    def add(self, key: int) -> None:
        """Remembers a key."""
        if len(self.young) >= self._capacity:
            self._turn()
        self.young.add(key)

    def discard(self, key: int) -> None:
        """Forgets a key whose exposure was not sent after all."""
        self.young.discard(key)
        self.old.discard(key)

    def age(self, now: float) -> None:
        """Forgets what is older than the window; to be called now and then with a clock that only grows."""
        if self._turned_at is None:
            self._turned_at = now
        elif now - self._turned_at >= self._window_seconds:
            self._turn()
            self._turned_at = now

    def _turn(self) -> None:
        self.old, self.young = self.young, set()
