from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from keepgoing.integrations.asgi import KeepgoingMiddleware, Message
from keepgoing.integrations.walls import LARGEST_BODY, Wall
from keepgoing.testing import FakeClient

CODE = "INSUFFICIENT_BALANCE"
WALL = json.dumps({"error": {"code": CODE, "message": "Too low."}}).encode()
JSON = [(b"content-type", b"application/json")]


@pytest.fixture
def client() -> FakeClient:
    found = FakeClient.from_texts({CODE: {"control": "Too low.", "progress": "You are at 87 %."}})
    found.force(CODE, "progress")
    return found


def sent_by(app: Any, client: FakeClient, **scope: Any) -> list[Message]:
    """What reaches the server of one request."""
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    guarded = KeepgoingMiddleware(app, client, unit=lambda _scope: "acct_42")
    asyncio.run(guarded({"type": "http", "method": "GET", "headers": [], **scope}, receive, send))
    return sent


def answering(*bodies: bytes, status: int = 402, headers: Any = JSON) -> Any:
    """An application that sends these parts of a body."""

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": status, "headers": headers})
        for number, body in enumerate(bodies, start=1):
            more = number < len(bodies)
            await send({"type": "http.response.body", "body": body, "more_body": more})

    return app


def test_a_wall_gets_the_words_and_its_length_and_is_an_exposure(client: FakeClient) -> None:
    start, body = sent_by(answering(WALL), client)
    assert json.loads(body["body"])["error"]["message"] == "You are at 87 %."
    headers = dict(start["headers"])
    assert headers[b"content-length"] == str(len(body["body"])).encode()
    assert len(client.exposures) == 1


@pytest.mark.parametrize(
    "app",
    [
        answering(WALL, status=200),
        answering(WALL[:10], WALL[10:]),
        answering(WALL, headers=[*JSON, (b"content-encoding", b"gzip")]),
        answering(b'{"code": "INSUFFICIENT_BALANCE", "x": "' + b"x" * LARGEST_BODY + b'"}'),
        answering(b'{"error": {"code": "ANOTHER"}}'),
    ],
    ids=["success", "stream", "compressed", "large", "unknown"],
)
def test_all_else_passes_as_it_is(client: FakeClient, app: Any) -> None:
    plain: list[Message] = []

    async def send(message: Message) -> None:
        plain.append(message)

    asyncio.run(app({}, None, send))
    assert sent_by(app, client) == plain
    assert client.exposures == []


def test_a_stream_is_not_waited_for(client: FakeClient) -> None:
    order: list[str] = []

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 402, "headers": JSON})
        await send({"type": "http.response.body", "body": b"{", "more_body": True})
        order.append("app goes on")
        await send({"type": "http.response.body", "body": b"}", "more_body": False})

    async def send(message: Message) -> None:
        order.append(message["type"].rpartition(".")[2])

    guarded = KeepgoingMiddleware(app, client, unit=lambda _scope: "acct_42")
    asyncio.run(guarded({"type": "http", "method": "GET", "headers": []}, None, send))  # type: ignore[arg-type]
    assert order == ["start", "body", "app goes on", "body"]


def test_a_raised_wall_is_answered_and_one_after_the_start_reaches_the_server(client: FakeClient) -> None:
    async def early(_scope: Any, _receive: Any, _send: Any) -> None:
        raise Wall(CODE)

    async def late(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": JSON})
        raise Wall(CODE)

    start, body = sent_by(early, client)
    assert start["status"] == 402
    assert b"87" in body["body"]
    with pytest.raises(Wall):
        sent_by(late, client)


def test_a_websocket_is_left_alone(client: FakeClient) -> None:
    async def app(scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "websocket.close", "code": 1000, "of": scope["type"]})

    assert sent_by(app, client, type="websocket")[0]["of"] == "websocket"


def test_an_application_that_sends_a_start_and_no_body_is_not_swallowed(client: FakeClient) -> None:
    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 402, "headers": JSON})

    assert [message["type"] for message in sent_by(app, client)] == ["http.response.start"]
