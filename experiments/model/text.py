"""Texts that people read: bounded, and free of characters that cannot be stored or would break a client."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Annotated

from pydantic import AfterValidator, Field

DETAIL_LENGTH = 1000
LABEL_LENGTH = 80
HREF_LENGTH = 2000
DESCRIPTION_LENGTH = 2000

_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_CONTROLS_BUT_LINES = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_SURROGATES = re.compile(r"[\ud800-\udfff]")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_WEB_HOST = re.compile(r"https?://([^/?#]*)", re.IGNORECASE)
_SCHEMES = ("https", "http", "mailto", "tel")


def storable(text: str) -> str:
    """The text, when any database and any client can hold it.

    Raises:
        ValueError: It has a NUL or half of a surrogate pair.
    """
    if "\x00" in text:
        raise ValueError("holds a NUL character, remove it")
    if _SURROGATES.search(text):
        raise ValueError("holds half of a surrogate pair, which is no character; write the whole character")
    return text


def one_line(text: str) -> str:
    """The text, when it is one printable line that says something.

    Raises:
        ValueError: It is blank, or has a line break or another control character.
    """
    storable(text)
    if not text.strip():
        raise ValueError("is blank, say something")
    if _CONTROLS.search(text):
        raise ValueError(
            "holds a line break or a control character, write it as one line (in YAML: >- for >)"
        )
    return text


def paragraphs(text: str) -> str:
    """The text, when it has no control characters but line breaks and tabs."""
    storable(text)
    if _CONTROLS_BUT_LINES.search(text):
        raise ValueError("holds a control character, remove it")
    return text


def link(href: str) -> str:
    """The address, when a person may be sent there.

    Placeholders may stand in its path and query, never where they could choose the scheme or the host.

    Raises:
        ValueError: Its scheme is not https, http, mailto or tel, or is not written out.
    """
    one_line(href)
    if any(character.isspace() for character in href):
        raise ValueError("holds a space, write %20")
    scheme = _SCHEME.match(href)
    if scheme is None or scheme[1].lower() not in _SCHEMES:
        raise ValueError("must begin with https:, http:, mailto: or tel:")
    web = scheme[1].lower() in ("https", "http")
    host = _WEB_HOST.match(href)
    if web and (host is None or not _is_host(host[1])):
        raise ValueError("must name its host after //, without placeholders, user name or backslash")
    if not web and "{" in href.partition("?")[0]:
        raise ValueError("must name its address without placeholders")
    return href


def _is_host(authority: str) -> bool:
    return re.fullmatch(r"[\w.-]+(:\d{1,5})?|\[[0-9A-Fa-f:.]+\](:\d{1,5})?", authority) is not None


def host_of(href: str) -> str | None:
    """The host that a web link leads to, without its port; None for mail and telephone."""
    found = _WEB_HOST.match(href)
    return None if found is None else re.sub(r":\d+$", "", found[1].lower())


def allows(hosts: Iterable[str], host: str) -> bool:
    """Whether a host is one of these, of which `*.example.com` is every one below example.com."""
    return any(host.endswith(one[1:]) if one.startswith("*.") else host == one for one in hosts)


Text = Annotated[str, AfterValidator(storable)]
Line = Annotated[str, AfterValidator(one_line)]
Detail = Annotated[str, Field(max_length=DETAIL_LENGTH), AfterValidator(one_line)]
Label = Annotated[str, Field(max_length=LABEL_LENGTH), AfterValidator(one_line)]
Href = Annotated[str, Field(max_length=HREF_LENGTH), AfterValidator(link)]
Reason = Annotated[str, Field(min_length=1, max_length=DETAIL_LENGTH), AfterValidator(one_line)]
Description = Annotated[str, Field(max_length=DESCRIPTION_LENGTH), AfterValidator(paragraphs)]
