"""The results in a sentence or two, as they may be copied into a mail or read out."""

from __future__ import annotations

from experiments.analysis import wording
from experiments.analysis.document import Results
from experiments.analysis.results import Absolute, Bayesian, MetricResult, Unavailable, VariantResult
from experiments.model.metric import RATE_KINDS


def headline(results: Results) -> str:
    """The verdict with its reasons, and what must stand beside any number: simulated units, the source."""
    verdict = results.verdict
    called = wording.OUTCOMES[verdict.outcome]
    if verdict.winner is not None:
        called = f"{called}: {verdict.winner}"
    return " ".join([f"{called}.", *verdict.reasons, *results.notes])


def lift_sentence(metric: MetricResult, variant: VariantResult, control: str) -> str:
    """One treatment's fixed-horizon reading to date; the posterior's chance is another question."""
    if not isinstance(variant.absolute, Absolute):
        reason = (
            variant.absolute.reason if isinstance(variant.absolute, Unavailable) else "It is the control."
        )
        return f"{variant.key} on {metric.key}: {reason}"
    is_rate = metric.kind in RATE_KINDS
    lift = wording.difference(variant.absolute.estimate, is_rate=is_rate)
    bounds = wording.interval(variant.absolute.interval, is_rate=is_rate)
    level = wording.level(variant.absolute.level)
    p_value = variant.absolute.p_value
    said = "" if isinstance(p_value, Unavailable) else f", {wording.with_p(p_value)} before any adjustment"
    return f"{variant.key} against {control} on {metric.key}: {lift} ({level} interval {bounds}{said})."


def chance_sentence(metric: MetricResult, variant: VariantResult) -> str:
    """The posterior's chance that a treatment is better, for reading and never for stopping."""
    if not isinstance(variant.bayesian, Bayesian):
        reason = (
            variant.bayesian.reason if isinstance(variant.bayesian, Unavailable) else "It is the control."
        )
        return f"{variant.key} on {metric.key}: {reason}"
    chance = wording.chance(variant.bayesian.chance_to_beat_control)
    return f"{variant.key} is better than the control on {metric.key} with a chance of {chance}."
