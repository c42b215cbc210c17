"""The verdict in one sentence: its outcome, and the effect on the primary metric where one may be read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from experiments.analysis import wording
from experiments.analysis.document import Results
from experiments.analysis.results import MetricResult
from experiments.stats.estimate import Interval
from service.reports.cells import lift_with_interval
from service.reports.outcomes import outcome_words

UNREADABLE = frozenset({"invalid", "collecting"})
"""Outcomes beside which an effect would be read as a finding, which it is not."""
MOST_EFFECTS = 2
"""With more effects than this the sentence is none; the reasons and the tables have them."""


def headline(results: Results) -> str:
    """The outcome and, from the numbers it was made on, the effects of the variants that it speaks of."""
    verdict = results.verdict
    effects = [] if verdict.outcome in UNREADABLE else _effects(verdict.inputs, set(verdict.variants))
    shown = effects if len(effects) <= MOST_EFFECTS else []
    return " ".join((f"{outcome_words(verdict.outcome, verdict.variants)}.", *shown))


def primary_of(results: Results) -> MetricResult | None:
    """The primary metric, if this version knows it."""
    return next((metric for metric in results.metrics if metric.role == "primary"), None)


def _effects(inputs: Mapping[str, Any], named: set[str]) -> list[str]:
    compared = [one for one in inputs["compared"] if one.get("lift")]
    chosen = [one for one in compared if one["variant"] in named] or compared
    return [_effect(inputs, one["variant"], one["lift"]) for one in chosen]


def _effect(inputs: Mapping[str, Any], variant: str, lift: Mapping[str, Any]) -> str:
    size = lift_with_interval(lift["estimate"], Interval(*lift["interval"]), rate=inputs["is_rate"])
    against = f"{variant} against {inputs['control']} on {inputs['primary']}"
    return f"{against}: {size}, {wording.level(lift['level'])} interval."
