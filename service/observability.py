"""JSON log lines and Prometheus figures, neither with a key, a unit id or a context value in it."""

from __future__ import annotations

import logging
import sys
import traceback
from typing import Any, TextIO

import structlog
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest, multiprocess

Logger = structlog.typing.FilteringBoundLogger

LATENCY_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)  # seconds


def make_logger(level: str, stream: TextIO | None = None) -> Logger:
    """A logger of JSON lines at `level` and above.

    Args:
        level: debug, info, warning or error.
        stream: Where the lines go; standard error when None.
    """
    logger: Logger = structlog.wrap_logger(
        structlog.PrintLogger(stream or sys.stderr),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        cache_logger_on_first_use=True,
    )
    return logger


def exception_fields(error: BaseException) -> dict[str, Any]:
    """What a log line may say of an exception: its type and where it came from, never its text.

    The text of a KeyError or a database error may hold a unit id or a key; the frames hold only our own code.
    """
    frames = traceback.extract_tb(error.__traceback__)
    return {
        "exception": f"{type(error).__module__}.{type(error).__qualname__}",
        "frames": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames],
    }


class Figures:
    """The counters of one application, readable as Prometheus text.

    Args:
        shared_folder: Where several worker processes keep their counters; None when each is read by itself.
    """

    def __init__(self, shared_folder: str | None = None) -> None:
        self._shared_folder = shared_folder
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "keepgoing_requests", "Requests answered.", ["method", "route", "status"], registry=self._registry
        )
        self._seconds = Histogram(
            "keepgoing_request_seconds",
            "Time to an answer, in seconds.",
            ["method", "route"],
            buckets=LATENCY_BUCKETS,
            registry=self._registry,
        )
        self._events = Counter(
            "keepgoing_events", "Events received, by outcome.", ["outcome"], registry=self._registry
        )
        self._decisions = Counter(
            "keepgoing_decisions", "Decisions answered, by reason.", ["reason"], registry=self._registry
        )

    def request(self, *, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answered request; `route` is the pattern, never the path that was asked for."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(method, route).observe(seconds)

    def events(self, *, accepted: int, duplicates: int, rejected: int) -> None:
        """Count what became of one batch of events."""
        self._events.labels("accepted").inc(accepted)
        self._events.labels("duplicate").inc(duplicates)
        self._events.labels("rejected").inc(rejected)

    def decision(self, reason: str) -> None:
        """Count one decision."""
        self._decisions.labels(reason).inc()

    def text(self) -> bytes:
        """All figures in Prometheus' text format; of all worker processes when they share a folder."""
        if self._shared_folder is None:
            return generate_latest(self._registry)
        shared = CollectorRegistry()
        multiprocess.MultiProcessCollector(shared, self._shared_folder)  # type: ignore[no-untyped-call]  # the library's own gap
        return generate_latest(shared)
