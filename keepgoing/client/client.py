"""The client that a host holds: decide, track, and a thread that does the rest."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from types import TracebackType
from typing import TYPE_CHECKING, Any

from keepgoing import __version__
from keepgoing.client import processes
from keepgoing.client.notices import Notices
from keepgoing.client.redeem import UNAVAILABLE, Claim, Redemption, ask
from keepgoing.client.worker import Worker
from keepgoing.errors import ConfigurationError
from keepgoing.evaluation import Decision, decide
from keepgoing.evaluation.host import HostMessage
from keepgoing.outbox import Outbox
from keepgoing.source import FileOrigin, Origin, ServiceOrigin, Source
from keepgoing.transport import Deadline, Transport, describe

if TYPE_CHECKING:
    from keepgoing.outbox.journal import Journal

USER_AGENT = f"keepgoing-python/{__version__}"
URL_VARIABLE = "KEEPGOING_URL"
KEY_VARIABLE = "KEEPGOING_KEY"
LOOPBACK = ("localhost", "127.0.0.1", "::1")


class Client:
    """Decides in process which message a user gets, and reports what came of it.

    Make one for a process and keep it; threads, asyncio and forked workers may share it. Making it starts no
    thread and asks no network: the one daemon thread starts at the first use. Until the ruleset has arrived,
    `decide` answers the host's own message with the reason `fallback`; a short script waits for it first:

        client = keepgoing.Client(url, key)
        client.wait_ready(5)
        decision = client.decide("INSUFFICIENT_BALANCE", unit_id="acct_42")
        client.track("recharge", unit_id="acct_42", value="20.00", currency="USD")
        client.close()

    Args:
        url: Of the service; KEEPGOING_URL where it is not given.
        key: Of the project, role `sdk`; KEEPGOING_KEY where it is not given.
        poll_seconds: Between two looks for a new ruleset.
        flush_seconds: From an event to its batch.
        max_events: Most events kept while they cannot be sent. Exposures are dropped first.
        max_bytes: Most bytes of events kept.
        dedupe_seconds: How long the same exposure of a unit is not sent again.
        bootstrap: A ruleset document to start with; alone, without url and key, it serves without a service.
        ruleset_cache: A file that keeps the last good ruleset over restarts.
        journal: A folder in which conversions are kept until the service has them: what `track` has said True
            to arrives even when the process is killed, once the next one starts. Processes may share it.
        on_decision: Called with each decision, to observe it; what it raises is logged sometimes.
        environ: Where the two variables are looked up.

    Raises:
        ConfigurationError: There is no address or key, or a setting cannot work.
        InvalidRuleset: `bootstrap` cannot be used.
    """

    def __init__(
        self,
        url: str | None = None,
        key: str | None = None,
        *,
        poll_seconds: float = 10.0,
        flush_seconds: float = 0.5,
        max_events: int = 10_000,
        max_bytes: int = 16 * 1024 * 1024,
        dedupe_seconds: float = 600.0,
        connect_seconds: float = 3.0,
        answer_seconds: float = 5.0,
        bootstrap: Mapping[str, Any] | None = None,
        ruleset_cache: str | os.PathLike[str] | None = None,
        journal: str | os.PathLike[str] | None = None,
        on_decision: Callable[[Decision], object] | None = None,
        environ: Mapping[str, str] = os.environ,
        _file: str | os.PathLike[str] | None = None,
    ) -> None:
        _positive(poll_seconds=poll_seconds, flush_seconds=flush_seconds, dedupe_seconds=dedupe_seconds)
        _positive(max_events=max_events, max_bytes=max_bytes)
        _positive(connect_seconds=connect_seconds, answer_seconds=answer_seconds)
        alone = _file is not None or bootstrap is not None
        self._transport, self._desk = (  # two connections: who redeems does not wait for a batch of events
            _transport(
                url or (None if _file else environ.get(URL_VARIABLE)),
                key or (None if _file else environ.get(KEY_VARIABLE)),
                alone=alone,
                connect_seconds=connect_seconds,
                answer_seconds=answer_seconds,
            )
            for _ in range(2)
        )
        origin = _origin(_file, self._transport)
        self._source = Source(origin, poll_seconds=poll_seconds, bootstrap=bootstrap, cache=ruleset_cache)
        self._outbox = Outbox(
            self._transport.post if self._transport else None,
            max_events=max_events,
            max_bytes=max_bytes,
            dedupe_seconds=dedupe_seconds,
            journal=None if journal is None else _journal(journal),
        )
        self._idle = origin is None
        self._on_decision = on_decision
        self._notices = Notices()
        self._worker = Worker(
            self._source,
            self._outbox,
            self._notices,
            flush_seconds=flush_seconds,
            at_end=self._transport.close if self._transport else lambda: None,
        )
        self._started = False
        self._closed = False
        self._warn_of_dangers()
        processes.register(self)

    @classmethod
    def from_file(cls, path: str | os.PathLike[str], **options: Any) -> Client:
        """A client of a ruleset in a file, read now and whenever it changes; it does not ask the environment.

        Events go nowhere, and are counted as discarded, unless `url` and `key` are among the options.

        Raises:
            ConfigurationError: The file cannot be read or used.
        """
        client = cls(_file=path, **options)
        client._source.load()
        return client

    def decide(
        self,
        error_code: str,
        unit_id: str,
        context: Mapping[str, Any] | None = None,
        *,
        exposure: bool = True,
        default: HostMessage | Mapping[str, Any] | None = None,
    ) -> Decision:
        """The decision for a unit that has hit a wall: no input, no output, and never an exception.

        Args:
            error_code: The name of the wall.
            unit_id: Who hit it.
            context: What is known about the unit, with its `locale`.
            exposure: Whether to log that the unit is shown this; False, and `exposed` when it really is.
            default: The host's own `{"status", "headers", "body"}`, for when nothing else is known.
        """
        decision = decide(self._source.ruleset, error_code, unit_id, context, default=default)
        if not self._started:
            self._start()
        if exposure and decision.outcome.is_exposure and not self._outbox.repeats(decision):
            self.exposed(decision)
        if self._on_decision is not None:
            self._observe(decision)
        return decision

    @property
    def project(self) -> str | None:
        """The project of the ruleset at hand; None before one has arrived."""
        ruleset = self._source.ruleset
        return None if ruleset is None else ruleset.project

    def knows(self, error_code: str) -> bool:
        """Whether the ruleset at hand has this error code; before it has arrived, it has none."""
        if not self._started:
            self._start()
        ruleset = self._source.ruleset
        return ruleset is not None and error_code in ruleset.plans

    def exposed(self, decision: Decision) -> None:
        """Logs that the unit was shown the decision; once, however often it is said within a while."""
        try:
            self._ensure_process()
            self._outbox.expose(decision)
        except Exception as error:
            self._notices.warn("exposure", f"keepgoing could not log an exposure: {describe(error)}")

    def track(
        self,
        name: str,
        unit_id: str,
        value: str | float | Decimal | None = None,
        currency: str | None = None,
        event_id: str | None = None,
        occurred_at: datetime | str | None = None,
        properties: Mapping[str, Any] | None = None,
    ) -> bool:
        """Whether the conversion was queued. Never raises: what is wrong is counted, and logged sometimes.

        Args:
            name: Of the event, as metrics name it.
            unit_id: Who did it; the same as at `decide`.
            value: Rounded to 6 decimals; negative for a refund. Best given as text or Decimal.
            currency: ISO 4217.
            event_id: Of the host's own, so that the event counts once however often it is sent.
            occurred_at: With a time zone; now, where it is not given.
            properties: Anything else in JSON, up to 16 KiB.
        """
        try:
            self._ensure_process()
            queued = self._outbox.track(
                name, unit_id, value=value, currency=currency, event_id=event_id, occurred_at=occurred_at,
                properties=properties,
            )  # fmt: skip
        except Exception as error:
            self._outbox.count("conversions_invalid")
            self._notices.warn("track", f"keepgoing cannot track {name!r:.40}: {describe(error)}")
            return False
        return queued

    def redeem(
        self,
        decision: Decision | None = None,
        *,
        unit_id: str | None = None,
        experiment: str | None = None,
        variant: str | None = None,
        event_id: str | None = None,
        timeout: float = 5.0,
    ) -> Redemption:
        """Whether the incentive of the decision's variant is granted to its unit: once, whoever asks.

        Asks the service, and waits so many seconds at most; under asyncio, ask in a thread. Never raises: the
        answer's `reason` says what is wrong.

        Args:
            decision: Whose variant was shown; or the three names in its place.
            unit_id: Who is to have it.
            experiment: Its key.
            variant: Its key.
            event_id: Of the host's own, so that the same request asked again gets the same answer.
            timeout: Seconds.
        """
        return self._claim("redeem", Claim(decision, unit_id, experiment, variant), event_id, timeout)

    def reserve(
        self,
        decision: Decision | None = None,
        *,
        unit_id: str | None = None,
        experiment: str | None = None,
        variant: str | None = None,
        timeout: float = 5.0,
    ) -> Redemption:
        """Whether the budget holds the incentive for the unit, as when it is shown; as `redeem` otherwise."""
        return self._claim("reserve", Claim(decision, unit_id, experiment, variant), None, timeout)

    def _claim(self, how: str, claim: Claim, event_id: str | None, timeout: float) -> Redemption:
        self._start()
        answer = ask(self._desk, how, claim, event_id, timeout)
        if answer.detail is not None:
            kind = "service" if answer.reason == UNAVAILABLE else "claim"
            self._notices.warn(f"{how} {kind}", f"keepgoing could not {how} an incentive: {answer.detail}")
        return answer

    def wait_ready(self, timeout: float) -> bool:
        """Whether the ruleset has arrived, waiting so many seconds for it; under asyncio, ask in a thread."""
        self._ensure_process()
        return self._source.wait_ready(timeout)

    def flush(self, timeout: float = 5.0) -> bool:
        """Whether all that was queued has been sent, waiting so many seconds for it."""
        return self._worker.flush(timeout)

    def close(self, timeout: float = 2.0) -> bool:
        """Whether all that was queued has been sent; ends the thread. It still decides, but logs nothing."""
        if self._closed:
            return True
        self._closed = self._outbox.closed = True
        deadline = Deadline(timeout)
        flushed = self._worker.flush(deadline.remaining)
        self._worker.stop(deadline.remaining)
        if self._transport is not None and not self._worker.alive:
            self._transport.close()
        self._outbox.close()
        if self._desk is not None:
            self._desk.close()
        return flushed

    def status(self) -> dict[str, Any]:
        """How well the ruleset is known: `state` (never_fetched, fresh, stale) and age; what is pending."""
        return {
            **self._source.state(),
            "running": self._worker.alive,
            "closed": self._closed,
            "pending_events": self._outbox.stats()["pending_events"],
            "outbox_error": self._outbox.error,
        }

    def stats(self) -> dict[str, Any]:
        """Counters of this process: events delivered, rejected, dropped, repeated, invalid, pending."""
        return self._outbox.stats()

    def after_fork(self) -> None:
        """Starts over in a forked child; Python calls this by itself at every `os.fork`."""
        self._started = False
        self._source.after_fork()
        self._outbox.after_fork()
        self._worker.after_fork()
        if self._desk is not None:
            self._desk.forget()
        if self._closed:
            self._worker.stop(0.0)

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _observe(self, decision: Decision) -> None:
        try:
            self._on_decision(decision)  # type: ignore[misc]  # `decide` has asked whether there is one
        except Exception as error:
            self._notices.warn("observer", f"keepgoing: on_decision failed: {describe(error)}")

    def _start(self) -> None:
        try:
            self._ensure_process()
        except Exception as error:
            self._notices.warn("thread", f"keepgoing cannot start its thread: {describe(error)}")

    def _ensure_process(self) -> None:
        """Makes sure that the thread runs in this process, also after a fork that Python did not notice."""
        if self._worker.pid != os.getpid():
            self.after_fork()
        if not self._started:
            self._started = True
            if not self._idle:
                self._worker.start()

    def _warn_of_dangers(self) -> None:
        if self._transport is None:
            return
        address = self._transport.address
        if address.scheme == "http" and address.host not in LOOPBACK:
            self._notices.warn("http", f"keepgoing sends its key to {address.host} in the clear: use https")
        if any(isinstance(each, Client) and each._uses(self._transport) for each in processes.siblings(self)):
            self._notices.warn(
                "second", "a second keepgoing client with the same key: one a process is enough"
            )

    def _uses(self, transport: Transport) -> bool:
        return not self._closed and self._transport is not None and self._transport.same_as(transport)


def _transport(
    url: str | None, key: str | None, *, alone: bool, connect_seconds: float, answer_seconds: float
) -> Transport | None:
    """The way to the service; None where there is no address, and the client can do alone."""
    if not url and alone:
        return None
    if not url:
        raise ConfigurationError(f"url is missing: pass it, set {URL_VARIABLE}, or use Client.from_file")
    if not key:
        raise ConfigurationError(f"key is missing: pass it, or set {KEY_VARIABLE}")
    return Transport(
        url, key, connect_seconds=connect_seconds, answer_seconds=answer_seconds, user_agent=USER_AGENT
    )


def _journal(folder: str | os.PathLike[str]) -> Journal:
    from keepgoing.outbox.journal import Journal  # here, since most hosts do without it

    return Journal(folder)


def _origin(file: str | os.PathLike[str] | None, transport: Transport | None) -> Origin | None:
    if file is not None:
        return FileOrigin(file)
    return ServiceOrigin(transport) if transport is not None else None


def _positive(**settings: float) -> None:
    for name, value in settings.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < float("inf"):
            raise ConfigurationError(f"{name} is {value!r}, must be a number above 0")
