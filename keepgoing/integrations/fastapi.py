"""FastAPI and Starlette: raised walls are answered, and errors that routes return get the variant's words.

install(app, client, unit=lambda scope: scope["state"].get("account_id"))
"""

from __future__ import annotations

from collections.abc import Callable

from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response

from keepgoing.integrations.asgi import KeepgoingMiddleware, Scope, request_headers
from keepgoing.integrations.walls import Context, Decider, Wall, Walls

__all__ = ["Wall", "install"]

ANSWERED = "keepgoing.answered"


def install(
    app: Starlette,
    client: Decider,
    *,
    unit: Callable[[Scope], str | None],
    context: Callable[[Scope], Context] | None = None,
) -> None:
    """Adds the exception handler for walls, and the middleware that looks at each response.

    Args:
        app: A FastAPI or Starlette application.
        client: A `keepgoing.Client`.
        unit: From the ASGI scope to who makes the request; None leaves its errors as they are.
        context: From the scope to what is known about that unit.
    """
    walls: Walls[Scope] = Walls(client, unit, context)

    async def answer(request: Request, error: Exception) -> Response:
        if not isinstance(error, Wall):
            raise error
        answered = walls.answer(error, request.scope, request_headers(request.scope))
        request.scope[ANSWERED] = True
        sent = BackgroundTask(walls.shown, answered)
        return Response(answered.body, answered.status, dict(answered.headers), background=sent)

    def of_unanswered(scope: Scope) -> str | None:
        return None if ANSWERED in scope else unit(scope)

    app.add_exception_handler(Wall, answer)
    app.add_middleware(KeepgoingMiddleware, client=client, unit=of_unanswered, context=context)
