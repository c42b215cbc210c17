"""Clients and the life of their process: forks start them over, the end of the process sends what is left."""

from __future__ import annotations

import atexit
import os
import time
import weakref
from contextlib import suppress
from typing import Protocol

EXIT_SECONDS = 2.0


class Living(Protocol):
    """A client as seen from here."""

    def close(self, timeout: float = ...) -> bool:
        """Sends what is left, for at most so long."""

    def after_fork(self) -> None:
        """Starts over in a forked child."""


_clients: weakref.WeakSet[Living] = weakref.WeakSet()  # weak: a client that its host forgets must not stay


def register(client: Living) -> None:
    """Looks after a client from now on."""
    _clients.add(client)


def siblings(client: Living) -> list[Living]:
    """The other clients of this process."""
    return [each for each in list(_clients) if each is not client]


def _after_fork_in_child() -> None:
    for client in list(_clients):
        client.after_fork()


def _at_exit() -> None:
    """Closes all clients within one budget, on this thread: none can be started any more."""
    ends_at = time.monotonic() + EXIT_SECONDS
    for client in list(_clients):
        with suppress(Exception):  # one client's trouble must not keep the next from sending
            client.close(timeout=max(0.0, ends_at - time.monotonic()))


# Only in the child: a hook in the parent would disturb the host at every subprocess that it starts.
os.register_at_fork(after_in_child=_after_fork_in_child)
atexit.register(_at_exit)
