"""A scripted service, and clients of it that are closed when a test ends."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from keepgoing import Client
from tests.rulesets import wire_experiment, wire_ruleset
from tests.scripted_service import KEY, Service, scripted_service

SEGMENTED = wire_ruleset({"framing": wire_experiment(segments=["plan"])})


@pytest.fixture
def service() -> Iterator[Service]:
    with scripted_service(SEGMENTED) as running:
        yield running


@pytest.fixture
def make(service: Service) -> Iterator[Callable[..., Client]]:
    """Makes clients of the service, and closes them."""
    made: list[Client] = []

    def client(**options: Any) -> Client:
        made.append(Client(options.pop("url", service.url), KEY, **{"flush_seconds": 0.05, **options}))
        return made[-1]

    yield client
    for each in made:
        each.close(timeout=0.2)


def soon(condition: Callable[[], bool], seconds: float = 5.0) -> bool:
    """Whether the condition holds within so many seconds."""
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)
    return condition()
