"""What of an experiment may change when, so that what was measured keeps its meaning."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from experiments.errors import Conflict, Fault
from experiments.model.complaints import Path
from experiments.model.definition import Definition
from experiments.model.error_code import ErrorCode
from experiments.model.exclusion import Slots
from experiments.model.experiment import Experiment
from experiments.model.faults import faults_at
from experiments.model.lifecycle import comparable, moved, open_phase, slots_for
from experiments.model.state import ExperimentState, Status

_NEW_EXPERIMENT = "stop this experiment and make a new one"
_FIXED = {
    "error_code": f"is fixed from the start; {_NEW_EXPERIMENT}",
    "unit": f"is fixed from the start; {_NEW_EXPERIMENT}",
    "assignment": f"is fixed from the start; {_NEW_EXPERIMENT}",
    "simulated": f"is fixed from the start; {_NEW_EXPERIMENT}",
    "salt": f"is fixed from the start: another salt would move units; {_NEW_EXPERIMENT}",
    "exclusion_group": f"is fixed from the start: other experiments rely on it; {_NEW_EXPERIMENT}",
    "allocation": f"is fixed from the start; {_NEW_EXPERIMENT}",
    "plan": f"was registered at the start and is frozen; {_NEW_EXPERIMENT}",
}


class Frozen(Conflict):
    """A change of what may not change any more; `faults` names each place and the remedy."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(f"{fault.pointer}: {fault.detail}" for fault in self.faults[:5]))


def change(
    state: ExperimentState,
    new: Experiment,
    now: datetime,
    *,
    taken: Mapping[str, Slots] | None = None,
) -> ExperimentState:
    """The experiment with its new definition, one revision on; the same state when nothing differs.

    A draft may change in everything but its key. While it runs or is paused, other weights or another
    targeting open a new phase; traffic, forced units and descriptions change within the phase; the rest is
    frozen. Once it has ended, only its description changes.

    Args:
        state: The experiment as it is.
        new: Its new definition, already checked against its error code and metrics.
        now: The moment of the change.
        taken: The slots of the other experiments in its exclusion group, by experiment.

    Raises:
        Frozen: Something changes that may not; names each place.
        Conflict: The exclusion group has no room for more traffic.
        InvalidInput: The new weights leave nothing to compare.
    """
    if new == state.definition:
        return state
    faults = faults_at("", _frozen(state, new))
    if faults:
        raise Frozen(faults)
    revised = moved(state, definition=new, revision=state.revision + 1)
    if state.status is Status.DRAFT:
        return moved(revised, salt=new.salt or state.salt)
    if state.status in (Status.RUNNING, Status.PAUSED):
        return _while_it_runs(state, revised, now, taken or {})
    return revised


def _while_it_runs(
    state: ExperimentState, revised: ExperimentState, now: datetime, taken: Mapping[str, Slots]
) -> ExperimentState:
    new = revised.definition
    comparable(new)
    slots = slots_for(state, new, taken) if new.traffic != state.definition.traffic else state.slots
    reason = _reason_for_phase(state.definition, new)
    if reason is None:
        return moved(revised, slots=slots)
    phase = open_phase(revised, new, now, reason=reason)
    if new.allocation is not None and state.phase is not None:  # what the traffic has come to goes on
        phase = phase.model_copy(update={"shares": state.phase.shares})
    return moved(revised, slots=slots, phases=(*state.phases, phase))


def _reason_for_phase(old: Experiment, new: Experiment) -> str | None:
    """Why units from now on may not be pooled with those before, None when they may."""
    differs = {"weights": old.shares != new.shares, "targeting": old.targeting != new.targeting}
    changed = [name for name, is_so in differs.items() if is_so]
    return " and ".join(changed) + " changed" if changed else None


def _frozen(state: ExperimentState, new: Experiment) -> Iterator[tuple[Path, str]]:
    old = state.definition
    if new.key != old.key:
        yield ("key",), f"is {old.key!r} for good; make a new experiment for another key"
    if state.status in (Status.STOPPED, Status.ARCHIVED):
        yield from _frozen_at_end(state.status, old, new)
    elif state.status is not Status.DRAFT:
        yield from (((field,), why) for field, why in _FIXED.items() if _differs(field, old, new))
        yield from _frozen_variants(old, new)


def _differs(field: str, old: Definition, new: Definition) -> bool:
    return bool(getattr(old, field) != getattr(new, field))


def _frozen_at_end(status: Status, old: Experiment, new: Experiment) -> Iterator[tuple[Path, str]]:
    for field in Experiment.model_fields:
        if field not in ("key", "description") and _differs(field, old, new):
            yield (field,), f"is fixed since the experiment is {status}; only its description may change"


def _frozen_variants(old: Experiment, new: Experiment) -> Iterator[tuple[Path, str]]:
    places = {variant.key: number for number, variant in enumerate(new.variants)}
    for variant in old.variants:
        if variant.key not in places:
            yield ("variants",), f"{variant.key!r} cannot be removed while it runs; give it the weight 0"
    for number, variant in enumerate(new.variants):
        before = old.variant(variant.key)
        if before is None:
            yield ("variants", number), f"{variant.key!r} cannot be added while it runs; {_NEW_EXPERIMENT}"
            continue
        if new.allocation is not None and _differs("weight", before, variant):
            yield ("variants", number, "weight"), "is set by the allocation, day by day; leave it as it is"
        for field in ("control", "message", "incentive"):
            if _differs(field, before, variant):
                detail = f"of {variant.key!r} is fixed from the start, or the variant would mean two things"
                yield ("variants", number, field), f"{detail}; {_NEW_EXPERIMENT}"


def error_code_faults_while_running(
    old: ErrorCode, new: ErrorCode, running: Sequence[str], pointer_prefix: str = ""
) -> list[Fault]:
    """What may not change of an error code while experiments run on it; the default message may.

    Args:
        old: The error code as it is.
        new: As it would be.
        running: The keys of its running and paused experiments.
        pointer_prefix: The JSON pointer of the error code in the document that it came in.
    """
    if not running:
        return []
    return faults_at(pointer_prefix, _frozen_of_error_code(old, new, ", ".join(running[:3])))


def _frozen_of_error_code(old: ErrorCode, new: ErrorCode, running: str) -> Iterator[tuple[Path, str]]:
    for field in ("status", "envelope", "body", "type", "title", "headers", "default_locale"):
        if _differs(field, old, new):
            yield (field,), f"is fixed while experiments run on this error code ({running}); stop them first"
    for name, declared in old.context.items():
        if new.context.get(name) != declared:
            yield ("context", name), f"is {declared} while experiments run on this error code ({running})"
