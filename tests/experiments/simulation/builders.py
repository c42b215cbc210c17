"""Builders of simulations that take milliseconds a run: few days, a large effect, a one-day window."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from experiments.simulation.premises import Premises
from experiments.simulation.scenario import Scenario
from experiments.simulation.simulate import Simulation, simulation
from experiments.simulation.truth import Judged, Rates, Truth
from tests.analysis_factories import an_experiment_of
from tests.factories import a_metric

QUICK_PLAN = {"mde_relative": 0.4, "min_days": 2, "max_days": 8}
METRICS = {
    "recharge": a_metric(window_days=1),
    "support_contact": a_metric(
        key="support_contact", event="support_contact", window_days=1, direction="decrease"
    ),
    "value": a_metric(key="value", kind="mean", event="recharge", window_days=1),
    "share": a_metric(
        key="share", kind="ratio", numerator={"event": "refund"}, denominator={"event": "recharge"}
    ),
}


def a_simulation(
    rates: Mapping[str, float] | None = None,
    *,
    runs: int = 2,
    seed: int = 20261122,
    daily: int | None = None,
    looks: int | None = None,
    plan: Mapping[str, Any] | None = None,
    allocation: Mapping[str, Any] | None = None,
    **premises: Any,
) -> Simulation:
    """A simulation of these rates; variants that are not the control are its treatments."""
    known = rates or {"control": 0.1, "progress": 0.1}
    given = {} if "means" in premises else {"rates": known}
    treatments = [key for key in premises.get("means", known) if key != "control"]
    return simulation(
        an_experiment_of(*treatments, plan={**QUICK_PLAN, **(plan or {})}, allocation=allocation),
        METRICS,
        Premises(**{**given, **premises}),
        runs=runs,
        seed=seed,
        daily=daily,
        looks=looks,
    )


def a_scenario(rates: Mapping[str, float] | None = None, **fields: Any) -> Scenario:
    """The scenario of such a simulation."""
    return a_simulation(rates, **fields).scenario


def a_truth(
    gains: Mapping[str, float], *, margin: float = 0.02, guardrail: Mapping[str, float] | None = None
) -> Truth:
    """A control of 0.1, treatments with these gains; a guardrail (less is better) that they raise."""
    raised = guardrail or {}
    means = {"control": 0.1, **{key: 0.1 + gain for key, gain in gains.items()}}
    guards = {"control": 0.05, **{key: 0.05 + raised.get(key, 0.0) for key in gains}}
    return Truth(
        control="control",
        treatments=tuple(gains),
        primary=Judged("recharge", Rates(means), 1, margin),
        guardrails=(Judged("support_contact", Rates(guards), -1, 0.01),),
    )
