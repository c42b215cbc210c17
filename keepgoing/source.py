"""Where rulesets come from: the service, a file or the host itself. The last good one is always kept."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from keepgoing.errors import ConfigurationError, InvalidRuleset, TransportError
from keepgoing.evaluation import Ruleset, compile_ruleset
from keepgoing.transport import CHANCE, Backoff, Transport, describe

NEVER_FETCHED = "never_fetched"
FRESH = "fresh"
STALE = "stale"

REFUSALS = frozenset({401, 403, 404})
SLOWEST_REFUSED_SECONDS = 300.0
SLOWEST_RETRY_SECONDS = 30.0
STALE_AFTER_POLLS = 3
STALE_GRACE_SECONDS = 5.0


class Origin(Protocol):
    """Something that ruleset documents can be fetched from."""

    name: str

    def fetch(self, within: float) -> bytes | None:
        """The document, or None when it has not changed since the last accepted one.

        Raises:
            TransportError: It could not be had.
        """

    def accept(self) -> None:
        """Remembers that the last document was good."""

    def after_fork(self) -> None:
        """Drops what a forked child must not share."""


class ServiceOrigin:
    """`GET /v1/ruleset` with its ETag."""

    name = "service"

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._etag: str | None = None
        self._newest: str | None = None

    def fetch(self, within: float) -> bytes | None:
        """The service's ruleset, None when it is still the one accepted."""
        reply = self._transport.get("/v1/ruleset", etag=self._etag, within=within)
        if reply.status == 304:
            return None
        self._newest = reply.headers.get("etag")
        return reply.body

    def accept(self) -> None:
        """Asks with this document's ETag from now on."""
        self._etag = self._newest

    def after_fork(self) -> None:
        """Leaves the parent's connection alone."""
        self._transport.forget()


class FileOrigin:
    """A file, read again when its time or size has changed."""

    name = "file"

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = os.fspath(path)
        self._seen: tuple[int, int] | None = None
        self._newest: tuple[int, int] | None = None

    def fetch(self, within: float) -> bytes | None:  # noqa: ARG002 - a file answers at once
        """The file's content, None when it has not changed."""
        try:
            facts = os.stat(self._path)
            self._newest = (facts.st_mtime_ns, facts.st_size)
            return None if self._newest == self._seen else read_file(self._path)
        except OSError as error:
            raise TransportError(f"cannot read {self._path}: {describe(error)}") from error

    def accept(self) -> None:
        """Reads the file again only when it differs from now."""
        self._seen = self._newest

    def after_fork(self) -> None:
        """Nothing is shared."""


class Source:
    """The ruleset in use, and how well it is known. `ruleset` is swapped as a whole: readers take no lock.

    Args:
        origin: Where to fetch from; None when the host's own document is all there is.
        poll_seconds: Between two looks, with a jitter of a tenth.
        bootstrap: A document to start with.
        cache: A file that keeps the last good document over restarts.
    """

    def __init__(
        self,
        origin: Origin | None,
        *,
        poll_seconds: float = 10.0,
        bootstrap: Mapping[str, Any] | None = None,
        cache: str | os.PathLike[str] | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        uniform: Callable[[float, float], float] = CHANCE.uniform,
    ) -> None:
        self.ruleset: Ruleset | None = None
        self.error: str | None = None
        self.due_at = monotonic()
        self._origin = origin
        self._origin_name: str | None = None
        self._poll_seconds = poll_seconds
        self._cache = os.fspath(cache) if cache is not None else None
        self._monotonic = monotonic
        self._uniform = uniform
        self._backoff = Backoff(0.5, SLOWEST_RETRY_SECONDS, uniform)
        self._known_at: float | None = None
        self._ready = threading.Event()
        if bootstrap is not None:
            self._use(compile_ruleset(bootstrap), "bootstrap")
        self._restore()
        if origin is None and bootstrap is not None:
            self._ready.set()

    def refresh(self, within: float) -> bool:
        """Whether the ruleset is known to be the newest now. Never raises; says when to ask again."""
        if self._origin is None:
            self.due_at = float("inf")
            return False
        try:
            self.error = self._fetch(self._origin, within)
        except (TransportError, InvalidRuleset) as error:
            self._failed(error)
            return False
        self._backoff.reset()
        self._known_at = self._monotonic()
        self.due_at = self._known_at + self._poll_seconds * self._uniform(0.9, 1.1)
        self._ready.set()
        return True

    def load(self) -> None:
        """Reads the origin once, for a host that must know at once whether it can be used.

        Raises:
            ConfigurationError: It cannot be read, or is no ruleset that this version can use.
        """
        if not self.refresh(0.0):
            raise ConfigurationError(f"the ruleset cannot be used: {self.error}")

    def wait_ready(self, seconds: float) -> bool:
        """Whether the ruleset was fetched at least once, or is the host's own; waits so long for it."""
        return self._ready.wait(max(0.0, seconds))

    def state(self) -> dict[str, Any]:
        """How well the ruleset is known: `state`, `age_seconds`, `revision`, `origin`, last `error`."""
        age = None if self._known_at is None else self._monotonic() - self._known_at
        ruleset = self.ruleset
        return {
            "state": self._freshness(age),
            "age_seconds": age,
            "revision": ruleset.revision if ruleset else None,
            "origin": self._origin_name,
            "error": self.error,
        }

    def after_fork(self) -> None:
        """Makes the child's own locks and connection; what was known stays known."""
        was_ready, self._ready = self._ready.is_set(), threading.Event()
        if was_ready:
            self._ready.set()
        self.due_at = self._monotonic()
        if self._origin is not None:
            self._origin.after_fork()

    def _freshness(self, age: float | None) -> str:
        if age is None:
            return NEVER_FETCHED
        return FRESH if age <= STALE_AFTER_POLLS * self._poll_seconds + STALE_GRACE_SECONDS else STALE

    def _fetch(self, origin: Origin, within: float) -> str | None:
        """Fetches and uses the newest ruleset; what went wrong without harm, if anything."""
        document = origin.fetch(within)
        if document is None:
            return None
        self._use(compile_bytes(document), origin.name)
        origin.accept()
        return self._keep(document)

    def _failed(self, error: TransportError | InvalidRuleset) -> None:
        self.error = error.detail
        refused, wait = None, None
        if isinstance(error, TransportError):
            refused, wait = error.status in REFUSALS, error.retry_after_seconds
        slowest = SLOWEST_REFUSED_SECONDS if refused else max(SLOWEST_RETRY_SECONDS, self._poll_seconds)
        least = 0.0 if self._known_at is None else self._poll_seconds
        delay = max(least, self._backoff.next_delay(cap=slowest), wait or 0.0)
        self.due_at = self._monotonic() + delay

    def _use(self, ruleset: Ruleset, origin: str) -> None:
        self.ruleset, self._origin_name = ruleset, origin

    def _restore(self) -> None:
        """Starts with the cached ruleset, unless the one at hand is newer."""
        if self._cache is None:
            return
        try:
            cached = compile_bytes(read_file(self._cache))
        except (OSError, InvalidRuleset):
            return  # there is none yet, or a broken one that the next good fetch replaces
        if self.ruleset is None or cached.revision >= self.ruleset.revision:
            self._use(cached, "cache")

    def _keep(self, document: bytes) -> str | None:
        try:
            if self._cache is not None:
                replace_file(self._cache, document)
        except OSError as error:
            return f"cannot write {self._cache}: {describe(error)}"
        return None


def compile_bytes(document: bytes) -> Ruleset:
    """The ruleset that a JSON text describes.

    Raises:
        InvalidRuleset: It is not JSON, or not a ruleset.
    """
    try:
        parsed = json.loads(document)
    except (ValueError, RecursionError) as error:
        raise InvalidRuleset(f"is not JSON: {error}") from error
    return compile_ruleset(parsed)


def read_file(path: str) -> bytes:
    """The file's content. (pathlib would do this too, at the price of half of all other imports.)"""
    with open(path, "rb") as file:
        return file.read()


def replace_file(path: str, content: bytes) -> None:
    """Puts the content in the file's place as a whole: a reader sees the old or the new, never a part."""
    beside = f"{path}.{os.getpid()}.new"
    with open(beside, "wb") as file:
        file.write(content)
    os.replace(beside, path)
