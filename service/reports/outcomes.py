"""Outcomes as people read them, without the analysis that made them."""

from __future__ import annotations

from experiments.analysis import wording
from service.reports.blocks import Tone

TONES: dict[str, Tone] = {
    "winner": "good",
    "tie": "good",
    "invalid": "bad",
    "stop_harm": "bad",
    "winner_blocked": "warning",
}


def tone_of(outcome: str | None) -> Tone:
    """How an outcome is to be taken; most are neither good nor bad."""
    return TONES.get(outcome or "", "plain")


def outcome_words(outcome: str, variants: tuple[str, ...] = ()) -> str:
    """The outcome's name with the variants that it speaks of."""
    name = wording.OUTCOMES.get(outcome, outcome)
    return f"{name}: {wording.listed(variants)}" if variants and variants != ("control",) else name
