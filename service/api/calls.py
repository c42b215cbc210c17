"""Declares calls: each says its path, role, input and answer once, for the route and the document alike."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from flask import Flask, Response, request
from pydantic import BaseModel, TypeAdapter
from werkzeug.datastructures import MultiDict

from experiments.errors import InvalidInput
from experiments.model.faults import validated
from service.api.answers import Answer, respond
from service.api.bodies import read_json
from service.api.services import Services, services
from service.use_cases.credentials import Role

Handler = Callable[..., Any]
PATH_PARAMETER = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Call:
    """One call of the API.

    Attributes:
        path: As OpenAPI writes it, `/v1/keys/{id}`.
        role: What the key must carry; None when no key is needed.
        body: The type of the JSON body, None when there is none.
        query: The model of the query parameters, None when there are none.
        answer: The type of the answer's document, None when it has none.
        problems: The statuses of the problems that this call may answer, apart from those that any may.
        lean: Whether the handler takes the key's holder and answers a Response itself: the calls of the wall.
        headers: Request headers with what they are for.
        optional_body: Whether the body may be left out.
        unchanged: Whether the answer may be 304.
        created: Whether it may be 201 too.
        key_header: A header that may carry the key in place of Authorization.
    """

    method: str
    path: str
    role: Role | None
    summary: str
    tag: str
    handler: Handler
    body: Any = None
    query: type[BaseModel] | None = None
    answer: Any = None
    media_type: str = "application/json"
    status: int = 200
    problems: tuple[int, ...] = ()
    lean: bool = False
    headers: Mapping[str, str] | None = None
    optional_body: bool = False
    unchanged: bool = False
    created: bool = False
    key_header: str | None = None

    @property
    def name(self) -> str:
        """The operation's id."""
        return f"{self.tag.replace(' ', '_')}.{self.handler.__name__}"

    @property
    def parameters(self) -> list[str]:
        """The names in the path."""
        return PATH_PARAMETER.findall(self.path)

    @cached_property
    def body_adapter(self) -> TypeAdapter[Any]:
        """What checks the body."""
        return TypeAdapter(self.body)

    def view(self, **path: str) -> Response:
        """The answer to a request."""
        shared = services()
        if self.role is None:
            return self._finish(self.handler(**path))
        holder = shared.gate.admit(request, self.role, key_header=self.key_header)
        if self.lean:
            return self._finish(self.handler(holder, **path))
        return self._finish(self.handler(shared.scope(holder), **path, **self._input(shared)))

    def _finish(self, outcome: object) -> Response:
        if isinstance(outcome, Response):
            return outcome
        if not isinstance(outcome, Answer):
            raise TypeError(f"{self.name} answered {type(outcome).__name__}, must be Answer or Response")
        return respond(outcome, self.status)

    def _input(self, shared: Services) -> dict[str, object]:
        given: dict[str, object] = {}
        if self.query is not None:
            given["query"] = read_query(self.query, request.args)
        if self.body is not None and not (self.optional_body and not request.content_length):
            given["body"] = self.check_body(read_json(request, max_bytes=shared.limits.max_body_bytes))
        return given

    def check_body(self, document: object) -> Any:
        """The typed body.

        Raises:
            InvalidInput: It does not fit; every place is named.
        """
        return validated(self.body_adapter, document)


class Calls:
    """The calls of one resource: a decorator for each method, and what registers them with an application."""

    def __init__(self, tag: str) -> None:
        self.tag = tag
        self.declared: list[Call] = []

    def get(self, path: str, **declaration: Any) -> Callable[[Handler], Handler]:
        """Declares a GET call; `declaration` holds the further members of `Call`."""
        return self._declare("GET", path, declaration)

    def post(self, path: str, **declaration: Any) -> Callable[[Handler], Handler]:
        """Declares a POST call."""
        return self._declare("POST", path, declaration)

    def put(self, path: str, **declaration: Any) -> Callable[[Handler], Handler]:
        """Declares a PUT call."""
        return self._declare("PUT", path, declaration)

    def patch(self, path: str, **declaration: Any) -> Callable[[Handler], Handler]:
        """Declares a PATCH call."""
        return self._declare("PATCH", path, declaration)

    def delete(self, path: str, **declaration: Any) -> Callable[[Handler], Handler]:
        """Declares a DELETE call."""
        return self._declare("DELETE", path, declaration)

    def register(self, app: Flask) -> None:
        """Adds the calls to the application's routes."""
        for call in self.declared:
            rule = PATH_PARAMETER.sub(r"<\1>", call.path)
            app.add_url_rule(
                rule, call.name, call.view, methods=[call.method], provide_automatic_options=False
            )

    def _declare(self, method: str, path: str, declaration: dict[str, Any]) -> Callable[[Handler], Handler]:
        def keep(handler: Handler) -> Handler:
            self.declared.append(Call(method=method, path=path, tag=self.tag, handler=handler, **declaration))
            return handler

        return keep


def read_query(model: type[BaseModel], arguments: MultiDict[str, str]) -> BaseModel:
    """The typed query parameters; a parameter that is not known, or stands twice, is refused.

    Raises:
        InvalidInput: They do not fit; each is named.
    """
    doubled = [name for name, values in arguments.lists() if len(values) > 1]
    if doubled:
        raise InvalidInput.at(f"/{doubled[0]}", "stands twice in the query")
    return validated(model, arguments.to_dict())
