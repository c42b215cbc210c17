"""Who is looking: the session of the present request, without which there is only the sign-in page."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

from flask import g, redirect, request, url_for
from werkzeug.exceptions import BadRequest
from werkzeug.wrappers import Response as AnyResponse

from service.dashboard import cookie
from service.dashboard.parts import parts
from service.use_cases import sessions
from service.use_cases.scope import Scope
from service.use_cases.sessions import Session

Arguments = ParamSpec("Arguments")


def find_session() -> None:
    """Nothing; the request knows its session. A key in the address is refused: logs would keep it."""
    if b"kg_" in request.query_string:
        raise BadRequest("A key in the address ends up in logs; sign in with the form.")
    secret = cookie.read(request)
    found = sessions.current(parts().database, secret, now=parts().clock()) if secret else None
    g.dashboard_session = found


def session() -> Session | None:
    """The present request's session."""
    found = g.get("dashboard_session")
    return found if isinstance(found, Session) else None


def scope_of(signed: Session) -> Scope:
    """The project of the session's key, and now."""
    return Scope(parts().database, signed.holder.project, signed.holder.actor, parts().clock())


def signed_in(view: Callable[Arguments, AnyResponse | str]) -> Callable[Arguments, AnyResponse | str]:
    """The view for somebody signed in; others are led to the sign-in page and back."""

    @wraps(view)
    def guarded(*args: Arguments.args, **kwargs: Arguments.kwargs) -> AnyResponse | str:
        if session() is None:
            return redirect(url_for("dashboard.sign_in", next=request.path), 303)
        return view(*args, **kwargs)

    return guarded


def scope() -> Scope:
    """The scope of the present request, in a view that is `signed_in`."""
    found = session()
    if found is None:
        raise RuntimeError("the view is not guarded")
    return scope_of(found)
