"""What many simulated experiments say together, each number with its Monte-Carlo error."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from experiments.analysis.outcome import Outcome
from experiments.analysis.results import Json
from experiments.simulation.claims import why_no_false_positive, why_no_power
from experiments.simulation.run import Run
from experiments.simulation.truth import Truth

NO_INTERVAL = "No run had such an interval at its end: too few participants' windows had ended."


@dataclass(frozen=True, slots=True)
class Figure:
    """A mean over runs with its Monte-Carlo standard error; `reason` says why there is none.

    Attributes:
        runs: How many runs it is the mean of.
    """

    estimate: float | None
    standard_error: float | None
    runs: int
    reason: str | None = None

    @classmethod
    def of(cls, values: Iterable[float], *, otherwise: str) -> Figure:
        """The mean of the values; `otherwise` is the reason where there are fewer than two."""
        found = list(values)
        count = len(found)
        if count < 2:
            return cls(None, None, count, otherwise)
        mean = math.fsum(found) / count
        variance = math.fsum((value - mean) ** 2 for value in found) / (count - 1)
        return cls(mean, math.sqrt(variance / count), count)

    @classmethod
    def none(cls, reason: str) -> Figure:
        """No number, and why."""
        return cls(None, None, 0, reason)

    def document(self) -> Json:
        """The figure as JSON."""
        shown: Json = {"estimate": self.estimate, "standard_error": self.standard_error, "runs": self.runs}
        return shown if self.reason is None else {**shown, "reason": self.reason}


@dataclass(frozen=True, slots=True)
class Summary:
    """All runs of one scenario together.

    Attributes:
        false_positive_rate: Runs that end with a difference claimed where there is none.
        power: Runs that end with the true difference found.
        coverage: Always-valid intervals that hold the true difference at the end of their run.
        coverage_fixed: The same of the fixed-horizon intervals, which do not promise it.
        expected_days: From the start to the verdict.
        wrong_decision_rate: Runs whose outcome claims anything that is not so.
        wrong_ship_rate: Runs that ship a variant that is not better, or that breaks a guardrail.
        outcomes: The share of each outcome that occurred.
    """

    runs: int
    false_positive_rate: Figure
    power: Figure
    coverage: Figure
    coverage_fixed: Figure
    expected_days: Figure
    expected_participants: Figure
    wrong_decision_rate: Figure
    wrong_ship_rate: Figure
    outcomes: Mapping[Outcome, Figure] = field(default_factory=dict)

    def document(self) -> Json:
        """The summary as JSON."""
        names = (
            "false_positive_rate",
            "power",
            "coverage",
            "expected_days",
            "coverage_fixed",
            "expected_participants",
            "wrong_decision_rate",
            "wrong_ship_rate",
        )
        shown: Json = {name: getattr(self, name).document() for name in names}
        return shown | {"outcomes": {name: figure.document() for name, figure in self.outcomes.items()}}


def summary(truth: Truth, runs: Sequence[Run]) -> Summary:
    """The runs of a scenario, which has this truth, in numbers.

    Raises:
        ValueError: There are fewer than two runs, so no error can be said.
    """
    if len(runs) < 2:
        raise ValueError(f"runs == {len(runs)}, must be >= 2.")
    return Summary(
        runs=len(runs),
        false_positive_rate=_where(why_no_false_positive(truth), (one.is_false_positive for one in runs)),
        power=_where(why_no_power(truth), (one.is_found for one in runs)),
        coverage=_coverage(one.covered_sequential for one in runs),
        coverage_fixed=_coverage(one.covered_fixed for one in runs),
        expected_days=_all(one.days for one in runs),
        expected_participants=_all(one.participants for one in runs),
        wrong_decision_rate=_all(one.is_wrong for one in runs),
        wrong_ship_rate=_all(one.is_wrong_ship for one in runs),
        outcomes=_outcomes(runs),
    )


def _all(values: Iterable[float]) -> Figure:
    return Figure.of(values, otherwise="There are fewer than two runs.")


def _where(reason: str | None, values: Iterable[float]) -> Figure:
    return _all(values) if reason is None else Figure.none(reason)


def _coverage(shares: Iterable[float | None]) -> Figure:
    return Figure.of((share for share in shares if share is not None), otherwise=NO_INTERVAL)


def _outcomes(runs: Sequence[Run]) -> dict[Outcome, Figure]:
    """The most frequent first, and by name where two are as frequent."""
    counts = Counter(one.outcome for one in runs)
    names = sorted(counts, key=lambda name: (-counts[name], name))
    return {name: _all(one.outcome == name for one in runs) for name in names}
