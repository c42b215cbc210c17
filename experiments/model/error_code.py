"""The stable name of a wall, and all that is equal over every variant of its message."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, JsonValue, Strict, model_validator

from experiments.model.claim import CLAIM_PREFIX, INCENTIVE_PREFIX, Claims
from experiments.model.custom_body import body_faults
from experiments.model.definition import Definition, Path, fit
from experiments.model.message import Messages
from experiments.model.names import AttributeName, Code, LocaleTag
from experiments.model.text import Description, Line, one_line

ContextType = Literal["string", "integer", "number", "boolean"]
Envelope = Literal["hybrid", "problem", "error", "openai", "anthropic", "stripe", "google", "custom"]
Status = Annotated[int, Strict(), Field(ge=400, le=599)]

_STEERING = re.compile(
    r"retry-after|x-should-retry|(x-)?ratelimit(-[a-z0-9-]+)?|cache-control|link|www-authenticate|vary"
)
STEERING = "Retry-After, x-should-retry, RateLimit*, Cache-Control, Link, Vary and WWW-Authenticate"
MAX_CONTEXT = 100


def _host_name(text: str) -> str:
    if re.fullmatch(r"(\*\.)?[a-z0-9]([a-z0-9.-]*[a-z0-9])?", text) is None or ".." in text:
        raise ValueError("must be a host in small letters, like billing.example.com or *.example.com")
    return text


HostName = Annotated[str, Field(max_length=253), AfterValidator(_host_name)]
Phrase = Annotated[Line, Field(max_length=100)]


def _problem_type(text: str) -> str:
    one_line(text)
    if any(character.isspace() or character in "{}<>" for character in text):
        raise ValueError("must be an address without spaces, placeholders or angle brackets")
    return text


class ErrorCode(Definition):
    """One wall: status, shape of the body, headers, default message, and what hosts promise to send."""

    code: Code
    status: Status
    envelope: Envelope = "hybrid"
    type: Annotated[str, Field(max_length=2000), AfterValidator(_problem_type)] = "about:blank"
    title: Annotated[Line, Field(max_length=200)]
    description: Description = ""
    body: Annotated[
        dict[str, JsonValue] | None,
        Field(description="Of the envelope custom: a document whose slots are texts like {{detail}}."),
    ] = None
    allowed_hosts: Annotated[
        tuple[HostName, ...],
        Field(max_length=50, description="Where links may lead; *.example.com is every host below it."),
    ] = ()
    billing_phrases: Annotated[
        dict[LocaleTag, Annotated[tuple[Phrase, ...], Field(max_length=50)]],
        Field(
            max_length=100,
            default_factory=dict,
            description="Words beside the known ones by which gateways see a billing wall, by language.",
        ),
    ]
    default_locale: LocaleTag = "en"
    context: Annotated[dict[AttributeName, ContextType], Field(max_length=MAX_CONTEXT, default_factory=dict)]
    headers: Annotated[
        dict[str, Annotated[Line, Field(max_length=500)]], Field(max_length=20, default_factory=dict)
    ]
    claims: Claims
    message: Messages

    @model_validator(mode="after")
    def _fits(self) -> ErrorCode:
        faults: list[tuple[Path, str]] = [
            (("headers", *path), fault) for path, fault in _of_headers(self.headers)
        ]
        if self.default_locale not in self.message:
            faults.append((("message", self.default_locale), "is required: it is the default_locale"))
        if "locale" in self.context and self.context["locale"] != "string":
            faults.append((("context", "locale"), "must be string: it names the language of the reader"))
        for name in self.context:
            if name.startswith((CLAIM_PREFIX, INCENTIVE_PREFIX)):
                detail = f"begins with {CLAIM_PREFIX} or {INCENTIVE_PREFIX}, which only the service may send"
                faults.append((("context", name), detail))
        fit([*faults, *self._body_faults()])
        return self

    def _body_faults(self) -> list[tuple[Path, str]]:
        if self.envelope == "custom":
            if self.body is None:
                return [(("body",), "is required: the envelope is custom")]
            return [(("body", *path), fault) for path, fault in body_faults(self.body)]
        if self.body is not None:
            return [(("body",), f"has no effect in the envelope {self.envelope}; remove it, or use custom")]
        return []

    @property
    def arguments(self) -> dict[str, ContextType]:
        """What messages may use: the context that hosts promise, and the service's own claims."""
        return {**self.context, **{f"{CLAIM_PREFIX}{name}": "number" for name in self.claims}}

    @property
    def locales(self) -> frozenset[str]:
        """The languages that the error code serves, and that every variant must have."""
        return frozenset(self.message)


def _of_headers(headers: Mapping[str, str]) -> Iterator[tuple[Path, str]]:
    seen: set[str] = set()
    for name, value in headers.items():
        if fault := _header_fault(name, value):
            yield (name,), fault
        elif name.lower() in seen:
            yield (name,), "stands here twice, in different capitals; remove one"
        seen.add(name.lower())


def _header_fault(name: str, value: str) -> str | None:
    if _STEERING.fullmatch(name.lower()) is None:
        return f"is no steering header; allowed are {STEERING}"
    if name.lower() == "retry-after" and re.fullmatch(r"[0-9]{1,9}", value) is None:
        return "must be whole seconds: some clients read a date as a number of seconds"
    return None if value.isascii() else "must be ASCII"
