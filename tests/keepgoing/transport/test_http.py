from __future__ import annotations

import gzip
import json
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from keepgoing.errors import ConfigurationError, TransportError
from keepgoing.transport import Transport
from tests.rulesets import wire_ruleset
from tests.scripted_service import KEY, Service, scripted_service


@pytest.fixture
def service() -> Iterator[Service]:
    with scripted_service(wire_ruleset()) as running:
        yield running


@pytest.fixture
def transport(service: Service) -> Iterator[Transport]:
    made = Transport(service.url, KEY, answer_seconds=1.0)
    yield made
    made.close()


def events(size: int, padding: str = "") -> bytes:
    each = [{"type": "conversion", "event_id": f"e{n}", "unit_id": "u", "x": padding} for n in range(size)]
    return json.dumps({"events": each}).encode()


def test_a_get_carries_the_key_and_understands_gzip(service: Service, transport: Transport) -> None:
    reply = transport.get("/v1/ruleset")
    assert json.loads(reply.body) == service.ruleset
    assert service.headers[0]["Authorization"] == f"Bearer {KEY}"
    assert service.headers[0]["User-Agent"] == "keepgoing-python"


def test_an_etag_makes_it_304(transport: Transport) -> None:
    etag = transport.get("/v1/ruleset").headers["etag"]
    assert transport.get("/v1/ruleset", etag=etag).status == 304


def test_only_large_bodies_are_compressed(service: Service, transport: Transport) -> None:
    transport.post("/v1/events", events(1))
    transport.post("/v1/events", events(2, "x" * 1000))
    assert ["Content-Encoding" in headers for headers in service.headers] == [False, True]
    assert len(service.stored) == 2


def test_one_connection_serves_many_requests(transport: Transport) -> None:
    transport.get("/v1/ruleset")
    first = transport._connection
    transport.post("/v1/events", events(1))
    assert first is not None
    assert transport._connection is first


def test_a_kept_connection_that_was_closed_meanwhile_is_replaced(
    service: Service, transport: Transport
) -> None:
    transport.get("/v1/ruleset")
    service.script.append("reset")
    transport.post("/v1/events", events(1))
    assert list(service.stored) == ["e0"]
    assert service.calls["POST /v1/events"] == 2


@pytest.mark.parametrize("status", [400, 401, 404, 413, 429, 500, 503])
def test_a_refusal_carries_its_status(service: Service, transport: Transport, status: int) -> None:
    service.script.append(status)
    with pytest.raises(TransportError) as caught:
        transport.post("/v1/events", events(1))
    assert (caught.value.status, caught.value.retry_after_seconds) == (status, None)
    assert KEY not in str(caught.value)


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        ("7", 7),
        (" 7 ", 7),
        ("0", 0),
        ("99999999999999", 3600),
        ("1.5", None),
        ("-1", None),
        ("soon", None),
        ("", None),
    ],
)
def test_retry_after_is_whole_seconds_or_nothing(
    service: Service, transport: Transport, given: str, seconds: int | None
) -> None:
    service.script.append((429, {"Retry-After": given}))
    with pytest.raises(TransportError) as caught:
        transport.post("/v1/events", events(1))
    assert caught.value.retry_after_seconds == seconds


def test_an_answer_that_drips_is_over_at_the_deadline(service: Service, transport: Transport) -> None:
    service.ruleset_script.append("drip")
    start = time.monotonic()
    with pytest.raises(TransportError, match="no answer") as caught:
        transport.get("/v1/ruleset", within=0.4)
    assert time.monotonic() - start < 0.8
    assert caught.value.status is None


def test_a_service_that_accepts_and_says_nothing_is_given_up_at_the_deadline() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        transport = Transport(f"http://127.0.0.1:{listening.getsockname()[1]}", KEY)
        start = time.monotonic()
        with pytest.raises(TransportError):
            transport.get("/v1/ruleset", within=0.3)
        assert time.monotonic() - start < 0.7


def test_a_refused_connection_is_no_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    with pytest.raises(TransportError, match="ConnectionRefusedError") as caught:
        Transport(f"http://127.0.0.1:{port}", KEY).get("/v1/ruleset")
    assert caught.value.status is None


@pytest.mark.parametrize(
    ("location", "remedy"),
    [
        ("http://evil.example/v1/events", "http://evil.example"),
        ("https://127.0.0.1/v1/events", "https://127.0.0.1"),
        ("//evil.example/", "http://evil.example"),
    ],
)
def test_the_key_follows_no_redirect_to_another_place(
    service: Service, transport: Transport, location: str, remedy: str
) -> None:
    service.script.append((307, {"Location": location}))
    with pytest.raises(TransportError, match="set url to the service's own") as caught:
        transport.post("/v1/events", events(1))
    assert remedy in str(caught.value)


def test_a_redirect_within_the_service_is_followed(service: Service, transport: Transport) -> None:
    service.ruleset_script.append((302, {"Location": "/v1/ruleset"}))
    assert transport.get("/old").status == 200
    service.script.append((308, {"Location": f"{service.url}/moved"}))
    assert transport.post("/v1/events", events(1)).status == 200
    assert service.calls["POST /moved"] == 1


def test_a_redirect_that_would_drop_the_body_is_not_followed(service: Service, transport: Transport) -> None:
    service.script.append((302, {"Location": "/v1/ruleset"}))
    with pytest.raises(TransportError):
        transport.post("/v1/events", events(1))


def test_a_circle_of_redirects_ends(service: Service, transport: Transport) -> None:
    service.ruleset_script.extend([(302, {"Location": "/v1/ruleset"})] * 9)
    with pytest.raises(TransportError, match="circles"):
        transport.get("/v1/ruleset")
    assert service.calls["GET /v1/ruleset"] == 4


def test_an_answer_that_unpacks_to_too_much_is_refused(
    service: Service, transport: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("keepgoing.transport.http.LARGEST_ANSWER_BYTES", 2000)
    service.ruleset = {"padding": "x" * 100_000}
    with pytest.raises(TransportError, match="more than 2000 bytes"):
        transport.get("/v1/ruleset")


def ask_in_vain(transport: Transport) -> None:
    with pytest.raises(TransportError):
        transport.get("/v1/ruleset")


def test_a_second_request_waits_no_longer_than_its_own_deadline(
    service: Service, transport: Transport
) -> None:
    service.ruleset_script.append("drip")
    slow = threading.Thread(target=ask_in_vain, args=(transport,))
    slow.start()
    time.sleep(0.1)
    start = time.monotonic()
    with pytest.raises(TransportError, match="under way"):
        transport.get("/v1/ruleset", within=0.2)
    assert time.monotonic() - start < 0.5
    slow.join()


@pytest.mark.parametrize(
    "url",
    ["", "keepgoing.example", "ftp://host", "https://", "http://host:port", "http://u:p@host", "http://host?x=1",
     "http://host:99999999", "http://[::1", 7, None],
)  # fmt: skip
def test_what_is_no_address_is_refused(url: Any) -> None:
    with pytest.raises(ConfigurationError, match="url"):
        Transport(url, KEY)


@pytest.mark.parametrize("key", ["", "two words", "line\nbreak", "schlüssel", None, 7])
def test_what_is_no_key_is_refused_without_being_repeated(key: Any) -> None:
    with pytest.raises(ConfigurationError, match="key must be") as caught:
        Transport("http://localhost", key)
    assert not key or str(key) not in str(caught.value)


def test_a_path_in_the_address_is_kept_as_a_prefix(service: Service) -> None:
    transport = Transport(service.url + "/under/", KEY)
    transport.get("/v1/ruleset")
    transport.close()
    assert service.calls["GET /under/v1/ruleset"] == 1


def test_certificates_and_host_names_are_verified(monkeypatch: pytest.MonkeyPatch) -> None:
    used: list[ssl.SSLContext] = []

    def connect(connection: Any) -> None:
        used.append(connection._context)
        raise OSError("far enough")

    monkeypatch.setattr("http.client.HTTPSConnection.connect", connect)
    with pytest.raises(TransportError, match="far enough"):
        Transport("https://keepgoing.example", KEY).get("/v1/ruleset")
    assert [(context.verify_mode, context.check_hostname) for context in used] == [(ssl.CERT_REQUIRED, True)]


def test_compression_is_real(service: Service, transport: Transport) -> None:
    assert len(gzip.compress(events(400, "x" * 50))) < 4000
    transport.post("/v1/events", events(400, "x" * 50))
    assert int(service.headers[0]["Content-Length"]) < 4000
