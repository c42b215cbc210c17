"""Envelopes: the shapes that the body of an error may have, each with the places that a message fills in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from experiments.model.custom_body import OWN_SLOTS, custom_body
from experiments.model.error_code import Envelope, ErrorCode

Body = dict[str, Any]
Slots = dict[str, list[list[str | int]]]

PROBLEM_JSON = "application/problem+json"
JSON = "application/json"

_EXTENSIONS = ("actions", "incentive", "progress", "decision_id")
_PROBLEM_TEXT: list[list[str | int]] = [["detail"]]
_ERROR_TEXT: list[list[str | int]] = [["error", "message"]]

# The types that these APIs themselves give with a status; clients choose their exception by them.
_ANTHROPIC_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    529: "overloaded_error",
}
_GOOGLE_STATUSES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    402: "RESOURCE_EXHAUSTED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ABORTED",
    429: "RESOURCE_EXHAUSTED",
    501: "UNIMPLEMENTED",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
_OPENAI_TYPES = {402: "insufficient_quota", 429: "insufficient_quota"}
_STRIPE_TYPES = {402: "card_error"}


def body_and_slots(error_code: ErrorCode) -> tuple[Body, Slots]:
    """The body with null wherever a message fills in, and the paths of those places by what goes there."""
    if error_code.body is not None:
        own = {name: getattr(error_code, name) for name in OWN_SLOTS}
        return custom_body(error_code.body, own)
    body, text = _ENVELOPES[error_code.envelope](error_code)
    extensions: Slots = {name: [[name]] for name in _EXTENSIONS}
    return {**body, **dict.fromkeys(_EXTENSIONS)}, {"detail": [list(path) for path in text], **extensions}


def media_type(envelope: Envelope) -> str:
    """The media type of bodies in this envelope."""
    return PROBLEM_JSON if envelope in ("hybrid", "problem") else JSON


def _problem(error_code: ErrorCode) -> Body:
    return {
        "type": error_code.type,
        "title": error_code.title,
        "status": error_code.status,
        "detail": None,
        "code": error_code.code,
    }


def _in_problem(error_code: ErrorCode) -> tuple[Body, list[list[str | int]]]:
    return _problem(error_code), _PROBLEM_TEXT


def _in_hybrid(error_code: ErrorCode) -> tuple[Body, list[list[str | int]]]:
    error = {"code": error_code.code, "message": None}
    return {**_problem(error_code), "error": error}, _PROBLEM_TEXT + _ERROR_TEXT


def _in_error(error_code: ErrorCode) -> tuple[Body, list[list[str | int]]]:
    return {"error": {"code": error_code.code, "message": None}}, _ERROR_TEXT


def _in_openai(error_code: ErrorCode) -> tuple[Body, list[list[str | int]]]:
    kind = _OPENAI_TYPES.get(
        error_code.status, "invalid_request_error" if error_code.status < 500 else "server_error"
    )
    return {"error": {"message": None, "type": kind, "param": None, "code": error_code.code}}, _ERROR_TEXT


def _in_anthropic(error_code: ErrorCode) -> tuple[Body, list[list[str | int]]]:
    fallback = "invalid_request_error" if error_code.status < 500 else "api_error"
    kind = _ANTHROPIC_TYPES.get(error_code.status, fallback)
    error = {"type": kind, "message": None, "details": {"error_code": error_code.code}}
    return {"type": "error", "error": error}, _ERROR_TEXT


def _in_stripe(error_code: ErrorCode) -> tuple[Body, list[list[str | int]]]:
    fallback = "invalid_request_error" if error_code.status < 500 else "api_error"
    kind = _STRIPE_TYPES.get(error_code.status, fallback)
    return {"error": {"type": kind, "code": error_code.code, "message": None}}, _ERROR_TEXT


def _in_google(error_code: ErrorCode) -> tuple[Body, list[list[str | int]]]:
    fallback = "FAILED_PRECONDITION" if error_code.status < 500 else "INTERNAL"
    info = {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": error_code.code,
        "domain": urlsplit(error_code.type).hostname or "",
        "metadata": {},
    }
    error = {
        "code": error_code.status,
        "message": None,
        "status": _GOOGLE_STATUSES.get(error_code.status, fallback),
        "details": [info],
    }
    return {"error": error}, _ERROR_TEXT


_ENVELOPES: Mapping[str, Callable[[ErrorCode], tuple[Body, list[list[str | int]]]]] = {
    "hybrid": _in_hybrid,
    "problem": _in_problem,
    "error": _in_error,
    "openai": _in_openai,
    "anthropic": _in_anthropic,
    "stripe": _in_stripe,
    "google": _in_google,
}
