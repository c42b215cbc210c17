"""The host's own message: what is answered when nothing better is known. Never raises."""

from __future__ import annotations

import re
from collections.abc import Mapping
from copy import deepcopy
from functools import lru_cache
from typing import Any, TypedDict

from keepgoing.evaluation.envelope import encode

STATUS = 402
HEADERS: Mapping[str, str] = {"Content-Type": "application/problem+json", "Cache-Control": "no-store"}
HOST_HEADERS: Mapping[str, str] = {"Content-Type": "application/json", "Cache-Control": "no-store"}
LONGEST_CODE = 128
NAMELESS = "UNKNOWN_ERROR"


class HostMessage(TypedDict, total=False):
    """What a host answers by itself. Members that are missing are made from the error code."""

    status: int
    headers: Mapping[str, str]
    body: Any


class HostAnswer:
    """A host's own message, or the one made from the error code's words, as an answer."""

    __slots__ = ("_body", "headers", "status", "text")

    locale: str | None = None
    decision_id: str | None = None
    is_plain = False

    def __init__(self, status: int, headers: Mapping[str, str], body: Any, text: str) -> None:
        self.status = status
        self.headers = headers
        self._body = body
        self.text = text

    def body(self) -> Any:
        """A copy of the body, or the body itself where it refuses to be copied."""
        try:
            return deepcopy(self._body)
        except Exception:
            return self._body

    def json(self) -> bytes:
        """The body as JSON; what JSON does not know stands as its text."""
        try:
            return encode(self._body)
        except Exception:
            return encode(made_body(NAMELESS, self.status, self.text))


def host_answer(error_code: object, default: object) -> HostAnswer:
    """The answer of the host, with whatever is missing or unusable in it made from the error code."""
    if default is None:
        return _made_answer(code_text(error_code))
    try:
        return _host_answer(code_text(error_code), dict(default) if isinstance(default, Mapping) else {})
    except Exception:
        return _made_answer(code_text(error_code))


@lru_cache(maxsize=256)
def _made_answer(code: str) -> HostAnswer:
    """The answer made from a code alone, remembered: all walls get it until the first ruleset arrives."""
    return _host_answer(code, {})


def _host_answer(code: str, given: Mapping[str, Any]) -> HostAnswer:
    status = given.get("status")
    status = int(status) if isinstance(status, int) and 100 <= status <= 599 else STATUS
    if given.get("body") is None:
        body = made_body(code, status)
        return HostAnswer(status, _headers(given, HEADERS), body, body["detail"])
    text = _text_of(given["body"]) or f"{words(code)}."
    return HostAnswer(status, _headers(given, HOST_HEADERS), given["body"], text)


def made_body(code: str, status: int, detail: str | None = None) -> dict[str, Any]:
    """The hybrid body of an error code of which nothing is known but its name."""
    title = words(code)
    text = detail or f"{title}."
    return {
        "type": "about:blank", "title": title, "status": status, "detail": text, "code": code,
        "actions": [], "incentive": None, "progress": None, "decision_id": None,
        "error": {"code": code, "message": text},
    }  # fmt: skip


def words(code: str) -> str:
    """The words of a code as a sentence's start: INSUFFICIENT_BALANCE is `Insufficient balance`."""
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[\W_]+", " ", code).strip()
    return parted.lower().capitalize() or "Unknown error"


def code_text(error_code: object) -> str:
    """The code as it may stand in a body, whatever was passed for one."""
    try:
        text = str.__str__(error_code)  # raises for whatever is no text
    except Exception:
        return NAMELESS
    return text[:LONGEST_CODE].encode(errors="replace").decode() or NAMELESS


def _headers(given: Mapping[str, Any], otherwise: Mapping[str, str]) -> Mapping[str, str]:
    try:
        return {str(name): str(value) for name, value in given["headers"].items()}
    except Exception:
        return otherwise


def _text_of(body: Any) -> str:
    """The human text in a body of any of the usual shapes, empty where there is none."""
    if isinstance(body, str):
        return str.__str__(body)
    error = body.get("error") if isinstance(body, dict) else None
    places = (body, error) if isinstance(error, dict) else (body, {"message": error})
    found = (place.get(name) for place in places if isinstance(place, dict) for name in ("detail", "message"))
    return next((text for text in found if text.__class__ is str), "")
