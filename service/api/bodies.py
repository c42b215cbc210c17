"""Request bodies: read within bounds, gunzipped and parsed strictly; every fault names its place."""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator

from flask import Request
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge, UnsupportedMediaType

from experiments.errors import Fault, InvalidInput
from experiments.model.loading import parse_json

MAX_DEPTH = 32
GZIP_WINDOW = 16 + zlib.MAX_WBITS


def read_body(request: Request, *, max_bytes: int) -> bytes:
    """The request's body, gunzipped.

    Raises:
        UnsupportedMediaType: It is not JSON, or has an encoding other than gzip.
        RequestEntityTooLarge: It is longer than `max_bytes`, before or after gzip is undone.
        BadRequest: It cannot be read to its end.
    """
    _require_json(request)
    encoding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in {"identity", "gzip"}:
        raise UnsupportedMediaType("Content-Encoding must be gzip or absent.")
    body = _read(request)
    if encoding == "gzip":
        body = _gunzip(body, max_bytes)
    if len(body) > max_bytes:
        raise _too_large(max_bytes)
    return body


def read_json(request: Request, *, max_bytes: int) -> object:
    """The parsed body: no NaN, no infinity, no doubled member, no NUL, at most 32 levels deep.

    Raises:
        InvalidInput: The text is not such JSON.
    """
    body = read_body(request, max_bytes=max_bytes)
    document = parse_json(body)
    if faults := list(_faults(document, "", 1)):
        raise InvalidInput(faults)
    return document


def pointer_part(name: object) -> str:
    """One step of a JSON pointer (RFC 6901)."""
    return "/" + str(name).replace("~", "~0").replace("/", "~1")


def _require_json(request: Request) -> None:
    kind = request.mimetype
    if kind != "application/json" and not (kind.startswith("application/") and kind.endswith("+json")):
        raise UnsupportedMediaType("Content-Type must be application/json.")


def _read(request: Request) -> bytes:
    try:
        return request.get_data(cache=False)
    except RequestEntityTooLarge:
        raise
    except Exception:  # whatever the web server raises on a broken chunk or a lost connection
        raise BadRequest("The body could not be read to its end.") from None


def _gunzip(body: bytes, max_bytes: int) -> bytes:
    stream = zlib.decompressobj(GZIP_WINDOW)
    try:
        plain = stream.decompress(body, max_bytes + 1)
    except zlib.error:
        raise BadRequest("The body is not gzip, though Content-Encoding says so.") from None
    if len(plain) > max_bytes:
        raise _too_large(max_bytes)
    if not stream.eof:
        raise BadRequest("The gzip body is cut off.")
    return plain


def _too_large(max_bytes: int) -> RequestEntityTooLarge:
    return RequestEntityTooLarge(f"The body is longer than {max_bytes} bytes.")


def _faults(value: object, pointer: str, depth: int) -> Iterator[Fault]:
    """Faults of depth and of text that a database cannot keep."""
    if depth > MAX_DEPTH:
        yield Fault(pointer, f"is nested deeper than {MAX_DEPTH} levels")
        return
    match value:
        case str():
            if detail := _text_fault(value):
                yield Fault(pointer, detail)
        case float() if math.isinf(value):
            yield Fault(pointer, "is a number out of range")
        case list():
            for index, item in enumerate(value):
                yield from _faults(item, f"{pointer}/{index}", depth + 1)
        case dict():
            for name, item in value.items():
                if detail := _text_fault(name):
                    yield Fault(pointer, f"has a member whose name {detail}")
                yield from _faults(item, pointer + pointer_part(name), depth + 1)


def _text_fault(text: str) -> str | None:
    if "\0" in text:
        return "holds a NUL character"
    try:
        text.encode()
    except UnicodeEncodeError:
        return "holds half of a surrogate pair"
    return None
