"""The verdict: nine gates in order, as one pure function. The first gate that applies names the outcome.

docs/verdict.md says the same with an example for each gate. A change of what any gate decides changes
`RULES_VERSION`, which every verdict carries.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from experiments.analysis import gates
from experiments.analysis.corrected import corrected_lift
from experiments.analysis.evidence import Evidence
from experiments.analysis.finding import Finding
from experiments.analysis.outcome import Gate, Verdict
from experiments.analysis.results import plain
from experiments.analysis.significance import Crossing, crossings
from experiments.stats.estimate import Estimate

RULES_VERSION = "2026-11.3"

NAMES = (
    "Exposure health",
    "Sample ratio",
    "Minimum data",
    "Harm",
    "Primary metric",
    "Guardrails",
    "Best variant",
    "End of plan",
    "Keep running",
)
"""The gates' names; gate 1 is the first."""


@dataclass(frozen=True, slots=True)
class _Step:
    number: int
    look: Callable[[], Finding]


def verdict(evidence: Evidence) -> Verdict:
    """The outcome of an experiment, with what every gate found. The same evidence gives the same verdict."""
    crossed = crossings(evidence)
    findings: dict[int, Finding] = {}
    for step in _steps(evidence, crossed):
        findings[step.number] = step.look()
        if findings[step.number].outcome is not None:
            break
    return _written(evidence, dict(sorted(findings.items())))


def _steps(evidence: Evidence, crossed: Crossing) -> list[_Step]:
    """The gates in the order in which they are looked at: harm does not wait for the minimum data."""
    better = gates.allowed(evidence, crossed)
    steps = [
        _Step(1, lambda: gates.exposure_health(evidence)),
        _Step(2, lambda: gates.sample_ratio(evidence)),
        _Step(4, lambda: gates.harm(evidence)),
        _Step(3, lambda: gates.minimum_data(evidence)),
        _Step(5, lambda: gates.primary(evidence, crossed)),
    ]
    if crossed.better:
        steps += [
            _Step(6, lambda: gates.guardrails(evidence, crossed)),
            _Step(7, lambda: gates.best(evidence, better)),
        ]
    steps += [
        _Step(8, lambda: gates.end_of_plan(evidence, crossed)),
        _Step(9, lambda: gates.otherwise(evidence)),
    ]
    return steps


def _written(evidence: Evidence, findings: dict[int, Finding]) -> Verdict:
    deciding, finding = next((n, found) for n, found in findings.items() if found.outcome is not None)
    assert finding.outcome is not None  # noqa: S101 - the line above asked for it; mypy cannot see that
    return Verdict(
        outcome=finding.outcome,
        winner=finding.variants[0] if finding.outcome == "winner" else None,
        variants=finding.variants,
        reasons=finding.reasons,
        gates=tuple(_gate(number, findings, deciding) for number in range(1, len(NAMES) + 1)),
        missing=finding.missing,
        inputs=plain(evidence),
        rules=RULES_VERSION,
        corrected_lifts=_corrected(evidence, finding),
    )


def _corrected(evidence: Evidence, finding: Finding) -> dict[str, Estimate]:
    winners = finding.variants if finding.outcome in ("winner", "tie") else ()
    found = {variant: corrected_lift(evidence, variant) for variant in winners}
    return {variant: lift for variant, lift in found.items() if lift is not None}


def _gate(number: int, findings: dict[int, Finding], deciding: int) -> Gate:
    found = findings.get(number)
    if found is None:
        return Gate(number, NAMES[number - 1], "not_reached", _why_not_reached(number, deciding))
    return Gate(number, NAMES[number - 1], found.state, found.detail)


def _why_not_reached(number: int, deciding: int) -> str:
    if number < deciding and number in (6, 7):
        return "No variant is beyond the bound of gate 5, so this does not arise."
    if number < deciding:
        return f"Gate {deciding} does not wait for this one."
    return f"Gate {deciding} has decided."
