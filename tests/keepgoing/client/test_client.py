from __future__ import annotations

import gc
import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import keepgoing
from keepgoing import Client, ConfigurationError, InvalidRuleset
from tests.keepgoing.client.conftest import SEGMENTED, soon
from tests.rulesets import CODE, wire_experiment, wire_message, wire_ruleset, wire_variant
from tests.scripted_service import KEY, Service


def threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "keepgoing"]


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
