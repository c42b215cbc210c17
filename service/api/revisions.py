"""Revisions as ETag and If-Match, which keep one writer from undoing another's work unseen."""

from __future__ import annotations

import re

from flask import request
from werkzeug.exceptions import BadRequest

IF_MATCH = {"If-Match": "The `ETag` that was read; the write is refused with 412 when there is a newer one."}
TAG = re.compile(r'"(\d{1,9})"')


def etag(revision: int) -> str:
    """The revision as a strong ETag."""
    return f'"{revision}"'


def seen_revision() -> int | None:
    """The revision of the request's If-Match, None when it has none or takes any.

    Raises:
        BadRequest: It is no ETag of ours.
    """
    given = request.headers.get("If-Match", "*").strip()
    if given == "*":
        return None
    match = TAG.fullmatch(given)
    if match is None:
        raise BadRequest('If-Match must be one ETag as it was answered, such as "3", or *.')
    return int(match[1])
