"""The life of an experiment: draft, running, paused, stopped, archived, and which step is allowed when."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from fractions import Fraction
from typing import Any

from experiments.errors import Conflict, InvalidInput
from experiments.model.complaints import Path
from experiments.model.exclusion import Slots, allocate
from experiments.model.experiment import Experiment
from experiments.model.faults import faults_at, unknown_name, validated
from experiments.model.metric import Metric
from experiments.model.state import Clearance, ExperimentState, Phase, Status


def start(
    state: ExperimentState, now: datetime, *, taken: Mapping[str, Slots] | None = None
) -> ExperimentState:
    """The experiment, running: for the first time with its first phase, or again after a pause.

    Args:
        state: A draft with the current metrics of its plan, or a paused experiment.
        now: The moment of the start.
        taken: The slots of the other experiments in its exclusion group, by experiment.

    Raises:
        Conflict: It runs already or has ended; or its group has no room.
        InvalidInput: It cannot be compared: see `comparable`.
    """
    if state.status is Status.PAUSED:
        return moved(state, status=Status.RUNNING)
    if state.status is not Status.DRAFT:
        raise _refusal(state, "start", "make a new experiment with a key of its own")
    comparable(state.definition)
    return moved(
        state,
        status=Status.RUNNING,
        started_at=now,
        metrics=_snapshot(state),
        slots=slots_for(state, state.definition, taken or {}),
        phases=(open_phase(state, state.definition, now, reason="start"),),
    )


def pause(state: ExperimentState) -> ExperimentState:
    """The experiment, paused: it takes no units until it is started again, and keeps its slots.

    Raises:
        Conflict: It does not run.
    """
    if state.status is not Status.RUNNING:
        raise _refusal(state, "pause", "only a running experiment can be paused")
    return moved(state, status=Status.PAUSED)


def stop(state: ExperimentState, now: datetime) -> ExperimentState:
    """The experiment, stopped for good: it takes no more units and gives its slots back.

    Raises:
        Conflict: It has not started, or has ended.
    """
    if state.status not in (Status.RUNNING, Status.PAUSED):
        raise _refusal(state, "stop", "only a running or paused experiment can be stopped")
    return moved(state, status=Status.STOPPED, stopped_at=now, slots=())


def archive(state: ExperimentState) -> ExperimentState:
    """The experiment, put away: a variant that was shipped is served no more.

    Raises:
        Conflict: It runs, is paused, or is archived already.
    """
    if state.status not in (Status.DRAFT, Status.STOPPED):
        remedy = "it is archived already" if state.status is Status.ARCHIVED else "stop it first"
        raise _refusal(state, "archive", remedy)
    return moved(state, status=Status.ARCHIVED, slots=())


def ship(state: ExperimentState, variant: str, now: datetime) -> ExperimentState:
    """The experiment, stopped, with this variant served to every targeted unit until it is archived.

    Raises:
        Conflict: It has not started or is archived, or its units are assigned elsewhere.
        InvalidInput: It has no such variant.
    """
    keys = [one.key for one in state.definition.variants]
    if variant not in keys:
        raise InvalidInput.at("/variant", unknown_name("variant", variant, keys))
    if state.definition.assignment == "external":
        raise _refusal(state, "ship", "another system assigns its units, so ship the variant there")
    if state.status in (Status.DRAFT, Status.ARCHIVED):
        raise _refusal(
            state, "ship", "only an experiment that has started and is not archived can be shipped"
        )
    stopped_at = state.stopped_at or now
    return moved(state, status=Status.STOPPED, stopped_at=stopped_at, shipped=variant)


def clear(
    state: ExperimentState, *, verdict: int, gate: int, now: datetime, by: str, reason: str
) -> ExperimentState:
    """The experiment with one alarm cleared.

    Args:
        state: An experiment whose alarm stands.
        verdict: The recorded verdict that is cleared.
        gate: The gate that made it `invalid`.
        now: The moment of the decision.
        by: Who decides.
        reason: Why.

    Raises:
        InvalidInput: The reason says nothing, or is too long.
    """
    made = validated(Clearance, {"verdict": verdict, "gate": gate, "at": now, "by": by, "reason": reason})
    return moved(state, clearances=(*state.clearances, made))


def comparable(experiment: Experiment) -> None:
    """Nothing, when units can reach the control and at least one treatment.

    Raises:
        InvalidInput: The control or all treatments have the weight 0.
    """
    faults: list[tuple[Path, str]] = []
    for number, variant in enumerate(experiment.variants):
        if variant.control and not variant.weight:
            faults.append((("variants", number, "weight"), "weight == 0, must be > 0 for the control"))
    if not any(variant.weight for variant in experiment.variants if not variant.control):
        faults.append((("variants",), "every treatment has the weight 0, give at least one a weight above 0"))
    if faults:
        raise InvalidInput(faults_at("", faults))


def open_phase(state: ExperimentState, definition: Experiment, now: datetime, *, reason: str) -> Phase:
    """The next phase, with the shares of this definition."""
    return Phase(
        number=len(state.phases) + 1,
        opened_at=now,
        shares={key: str(share) for key, share in definition.shares.items()},
        revision=state.revision,
        reason=reason,
    )


def reallocated(state: ExperimentState, shares: Mapping[str, Fraction], now: datetime) -> ExperimentState:
    """The experiment with a new phase of these shares, because the results have moved its traffic.

    Args:
        state: A running experiment with an allocation.
        shares: Of every variant, adding up to 1.
        now: The moment of the change.

    Raises:
        Conflict: It does not run, or its traffic does not follow the results.
    """
    if state.status is not Status.RUNNING or state.definition.allocation is None:
        raise _refusal(
            state, "move the traffic of", "only a running experiment with an allocation has it moved"
        )
    if sum(shares.values()) != 1 or shares.keys() != state.definition.shares.keys():
        raise ValueError(f"shares == {dict(shares)}, must be of every variant and add up to 1.")
    phase = open_phase(state, state.definition, now, reason=state.definition.allocation.mode)
    written = {key: str(share) for key, share in shares.items()}
    return moved(state, phases=(*state.phases, phase.model_copy(update={"shares": written})))


def slots_for(state: ExperimentState, definition: Experiment, taken: Mapping[str, Slots]) -> Slots:
    """The slots for the traffic of this definition, none outside an exclusion group.

    Raises:
        Conflict: The group has no room.
    """
    if definition.exclusion_group is None:
        return ()
    return allocate(Fraction(definition.traffic), held=state.slots, taken=taken)


def moved(state: ExperimentState, **fields: Any) -> ExperimentState:
    """The state with these fields in place of its own."""
    return state.model_copy(update=fields)


def _snapshot(state: ExperimentState) -> tuple[Metric, ...]:
    """The metrics of the plan as they are now.

    Raises:
        InvalidInput: The plan names one that there is not.
    """
    current = {metric.key: metric for metric in state.metrics}
    keys = state.definition.plan.metric_keys
    missing = [key for key in keys if key not in current]
    if missing:
        raise InvalidInput.at("/plan", "; ".join(unknown_name("metric", key, current) for key in missing))
    return tuple(current[key] for key in keys)


def _refusal(state: ExperimentState, step: str, remedy: str) -> Conflict:
    return Conflict(f"cannot {step} {state.definition.key!r}: it is {state.status}; {remedy}")
