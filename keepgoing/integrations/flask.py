"""Flask: an extension that answers raised walls, and gives the errors that views return the variant's words.

keepgoing = Keepgoing(app, client, unit=lambda: g.account_id)

raise Wall("INSUFFICIENT_BALANCE", context={"usage_percent": 87})
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from flask import Flask, Request, request
from flask import Response as FlaskResponse

from keepgoing.client import Client
from keepgoing.integrations.walls import Answered, Context, Decider, Response, Wall, Walls, may_be_wall

__all__ = ["Keepgoing", "Wall"]


class Keepgoing:
    """The extension. One serves several applications.

    Args:
        app: The application; `init_app` does it later.
        client: A `keepgoing.Client`. Where none is given, one is made of the application's settings
            KEEPGOING_URL and KEEPGOING_KEY, or of the environment's.
        unit: Who makes the request at hand; None leaves its errors as they are.
        context: What is known about that unit.
    """

    def __init__(
        self,
        app: Flask | None = None,
        client: Decider | None = None,
        *,
        unit: Callable[[], str | None] | None = None,
        context: Callable[[], Context] | None = None,
    ) -> None:
        self._client = client
        self._unit = unit
        self._context = context
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask) -> None:
        """Adds the error handler, and the look at each response.

        Raises:
            ConfigurationError: There is no client, and no address and key to make one.
        """
        unit, context = self._unit, self._context
        client: Decider = self._client or Client(
            app.config.get("KEEPGOING_URL"), app.config.get("KEEPGOING_KEY")
        )
        walls: Walls[Request] = Walls(
            client,
            None if unit is None else lambda _request: unit(),
            None if context is None else lambda _request: context(),
        )
        app.extensions["keepgoing"] = walls.client
        app.register_error_handler(Wall, partial(_raised, walls))
        app.after_request(partial(_returned, walls))


def _raised(walls: Walls[Request], wall: Wall) -> FlaskResponse:
    """The response to a wall that a view has raised."""
    answered = walls.answer(wall, request, _headers())
    response = FlaskResponse(answered.body, answered.status, answered.headers)
    response.keepgoing_answered = True  # type: ignore[attr-defined]  # for `_returned`, which sees it too
    return _logged(response, answered, walls)


def _returned(walls: Walls[Request], response: FlaskResponse) -> FlaskResponse:
    """The response of a view, with the variant's words where it is a wall."""
    if hasattr(response, "keepgoing_answered") or response.is_streamed or response.direct_passthrough:
        return response
    if not may_be_wall(response.status_code, response.headers.items(), request.method):
        return response
    whole = Response(response.status_code, list(response.headers.items()), response.get_data())
    answered = walls.in_place_of(whole, request, _headers())
    if answered is None:
        return response
    response.headers.clear()
    response.headers.extend(answered.headers)
    response.set_data(answered.body)
    return _logged(response, answered, walls)


def _logged(response: FlaskResponse, answered: Answered, walls: Walls[Request]) -> FlaskResponse:
    response.call_on_close(partial(walls.shown, answered))
    return response


def _headers() -> dict[str, str]:
    return {name.lower(): value for name, value in request.headers.items()}
