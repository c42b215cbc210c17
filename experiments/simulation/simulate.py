"""The simulator: many experiments of one plan under one truth, and how often their verdicts are right."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from experiments.analysis.results import Json
from experiments.model.experiment import Experiment
from experiments.model.metric import Metric
from experiments.simulation.premises import Origin, Premised, Premises, premised
from experiments.simulation.scenario import Scenario, scenario
from experiments.simulation.summary import Summary, summary
from experiments.simulation.truth import Judged, Values
from experiments.simulation.workers import Advance, run_all


@dataclass(frozen=True)
class Simulation:
    """What is to be simulated: a scenario, where its numbers came from, and which runs of it."""

    scenario: Scenario
    origins: Mapping[str, Origin]
    runs: int
    seed: int

    def run(self, *, processes: int, advance: Advance) -> Simulated:
        """The runs done and summed up."""
        done = run_all(self.scenario, runs=self.runs, seed=self.seed, processes=processes, advance=advance)
        return Simulated(self, summary(self.scenario.truth, done))


@dataclass(frozen=True)
class Simulated:
    """A simulation with its summary."""

    simulation: Simulation
    summary: Summary

    def document(self) -> Json:
        """All of it as JSON: the same simulation gives the same bytes."""
        asked, scenario = self.simulation, self.simulation.scenario
        plan = scenario.definition.plan
        return {
            "experiment": scenario.definition.key,
            **self.summary.document(),
            "runs": asked.runs,
            "seed": asked.seed,
            "daily": scenario.daily,
            "looks": len(scenario.looks),
            "longest_days": scenario.days,
            "plan": {"mode": plan.mode, "level": plan.level, "power": plan.power},
            "truth": {
                one.key: _truth(one, asked.origins[one.key])
                for one in (scenario.truth.primary, *scenario.truth.guardrails)
            },
        }


def simulation(
    definition: Experiment,
    metrics: Mapping[str, Metric],
    premises: Premises,
    *,
    runs: int,
    seed: int,
    daily: int | None = None,
    looks: int | None = None,
) -> Simulation:
    """The simulation of an experiment's plan under what is assumed to be true.

    Args:
        metrics: The definitions' metrics by key.
        runs: How many experiments, at least 2.
        daily: Participants a day; None derives them from the plan.
        looks: How many looks, evenly spaced; None looks every day.

    Raises:
        InvalidInput: As `premised` and `scenario` do.
    """
    known: Premised = premised(definition, metrics, premises)
    found = scenario(definition, known.metrics, known.truth, daily=daily, looks=looks)
    return Simulation(found, known.origins, runs, seed)


def _truth(judged: Judged, origin: Origin) -> Json:
    shown: Json = {"variants": dict(judged.truth.means), "control_from": origin, "margin": judged.margin}
    if isinstance(judged.truth, Values):
        truth = judged.truth
        shown |= {"deviation": truth.deviation, "shape": truth.shape, "valued": truth.valued}
    return shown
