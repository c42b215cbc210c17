"""A message as a user would get it, before it is saved: published and decided as any other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from experiments.errors import InvalidInput
from experiments.model.checks import error_code_faults
from experiments.model.message import Message
from experiments.model.publish import publish
from experiments.model.template import parse_template
from keepgoing.evaluation.assign import FALLBACK
from keepgoing.evaluation.decide import decide
from keepgoing.evaluation.decision import Decision
from keepgoing.evaluation.facts import is_fact
from keepgoing.evaluation.ruleset import compile_ruleset
from service.storage import claims
from service.use_cases.catalogue import get_error_code
from service.use_cases.scope import Scope

_UNIT = "preview"


@dataclass(frozen=True, slots=True)
class Preview:
    """What would be sent, and the declared context that the message needs and was not given."""

    decision: Decision
    missing: tuple[str, ...]

    @property
    def shows(self) -> str:
        """What of the message is shown: its `template`, its `plain` text, or `nothing` of it."""
        if self.decision.reason == FALLBACK:
            return "nothing"
        return "plain" if self.decision.answer.is_plain else "template"


def preview(scope: Scope, code: str, message: Mapping[str, Message], context: Mapping[str, Any]) -> Preview:
    """The answer at a wall whose default message this were; nothing is saved and nobody is counted.

    Args:
        scope: The project.
        code: The wall's error code.
        message: By locale; the error code's default locale may be left out.
        context: What the host would send, with its `locale`.

    Raises:
        NotFound: There is no such error code.
        InvalidInput: The message does not fit the error code, with pointers from `/message`.
    """
    stored = get_error_code(scope, code).definition
    default = stored.default_locale if stored.default_locale in message else next(iter(message))
    wall = stored.model_copy(update={"message": dict(message), "default_locale": default})
    if faults := error_code_faults(wall):
        raise InvalidInput(faults)
    with scope.database.reading_session() as session:
        figures = claims.figures(session, scope.project.id)
    document = publish(
        scope.project.name, 0, holdout=None, error_codes=[wall], experiments=[], figures=figures
    )
    decision = decide(compile_ruleset(document), code, _UNIT, context)
    missing = {name for one in message.values() for name in _needed(one)} - context.keys()
    return Preview(decision, tuple(sorted(missing)))


def _needed(message: Message) -> set[str]:
    """The context without which the message falls back to its plain text."""
    texts = [message.detail, *(text for one in message.actions for text in (one.label, one.href))]
    return {name for text in texts for name in parse_template(text).required if not is_fact(name)}
