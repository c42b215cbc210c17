"""What can only be judged of several definitions: whether an experiment fits its error code and metrics."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from experiments.errors import Fault
from experiments.model.complaints import Path
from experiments.model.error_code import ContextType, ErrorCode
from experiments.model.experiment import Experiment, Variant
from experiments.model.faults import faults_at, unknown_name
from experiments.model.incentive import incentive_arguments
from experiments.model.message import Message
from experiments.model.metric import PRIMARY_KINDS, Metric
from experiments.model.targeting import ORDERED, TEXTUAL, Condition, conditions, size_faults
from experiments.model.template import TemplateFault, check_arguments, parse_template
from experiments.model.text import allows, host_of

Found = Iterator[tuple[Path, str]]

_FITTING: Mapping[ContextType, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int, float),
    "number": (int, float),
    "boolean": (bool,),
}


def error_code_faults(error_code: ErrorCode, pointer_prefix: str = "") -> list[Fault]:
    """What makes an error code unfit to be served: templates that do not parse, arguments not declared."""
    found = (
        ((locale, *path), detail)
        for locale, message in error_code.message.items()
        for path, detail in _of_message(message, error_code.arguments)
    )
    faults = [(("message", *path), detail) for path, detail in found]
    faults += [(("message", *path), detail) for path, detail in _of_hosts(error_code.message, error_code)]
    return faults_at(pointer_prefix, faults)


def experiment_faults(
    experiment: Experiment,
    error_code: ErrorCode | None,
    metrics: Mapping[str, Metric],
    pointer_prefix: str = "",
) -> list[Fault]:
    """What makes an experiment unfit for its error code and metrics; no fault means that it may start.

    Args:
        experiment: The experiment.
        error_code: The one that it names, None when there is none of that name.
        metrics: All metrics of the project, by key.
        pointer_prefix: The JSON pointer of the experiment in the document that it came in.
    """
    found = [*_of_plan(experiment, metrics), *_of_targeting_size(experiment)]
    if error_code is None:
        found.insert(
            0, (("error_code",), f"no error code is called {experiment.error_code!r}; define it first")
        )
    else:
        found += [
            *_of_variants(experiment, error_code),
            *_of_targeting(experiment, error_code),
            *_of_segments(experiment, error_code),
        ]
    return faults_at(pointer_prefix, found)


def _of_plan(experiment: Experiment, metrics: Mapping[str, Metric]) -> Found:
    plan = experiment.plan
    places: list[tuple[Path, str]] = [(("primary",), plan.primary)]
    places += [(("secondary", n), key) for n, key in enumerate(plan.secondary)]
    places += [(("guardrails", n, "metric"), guardrail.metric) for n, guardrail in enumerate(plan.guardrails)]
    for path, key in places:
        if key not in metrics:
            yield ("plan", *path), unknown_name("metric", key, metrics)
    primary = metrics.get(plan.primary)
    if primary is not None and primary.kind not in PRIMARY_KINDS:
        yield (
            ("plan", "primary"),
            f"{plan.primary!r} is a {primary.kind} metric, on which this version makes no verdict yet;"
            f" choose one of kind {', '.join(PRIMARY_KINDS)}, and list this one as secondary",
        )


def _of_variants(experiment: Experiment, error_code: ErrorCode) -> Found:
    for number, variant in enumerate(experiment.variants):
        found = (
            *_of_locales(variant, error_code),
            *_of_placeholders(variant, error_code),
            *_of_messages(variant, error_code),
            *_of_hosts(variant.message, error_code),
        )
        for path, detail in found:
            yield ("variants", number, "message", *path), detail


def _of_locales(variant: Variant, error_code: ErrorCode) -> Found:
    for locale in sorted(error_code.locales - variant.message.keys()):
        yield (locale,), f"is required: {error_code.code} serves {locale}, so every variant must"
    for locale in sorted(variant.message.keys() - error_code.locales):
        yield (
            (locale,),
            f"{error_code.code} does not serve {locale}; give it a message there first, or remove this",
        )


def _of_placeholders(variant: Variant, error_code: ErrorCode) -> Found:
    """Locales that say something else than the default one: readers of one variant must be told the same."""
    wanted = _arguments(variant.message.get(error_code.default_locale))
    for locale, message in variant.message.items():
        found = _arguments(message)
        if wanted is None or found is None or found == wanted:
            continue
        differing = ", ".join(f"{{{name}}}" for name in sorted(wanted ^ found))
        yield (
            (locale, "detail"),
            f"uses other placeholders than {error_code.default_locale}: {differing}; all locales "
            "of a variant must use the same",
        )


def _arguments(message: Message | None) -> frozenset[str] | None:
    """What the message's text uses; None where it cannot be told."""
    try:
        return None if message is None else frozenset(parse_template(message.detail).arguments)
    except TemplateFault:
        return None


def _of_messages(variant: Variant, error_code: ErrorCode) -> Found:
    declared = {**error_code.arguments, **incentive_arguments(variant.incentive)}
    for locale, message in variant.message.items():
        for path, detail in _of_message(message, declared):
            yield (locale, *path), detail


def _of_message(message: Message, context: Mapping[str, ContextType]) -> Found:
    yield from _of_template(("detail",), message.detail, context)
    if not message.actions:
        yield ("actions",), "must have at least one next step: an error without one is a dead end"
    for number, action in enumerate(message.actions):
        yield from _of_template(("actions", number, "label"), action.label, context)
        yield from _of_template(("actions", number, "href"), action.href, context)


def _of_hosts(messages: Mapping[str, Message], error_code: ErrorCode) -> Found:
    """Links that lead where the error code allows none to lead."""
    for locale, message in messages.items():
        for number, action in enumerate(message.actions):
            host = host_of(action.href)
            if host is not None and error_code.allowed_hosts and not allows(error_code.allowed_hosts, host):
                allowed = ", ".join(error_code.allowed_hosts)
                yield (
                    (locale, "actions", number, "href"),
                    f"leads to {host}, and allowed_hosts has {allowed}; add it there, or change the link",
                )


def _of_template(path: Path, text: str, context: Mapping[str, ContextType]) -> Found:
    try:
        template = parse_template(text)
    except TemplateFault as fault:
        yield path, str(fault)
    else:
        yield from ((path, str(fault)) for fault in check_arguments(template, context))


def _of_targeting_size(experiment: Experiment) -> Found:
    if experiment.targeting is not None:
        yield from ((("targeting", *path), detail) for path, detail in size_faults(experiment.targeting))


def _of_targeting(experiment: Experiment, error_code: ErrorCode) -> Found:
    if experiment.targeting is None:
        return
    declared: dict[str, ContextType] = {"locale": "string", **error_code.context}
    for path, condition in conditions(experiment.targeting):
        if condition.attribute not in declared:
            detail = unknown_name(
                f"attribute of the context of {error_code.code}", condition.attribute, declared
            )
            yield ("targeting", *path, "attribute"), detail
        elif misfit := _misfit(condition, declared[condition.attribute]):
            yield ("targeting", *path, "value"), misfit


def _misfit(condition: Condition, declared: ContextType) -> str | None:
    """Why the condition can never hold for an attribute of this type, None when it can."""
    if condition.op == "exists":
        return None
    unordered = condition.op in ORDERED and declared == "boolean"
    if unordered or (condition.op in TEXTUAL and declared != "string"):
        return f"{condition.attribute!r} is declared {declared}, to which op {condition.op} cannot apply"
    for operand in condition.operands:
        fits = isinstance(operand, _FITTING[declared]) and isinstance(operand, bool) == (
            declared == "boolean"
        )
        if not fits:
            return f"{condition.attribute!r} is declared {declared}, so it can never be {operand!r}"[:200]
    return None


def _of_segments(experiment: Experiment, error_code: ErrorCode) -> Found:
    known = ["locale", *error_code.context]
    for number, name in enumerate(experiment.plan.segments):
        if name not in known:
            detail = unknown_name(f"attribute of the context of {error_code.code}", name, known)
            yield ("plan", "segments", number), detail
