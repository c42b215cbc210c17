"""Django REST framework: its exception handler, for walls that views raise.

REST_FRAMEWORK = {"EXCEPTION_HANDLER": "keepgoing.integrations.drf.exception_handler"}
KEEPGOING = {"CLIENT": "shop.walls.client", "UNIT": "shop.walls.account_of"}
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from django.http import HttpRequest, HttpResponse
from rest_framework.views import exception_handler as framework_handler

from keepgoing.integrations.django import respond, walls
from keepgoing.integrations.walls import Wall, Walls

__all__ = ["Wall", "exception_handler"]

_walls = cache(walls)


def exception_handler(error: Exception, context: Mapping[str, Any]) -> HttpResponse | None:
    """The response to a wall; what the framework itself would answer to any other exception."""
    if not isinstance(error, Wall):
        response: HttpResponse | None = framework_handler(error, dict(context))
        return response
    found: Walls[HttpRequest] = _walls()
    return respond(found, context["request"]._request, error)
