"""Any function, of a job or of a framework that has no module here: its own exceptions become decisions.

@answering(client, {OutOfCredits: "INSUFFICIENT_BALANCE"}, unit=lambda account, *_: account)
def generate(account, prompt): ...
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from inspect import iscoroutinefunction
from typing import Any

from keepgoing.evaluation import Decision
from keepgoing.integrations.walls import Context, Decider, Wall, Walls

Arguments = tuple[tuple[Any, ...], dict[str, Any]]


def answering(
    client: Decider,
    walls: Mapping[type[Exception], str] | None = None,
    *,
    unit: Callable[..., str | None] | None = None,
    context: Callable[..., Context] | None = None,
    respond: Callable[[Decision], Any] = lambda decision: decision,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A decorator: where the function raises a wall, what `respond` makes of the decision is returned.

    Args:
        client: A `keepgoing.Client`.
        walls: Which of the host's own exceptions are walls, with their error codes; a `Wall` always is.
        unit: From the function's arguments to who called it.
        context: From the arguments to what is known about that unit.
        respond: From the decision to the function's result; the decision itself where it is not given.
    """
    codes = dict(walls or {})
    raised: tuple[type[Exception], ...] = (Wall, *codes)
    asked: Walls[Arguments] = Walls(client, _applied(unit), _applied(context))

    def answer(error: Exception, arguments: Arguments) -> Any:
        wall = error if isinstance(error, Wall) else Wall(_code_of(error, codes))
        answered = asked.answer(wall, arguments, {})
        result = respond(answered.decision)
        asked.shown(answered)
        return result

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        if iscoroutinefunction(function):

            @wraps(function)
            async def later(*args: Any, **named: Any) -> Any:
                try:
                    return await function(*args, **named)
                except raised as error:
                    return answer(error, (args, named))

            return later

        @wraps(function)
        def now(*args: Any, **named: Any) -> Any:
            try:
                return function(*args, **named)
            except raised as error:
                return answer(error, (args, named))

        return now

    return decorate


def _code_of(error: Exception, codes: Mapping[type[Exception], str]) -> str:
    """The code of the nearest ancestor that has one."""
    return next(codes[kind] for kind in type(error).__mro__ if kind in codes)


def _applied(given: Callable[..., Any] | None) -> Callable[[Arguments], Any] | None:
    if given is None:
        return None
    return lambda arguments: given(*arguments[0], **arguments[1])
