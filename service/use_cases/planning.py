"""Planning an experiment: the analysis's own plan, imported when somebody plans, for it brings SciPy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from experiments.analysis.planning import ExperimentPlan


def plan(*, guardrails: Sequence[Mapping[str, Any]] = (), **members: Any) -> ExperimentPlan:
    """The plan for a question, whose members are those of `experiments.analysis.planning.Question`.

    Raises:
        InvalidInput: The question is impossible.
        NotEnoughData: No number of participants is enough.
    """
    from experiments.analysis import planning

    if (weights := members.get("weights")) is not None:
        members["weights"] = tuple(weights)
    asked = planning.Question(**members, guardrails=tuple(planning.Guarded(**one) for one in guardrails))
    return planning.plan(asked)
