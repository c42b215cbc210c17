"""ASGI middleware: an error body that a host sends by itself gets the variant's words, and no more changes.

app = KeepgoingMiddleware(app, client, unit=lambda scope: scope.get("user"))
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias

from keepgoing.integrations.walls import (
    LARGEST_BODY,
    Answered,
    Context,
    Decider,
    Response,
    Wall,
    Walls,
    may_be_wall,
)

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
Application: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]


class KeepgoingMiddleware:
    """Around an ASGI application. Successes, streams and large bodies pass through untouched.

    A `Wall` that the application raises before it has answered is answered here.

    Args:
        app: The host's application.
        client: A `keepgoing.Client`.
        unit: From the scope to who makes the request; None leaves the response as it is.
        context: From the scope to what is known about that unit.
    """

    def __init__(
        self,
        app: Application,
        client: Decider,
        *,
        unit: Callable[[Scope], str | None],
        context: Callable[[Scope], Context] | None = None,
    ) -> None:
        self._app = app
        self._walls: Walls[Scope] = Walls(client, unit, context)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        response = _Response(self._walls, scope, send)
        try:
            await self._app(scope, receive, response.send)
        except Wall as wall:
            if response.has_started:
                raise
            await response.answer(self._walls.answer(wall, scope, request_headers(scope)))
        else:
            await response.release()


class _Response:
    """One response on its way: its start is held back while it may be a wall."""

    def __init__(self, walls: Walls[Scope], scope: Scope, send: Send) -> None:
        self._walls = walls
        self._scope = scope
        self._send = send
        self._start: Message | None = None
        self.has_started = False

    async def send(self, message: Message) -> None:
        """Takes one message of the application."""
        if message["type"] == "http.response.start" and self._may_be_wall(message):
            self._start = message
            return
        if self._start is not None and _is_whole(message):
            answered = self._walls.in_place_of(
                _response(self._start, message), self._scope, request_headers(self._scope)
            )
            if answered is not None:
                start, self._start = self._start, None
                await self.answer(answered, start)
                return
        await self.release()
        self.has_started = True
        await self._send(message)

    async def release(self) -> None:
        """Sends the start that is held back, as it is."""
        if self._start is not None:
            start, self._start = self._start, None
            self.has_started = True
            await self._send(start)

    async def answer(self, answered: Answered, start: Message | None = None) -> None:
        """Sends this instead."""
        self.has_started = True
        headers = [*answered.headers, ("content-length", str(len(answered.body)))]
        pairs = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        head = {"type": "http.response.start", "status": answered.status, "headers": pairs}
        await self._send({**(start or {}), **head})
        await self._send({"type": "http.response.body", "body": answered.body, "more_body": False})
        self._walls.shown(answered)

    def _may_be_wall(self, message: Message) -> bool:
        return may_be_wall(message["status"], _texts(message.get("headers", ())), self._scope["method"])


def request_headers(scope: Scope) -> dict[str, str]:
    """The request's headers, their names in small letters."""
    return {name.lower(): value for name, value in _texts(scope.get("headers", ()))}


def _response(start: Message, body: Message) -> Response:
    return Response(start["status"], _texts(start.get("headers", ())), body.get("body", b""))


def _is_whole(message: Message) -> bool:
    return (
        message["type"] == "http.response.body"
        and not message.get("more_body", False)
        and len(message.get("body", b"")) <= LARGEST_BODY
    )


def _texts(headers: Any) -> list[tuple[str, str]]:
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers]
