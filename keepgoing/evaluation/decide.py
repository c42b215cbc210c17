"""From a ruleset, an error code and a unit to a decision: pure, without input or output, never raising."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from keepgoing.evaluation.assign import FALLBACK, Outcome, fits
from keepgoing.evaluation.decision import NO_SEGMENTS, Decision
from keepgoing.evaluation.host import HostMessage, code_text, host_answer
from keepgoing.evaluation.message import Message, WordedAnswer, Wordings
from keepgoing.evaluation.ruleset import Plan, Ruleset
from keepgoing.evaluation.targeting import Context, kind

LONGEST_SEGMENT = 256
"""Characters of a segment's value that an exposure carries."""

_NOTHING: dict[str, Any] = {}
_NO_WORDINGS: Any = None
_bare = object.__new__


def decide(
    ruleset: Ruleset | None,
    error_code: str,
    unit_id: object,
    context: Mapping[str, Any] | None = None,
    *,
    default: HostMessage | Mapping[str, Any] | None = None,
) -> Decision:
    """The decision for a unit that has hit a wall; whatever is passed, there is one.

    Args:
        ruleset: What to evaluate; None when none is known yet.
        error_code: The name of the wall.
        unit_id: Who hit it: text of 1 to 256 characters without NUL. Anything else gets the control.
        context: What is known about the unit: arguments of templates, attributes of targeting, its `locale`.
        default: The host's own answer, `{"status", "headers", "body"}`, for when nothing else is known.
    """
    try:
        # Ruleset and unit may be anything: what is wrong with them raises, and is answered below.
        plan = ruleset.plans[error_code]  # type: ignore[union-attr]
        if context is None:
            context = _NOTHING
        elif context.__class__ is not dict:
            context = _snapshot(context)
        outcome = plan.assign(unit_id, context)  # type: ignore[arg-type]
        wordings = outcome.wordings
        locale = context.get("locale")
        message = wordings.known.get(locale) or wordings.pick(locale)
        decision = _bare(Decision)  # and members set here: a call of __init__ would cost as much as the rest
        decision.outcome = outcome
        decision.answer = message.static or message.answer(context)
        decision.unit_id = unit_id  # type: ignore[assignment]
        decision.segments = pick_segments(outcome.segments, context) if outcome.segments else NO_SEGMENTS
        if message.claims:
            decision.segments = {**decision.segments, **message.shown()}
        return decision
    except Exception:
        return _rescued(_plan(ruleset, error_code), error_code, unit_id, context, default)


def pick_segments(names: tuple[str, ...], context: Context) -> dict[str, Any]:
    """The members of the context that the exposure carries: text (cut when long), numbers, true and false."""
    return {name: _cut(context[name]) for name in names if kind(context.get(name)) is not None}


def _cut(value: Any) -> Any:
    if isinstance(value, int | float):
        return value
    return str(value)[:LONGEST_SEGMENT].replace("\0", " ").encode(errors="replace").decode()


def _snapshot(context: object) -> dict[str, Any]:
    if not isinstance(context, Mapping):
        raise TypeError(f"context is {type(context).__name__}, must be a mapping")
    return dict(context)


def _plan(ruleset: Any, error_code: Any) -> Plan | None:
    try:
        plan: Plan | None = ruleset.plans.get(error_code)
    except Exception:
        return None
    return plan


def _rescued(
    plan: Plan | None, error_code: object, unit_id: object, context: object, default: object
) -> Decision:
    """The decision when something went wrong: the first link of the chain that can be rendered.

    The variant's plain text, the control's template and plain text, the default message's, the host's own.
    """
    unit = unit_id if fits(unit_id) else None
    if plan is None:
        return _of_host(None, error_code, unit, default)
    known = _known(context)
    start = _assigned(plan, unit, known)
    link: Outcome | None = start
    while link is not None:
        answer = _rendered(link.wordings, known or _NOTHING)
        if answer is not None:
            return Decision(link, answer, unit, _segments(link, known or _NOTHING))
        link = link.rescue
    return _of_host(start, error_code, unit, default)


def _segments(outcome: Outcome, context: dict[str, Any]) -> Mapping[str, Any]:
    try:
        return pick_segments(outcome.segments, context)
    except Exception:
        return NO_SEGMENTS


def _known(context: object) -> dict[str, Any] | None:
    """The context as a plain dict; None when it is none, or cannot be read."""
    try:
        return {} if context is None else _snapshot(context)
    except Exception:
        return None


def _assigned(plan: Plan, unit: str | None, known: dict[str, Any] | None) -> Outcome:
    if unit is None or known is None:
        return plan.unfit
    try:
        return plan.assign(unit, known)
    except Exception:
        return plan.unfit


def _rendered(wordings: Wordings, context: dict[str, Any]) -> WordedAnswer | None:
    message = _message(wordings, context)
    try:
        return message.answer(context)
    except Exception:
        return message.plain_answer(context)


def _message(wordings: Wordings, context: dict[str, Any]) -> Message:
    try:
        return wordings.pick(context.get("locale"))
    except Exception:
        return wordings.default


def _of_host(start: Outcome | None, error_code: object, unit: str | None, default: object) -> Decision:
    """The host's own message, with the experiment that was asked, if one was."""
    answer = host_answer(error_code, default)
    outcome = Outcome(FALLBACK, code_text(error_code), _NO_WORDINGS)
    if start is not None:
        outcome.experiment, outcome.revision, outcome.phase = start.experiment, start.revision, start.phase
    return Decision(outcome, answer, unit, NO_SEGMENTS)
