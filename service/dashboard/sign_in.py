"""Signing in with a key or a link that works once, and signing out."""

from __future__ import annotations

from flask import Response, redirect, render_template, request, url_for
from werkzeug.exceptions import Forbidden
from werkzeug.wrappers import Response as AnyResponse

from experiments.errors import NotAllowed
from service.dashboard import cookie
from service.dashboard.guard import session
from service.dashboard.origin import page_of_ours, refuse_foreign, refuse_led_here
from service.dashboard.parts import parts
from service.use_cases import sessions
from service.use_cases.keys import KeyHolder

WRONG_KEY = "The key is not valid. It may be mistyped or deleted."
SPENT_LINK = (
    "This link does not work any more: it works once, and for ten minutes. Sign in with a key, or ask for a "
    "new link."
)


def show_form() -> AnyResponse | str:
    """The sign-in page; who is signed in already is led on."""
    going_on = page_of_ours(request.args.get("next", "/"))
    return redirect(going_on, 303) if session() is not None else _form(going_on)


def with_key() -> AnyResponse | tuple[str, int]:
    """Signs in with the key of the form."""
    refuse_foreign(request)
    cookie.refuse_open_network(request)
    going_on = page_of_ours(request.form.get("next", "/"))
    holder = parts().keys.find(request.form.get("key", "").strip())
    if holder is None:
        parts().spend_wrong_key(request.remote_addr or "unknown")
        parts().log.warning("sign_in_refused", reason="wrong key")
        return _form(going_on, WRONG_KEY), 403
    try:
        return _begun(holder, going_on)
    except NotAllowed as refusal:
        parts().log.warning("sign_in_refused", reason="role", key_id=holder.key_id)
        return _form(going_on, refusal.detail), 403


def with_link(token: str) -> AnyResponse | tuple[str, int]:
    """Signs in by a link, once. Browsers that only look ahead spend it not."""
    if request.method == "HEAD" or "prefetch" in request.headers.get("Sec-Purpose", ""):
        return Response(status=204)
    refuse_led_here(request)
    cookie.refuse_open_network(request)
    holder = sessions.redeem(parts().database, token, now=parts().clock())
    if holder is None:
        parts().spend_wrong_key(request.remote_addr or "unknown")
        parts().log.warning("sign_in_refused", reason="spent link")
        return _form("/", SPENT_LINK), 403
    return _begun(holder, "/")


def sign_out() -> AnyResponse:
    """Ends the session, here and in the database.

    Raises:
        Forbidden: The form is not one of this session's.
    """
    refuse_foreign(request)
    found = session()
    if found is not None:
        if not sessions.is_form_token(found, request.form.get("token", "")):
            raise Forbidden("This form is of another session. Reload the page and try again.")
        sessions.end(parts().database, cookie.read(request))
    return cookie.take(request, _to(url_for("dashboard.sign_in")))


def _begun(holder: KeyHolder, going_on: str) -> Response:
    """A new session under a new id; the one before, if any, is over."""
    before = cookie.read(request)
    secret = sessions.begin(parts().database, holder, now=parts().clock())
    if before:
        sessions.end(parts().database, before)
    return cookie.give(request, _to(going_on), secret)


def _to(path: str) -> Response:
    return Response(status=303, headers={"Location": path})


def _form(going_on: str, complaint: str = "") -> str:
    return render_template("dashboard/sign_in.html", going_on=going_on, complaint=complaint)
