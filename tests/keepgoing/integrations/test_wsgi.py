from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

import pytest

from keepgoing.integrations.walls import LARGEST_BODY
from keepgoing.integrations.wsgi import KeepgoingMiddleware
from keepgoing.testing import FakeClient

CODE = "INSUFFICIENT_BALANCE"
WALL = json.dumps({"error": {"code": CODE, "message": "Too low."}}).encode()
JSON = [("Content-Type", "application/json")]


@pytest.fixture
def client() -> FakeClient:
    found = FakeClient.from_texts({CODE: {"control": "Too low.", "progress": "You are at 87 %."}})
    found.force(CODE, "progress")
    return found


class Server:
    """Calls an application as a server does, held to the specification by the standard library."""

    def __init__(self, app: Any, client: FakeClient, *, check: bool = True) -> None:
        guarded = KeepgoingMiddleware(app, client, unit=lambda _environ: "acct_42")
        self.app = validator(guarded) if check else guarded
        self.status = ""
        self.headers: dict[str, str] = {}
        self.started = 0

    def get(self, method: str = "GET") -> bytes:
        """The body, read part by part and closed."""
        environ: dict[str, Any] = {"REQUEST_METHOD": method, "QUERY_STRING": "", "wsgi.input": io.BytesIO()}
        setup_testing_defaults(environ)
        written: list[bytes] = []

        def start_response(status: str, headers: Any, exc_info: Any = None) -> Callable[[bytes], object]:
            self.status, self.headers, self.started = status, dict(headers), self.started + 1
            return written.append

        result: Iterable[bytes] = self.app(environ, start_response)
        body = b"".join(result)
        if hasattr(result, "close"):
            result.close()
        return b"".join(written) + body


class Closing:
    """A body that says when it was closed."""

    def __init__(self, *parts: bytes) -> None:
        self.parts = parts
        self.closed = 0

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.parts)

    def close(self) -> None:
        self.closed += 1


def test_a_wall_gets_the_words_and_its_length_and_is_an_exposure(client: FakeClient) -> None:
    def app(_environ: Any, start_response: Any) -> list[bytes]:
        start_response("402 Payment Required", [*JSON, ("Content-Length", str(len(WALL)))])
        return [WALL]

    server = Server(app, client)
    body = server.get()
    assert json.loads(body)["error"]["message"] == "You are at 87 %."
    assert server.headers["Content-Length"] == str(len(body))
    assert (server.status, server.started) == ("402 Payment Required", 1)
    assert len(client.exposures) == 1


def test_a_body_of_known_length_is_read_and_the_hosts_own_is_closed(client: FakeClient) -> None:
    parts = Closing(WALL[:10], WALL[10:])

    def app(_environ: Any, start_response: Any) -> Closing:
        start_response("402 Payment Required", [*JSON, ("Content-Length", str(len(WALL)))])
        return parts

    assert b"87" in Server(app, client).get()
    assert parts.closed == 1


def test_a_success_a_stream_and_an_unknown_error_pass_as_they_are(client: FakeClient) -> None:
    other = json.dumps({"error": {"code": "ANOTHER"}}).encode()

    def success(_environ: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", JSON)
        return [WALL]

    def stream(_environ: Any, start_response: Any) -> Iterator[bytes]:
        start_response("402 Payment Required", JSON)
        yield WALL

    def unknown(_environ: Any, start_response: Any) -> list[bytes]:
        start_response("402 Payment Required", JSON)
        return [other]

    assert Server(success, client).get() == WALL
    assert Server(stream, client).get() == WALL
    assert Server(unknown, client).get() == other
    assert client.exposures == []


def test_a_stream_is_not_waited_for(client: FakeClient) -> None:
    produced: list[int] = []

    class Stream:
        def __iter__(self) -> Iterator[bytes]:
            for number in range(3):
                produced.append(number)
                yield b"{}"

    def app(_environ: Any, start_response: Any) -> Stream:
        start_response("402 Payment Required", JSON)
        return Stream()

    environ: dict[str, Any] = {}
    setup_testing_defaults(environ)
    guarded = KeepgoingMiddleware(app, client, unit=lambda _environ: "acct_42")
    parts = iter(guarded(environ, lambda *_: lambda _data: None))
    assert next(parts) == b"{}"
    assert produced == [0]


def test_a_large_body_and_one_that_is_written_pass_as_they_are(client: FakeClient) -> None:
    large = b'{"error": {"code": "INSUFFICIENT_BALANCE"}, "x": "' + b"x" * LARGEST_BODY + b'"}'

    def app(_environ: Any, start_response: Any) -> list[bytes]:
        start_response("402 Payment Required", JSON)
        return [large]

    def writes(_environ: Any, start_response: Any) -> list[bytes]:
        start_response("402 Payment Required", JSON)(WALL)
        return []

    assert Server(app, client).get() == large
    assert Server(writes, client).get() == WALL
    assert client.exposures == []


def test_an_error_that_replaces_a_response_under_way_keeps_its_traceback(client: FakeClient) -> None:
    seen: list[Any] = []

    def app(_environ: Any, start_response: Any) -> list[bytes]:
        try:
            raise RuntimeError("in the middle")
        except RuntimeError as error:
            start_response("402 Payment Required", JSON, (type(error), error, error.__traceback__))
        return [WALL]

    environ: dict[str, Any] = {}
    setup_testing_defaults(environ)
    guarded = KeepgoingMiddleware(app, client, unit=lambda _environ: "acct_42")
    list(guarded(environ, lambda *args: seen.append(args) or (lambda _data: None)))  # type: ignore[func-returns-value]
    assert str(seen[0][2][1]) == "in the middle"


def test_what_the_application_raises_reaches_the_server(client: FakeClient) -> None:
    def app(_environ: Any, _start_response: Any) -> list[bytes]:
        raise RuntimeError("the host's own")

    with pytest.raises(RuntimeError, match="the host's own"):
        Server(app, client, check=False).get()


def test_a_head_request_is_left_alone(client: FakeClient) -> None:
    def app(_environ: Any, start_response: Any) -> list[bytes]:
        start_response("402 Payment Required", [*JSON, ("Content-Length", str(len(WALL)))])
        return []

    server = Server(app, client)
    assert server.get("HEAD") == b""
    assert server.headers["Content-Length"] == str(len(WALL))
