"""Django: middleware, sync or async, that answers raised walls and gives error bodies the variant's words.

MIDDLEWARE = [..., "keepgoing.integrations.django.KeepgoingMiddleware"]
KEEPGOING = {"CLIENT": "shop.walls.client", "UNIT": "shop.walls.account_of"}
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.module_loading import import_string

from keepgoing.errors import ConfigurationError
from keepgoing.integrations.walls import Answered, Response, Wall, Walls, may_be_wall

if TYPE_CHECKING:
    from django.http.response import HttpResponseBase

__all__ = ["KeepgoingMiddleware", "Wall", "respond"]

ANSWERED = "keepgoing_answered"
NAMES = ("CLIENT", "UNIT", "CONTEXT")


class KeepgoingMiddleware:
    """Put it last, or at least inside of what compresses: it does not look into compressed bodies.

    Args:
        get_response: The rest of the chain.

    Raises:
        ConfigurationError: The setting KEEPGOING cannot be used.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self._get_response = get_response
        self._walls = walls()
        self._is_async = iscoroutinefunction(get_response)
        if self._is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        if self._is_async:
            return self._later(request)
        response: HttpResponseBase = self._get_response(request)
        return _returned(self._walls, request, response)

    async def _later(self, request: HttpRequest) -> HttpResponseBase:
        return _returned(self._walls, request, await self._get_response(request))

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """The response to a wall that a view has raised; None for any other exception."""
        return respond(self._walls, request, error) if isinstance(error, Wall) else None


def walls() -> Walls[HttpRequest]:
    """What the setting KEEPGOING says: dotted paths, or the things themselves.

    Raises:
        ConfigurationError: CLIENT or UNIT is missing, or a path leads nowhere.
    """
    given = getattr(settings, "KEEPGOING", {})
    if missing := [name for name in NAMES[:2] if name not in given]:
        raise ConfigurationError(f"the setting KEEPGOING lacks {' and '.join(missing)}")
    if unknown := sorted(set(given) - set(NAMES)):
        raise ConfigurationError(
            f"the setting KEEPGOING has {', '.join(unknown)}; it knows {', '.join(NAMES)}"
        )
    try:
        client, unit, context = (
            import_string(value) if isinstance(value, str) else value for value in map(given.get, NAMES)
        )
    except ImportError as error:
        raise ConfigurationError(f"the setting KEEPGOING leads nowhere: {error}") from error
    return Walls(client, unit, context)


def respond(found: Walls[HttpRequest], request: HttpRequest, wall: Wall) -> HttpResponse:
    """The response to a wall that was raised."""
    answered = found.answer(wall, request, _headers(request))
    return _response(found, answered)


def _returned(
    found: Walls[HttpRequest], request: HttpRequest, response: HttpResponseBase
) -> HttpResponseBase:
    """The response, or the one in its place."""
    if hasattr(response, ANSWERED) or response.streaming or not isinstance(response, HttpResponse):
        return response
    if not may_be_wall(response.status_code, response.items(), request.method or "GET"):
        return response
    whole = Response(response.status_code, list(response.items()), response.content)
    answered = found.in_place_of(whole, request, _headers(request))
    if answered is None:
        return response
    return _response(found, answered, cookies_of=response)


def _response(
    found: Walls[HttpRequest], answered: Answered, cookies_of: HttpResponse | None = None
) -> HttpResponse:
    response = _LoggedResponse(answered.body, status=answered.status, headers=dict(answered.headers))
    response.sent = lambda: found.shown(answered)
    setattr(response, ANSWERED, True)
    if cookies_of is not None:
        response.cookies = cookies_of.cookies
        response._resource_closers.extend(cookies_of._resource_closers)
    return response


class _LoggedResponse(HttpResponse):  # type: ignore[misc]  # Django has no types
    """Logs the exposure when the server has sent it and closes it."""

    sent: Callable[[], None]

    def close(self) -> None:
        super().close()
        self.sent()


def _headers(request: HttpRequest) -> dict[str, str]:
    return {name.lower(): value for name, value in request.headers.items()}
