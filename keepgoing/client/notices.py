"""Warnings to the host's log, each kind at most once a minute."""

from __future__ import annotations

import time
from collections.abc import Callable

LOGGER = "keepgoing"
QUIET_SECONDS = 60.0


class Notices:
    """What the host should know, said seldom. Never raises."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._said_at: dict[str, float] = {}

    def warn(self, kind: str, text: str) -> bool:
        """Whether the text was logged: not when something of this kind was within the last minute."""
        now = self._monotonic()
        if now - self._said_at.get(kind, float("-inf")) < QUIET_SECONDS:
            return False
        self._said_at[kind] = now
        try:
            import logging  # here, since it is slow to import and hosts that log have it already

            logging.getLogger(LOGGER).warning("%s", text)
        except Exception:  # noqa: S110 - a broken handler of the host must not become its broken request
            pass
        return True
