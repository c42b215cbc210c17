"""One simulated experiment: drawn day by day, shown to the real verdict look by look until it decides."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction

import numpy as np

from experiments.analysis.allocation import next_shares
from experiments.analysis.analyze import verdict_of
from experiments.analysis.caps import ledger_of
from experiments.analysis.compare import attempt
from experiments.analysis.data import ExperimentData, day_of
from experiments.analysis.looks import schedule_of
from experiments.analysis.outcome import Outcome, Verdict
from experiments.analysis.pairs import pair_of
from experiments.analysis.reading import matured_through
from experiments.analysis.results import Unavailable
from experiments.analysis.scope import planned_of_two
from experiments.model.state import Phase
from experiments.model.tally import Cell, Tally
from experiments.simulation.claims import SHIPS, is_false_positive, is_found, is_wrong
from experiments.simulation.scenario import FIRST_DAY, Scenario, at
from experiments.stats.estimate import Estimate
from experiments.stats.sequential import SequentialAnswer

DECIDING: tuple[Outcome, ...] = (
    "winner",
    "tie",
    "control_wins",
    "no_difference",
    "stop_harm",
    "inconclusive",
    "invalid",
)
"""The outcomes that end a run; the others wait, `winner_blocked` for its guardrail."""

Cells = list[tuple[Cell, Tally]]


@dataclass(frozen=True, slots=True)
class Run:
    """What became of one simulated experiment.

    Attributes:
        days: From the start to the verdict.
        participants: Who had come until then.
        covered_sequential, covered_fixed: The share of the treatments whose interval of that kind holds the
            true difference at the end; None where no treatment has such an interval yet.
    """

    outcome: Outcome
    days: int
    participants: int
    is_false_positive: bool
    is_wrong: bool
    is_wrong_ship: bool
    is_found: bool
    covered_sequential: float | None
    covered_fixed: float | None


def run(scenario: Scenario, random: np.random.Generator) -> Run:
    """One experiment of the scenario, looked at until it ends."""
    if scenario.definition.allocation is not None:
        return _run_adaptive(scenario, random)
    cells = draw(scenario, random)
    days = [cell.day for cell, _ in cells]
    start, today = scenario.data(), day_of(FIRST_DAY)
    for look in scenario.looks:
        data = replace(at(start, look), cells=cells[: bisect_left(days, today + look)])
        found = verdict_of(data)
        if found.outcome in DECIDING:
            break
    return _ended(scenario, data, found, look)


def _run_adaptive(scenario: Scenario, random: np.random.Generator) -> Run:
    """The same where the traffic of each day depends on what was seen before it."""
    for day, data in enumerate(adaptive_days(scenario, random)):
        if day in scenario.looks:
            found, look = verdict_of(data), day
            if found.outcome in DECIDING:
                break
    return _ended(scenario, data, found, look)


def adaptive_days(scenario: Scenario, random: np.random.Generator) -> Iterator[ExperimentData]:
    """The experiment at the beginning of each of its days, its traffic moved as the service moves it."""
    start = scenario.data()
    cells: Cells = []
    phases = start.phases
    for day in range(scenario.days + 1):
        data = replace(at(start, day), cells=tuple(cells), phases=phases)
        yield data
        shares = next_shares(data)
        if not isinstance(shares, Unavailable):
            written = {key: str(share) for key, share in shares.items()}
            phases = (*phases, _phase(len(phases) + 1, data.as_of, written))
        cells += _day(scenario, phases[-1], day, random)


def _phase(number: int, opened_at: datetime, shares: Mapping[str, str]) -> Phase:
    return Phase(number=number, opened_at=opened_at, shares=dict(shares), revision=1, reason="thompson")


def _day(scenario: Scenario, phase: Phase, day: int, random: np.random.Generator) -> Cells:
    """The cells of one day, split by the phase's shares."""
    shares = {key: float(Fraction(share)) for key, share in phase.shares.items() if Fraction(share) > 0}
    people = random.multinomial(scenario.daily, list(shares.values()))
    truth, when = scenario.truth, day_of(FIRST_DAY) + day
    cells: Cells = []
    for key, count in zip(shares, people.tolist(), strict=True):
        if count:
            cells.append((Cell(key, phase.number, "", when, "", "", False), Tally(n=count)))
            for judged in (truth.primary, *truth.guardrails):
                tally = judged.truth.draw(key, np.array([count]), random)[0]
                cells.append((Cell(key, phase.number, judged.key, when, "", "", False), tally))
    return cells


def draw(scenario: Scenario, random: np.random.Generator) -> Cells:
    """The cells of all days, in the order of the days; each metric is drawn independently of the others."""
    shares = scenario.definition.shares
    keys = [key for key, share in shares.items() if share > 0]
    weights = [float(shares[key]) for key in keys]
    people = random.multinomial(scenario.daily, weights, size=scenario.days)
    truth, first = scenario.truth, day_of(FIRST_DAY)
    cells: Cells = []
    for place, key in enumerate(keys):
        here = people[:, place]
        cells += _cells(key, "", first, [Tally(n=count) for count in here.tolist()])
        for judged in (truth.primary, *truth.guardrails):
            cells += _cells(key, judged.key, first, judged.truth.draw(key, here, random))
    return sorted((cell for cell in cells if cell[1].n), key=lambda cell: cell[0].day)


def _cells(variant: str, metric: str, first: int, tallies: list[Tally]) -> Cells:
    return [
        (Cell(variant, 1, metric, first + day, "", "", False), tally) for day, tally in enumerate(tallies)
    ]


def _ended(scenario: Scenario, data: ExperimentData, found: Verdict, day: int) -> Run:
    truth, outcome, named = scenario.truth, found.outcome, found.variants
    wrong = is_wrong(truth, outcome, named)
    sequential, fixed = covered(scenario, data)
    return Run(
        outcome=outcome,
        days=day,
        participants=day * scenario.daily,
        is_false_positive=is_false_positive(truth, outcome, named),
        is_wrong=wrong,
        is_wrong_ship=wrong and outcome in SHIPS,
        is_found=is_found(truth, outcome, named),
        covered_sequential=sequential,
        covered_fixed=fixed,
    )


def covered(scenario: Scenario, data: ExperimentData) -> tuple[float | None, float | None]:
    """The shares of treatments whose always-valid and fixed interval hold the truth.

    The intervals are those of the results document's `matured` reading of the primary metric.
    """
    metric = data.metric(scenario.truth.primary.key)
    if metric is None:
        raise TypeError(f"{scenario.truth.primary.key} cannot be compared.")
    ledger = ledger_of(data)
    planned = planned_of_two(schedule_of(data, ledger).planned)
    strata = ledger.strata(metric, through=matured_through(data, metric))
    sequential: list[bool] = []
    fixed: list[bool] = []
    for treatment in scenario.truth.treatments:
        pair = attempt(pair_of, strata, scenario.truth.control, treatment)
        if isinstance(pair, Unavailable):
            continue
        difference = scenario.truth.difference(treatment)
        sequential += _holds(attempt(pair.sequence, scenario.level, planned), difference)
        fixed += _holds(attempt(pair.absolute, scenario.level), difference)
    return _share(sequential), _share(fixed)


def _holds(found: Estimate | SequentialAnswer | Unavailable, difference: float) -> list[bool]:
    return [] if isinstance(found, Unavailable) else [found.interval.contains(difference)]


def _share(held: list[bool]) -> float | None:
    return sum(held) / len(held) if held else None
