"""Whether a request that changes something comes from a page of ours."""

from __future__ import annotations

import re

from flask import Request
from werkzeug.exceptions import Forbidden

OURS = frozenset({"same-origin", "none"})  # `none`: typed or opened by the person, from no page at all
FOREIGN = "This form was not sent from a page of this dashboard. Open the dashboard and try again."
PAGE = re.compile(r"/(principles|experiments/[a-z0-9][a-z0-9_-]{0,63})?")


def refuse_foreign(request: Request) -> None:
    """Nothing, when a page of ours has sent this form.

    Raises:
        Forbidden: Another site has, or nobody says who.
    """
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site is None and origin is None:
        raise Forbidden(FOREIGN)
    if site is not None and site not in OURS:
        raise Forbidden(FOREIGN)
    if origin is not None and origin != request.host_url.rstrip("/"):
        raise Forbidden(FOREIGN)


def refuse_led_here(request: Request) -> None:
    """Nothing, when the person opened this address and no other site's page did.

    Raises:
        Forbidden: Another site led here.
    """
    if request.headers.get("Sec-Fetch-Site", "none") not in OURS:
        raise Forbidden(FOREIGN)


def page_of_ours(path: str) -> str:
    """The path when it is a page to go on to after signing in, else the first page."""
    return path if PAGE.fullmatch(path) else "/"
