"""The types of a verdict: its outcome, the gates it went through, and what is still missing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from experiments.stats.estimate import Estimate

Outcome = Literal[
    "invalid",
    "collecting",
    "keep_running",
    "stop_harm",
    "winner_blocked",
    "winner",
    "tie",
    "no_difference",
    "control_wins",
    "inconclusive",
]
State = Literal["passed", "applies", "not_reached", "not_evaluated"]


@dataclass(frozen=True, slots=True)
class Gate:
    """One rule of the verdict and what it found.

    Attributes:
        state: `applies`: it named the outcome. `passed`: it was looked at and left the question to the next
            gate. `not_reached`: another had decided. `not_evaluated`: it could not be looked at, and why.
    """

    number: int
    name: str
    state: State
    detail: str


@dataclass(frozen=True, slots=True)
class Missing:
    """Something that a verdict still waits for.

    Attributes:
        what: In words: full days, participants of a variant, conversions ….
        have, need: How much there is, and how much it takes.
        expected_at: When it will be there at the present pace; None where that cannot be said.
    """

    what: str
    have: float
    need: float
    expected_at: datetime | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome with its reasons, and everything needed to make it again.

    Attributes:
        winner: The variant to ship, for the outcome `winner` alone.
        variants: The variants that the outcome speaks of: those that tie, harm, are blocked or win.
        inputs: The numbers that it was made on, as JSON.
        rules: The version of the rules.
        corrected_lifts: Of variants that win or tie, the absolute lift without the luck it took to win.
    """

    outcome: Outcome
    winner: str | None
    variants: tuple[str, ...]
    reasons: tuple[str, ...]
    gates: tuple[Gate, ...]
    missing: tuple[Missing, ...]
    inputs: Mapping[str, Any]
    rules: str
    corrected_lifts: Mapping[str, Estimate] = field(default_factory=dict)
