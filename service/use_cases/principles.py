"""Which persuasion principle works: what all experiments of a project say of each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from experiments.errors import NotFound
from experiments.model.experiment import Principle
from experiments.model.state import ExperimentState, Status
from service.storage import experiments
from service.use_cases.experiments import stored
from service.use_cases.results import experiment_data
from service.use_cases.scope import Scope

if TYPE_CHECKING:  # see results.py
    from experiments.analysis.principles import Contribution, LeftOut, Pooling, Told


@dataclass(frozen=True, slots=True)
class Showing:
    """How one variant that uses a principle did in one experiment, on its primary metric."""

    experiment: str
    variant: str
    principles: tuple[Principle, ...]
    metric: str
    result: dict[str, Any]


@dataclass(frozen=True, slots=True)
class PrincipleFound:
    """One principle with every variant that uses it, and what they say together."""

    principle: Principle
    showings: tuple[Showing, ...]
    pooling: Pooling


def principles(scope: Scope) -> list[PrincipleFound]:
    """Each principle that a treatment uses, of experiments that have started; by name."""
    from experiments.analysis.principles import pooled_over

    with scope.reading() as session:
        states = [stored(row).state for row in experiments.every(session, scope.project.id)]
    showings: defaultdict[Principle, list[Showing]] = defaultdict(list)
    told: defaultdict[Principle, list[Contribution | LeftOut]] = defaultdict(list)
    for state in states:
        if state.status is Status.DRAFT or not _carried(state):
            continue
        shown, said = _experiment(scope, state)
        for showing in shown:
            for principle in showing.principles:
                showings[principle].append(showing)
        for principle, one in said.items():
            told[principle].append(one)
    return [PrincipleFound(name, tuple(showings[name]), pooled_over(told[name])) for name in sorted(showings)]


def poolings(found: Sequence[PrincipleFound]) -> dict[str, Pooling]:
    """What all experiments say of each principle, as a report takes it."""
    return {one.principle: one.pooling for one in found}


def _carried(state: ExperimentState) -> dict[str, tuple[Principle, ...]]:
    """The principles of each treatment that has any."""
    return {
        one.key: one.principles for one in state.definition.variants if one.principles and not one.control
    }


def _experiment(scope: Scope, state: ExperimentState) -> tuple[list[Showing], Told]:
    """What one experiment shows of its treatments, and says of their principles."""
    from experiments.analysis.analyze import primary_of
    from experiments.analysis.caps import ledgers_of
    from experiments.analysis.principles import told_by

    definition, carried = state.definition, _carried(state)
    data = experiment_data(scope, definition.key)
    ledgers = ledgers_of(data)
    primary = primary_of(data, ledgers)
    if primary is None:
        raise NotFound(f"The primary metric of {definition.key!r} is not defined.")
    by_variant = {one["key"]: one for one in primary.document()["variants"]}
    shown = [
        Showing(definition.key, key, names, definition.plan.primary, by_variant.get(key, {}))
        for key, names in carried.items()
    ]
    return shown, told_by(data, ledgers.capped, carried)
