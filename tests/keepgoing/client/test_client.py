from __future__ import annotations

import gc
import json
import socket
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import keepgoing
from keepgoing import Client, ConfigurationError, InvalidRuleset
from tests.rulesets import CODE, wire_experiment, wire_message, wire_ruleset, wire_variant
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


def threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "keepgoing"]


def soon(condition: Callable[[], bool], seconds: float = 5.0) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)
    return condition()


def test_the_host_script_of_the_documentation_works(service: Service) -> None:
    client = keepgoing.Client(service.url, KEY)
    assert client.wait_ready(5)
    decision = client.decide(CODE, unit_id="acct_42", context={"plan": "pro", "secret": "x"})
    client.track("recharge", unit_id="acct_42", value="20.00", currency="USD")
    assert client.close()
    assert {headers["User-Agent"] for headers in service.headers} == {
        f"keepgoing-python/{keepgoing.__version__}"
    }
    exposure, conversion = sorted(service.stored.values(), key=lambda event: event["type"], reverse=True)
    at, ids = exposure.pop("occurred_at"), (exposure.pop("event_id"), conversion.pop("event_id"))
    assert at.endswith("Z")
    assert "." in at
    assert len(set(ids)) == 2
    assert exposure == {
        "type": "exposure",
        "error_code": CODE,
        "experiment": "framing",
        "variant": decision.variant,
        "unit_id": "acct_42",
        "context": {"plan": "pro"},
        "phase": 1,
        "revision": 3,
        "fallback": False,
    }
    del conversion["occurred_at"]
    assert conversion == {
        "type": "conversion",
        "name": "recharge",
        "unit_id": "acct_42",
        "value": "20.00",
        "currency": "USD",
    }


def test_making_a_client_starts_no_thread_and_asks_no_network(
    service: Service, make: Callable[..., Client]
) -> None:
    before = set(threading.enumerate())
    client = make()
    time.sleep(0.1)
    assert set(threading.enumerate()) == before
    assert not service.calls
    assert client.status()["state"] == "never_fetched"
    assert client.close()


def test_before_the_ruleset_has_arrived_the_answer_is_a_fallback(make: Callable[..., Client]) -> None:
    client = make(url="http://127.0.0.1:9")
    own = {"status": 429, "body": {"error": {"message": "Own."}}}
    assert client.decide(CODE, "a").reason == "fallback"
    assert client.decide(CODE, "a", default=own).text == "Own."
    assert not client.wait_ready(0.05)


def test_one_thread_serves_any_number_of_callers(make: Callable[..., Client]) -> None:
    client = make()
    callers = [threading.Thread(target=client.decide, args=(CODE, f"u{number}")) for number in range(20)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    client.track("recharge", "a")
    client.wait_ready(5)
    assert len(threads()) == 1
    client.close()
    assert not threads()


def test_a_new_ruleset_is_used_after_the_next_poll(service: Service, make: Callable[..., Client]) -> None:
    client = make(poll_seconds=0.05)
    client.wait_ready(5)
    service.ruleset = wire_ruleset({}, revision=18)
    assert soon(lambda: client.decide(CODE, "a").reason == "no_experiment")
    assert (client.status()["state"], client.status()["revision"]) == ("fresh", 18)


def test_an_exposure_is_sent_once_however_often_the_wall_is_hit(
    service: Service, make: Callable[..., Client]
) -> None:
    client = make()
    client.wait_ready(5)
    for _ in range(50):
        client.decide(CODE, "a")
    client.flush()
    client.decide(CODE, "a")
    assert client.flush()
    assert (service.units("exposure"), client.stats()["repeated_exposures"]) == (["a"], 50)


def test_an_exposure_may_be_logged_when_the_body_is_really_sent(
    service: Service, make: Callable[..., Client]
) -> None:
    client = make()
    client.wait_ready(5)
    decision = client.decide(CODE, "a", exposure=False)
    client.flush()
    assert not service.stored
    client.exposed(decision)
    client.flush()
    assert service.units("exposure") == ["a"]


def test_only_a_split_is_exposed(service: Service, make: Callable[..., Client]) -> None:
    service.ruleset = wire_ruleset(
        {"framing": wire_experiment(forced={"qa": "progress"}, needs={"usage": "integer"})}
    )
    client = make()
    client.wait_ready(5)
    for decision in (client.decide(CODE, "qa"), client.decide(CODE, "a"), client.decide(CODE, None)):  # type: ignore[arg-type]
        client.exposed(decision)
    client.flush()
    assert not service.stored


def test_plain_text_is_exposed_as_a_fallback_of_its_variant(
    service: Service, make: Callable[..., Client]
) -> None:
    message = {"en": wire_message(["Used ", ["arg", "usage"]], plain="Plain.")}
    variants = [wire_variant("control", 0), wire_variant("progress", message=message)]
    service.ruleset = wire_ruleset({"framing": wire_experiment(variants=variants)})
    client = make()
    client.wait_ready(5)
    client.decide(CODE, "a")
    client.flush()
    assert [(event["variant"], event["fallback"]) for event in service.stored.values()] == [
        ("progress", True)
    ]


def test_an_event_id_of_the_host_counts_once(service: Service, make: Callable[..., Client]) -> None:
    client = make()
    for _ in range(3):
        client.track("recharge", "a", value=20, event_id="invoice-981")
    assert client.flush()
    assert (list(service.stored), service.duplicates) == (["invoice-981"], 2)


@pytest.mark.parametrize(
    "arguments",
    [("", "a"), ("recharge", ""), ("recharge", None), ("recharge", "a", "NaN"), ("recharge", "a", True),
     ("recharge", "a", 1, "dollars"), ("recharge", "a", 1, "USD", ""), (None, "a"),
     ("recharge", "a", 1, "USD", "e", "yesterday"), ("recharge", "a", 1, "USD", "e", None, [1])],
)  # fmt: skip
def test_a_bad_conversion_is_counted_and_logged_and_never_raised(
    make: Callable[..., Client], arguments: tuple[Any, ...], caplog: pytest.LogCaptureFixture
) -> None:
    client = make()
    assert not client.track(*arguments)
    assert not client.track(*arguments)
    stats = client.stats()
    assert (stats["invalid_conversions"], stats["pending_events"]) == (2, 0)
    assert len([record for record in caplog.records if "cannot track" in record.message]) == 1


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.builds(object),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=300, deadline=None)
@given(st.lists(anything, min_size=2, max_size=7))
def test_track_takes_anything_without_raising(arguments: list[Any]) -> None:
    client = Client(bootstrap=wire_ruleset(), environ={})
    client.track(*arguments)
    counts = client.stats()
    assert counts["invalid_conversions"] + counts["discarded"] == 1


@pytest.mark.parametrize(
    "step", [500, "reset", "garbage", "deaf", (429, {"Retry-After": "1"}), 401, 413, 400]
)
def test_nothing_is_lost_and_nothing_doubled_whatever_the_service_answers_first(
    service: Service, make: Callable[..., Client], step: Any
) -> None:
    client = make()
    client.wait_ready(5)
    service.script.append(step)
    for number in range(20):
        client.decide(CODE, f"u{number}")
        client.track("recharge", f"u{number}", value=Decimal("1.50"))
    assert soon(lambda: client.flush(0.5), 8.0)
    expected = sorted(f"u{number}" for number in range(20))
    assert service.units("exposure") == service.units("conversion") == expected
    assert client.stats()["conversions"] == {"delivered": 20, "rejected": 0, "dropped": 0}


def test_a_poisoned_event_is_set_aside_and_the_others_arrive(
    service: Service, make: Callable[..., Client]
) -> None:
    service.poison = {"u7"}
    service.refuse = {"u11"}
    client = make()
    for number in range(20):
        client.track("recharge", f"u{number}")
    assert client.flush()
    assert service.units("conversion") == sorted(f"u{n}" for n in range(20) if n not in (7, 11))
    assert client.stats()["conversions"] == {"delivered": 18, "rejected": 2, "dropped": 0}


def test_a_service_of_small_batches_gets_small_batches(service: Service, make: Callable[..., Client]) -> None:
    service.largest_batch = 30
    client = make(flush_seconds=0.2)
    for number in range(300):
        client.track("recharge", f"u{number}")
    assert client.flush()
    assert len(service.units("conversion")) == 300


def test_while_the_service_is_down_conversions_are_kept_and_exposures_make_room(
    service: Service, make: Callable[..., Client]
) -> None:
    client = make(max_events=100)
    client.wait_ready(5)
    service.always = 503
    for number in range(100):
        client.decide(CODE, f"u{number}")
    for number in range(60):
        assert client.track("recharge", f"u{number}")
    assert not client.flush(0.3)
    service.always = None
    assert soon(lambda: client.flush(0.5))
    assert len(service.units("conversion")) == 60
    stats = client.stats()
    assert stats["conversions"]["dropped"] == 0
    assert stats["exposures"]["dropped"] + len(service.units("exposure")) == 100
    assert stats["exposures"]["dropped"] >= 60


def test_decide_never_waits_for_a_service_that_drips(service: Service, make: Callable[..., Client]) -> None:
    service.ruleset_script.extend(["drip"] * 9)
    client = make()
    client.decide(CODE, "a")
    slowest = 0.0
    for number in range(2000):
        start = time.perf_counter()
        client.decide(CODE, f"u{number}")
        slowest = max(slowest, time.perf_counter() - start)
    assert slowest < 0.25
    start = time.monotonic()
    assert not client.close(timeout=0.3) or client.stats()["pending_events"] == 0
    assert time.monotonic() - start < 1.0


def test_a_refusing_port_a_deaf_port_and_garbage_all_leave_the_host_unharmed(
    make: Callable[..., Client],
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        for port in (9, deaf.getsockname()[1]):
            client = make(url=f"http://127.0.0.1:{port}", answer_seconds=0.2)
            client.track("recharge", "a")
            assert client.decide(CODE, "a").status == 402
            start = time.monotonic()
            assert not client.flush(0.3)
            assert not client.close(0.3)
            assert time.monotonic() - start < 1.5
            assert client.stats()["pending_events"] == 1


def test_memory_stays_flat_over_many_units_while_the_service_is_down(make: Callable[..., Client]) -> None:
    client = make(url="http://127.0.0.1:9", bootstrap=SEGMENTED, max_events=500)

    def hit(first: int, many: int) -> None:
        for number in range(first, first + many):
            client.decide(CODE, f"unit-{number}", {"plan": "pro", "locale": f"x-{number}"})

    hit(0, 25_000)
    gc.collect()
    tracemalloc.start()
    hit(25_000, 60_000)
    gc.collect()
    grown = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert grown < 2 * 1024 * 1024
    assert client.stats()["pending_events"] <= 500


def test_closing_is_final_and_may_be_repeated(service: Service, make: Callable[..., Client]) -> None:
    client = make()
    client.wait_ready(5)
    client.track("recharge", "a")
    assert client.close()
    assert client.close()
    assert client.decide(CODE, "b").reason == "split"
    assert not client.track("recharge", "b")
    assert service.units("conversion") == ["a"]
    assert client.stats()["conversions"]["dropped"] == client.stats()["exposures"]["dropped"] == 1
    assert (client.status()["closed"], client.status()["running"]) == (True, False)
    assert not threads()


def test_a_client_is_a_context_manager(service: Service) -> None:
    with Client(service.url, KEY) as client:
        client.track("recharge", "a")
    assert service.units("conversion") == ["a"]


def test_the_address_and_the_key_come_from_the_environment(service: Service) -> None:
    with Client(environ={"KEEPGOING_URL": service.url, "KEEPGOING_KEY": KEY}) as client:
        assert client.wait_ready(5)


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({}, "url"),
        ({"url": "http://localhost"}, "key"),
        ({"url": "localhost:80", "key": "k"}, "url"),
        ({"url": "http://localhost", "key": "a b"}, "key"),
        ({"url": "http://localhost", "key": "k", "poll_seconds": 0}, "poll_seconds"),
        ({"url": "http://localhost", "key": "k", "flush_seconds": -1}, "flush_seconds"),
        ({"url": "http://localhost", "key": "k", "max_events": True}, "max_events"),
        ({"url": "http://localhost", "key": "k", "max_bytes": "1"}, "max_bytes"),
        ({"url": "http://localhost", "key": "k", "dedupe_seconds": float("inf")}, "dedupe_seconds"),
    ],
)
def test_a_set_up_that_cannot_work_is_refused_by_name(options: dict[str, Any], named: str) -> None:
    with pytest.raises(ConfigurationError, match=named):
        Client(**options, environ={})


def test_a_bootstrap_serves_alone_and_events_are_let_go() -> None:
    client = Client(bootstrap=SEGMENTED, environ={})
    assert client.wait_ready(0)
    assert client.decide(CODE, "a").reason == "split"
    assert not client.track("recharge", "a")
    assert (client.stats()["discarded"], client.stats()["pending_events"]) == (2, 0)
    assert client.flush(0)
    assert not threads()
    with pytest.raises(InvalidRuleset):
        Client(bootstrap={}, environ={})


def test_a_file_serves_alone_and_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEEPGOING_URL", "http://127.0.0.1:9")
    path = tmp_path / "ruleset.json"
    path.write_text(json.dumps(SEGMENTED))
    with Client.from_file(path, poll_seconds=0.05) as client:
        assert client.decide(CODE, "a").reason == "split"
        path.write_text(json.dumps(wire_ruleset({}, revision=99)))
        assert soon(lambda: client.decide(CODE, "a").reason == "no_experiment")
        assert client.status()["origin"] == "file"
    with pytest.raises(ConfigurationError):
        Client.from_file(tmp_path / "none.json")


def test_a_file_may_serve_while_events_go_to_the_service(tmp_path: Path, service: Service) -> None:
    path = tmp_path / "ruleset.json"
    path.write_text(json.dumps(SEGMENTED))
    with Client.from_file(path, url=service.url, key=KEY) as client:
        client.decide(CODE, "a")
    assert service.units("exposure") == ["a"]
    assert service.calls["GET /v1/ruleset"] == 0


def test_the_cache_serves_the_next_process_before_the_service_answers(
    tmp_path: Path, make: Callable[..., Client]
) -> None:
    make(ruleset_cache=tmp_path / "r.json").wait_ready(5)
    again = make(url="http://127.0.0.1:9", ruleset_cache=tmp_path / "r.json")
    assert again.decide(CODE, "a").reason == "split"
    assert again.status()["state"] == "never_fetched"


def test_dangers_are_said(caplog: pytest.LogCaptureFixture, make: Callable[..., Client]) -> None:
    make(url="http://keepgoing.example")
    assert "in the clear" in caplog.text
    assert "second" not in caplog.text
    make(url="http://keepgoing.example")
    assert "a second keepgoing client" in caplog.text
    assert KEY not in caplog.text


def test_a_client_that_is_forgotten_before_use_leaves_nothing() -> None:
    import weakref

    client = weakref.ref(Client("http://127.0.0.1:9", KEY))
    gc.collect()
    assert client() is None


def test_trouble_is_logged_by_the_thread(service: Service, make: Callable[..., Client], caplog: Any) -> None:
    service.ruleset_script.append(500)
    service.script.append(500)
    service.refuse = {"a"}
    client = make()
    client.track("recharge", "a")
    assert soon(lambda: client.flush(0.5))
    assert soon(lambda: "keeps its last ruleset" in caplog.text and "keeps its events" in caplog.text)
    assert soon(lambda: "'conversions_rejected': 1" in caplog.text)


def test_every_name_that_is_promised_is_there() -> None:
    assert {name for name in keepgoing.__all__ if not hasattr(keepgoing, name)} == set()
    assert set(keepgoing.__all__) <= set(dir(keepgoing))
    with pytest.raises(AttributeError, match="nothing_like_this"):
        _ = keepgoing.nothing_like_this
