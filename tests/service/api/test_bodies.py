"""Bodies are parsed strictly, whatever checks them afterwards."""

from __future__ import annotations

import gzip
from contextlib import suppress

import pytest
from flask import Flask, request
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge, UnsupportedMediaType

from experiments.errors import InvalidInput
from service.api.bodies import read_body, read_json

app = Flask("bodies")


def read(
    body: bytes, *, max_bytes: int = 1_000, kind: str = "application/json", encoding: str = ""
) -> object:
    """What a body is read as."""
    headers = {"Content-Encoding": encoding} if encoding else {}
    with app.test_request_context(method="POST", data=body, content_type=kind, headers=headers):
        return read_json(request, max_bytes=max_bytes)


@pytest.mark.parametrize(
    ("body", "places"),
    [
        (b'{"a": 1e400}', ["/a"]),
        (b'{"a": ["b", -1e999]}', ["/a/1"]),
        (b'{"a": "\\u0000"}', ["/a"]),
        (b'{"a/b": {"c~d": "\\ud800"}}', ["/a~1b/c~0d"]),
        (b'{"\\u0000": 1}', [""]),
        (b'{"a": NaN}', [""]),
        (b'{"a": 1, "a": 2}', [""]),
        (b'{"a": "\\u0000", "b": "\\u0000"}', ["/a", "/b"]),
    ],
)
def test_what_json_parsers_let_pass_is_refused_at_its_place(body: bytes, places: list[str]) -> None:
    with pytest.raises(InvalidInput) as refusal:
        read(body)
    assert [fault.pointer for fault in refusal.value.faults] == places


def test_thirty_two_levels_are_read_and_one_more_is_not() -> None:
    assert read(b"[" * 32 + b"]" * 32)
    with pytest.raises(InvalidInput, match="32 levels"):
        read(b"[" * 33 + b"]" * 33)


@pytest.mark.parametrize(
    "kind", ["application/json", "application/json; charset=utf-8", "application/merge-patch+json"]
)
def test_each_kind_of_json_is_read(kind: str) -> None:
    assert read(b'{"a": 1}', kind=kind) == {"a": 1}


@pytest.mark.parametrize("kind", ["text/plain", "", "application/x+json+xml", "image/svg+json"])
def test_nothing_else_is(kind: str) -> None:
    with pytest.raises(UnsupportedMediaType):
        read(b"{}", kind=kind)


def test_a_body_is_bounded_before_and_after_it_is_unzipped() -> None:
    body = b'"' + b"x" * 998 + b'"'
    assert read(body) == "x" * 998
    assert read(gzip.compress(body), encoding="gzip") == "x" * 998
    longer = b'"' + b"x" * 999 + b'"'
    for sent, encoding in (
        (longer, ""),
        (gzip.compress(longer, mtime=0), "gzip"),
        (gzip.compress(b"x" * 10_000_000, mtime=0), "gzip"),
    ):
        with pytest.raises(RequestEntityTooLarge):
            read(sent, encoding=encoding)


@given(st.binary(max_size=200))
def test_any_bytes_that_claim_to_be_gzip_are_read_or_refused(body: bytes) -> None:
    with (
        app.test_request_context(
            method="POST", data=body, content_type="application/json", headers={"Content-Encoding": "gzip"}
        ),
        suppress(BadRequest),
    ):
        assert isinstance(read_body(request, max_bytes=1_000), bytes)


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    body = text.encode("utf-8", "surrogatepass")
    with suppress(InvalidInput):
        read(body, max_bytes=10_000)
