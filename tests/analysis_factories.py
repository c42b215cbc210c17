"""Builders of what the analysis takes: cells from plain counts, and whole experiments of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from experiments.analysis.data import ExperimentData, day_of, start_of
from experiments.model.events import DAY
from experiments.model.experiment import Experiment
from experiments.model.metric import Metric
from experiments.model.participation import Exposed, binned_contributions, contributions, fold_plan
from experiments.model.state import Phase
from experiments.model.tally import Cell, Tally
from tests.factories import a_metric, an_experiment, variant_document

FIRST_DAY = datetime(2026, 3, 2, tzinfo=UTC)
"""A Monday: the first exposures of every experiment built here."""
MICRO = 1_000_000


def rate_cells(
    variant: str,
    participants: int,
    conversions: int,
    *,
    metric: str = "recharge",
    day: int = 0,
    phase: int = 1,
    segment: tuple[str, str] = ("", ""),
    crossed: bool = False,
) -> list[tuple[Cell, Tally]]:
    """The cells of one variant's participants of one day (counted from `FIRST_DAY`), with one rate."""
    when = day_of(FIRST_DAY) + day
    tally = Tally(n=participants, total=conversions, squares=conversions, conversions=conversions)
    return [
        (Cell(variant, phase, "", when, *segment, crossed), Tally(n=participants)),
        (Cell(variant, phase, metric, when, *segment, crossed), tally),
    ]


def metric_cell(
    variant: str, participants: int, conversions: int, *, metric: str, day: int = 0, phase: int = 1
) -> tuple[Cell, Tally]:
    """One more rate of participants that are counted already."""
    when = day_of(FIRST_DAY) + day
    tally = Tally(n=participants, total=conversions, squares=conversions, conversions=conversions)
    return Cell(variant, phase, metric, when, "", "", False), tally


def mean_cells(
    variant: str, values: Sequence[int], *, metric: str = "value", day: int = 0, phase: int = 1
) -> list[tuple[Cell, Tally]]:
    """The cells of participants with these values, in the value's own unit."""
    when = day_of(FIRST_DAY) + day
    scaled = [value * MICRO for value in values]
    tally = Tally(
        n=len(values),
        total=sum(scaled),
        squares=sum(one * one for one in scaled),
        conversions=sum(one != 0 for one in scaled),
    )
    return [
        (Cell(variant, phase, "", when, "", "", False), Tally(n=len(values))),
        (Cell(variant, phase, metric, when, "", "", False), tally),
    ]


def pair_cells(
    variant: str,
    pairs: Iterable[tuple[int, int]],
    *,
    metric: str = "value",
    day: int = 0,
    phase: int = 1,
    is_rate: bool = False,
) -> list[tuple[Cell, Tally]]:
    """The cells of participants with these outcomes and, beside each, its denominator or covariate."""
    when, scale = day_of(FIRST_DAY) + day, 1 if is_rate else MICRO
    tally = Tally()
    for y, x in pairs:
        tally += Tally.of(y * scale, x * scale, converted=y != 0)
    return [
        (Cell(variant, phase, "", when, "", "", False), Tally(n=tally.n)),
        (Cell(variant, phase, metric, when, "", "", False), tally),
    ]


def of_people(
    metrics: Sequence[Metric],
    people: Iterable[tuple[str, int, Mapping[str, Sequence[int]]]],
    *,
    segments: Sequence[str] = (),
    values: tuple[str, ...] = (),
    phase: int = 1,
) -> dict[str, Any]:
    """The cells and bins of single participants, made as the fold makes them: fields of `experiment_data`.

    Args:
        people: Of each the variant, the day (counted from `FIRST_DAY`) and what each metric measured of it:
            y, x and the number of events, in millionths or microseconds.
    """
    plan = fold_plan(1, metrics, segments)
    cells: dict[Cell, Tally] = {}
    bins: dict[tuple[Cell, int], Tally] = {}
    for variant, day, measured in people:
        at = (day_of(FIRST_DAY) + day) * DAY
        one = Exposed(at, "e", variant, phase, values, frozenset({(phase, variant)}))
        found = {metric: list(sums) for metric, sums in measured.items()}
        for cell, sums in contributions(plan, one, found):
            cells[cell] = cells.get(cell, Tally()) + Tally(*sums)
        for cell, edge, sums in binned_contributions(plan, one, found):
            bins[cell, edge] = bins.get((cell, edge), Tally()) + Tally(*sums)
    return {
        "cells": list(cells.items()),
        "bins": [(cell, edge, tally) for (cell, edge), tally in bins.items()],
        "metrics": tuple(metrics),
    }


def spread(
    variant: str, participants: int, conversions: int, *, days: int, metric: str = "recharge", first: int = 0
) -> list[tuple[Cell, Tally]]:
    """One variant's participants and conversions, spread as evenly as whole numbers can be over days."""
    cells: list[tuple[Cell, Tally]] = []
    for day in range(days):
        people, converted = (_part(total, day, days) for total in (participants, conversions))
        cells += rate_cells(variant, people, min(people, converted), day=first + day, metric=metric)
    return cells


def _part(total: int, place: int, parts: int) -> int:
    return total * (place + 1) // parts - total * place // parts


def a_phase(number: int = 1, *, shares: Mapping[str, str] | None = None, day: int = 0) -> Phase:
    """A phase of two equal variants, unless shares say otherwise."""
    return Phase.model_validate(
        {
            "number": number,
            "opened_at": FIRST_DAY + timedelta(days=day),
            "shares": dict(shares or {"control": "1/2", "progress": "1/2"}),
            "revision": number,
            "reason": "start" if number == 1 else "weights",
        }
    )


def experiment_data(
    cells: Iterable[tuple[Cell, Tally]],
    *,
    definition: Experiment | None = None,
    metrics: Sequence[Metric] | None = None,
    phases: Sequence[Phase] | None = None,
    days: float = 40,
    status: str = "running",
    **fields: Any,
) -> ExperimentData:
    """An experiment with these cells, looked at so many days after its first exposure."""
    experiment = definition or an_experiment()
    shares = {key: str(share) for key, share in experiment.shares.items()}
    as_of = FIRST_DAY + timedelta(days=days)
    return ExperimentData(
        **{
            "definition": experiment,
            "status": status,
            "revision": 1,
            "phases": tuple(phases) if phases else (a_phase(shares=shares),),
            "metrics": tuple(metrics) if metrics else (a_metric(),),
            "started_at": FIRST_DAY,
            "cells": list(cells),
            "as_of": as_of,
            "events_folded_to": as_of,
            **fields,
        }
    )


def an_experiment_of(*treatments: str, plan: Mapping[str, Any] | None = None, **fields: Any) -> Experiment:
    """An experiment of the control and these treatments, equally weighted."""
    names = ("control", *treatments)
    variants = [variant_document(name, weight=1) for name in names]
    return an_experiment(variants=variants, plan={"primary": "recharge", **(plan or {})}, **fields)


def day_start(day: int) -> datetime:
    """The moment at which a day (counted from `FIRST_DAY`) begins."""
    return start_of(day_of(FIRST_DAY) + day)
