"""What every integration does at a wall: find the error code, decide, and fit the answer into the response.

Nothing here raises into a host, and whatever cannot be improved is left exactly as the host made it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from keepgoing.client.notices import Notices
from keepgoing.evaluation import Decision
from keepgoing.evaluation.envelope import encode
from keepgoing.evaluation.host import HostAnswer, HostMessage

Request = TypeVar("Request")
Context = Mapping[str, Any]

LARGEST_BODY = 64 * 1024
"""Bytes: a larger body is no error message, and is sent on as it comes."""
RETRY_COUNT = "x-stainless-retry-count"
"""Sent by client libraries that repeat a request by themselves; above 0 it is the same wall again."""

_FIRST_ERROR = 400
_notices = Notices()


class Wall(Exception):
    """Raised by a host that has hit a wall; the integration answers with the decision.

    Args:
        error_code: The name of the wall.
        unit_id: Who hit it; what the integration's `unit` says of the request where it is not given.
        context: What is known about the unit, beside what the integration's `context` says.
        default: The host's own `{"status", "headers", "body"}`, for when nothing else is known.
    """

    def __init__(
        self,
        error_code: str,
        unit_id: str | None = None,
        context: Context | None = None,
        default: HostMessage | None = None,
    ) -> None:
        super().__init__(error_code)
        self.error_code = error_code
        self.unit_id = unit_id
        self.context = context
        self.default = default


class Decider(Protocol):
    """What an integration asks of a client."""

    def decide(
        self,
        error_code: str,
        unit_id: str,
        context: Context | None = None,
        *,
        exposure: bool = True,
        default: HostMessage | Context | None = None,
    ) -> Decision: ...

    def exposed(self, decision: Decision) -> None: ...

    def knows(self, error_code: str) -> bool: ...


@dataclass(frozen=True, slots=True)
class Answered:
    """A response to send instead of the host's.

    Attributes:
        headers: All of them, the host's own included.
        decision: To be passed to `shown` when the body has really been sent.
    """

    status: int
    headers: list[tuple[str, str]]
    body: bytes
    decision: Decision
    is_repeat: bool


@dataclass(frozen=True, slots=True)
class Walls(Generic[Request]):
    """How the requests of one host become decisions.

    Attributes:
        client: Whom to ask.
        unit: Who makes a request; None where nobody is known.
        context: What is known about that unit; nothing where it is not given.
    """

    client: Decider
    unit: Callable[[Request], str | None] | None = None
    context: Callable[[Request], Context] | None = None

    def answer(self, wall: Wall, request: Request, headers: Mapping[str, str]) -> Answered:
        """The response to a wall that the host has raised. There always is one.

        Args:
            wall: What was raised.
            request: As `unit` and `context` take it.
            headers: Of the request, their names in small letters.
        """
        unit = wall.unit_id if wall.unit_id is not None else self._unit(request)
        context = {**self._context(request, headers), **_mapping(wall.context)}
        decision = self.client.decide(
            wall.error_code, unit or "", context, exposure=False, default=wall.default
        )
        return Answered(
            decision.status, list(decision.headers.items()), decision.json, decision, is_repeat(headers)
        )

    def in_place_of(
        self, response: Response, request: Request, headers: Mapping[str, str]
    ) -> Answered | None:
        """The response to send in place of a host's error; None to leave that one exactly as it is.

        It is left when its body names no error code that the ruleset knows, when nobody is known to have made
        the request, when nothing better than the host's own words is known, and when the error code has
        another status than the host answered with: a status steers clients, and is the host's to change.
        """
        try:
            return self._in_place_of(response, request, headers)
        except Exception as error:
            _notices.warn(
                "integration", f"keepgoing left an error as it was: {type(error).__name__}: {error}"
            )
            return None

    def shown(self, answered: Answered) -> None:
        """Logs the exposure, now that the body has been sent; a repeated request is no second one."""
        if not answered.is_repeat and answered.decision.is_exposure:
            self.client.exposed(answered.decision)

    def _in_place_of(
        self, response: Response, request: Request, headers: Mapping[str, str]
    ) -> Answered | None:
        body = json.loads(response.body)
        code = error_code_in(body, self.client.knows)
        unit = self._unit(request) if code is not None else None
        if code is None or unit is None:
            return None
        host: HostMessage = {"status": response.status, "headers": dict(response.headers), "body": body}
        context = self._context(request, headers)
        decision = self.client.decide(code, unit, context, exposure=False, default=host)
        if isinstance(decision.answer, HostAnswer):
            return None
        if decision.status != response.status:
            _notices.warn(
                f"status {code}",
                f"keepgoing left {code} as it was: the host answers {response.status}, and the error code "
                f"says {decision.status}",
            )
            return None
        text = encode(_with_members_of(body, decision.body))
        return Answered(
            response.status, _merged(response.headers, decision.headers), text, decision, is_repeat(headers)
        )

    def _unit(self, request: Request) -> str | None:
        try:
            return None if self.unit is None else self.unit(request)
        except Exception as error:
            _notices.warn("unit", f"keepgoing: unit failed: {type(error).__name__}: {error}")
            return None

    def _context(self, request: Request, headers: Mapping[str, str]) -> dict[str, Any]:
        try:
            context = {} if self.context is None else _mapping(self.context(request))
        except Exception as error:
            _notices.warn("context", f"keepgoing: context failed: {type(error).__name__}: {error}")
            context = {}
        if "locale" not in context and (locale := preferred_locale(headers.get("accept-language", ""))):
            context["locale"] = locale
        return context


@dataclass(frozen=True, slots=True)
class Response:
    """A host's response that may be a wall, whole."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


def may_be_wall(status: int, headers: Iterable[tuple[str, str]], method: str = "GET") -> bool:
    """Whether a response can be a wall by what stands before its body: an error in JSON, not compressed."""
    if status < _FIRST_ERROR or method == "HEAD":
        return False
    found = {name.lower(): value for name, value in headers}
    media_type = found.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json" and not media_type.endswith("+json"):
        return False
    return found.get("content-encoding", "identity") == "identity" and _size(found) <= LARGEST_BODY


def is_repeat(headers: Mapping[str, str]) -> bool:
    """Whether a client library repeats by itself a request that has met this wall already."""
    count = headers.get(RETRY_COUNT, "0")
    return count.isascii() and count.isdigit() and int(count[:9]) > 0


def error_code_in(body: object, is_known: Callable[[str], bool]) -> str | None:
    """The first known error code in a body of any of the usual shapes."""
    return next((code for code in _codes(body) if isinstance(code, str) and is_known(code)), None)


def preferred_locale(accept_language: str) -> str | None:
    """The language that a reader likes best, of a header like `de-CH, de;q=0.9, en;q=0.5`."""
    best, most = None, 0.0
    for part in accept_language[:1000].split(","):
        tag, _, rest = part.partition(";")
        quality = _quality(rest)
        if tag.strip() not in ("", "*") and quality > most:
            best, most = tag.strip(), quality
    return best


def _codes(body: object) -> Iterable[object]:
    if not isinstance(body, dict):
        return
    error = body.get("error")
    yield body.get("code")
    if isinstance(error, dict):
        yield error.get("code")
        details = error.get("details")
        if isinstance(details, dict):
            yield details.get("error_code")
        for detail in details if isinstance(details, list) else ():
            if isinstance(detail, dict):
                yield detail.get("reason")
        yield error.get("type")
    yield error
    yield body.get("type")


def _quality(rest: str) -> float:
    name, _, value = rest.strip().partition("=")
    if name != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0


def _size(headers: Mapping[str, str]) -> int:
    length = headers.get("content-length", "0")
    return int(length) if length.isascii() and length.isdigit() else LARGEST_BODY + 1


def _mapping(given: Context | None) -> dict[str, Any]:
    return dict(given) if isinstance(given, Mapping) else {}


def _with_members_of(host: Any, decided: Any) -> Any:
    """The decided body with what the host sent besides: a request's id outlives the change of its words."""
    if not (isinstance(host, dict) and isinstance(decided, dict)):
        return decided
    kept = {name: value for name, value in host.items() if name not in decided}
    return {name: _with_members_of(host.get(name), value) for name, value in decided.items()} | kept


def _merged(host: Iterable[tuple[str, str]], decided: Mapping[str, str]) -> list[tuple[str, str]]:
    """The host's headers, those of the decision in place of its own; the length is the sender's matter."""
    gone = {"content-length", "etag", *(name.lower() for name in decided)}
    return [*((name, value) for name, value in host if name.lower() not in gone), *decided.items()]
