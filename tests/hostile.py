"""Strategies for tallies that break formulas: nobody, everybody, an outlier of 10¹², 10¹¹ participants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from hypothesis import strategies as st

from experiments.analysis.data import ExperimentData, day_of
from experiments.model.events import DAY, LARGEST_VALUE, MICRO
from experiments.model.metric import Metric
from experiments.model.participation import (
    Exposed,
    binned_contributions,
    contributions,
    fold_plan,
)
from experiments.model.tally import Cell, Tally
from tests.analysis_factories import FIRST_DAY, a_phase, experiment_data
from tests.factories import a_metric, an_experiment, variant_document

VARIANTS = ("control", "progress", "loss")
CAPPED = "capped"
METRICS: tuple[Metric, ...] = (
    a_metric(),
    a_metric(key="retained", kind="retention", event="login", from_day=1, to_day=7),
    a_metric(key="value", kind="mean", event="recharge", value="sum"),
    a_metric(key="capped", kind="mean", event="recharge", value="sum", cap_quantile=0.99),
    a_metric(key="share", kind="ratio", numerator={"event": "refund"}, denominator={"event": "recharge"}),
    a_metric(key="wait", kind="time", event="recharge", window_days=7),
    a_metric(key="median", kind="quantile", event="recharge", value="sum"),
    a_metric(key="median-paid", kind="quantile", event="recharge", value="sum", among="converted"),
)
"""One of every kind, of every way in which a kind is analysed."""
RATES = ("recharge", "retained")
COUNTS = (1, 2, 3, 12, 400, 50_000, 10**11)


class Crowd(NamedTuple):
    """So many participants who are all alike."""

    variant: str
    phase: int
    day: int
    segment: str
    crossed: bool
    count: int
    measured: Mapping[str, list[int]]


amounts = st.one_of(
    st.sampled_from([0, 1, MICRO, -MICRO, LARGEST_VALUE * MICRO, -LARGEST_VALUE * MICRO]),
    st.integers(-50, 50).map(lambda one: one * MICRO),
    st.integers(-(10**18), 10**18),
)
"""Values of a participant, in millionths: nothing, refunds, one of 10¹²."""
times = st.sampled_from([1, MICRO, 3600 * MICRO, DAY, 7 * DAY - 1])


@st.composite
def measures(draw: st.DrawFn) -> dict[str, list[int]]:
    """What the metrics measured of one participant: y, x and the number of events."""
    found: dict[str, list[int]] = {}
    for metric in METRICS:
        if not draw(st.booleans()):
            continue
        if metric.key in RATES:
            found[metric.key] = [draw(st.sampled_from([0, 1])), draw(st.sampled_from([0, 1])), 0]
            found[metric.key][2] = found[metric.key][0]
        elif metric.kind == "time":
            found[metric.key] = [draw(times), 0, 1]
        else:
            x = draw(amounts)
            found[metric.key] = [
                draw(amounts),
                abs(x) if metric.kind == "ratio" else x,
                draw(st.sampled_from([0, 1])),
            ]
    return found


crowds = st.builds(
    Crowd,
    variant=st.sampled_from(VARIANTS),
    phase=st.integers(1, 3),
    day=st.integers(0, 20),
    segment=st.sampled_from(["", "free", "pro"]),
    crossed=st.sampled_from([False] * 7 + [True]),
    count=st.sampled_from(COUNTS),
    measured=measures(),
)


def tallies(everybody: Sequence[Crowd]) -> dict[str, Any]:
    """The cells and bins of these participants, as the fold makes them: fields of `experiment_data`."""
    plan = fold_plan(1, METRICS, ("plan",))
    cells: dict[Cell, Tally] = {}
    bins: dict[tuple[Cell, int], Tally] = {}
    for crowd in everybody:
        for cell, sums in contributions(plan, _exposed(crowd), dict(crowd.measured)):
            cells[cell] = cells.get(cell, Tally()) + _times(crowd.count, sums)
        for cell, edge, sums in binned_contributions(plan, _exposed(crowd), dict(crowd.measured)):
            bins[cell, edge] = bins.get((cell, edge), Tally()) + _times(crowd.count, sums)
    return {
        "cells": list(cells.items()),
        "bins": [(cell, edge, tally) for (cell, edge), tally in bins.items()],
        "metrics": METRICS,
    }


def _times(count: int, sums: Sequence[int]) -> Tally:
    return Tally(*(count * one for one in sums))


def _exposed(crowd: Crowd) -> Exposed:
    at = (day_of(FIRST_DAY) + crowd.day) * DAY
    seen = {(crowd.phase, crowd.variant), *({(crowd.phase, "another")} if crowd.crossed else ())}
    return Exposed(at, "e", crowd.variant, crowd.phase, (crowd.segment,), frozenset(seen))


def hostile_data(
    everybody: Sequence[Crowd],
    *,
    primary: str,
    mode: str,
    phases: int = 3,
    allocation: Mapping[str, Any] | None = None,
    days: float = 40,
    **fields: Any,
) -> ExperimentData:
    """An experiment of three variants with every kind of metric; those that are not primary are guardrails or
    secondary."""
    kinds = {metric.key: metric.kind for metric in METRICS}
    others = [key for key in kinds if key != primary]
    guarded = [key for key in others if key in ("recharge", "value", "share", "capped")]
    plan = {
        "primary": primary,
        "mode": mode,
        "guardrails": [{"metric": key, "margin": 0.01 if key in RATES else 2} for key in guarded],
        "secondary": [key for key in others if key not in guarded],
        "min_participants": 1,
        "min_conversions": 1,
        "segments": ["plan"],
    }
    definition = (
        an_experiment(
            variants=[variant_document(key, weight=1) for key in VARIANTS], plan=plan, assignment="per-unit"
        )
        if False
        else an_experiment(variants=[variant_document(key, weight=1) for key in VARIANTS], plan=plan)
    )
    shares = dict.fromkeys(VARIANTS, "1/3")
    opened = [
        a_phase(number, shares=shares, day=0 if number == 1 else number) for number in range(1, phases + 1)
    ]
    return experiment_data(
        definition=definition, phases=opened, days=days, **{**tallies(everybody), **fields}
    )
