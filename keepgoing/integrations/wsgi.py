"""WSGI middleware: an error body that a host sends by itself gets the variant's words, and no more changes.

app = KeepgoingMiddleware(app, client, unit=lambda environ: environ.get("HTTP_X_ACCOUNT"))
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from types import TracebackType
from typing import TYPE_CHECKING, NamedTuple

from keepgoing.integrations.walls import (
    LARGEST_BODY,
    Answered,
    Context,
    Decider,
    Response,
    Walls,
    may_be_wall,
)

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

Headers = list[tuple[str, str]]
ExcInfo = tuple[type[BaseException], BaseException, TracebackType] | tuple[None, None, None]


class KeepgoingMiddleware:
    """Around a WSGI application. Successes, streams and large bodies pass through untouched.

    Args:
        app: The host's application.
        client: A `keepgoing.Client`.
        unit: From the environ to who makes the request; None leaves the response as it is.
        context: From the environ to what is known about that unit.
    """

    def __init__(
        self,
        app: WSGIApplication,
        client: Decider,
        *,
        unit: Callable[[WSGIEnvironment], str | None],
        context: Callable[[WSGIEnvironment], Context] | None = None,
    ) -> None:
        self._app = app
        self._walls: Walls[WSGIEnvironment] = Walls(client, unit, context)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        start = _Start(start_response, environ["REQUEST_METHOD"])
        result = self._app(environ, start)
        held = start.held
        if held is None or not _is_whole(held, result):
            start.stream()
            return result
        body = b"".join(result)
        answered = self._walls.in_place_of(
            Response(held.number, held.headers, body), environ, request_headers(environ)
        )
        if answered is None:
            start.send(held)
            return _Read(result, body)
        length = ("Content-Length", str(len(answered.body)))
        start.send(held._replace(headers=[*answered.headers, length]))
        return _Shown(result, answered, self._walls)


class _Held(NamedTuple):
    """A response that may be a wall, and has not been started."""

    status: str
    headers: Headers
    exc_info: ExcInfo | None

    @property
    def number(self) -> int:
        """The status as a number; 0 where it is none."""
        return int(self.status[:3]) if self.status[:3].isdigit() else 0


class _Start:
    """Stands in for start_response: what may be a wall is held back, all else is started at once."""

    def __init__(self, start_response: StartResponse, method: str) -> None:
        self._start_response = start_response
        self._method = method
        self._streams = False
        self._write: Callable[[bytes], object] | None = None
        self.held: _Held | None = None

    def __call__(
        self, status: str, headers: Headers, exc_info: ExcInfo | None = None, /
    ) -> Callable[[bytes], object]:
        held = _Held(status, headers, exc_info)
        if self._streams or not may_be_wall(held.number, headers, self._method):
            return self.send(held)
        self.held = held
        return self._written

    def send(self, held: _Held) -> Callable[[bytes], object]:
        """Starts the response."""
        self.held = None
        if held.exc_info is None:
            self._write = self._start_response(held.status, held.headers)
        else:
            self._write = self._start_response(held.status, held.headers, held.exc_info)
        return self._write

    def stream(self) -> None:
        """Holds nothing back any more; what an application starts later is started at once."""
        self._streams = True
        if self.held is not None:
            self.send(self.held)

    def _written(self, data: bytes) -> object:
        """The old way to send: who uses it streams."""
        self.stream()
        return None if self._write is None else self._write(data)


class _Read:
    """A body that was read to see whether it is a wall; closing it closes the application's own."""

    def __init__(self, result: Iterable[bytes], body: bytes) -> None:
        self._result = result
        self._body = body

    def __iter__(self) -> Iterator[bytes]:
        yield self._body

    def close(self) -> None:
        """As the application's result would be closed."""
        close = getattr(self._result, "close", None)
        if close is not None:
            close()


class _Shown(_Read):
    """A body in the place of the application's; once it has been sent, the unit was exposed."""

    def __init__(self, result: Iterable[bytes], answered: Answered, walls: Walls[WSGIEnvironment]) -> None:
        super().__init__(result, answered.body)
        self._answered = answered
        self._walls = walls

    def __iter__(self) -> Iterator[bytes]:
        yield self._body
        self._walls.shown(self._answered)  # the server has asked for more, so it has sent the first part


def request_headers(environ: WSGIEnvironment) -> dict[str, str]:
    """The request's headers, their names in small letters."""
    return {
        name[5:].replace("_", "-").lower(): value
        for name, value in environ.items()
        if name.startswith("HTTP_") and isinstance(value, str)
    }


def _is_whole(held: _Held, result: Iterable[bytes]) -> bool:
    """Whether the body can be read without waiting: it is a list, or its length (that is small) is known."""
    if isinstance(result, list | tuple):
        return sum(map(len, result)) <= LARGEST_BODY
    return any(name.lower() == "content-length" for name, _ in held.headers)
