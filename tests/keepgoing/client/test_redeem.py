"""Tests of redeeming an incentive: an answer always, in time, with its reason."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.serving import make_server

from keepgoing import Client
from service.use_cases.credentials import Role
from tests.api_client import CODE, KEY, Site
from tests.factories import variant_document

INCENTIVE = {"kind": "bonus_units", "amount": 10, "unit_cost": "0.02", "budget": "0.45"}


@pytest.fixture
def offer(tmp_path: Any) -> Iterator[Client]:
    """A client of a real service in which the variant `progress` has an incentive."""
    from service.storage.migrate import upgrade

    url = f"sqlite:///{tmp_path / 'keepgoing.db'}"
    upgrade(url)
    site = Site(url).running(variants=[variant_document(), variant_document("progress", incentive=INCENTIVE)])
    server = make_server("127.0.0.1", 0, site.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    with Client(f"http://127.0.0.1:{server.port}", site.secrets["shop", Role.SDK]) as client:
        assert client.wait_ready(5)
        yield client
    server.shutdown()
    thread.join()
    server.server_close()
    site.close()


def test_the_incentive_of_a_decision_is_granted_once(offer: Client) -> None:
    decisions = (offer.decide(CODE, unit_id=f"u{number}") for number in range(100))
    decision = next(one for one in decisions if one.variant == "progress")
    first = offer.redeem(decision, event_id="r1")
    assert (first.granted, first.reason, first.kind, first.amount) == (True, "redeemed", "bonus_units", 10)
    assert offer.redeem(decision, event_id="r1").repeated
    again = offer.redeem(decision)
    assert (again.granted, again.reason) == (False, "already_granted")


def test_names_do_in_place_of_a_decision_and_a_reservation_counts(offer: Client) -> None:
    names: dict[str, str] = {"experiment": KEY, "variant": "progress"}
    held = offer.reserve(unit_id="a", **names)
    assert (held.granted, held.reason) == (True, "reserved")
    assert held.expires_at
    assert offer.redeem(unit_id="b", **names).granted
    assert offer.redeem(unit_id="c", **names).reason == "budget_spent"
    assert offer.redeem(unit_id="a", **names).granted


def test_what_cannot_be_asked_for_is_invalid_and_says_why(offer: Client) -> None:
    assert offer.redeem(unit_id="a").reason == "invalid"
    found = offer.redeem(unit_id="a", experiment="unheard-of", variant="progress")
    assert (found.granted, found.reason) == (False, "invalid")
    assert "unheard-of" in (found.detail or "")


def test_a_service_that_does_not_answer_is_unavailable_in_time() -> None:
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen()
        client = Client(f"http://127.0.0.1:{deaf.getsockname()[1]}", "key")
        started = time.monotonic()
        answer = client.redeem(unit_id="a", experiment="x", variant="y", event_id="r1", timeout=0.2)
        assert time.monotonic() - started < 2
        client.close(timeout=0.1)
    assert (answer.granted, answer.reason, answer.event_id) == (False, "unavailable", "r1")


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.none() | st.text() | st.integers() | st.binary() | st.builds(object), min_size=5, max_size=5)
)
def test_redeem_takes_anything_without_raising(values: list[Any]) -> None:
    decision, *names = values
    with Client(bootstrap={**BARE}, environ={}) as client:
        answer = client.redeem(decision, **dict(zip(NAMES, names, strict=True)))
    assert not answer.granted


NAMES = ("unit_id", "experiment", "variant", "event_id")
BARE: dict[str, Any] = {
    "format": 1, "project": "shop", "revision": 1, "holdout": None, "locales": {}, "error_codes": {},
    "experiments": {},
}  # fmt: skip
