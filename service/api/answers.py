"""What a call answers, and how it becomes compact JSON bytes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from flask import Response
from pydantic import BaseModel

JSON_TYPE = "application/json"


@dataclass(frozen=True, slots=True)
class Answer:
    """A document with what else its HTTP answer needs; `status` None means the call's usual one."""

    document: BaseModel | Mapping[str, object] | None
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


def respond(answer: Answer, usual_status: int) -> Response:
    """The HTTP answer; a missing document gives an empty body."""
    if answer.document is None:
        return Response(status=answer.status or 204, headers=dict(answer.headers))
    return Response(
        as_json(answer.document),
        answer.status or usual_status,
        headers=dict(answer.headers),
        content_type=JSON_TYPE,
    )


def as_json(document: BaseModel | Mapping[str, object]) -> bytes:
    """Compact UTF-8 JSON; NaN and infinity are refused, a lone surrogate of a quoted input becomes `?`."""
    plain = document.model_dump(mode="json") if isinstance(document, BaseModel) else document
    text = json.dumps(plain, ensure_ascii=False, separators=(",", ":"), allow_nan=False, default=_plain)
    return text.encode("utf-8", "replace")


def timestamp(moment: datetime) -> str:
    """RFC 3339 text of an aware UTC time, with a final Z."""
    return moment.isoformat().replace("+00:00", "Z")


def _plain(value: object) -> object:
    match value:
        case BaseModel():
            return value.model_dump(mode="json")
        case datetime():
            return timestamp(value)
        case date():
            return value.isoformat()
        case Decimal():
            return str(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")
