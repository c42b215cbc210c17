"""The cookie that holds a session's id: never readable by scripts, never sent to or from another site."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

from flask import Request, Response
from werkzeug.exceptions import Forbidden

from service.use_cases.sessions import LONGEST

OVER_TLS, ON_LOOPBACK = "__Host-keepgoing", "keepgoing"
"""`__Host-` keeps other hosts of the domain from setting it; browsers take such a name over TLS only."""


def read(request: Request) -> str:
    """The session id that the browser sent, empty when it sent none."""
    return request.cookies.get(name_for(request), "")


def give(request: Request, response: Response, secret: str) -> Response:
    """The answer with the session's id."""
    response.set_cookie(
        name_for(request),
        secret,
        max_age=LONGEST,
        secure=request.is_secure,
        httponly=True,
        samesite="Lax",
        path="/",
    )
    return response


def take(request: Request, response: Response) -> Response:
    """The answer that makes the browser forget the session's id."""
    response.delete_cookie(
        name_for(request), secure=request.is_secure, httponly=True, samesite="Lax", path="/"
    )
    return response


def name_for(request: Request) -> str:
    """The cookie's name for the way the request came."""
    return OVER_TLS if request.is_secure else ON_LOOPBACK


def refuse_open_network(request: Request) -> None:
    """Nothing, when a session's id can travel unseen.

    Raises:
        Forbidden: The page is neither served over TLS nor on this machine.
    """
    if not request.is_secure and not is_loopback(request.host):
        raise Forbidden(
            "Signing in sends a secret, and this address is not encrypted. Use https (behind a proxy that "
            "ends TLS set KEEPGOING_TRUSTED_PROXIES), or open the dashboard on the machine that serves it."
        )


def is_loopback(host: str) -> bool:
    """Whether a host, with or without a port, is this machine."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
        return name == "localhost" or name.endswith(".localhost") or ip_address(name).is_loopback
    except ValueError:
        return False
