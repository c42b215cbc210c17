"""The call that lints a message before anybody meets it."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from experiments.messages.lint import lint as lint_message
from experiments.messages.subject import Subject
from experiments.model.experiment import Principle
from experiments.model.message import Messages
from service.api.answers import Answer
from service.api.calls import Calls
from service.api.schemas import Input
from service.use_cases import catalogue
from service.use_cases.credentials import Role
from service.use_cases.scope import Scope

calls = Calls("messages")


class LintRequest(Input):
    """A message, and the wall where it will stand."""

    error_code: Annotated[str, Field(min_length=1, description="The name of the wall.")]
    message: Annotated[Messages, Field(description="By locale.")]
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
    document = {
        "ok": report.ok,
        "findings": [asdict(one) for one in report.findings],
        "wordless": list(report.wordless),
    }
    return Answer(document)
