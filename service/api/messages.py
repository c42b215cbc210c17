"""The calls that lint a message, and show it, before anybody meets it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, JsonValue

from experiments.errors import InvalidInput
from experiments.messages.lint import lint as lint_message
from experiments.messages.subject import Subject
from experiments.model.experiment import Principle
from experiments.model.message import Messages
from experiments.model.names import LocaleTag
from service.api.answers import Answer
from service.api.calls import Calls
from service.api.schemas import Input
from service.use_cases import catalogue, preview
from service.use_cases.credentials import Role
from service.use_cases.scope import Scope

calls = Calls("messages")


class LintRequest(Input):
    """A message, and the wall where it will stand."""

    error_code: Annotated[str, Field(min_length=1, description="The name of the wall.")]
    message: Annotated[Messages, Field(description="By locale.")]
    context: Annotated[
        dict[str, JsonValue],
        Field(
            default_factory=dict,
            max_length=200,
            description="Of no effect here, where every case of a template is read; as of a preview.",
        ),
    ]
    locale: Annotated[LocaleTag | None, Field(description="Name what is found in this locale alone.")] = None
    principles: Annotated[tuple[Principle, ...], Field(max_length=8)] = ()
    has_incentive: bool = False
    incentive_ends_at: datetime | None = None


class FindingView(BaseModel):
    """What a rule found."""

    rule: str
    severity: Literal["fault", "warning"]
    locale: str
    pointer: Annotated[str, Field(description="Into `message`.")]
    detail: str
    reason: Annotated[str, Field(description="Why there is the rule.")]
    waived: Annotated[str | None, Field(description="Why it does not count here; null where it counts.")]


class LintView(BaseModel):
    """What the rules found of a message."""

    ok: Annotated[bool, Field(description="Whether there is no fault that counts.")]
    findings: list[FindingView]
    wordless: Annotated[list[str], Field(description="Locales checked by the rules without words alone.")]


@calls.post(
    "/v1/lint",
    role=Role.VIEWER,
    summary="The faults of a message",
    body=LintRequest,
    answer=LintView,
    problems=(404,),
)
def lint(scope: Scope, body: LintRequest) -> Answer:
    """Each by a rule with its name and reason; a fault that is waived in the message does not count."""
    if body.locale is not None and body.locale not in body.message:
        raise InvalidInput.at("/locale", f"must be one of the message's: {', '.join(body.message)}")
    error_code = catalogue.get_error_code(scope, body.error_code).definition
    report = lint_message(
        Subject(
            error_code,
            body.message,
            body.principles,
            has_incentive=body.has_incentive,
            ends_at=body.incentive_ends_at,
        )
    )
    return Answer((report if body.locale is None else report.of(body.locale)).document())


class PreviewRequest(Input):
    """A message, and what a host would send with the error."""

    error_code: Annotated[str, Field(min_length=1, description="The name of the wall.")]
    message: Annotated[Messages, Field(description="By locale.")]
    context: Annotated[dict[str, JsonValue], Field(default_factory=dict, max_length=200)]
    locale: Annotated[LocaleTag | None, Field(description="What the reader asks for.")] = None


class PreviewView(BaseModel):
    """What a user would get."""

    shows: Annotated[
        Literal["template", "plain", "nothing"],
        Field(
            description="plain where the templates cannot be filled in; nothing where plain is missing too."
        ),
    ]
    missing: Annotated[list[str], Field(description="Context that the templates need and was not given.")]
    status: int
    headers: dict[str, str]
    body: Any


@calls.post(
    "/v1/preview",
    role=Role.VIEWER,
    summary="A message as a user would get it",
    body=PreviewRequest,
    answer=PreviewView,
    problems=(404,),
)
def show(scope: Scope, body: PreviewRequest) -> Answer:
    """Rendered by the function that answers walls; nothing is saved, and nobody is counted."""
    context = body.context if body.locale is None else {**body.context, "locale": body.locale}
    shown = preview.preview(scope, body.error_code, body.message, context)
    decision = shown.decision
    document = {
        "shows": shown.shows,
        "missing": list(shown.missing),
        "status": decision.status,
        "headers": decision.headers,
        "body": decision.body,
    }
    return Answer(document)
