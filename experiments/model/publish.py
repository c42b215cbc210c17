"""From definitions to the ruleset that clients evaluate (docs/ruleset.md): the same input, the same bytes."""

from __future__ import annotations

import json
from base64 import b32encode
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from hashlib import blake2b
from itertools import accumulate
from types import MappingProxyType
from typing import Any

from experiments.model.claim import CLAIM_PREFIX, Figures, published
from experiments.model.envelope import body_and_slots, media_type
from experiments.model.error_code import ErrorCode
from experiments.model.exclusion import SPACE, edge
from experiments.model.experiment import Experiment, Variant
from experiments.model.incentive import Incentive, incentive_facts
from experiments.model.invariants import check_invariants
from experiments.model.locales import locale_data
from experiments.model.message import Message
from experiments.model.state import ExperimentState
from experiments.model.template import Template, parse_template
from keepgoing.evaluation.facts import is_fact

FORMAT = 1

Wire = dict[str, Any]
Spent = Collection[tuple[str, str]]


def publish(
    project: str,
    revision: int,
    *,
    holdout: Decimal | None,
    error_codes: Iterable[ErrorCode],
    experiments: Iterable[ExperimentState],
    seed: str | None = None,
    spent: Spent = frozenset(),
    figures: Figures = MappingProxyType({}),
) -> Wire:
    """The ruleset of a project, as JSON values.

    Args:
        project: The project's name.
        revision: The number of this ruleset.
        holdout: The share of units that is kept out of all experiments.
        error_codes: All of the project, checked.
        experiments: All of the project, in any state; those that serve stand in the ruleset.
        seed: What the salts of holdout and exclusion groups are made of; it must never change for a
            project. Its name where none is given.
        spent: Experiments' and variants' keys, where the incentive's budget has no room for one more grant.
        figures: What the claims of error codes came to.

    Raises:
        InvalidInput: A variant would change what its error code owns; see experiments.model.invariants.
    """
    codes = sorted(error_codes, key=lambda one: one.code)
    serving = sorted((state for state in experiments if _is_published(state)), key=_order)
    root = blake2b((seed or project).encode(), digest_size=8).hexdigest()
    ruleset: Wire = {
        "format": FORMAT,
        "project": project,
        "revision": revision,
        "holdout": {"salt": f"{root}/holdout", "edge": str(edge(Fraction(holdout)))} if holdout else None,
        "locales": _locales(codes, serving),
        "error_codes": {
            code.code: _error_code(code, serving, root) | _claims(code, figures) for code in codes
        },
        "experiments": {
            state.definition.key: _experiment(state, context.context, root, spent)
            for context in codes
            for state in serving
            if state.definition.error_code == context.code
        },
    }
    check_invariants(ruleset)
    return ruleset


def salts(state: ExperimentState) -> dict[str, str]:
    """The salts of an experiment's two draws: who enters, and who gets which variant."""
    return {"traffic": f"{state.salt}/traffic", "variant": f"{state.salt}/variant"}


def edges(shares: Sequence[Fraction]) -> list[int]:
    """The edge above each share, exactly; the last is 2^64."""
    return [edge(cumulative) for cumulative in accumulate(shares)]


def _is_published(state: ExperimentState) -> bool:
    return state.serves and state.definition.assignment == "keepgoing"


def _order(state: ExperimentState) -> tuple[float, str]:
    """The order in which experiments of one error code are asked: by first start, then by key."""
    return (state.started_at.timestamp() if state.started_at else 0.0, state.definition.key)


def _error_code(error_code: ErrorCode, serving: Sequence[ExperimentState], root: str) -> Wire:
    body, slots = body_and_slots(error_code)
    return {
        "status": error_code.status,
        "headers": _headers(error_code),
        "default_locale": error_code.default_locale,
        "context": dict(error_code.context),
        "body": body,
        "slots": slots,
        "decision_id": _decision_id(root, error_code.code, "", error_code.message, None),
        "message": _messages(error_code.message, None),
        "experiments": [
            state.definition.key for state in serving if state.definition.error_code == error_code.code
        ],
    }


def _headers(error_code: ErrorCode) -> dict[str, str]:
    given = {name.lower() for name in error_code.headers}
    ours = {"Content-Type": media_type(error_code.envelope), "Cache-Control": "no-store"}
    return {name: value for name, value in ours.items() if name.lower() not in given} | dict(
        error_code.headers
    )


def _experiment(state: ExperimentState, context: Mapping[str, str], root: str, spent: Spent) -> Wire:
    definition = state.definition
    return {
        "error_code": definition.error_code,
        "revision": state.revision,
        "phase": state.phases[-1].number,
        "shipped": state.shipped,
        "salts": salts(state),
        "traffic_edge": str(_traffic_edge(definition)),
        "exclusion": _exclusion(state, root),
        "targeting": definition.targeting.model_dump(mode="json", by_alias=True)
        if definition.targeting
        else None,
        "forced": dict(definition.forced),
        "needs": _needs(definition, context),
        "segments": list(definition.plan.segments),
        "control": definition.control.key,
        "variants": [_variant(state, variant, edge, spent) for variant, edge in _with_edges(state)],
    }


def _traffic_edge(definition: Experiment) -> int:
    """All units in an exclusion group, whose slots are the traffic: two draws would multiply."""
    return SPACE if definition.exclusion_group else edge(Fraction(definition.traffic))


def _exclusion(state: ExperimentState, root: str) -> Wire | None:
    group = state.definition.exclusion_group
    if group is None:
        return None
    return {
        "salt": f"{root}/exclusion/{group}",
        "slots": [[str(start), str(end)] for start, end in state.slots],
    }


def _with_edges(state: ExperimentState) -> Iterator[tuple[Variant, int]]:
    """The variants with the edges of the phase that is open."""
    shares = state.phases[-1].shares
    variants = state.definition.variants
    return zip(variants, edges([Fraction(shares[variant.key]) for variant in variants]), strict=True)


def _variant(state: ExperimentState, variant: Variant, edge: int, spent: Spent) -> Wire:
    key = state.definition.key
    return {
        "key": variant.key,
        "edge": str(edge),
        "decision_id": _decision_id(state.salt, key, variant.key, variant.message, variant.incentive),
        "message": {
            locale: _message(message, None) | _offer(variant, locale, over=(key, variant.key) in spent)
            for locale, message in sorted(variant.message.items())
        },
    }


def _messages(messages: Mapping[str, Message], incentive: Incentive | None) -> Wire:
    return {locale: _message(message, incentive) for locale, message in sorted(messages.items())}


def _message(message: Message, incentive: Incentive | None) -> Wire:
    return {
        "detail": parse_template(message.detail).wire(),
        "plain": message.plain,
        "actions": [
            {
                "label": parse_template(action.label).wire(),
                "href": parse_template(action.href).wire(),
                "rel": action.rel,
            }
            for action in message.actions
        ],
        "incentive": _incentive(incentive),
        "progress": None,
    }


def _claims(error_code: ErrorCode, figures: Figures) -> Wire:
    """The figures that may be shown, under the names that messages use; nothing where none is declared."""
    if not error_code.claims:
        return {}
    shown = {
        f"{CLAIM_PREFIX}{name}": published(claim, figures.get((error_code.code, name)))
        for name, claim in sorted(error_code.claims.items())
    }
    return {"claims": {name: figure for name, figure in shown.items() if figure is not None}}


def _offer(variant: Variant, locale: str, *, over: bool) -> Wire:
    """What a variant's message knows of its incentive; of one whose budget is spent, that it is over."""
    incentive = variant.incentive
    if incentive is None:
        return {}
    if over:
        return {"incentive": None, "over": True}
    return {"incentive": _incentive(incentive), "facts": incentive_facts(incentive, locale)}


def _incentive(incentive: Incentive | None) -> Wire | None:
    """What the person may know of it: never what it costs, nor the budget."""
    if incentive is None:
        return None
    return incentive.model_dump(mode="json", include={"kind", "amount", "ends_at"})


def _needs(definition: Experiment, context: Mapping[str, str]) -> dict[str, str]:
    """The arguments without which some variant has nothing to say, with their declared types."""
    names = {
        name
        for variant in definition.variants
        for message in variant.message.values()
        if message.plain is None
        for template in _templates(message)
        for name in template.required
        if not is_fact(name)
    }
    return {name: context[name] for name in sorted(names)}


def _templates(message: Message) -> Iterator[Template]:
    yield parse_template(message.detail)
    for action in message.actions:
        yield parse_template(action.label)
        yield parse_template(action.href)


def _locales(error_codes: Sequence[ErrorCode], serving: Sequence[ExperimentState]) -> Wire:
    """What rendering needs of each locale that a message is written in."""
    currencies: dict[str, set[str]] = {}
    worded = [error_code.message for error_code in error_codes]
    worded += [variant.message for state in serving for variant in state.definition.variants]
    for messages in worded:
        for locale, message in messages.items():
            used = currencies.setdefault(locale, set())
            used.update(*(template.currencies for template in _templates(message)))
    return {
        locale: locale_data(locale, currencies=sorted(used)) for locale, used in sorted(currencies.items())
    }


def _decision_id(
    salt: str, owner: str, variant: str, messages: Mapping[str, Message], incentive: Incentive | None
) -> str:
    """An opaque name of one wording: the same as long as the wording is."""
    meaning = {
        "message": {
            locale: message.model_dump(mode="json", exclude={"waive"}) for locale, message in messages.items()
        },
        "incentive": incentive.model_dump(mode="json") if incentive else None,
    }
    text = json.dumps([salt, owner, variant, meaning], sort_keys=True, ensure_ascii=True)
    return "d_" + b32encode(blake2b(text.encode(), digest_size=10).digest()).decode().lower()
