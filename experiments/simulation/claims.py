"""Whether the outcome of a simulated experiment is right, now that the truth is known."""

from __future__ import annotations

from collections.abc import Sequence

from experiments.analysis.outcome import Outcome
from experiments.simulation.truth import Truth

SHIPS = ("winner", "tie")


def is_wrong(truth: Truth, outcome: Outcome, named: Sequence[str]) -> bool:
    """Whether the outcome claims something that is not so.

    `winner` and `tie` claim that the variants they name are better and break no guardrail, `control_wins`
    that some treatment is worse and none better by the margin, `stop_harm` that those it names are worse than
    a margin, `no_difference` that no treatment is better by the margin. The other outcomes claim nothing of
    the variants.
    """
    if outcome in SHIPS:
        return not all(truth.is_worth_shipping(variant) for variant in named)
    if outcome == "control_wins":
        return _is_missed(truth) or not _is_any_worse(truth)
    if outcome == "stop_harm":
        return not all(truth.is_harmful(variant) for variant in named)
    return outcome == "no_difference" and _is_missed(truth)


def is_false_positive(truth: Truth, outcome: Outcome, named: Sequence[str]) -> bool:
    """Whether the outcome claims a difference of a treatment that has none on the primary metric.

    A treatment that is stopped for the harm it really does to a guardrail is no false positive.
    """
    if outcome in SHIPS:
        return any(truth.gain(variant) == 0 for variant in named)
    if outcome == "control_wins":
        return why_no_false_positive(truth) is None and not _is_any_worse(truth)
    return outcome == "stop_harm" and any(
        truth.gain(variant) == 0 and not truth.is_harmful(variant) for variant in named
    )


def is_found(truth: Truth, outcome: Outcome, named: Sequence[str]) -> bool:
    """Whether the outcome found the difference there is: what is better ships, what is worse does not.

    Where a treatment is worth shipping, only shipping such a one counts. Where all that differ are worse,
    `control_wins` and `stop_harm` do, if they are right.
    """
    if any(truth.gain(variant) > 0 for variant in truth.treatments):
        return outcome in SHIPS and not is_wrong(truth, outcome, named)
    return outcome in ("control_wins", "stop_harm") and not is_wrong(truth, outcome, named)


def why_no_false_positive(truth: Truth) -> str | None:
    """Why the rate of false positives does not apply; None where it does."""
    if any(truth.gain(variant) == 0 for variant in truth.treatments):
        return None
    return "Every treatment truly differs on the primary metric, so none can be a false positive."


def why_no_power(truth: Truth) -> str | None:
    """Why power does not apply; None where it does."""
    gains = [truth.gain(variant) for variant in truth.treatments]
    if not any(gains):
        return "No treatment truly differs on the primary metric, so there is nothing to find."
    is_better = any(gain > 0 for gain in gains)
    if is_better and not any(truth.is_worth_shipping(variant) for variant in truth.treatments):
        return "Every treatment that is truly better breaks a guardrail, so none should be shipped."
    return None


def _is_any_worse(truth: Truth) -> bool:
    return any(truth.gain(variant) < 0 for variant in truth.treatments)


def _is_missed(truth: Truth) -> bool:
    """Whether a treatment is better by as much as matters."""
    return any(truth.gain(variant) >= truth.primary.margin for variant in truth.treatments)
