"""One simulated experiment: drawn day by day, shown to the real verdict look by look until it decides."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, replace

import numpy as np

from experiments.analysis.analyze import verdict_of
from experiments.analysis.compare import attempt
from experiments.analysis.data import ExperimentData, day_of
from experiments.analysis.looks import schedule_of
from experiments.analysis.outcome import Outcome, Verdict
from experiments.analysis.pairs import pair_of
from experiments.analysis.reading import Ledger, is_comparable, matured_through
from experiments.analysis.results import Unavailable
from experiments.analysis.scope import planned_of_two
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
    cells = draw(scenario, random)
    days = [cell.day for cell, _ in cells]
    start, today = scenario.data(), day_of(FIRST_DAY)
    for look in scenario.looks:
        data = replace(at(start, look), cells=cells[: bisect_left(days, today + look)])
        found = verdict_of(data)
        if found.outcome in DECIDING:
            break
    return _ended(scenario, data, found, look)


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
    if metric is None or not is_comparable(metric):
        raise TypeError(f"{scenario.truth.primary.key} cannot be compared.")
    ledger = Ledger(data.cells)
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
