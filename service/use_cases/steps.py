"""From what a project holds and what it shall hold to the steps between: pure, and all faults at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

from pydantic import BaseModel

from experiments.errors import Fault, InvalidInput
from experiments.model.changes import Frozen, change, error_code_faults_while_running
from experiments.model.checks import experiment_faults
from experiments.model.difference import Difference, difference
from experiments.model.document import Catalogue, Definitions, document_faults
from experiments.model.experiment import Experiment
from experiments.model.state import ExperimentState, Status
from service.use_cases.present import Present

Kind = Literal["error_code", "metric", "experiment", "project"]
ENDED = (Status.STOPPED, Status.ARCHIVED)


class ProjectHoldout(BaseModel):
    """The one setting of a project that a document may hold."""

    holdout: Decimal | None


@dataclass(frozen=True, slots=True)
class Step:
    """One definition before and after; `state` is the experiment's own, None for other kinds."""

    kind: Kind
    key: str
    before: BaseModel | None
    after: BaseModel
    revision: int
    state: ExperimentState | None = None
    new_phase: bool = False

    @property
    def differences(self) -> tuple[Difference, ...]:
        """Every place that differs; none where nothing is to be done."""
        return tuple(difference(self.before, self.after))


def steps(
    present: Present, definitions: Definitions, now: datetime, new_salt: Callable[[], str]
) -> list[Step]:
    """What is to be done, in the order of the document.

    Raises:
        InvalidInput: The definitions do not fit together, or would break experiments of the project.
        Frozen: They would change the meaning of an experiment that has started.
        Conflict: An exclusion group has no room.
    """
    faults = [*document_faults(definitions, present.catalogue), *_breaking(present, definitions)]
    if faults:
        raise InvalidInput(faults)
    if frozen := list(_frozen_codes(present, definitions)):
        raise Frozen(frozen)
    return [
        *_of_holdout(present, definitions),
        *(_replaced(present, "error_code", one.code, one) for one in definitions.error_codes),
        *(_replaced(present, "metric", one.key, one) for one in definitions.metrics),
        *_of_experiments(present, definitions.experiments, now, new_salt),
    ]


def _breaking(present: Present, definitions: Definitions) -> Iterator[Fault]:
    """What would make experiments unfit that the document itself does not define."""
    catalogue = present.catalogue.with_those_of(definitions)
    given = {one.key for one in definitions.experiments}
    for key, state in present.experiments.items():
        if key in given or state.status in ENDED:
            continue
        for fault in _faults_of(state.definition, catalogue):
            where = _place_of_cause(state.definition, definitions)
            yield Fault(where, f"would break experiment {key} at {fault.pointer}: {fault.detail}")


def _faults_of(experiment: Experiment, catalogue: Catalogue) -> list[Fault]:
    return experiment_faults(experiment, catalogue.error_codes.get(experiment.error_code), catalogue.metrics)


def _place_of_cause(experiment: Experiment, definitions: Definitions) -> str:
    """The definition in the document that an experiment depends on."""
    for number, code in enumerate(definitions.error_codes):
        if code.code == experiment.error_code:
            return f"/error_codes/{number}"
    for number, metric in enumerate(definitions.metrics):
        if metric.key in experiment.plan.metric_keys:
            return f"/metrics/{number}"
    return ""


def _frozen_codes(present: Present, definitions: Definitions) -> Iterator[Fault]:
    for number, code in enumerate(definitions.error_codes):
        before = present.error_codes.get(code.code)
        if before is not None:
            live = present.live_on(code.code)
            yield from error_code_faults_while_running(before, code, live, f"/error_codes/{number}")


def _of_holdout(present: Present, definitions: Definitions) -> Iterator[Step]:
    if definitions.holdout is not None:
        before, after = ProjectHoldout(holdout=present.holdout), definitions.holdout or None
        yield Step("project", "holdout", before, ProjectHoldout(holdout=after), revision=0)


def _replaced(present: Present, kind: Kind, key: str, after: BaseModel) -> Step:
    before = (present.error_codes if kind == "error_code" else present.metrics).get(key)
    revision = present.revisions.get((kind, key), 0) + (0 if before == after else 1)
    return Step(kind, key, before, after, revision)


def _of_experiments(
    present: Present, experiments: Iterable[Experiment], now: datetime, new_salt: Callable[[], str]
) -> list[Step]:
    """The steps of all experiments, or the faults of all.

    Raises:
        Frozen: At least one may not change so.
    """
    found: list[Step] = []
    frozen: list[Fault] = []
    for number, experiment in enumerate(experiments):
        try:
            with pointing(f"/experiments/{number}"):
                found.append(_of_experiment(present, experiment, now, new_salt))
        except Frozen as refusal:
            frozen += refusal.faults
    if frozen:
        raise Frozen(frozen)
    return found


def _of_experiment(
    present: Present, experiment: Experiment, now: datetime, new_salt: Callable[[], str]
) -> Step:
    before = present.experiments.get(experiment.key)
    if before is None:
        state = ExperimentState(definition=experiment, salt=experiment.salt or new_salt())
        return Step("experiment", experiment.key, None, experiment, state.revision, state)
    state = change(before, experiment, now, taken=present.taken(experiment))
    return Step(
        "experiment",
        experiment.key,
        before.definition,
        experiment,
        state.revision,
        state,
        new_phase=len(state.phases) > len(before.phases),
    )


@contextmanager
def pointing(prefix: str, *, instead_of: str = "") -> Iterator[None]:
    """Lets the faults raised inside point from another root: `prefix` in place of `instead_of`."""
    try:
        yield
    except (InvalidInput, Frozen) as error:
        faults = [Fault(prefix + one.pointer.removeprefix(instead_of), one.detail) for one in error.faults]
        raise type(error)(faults) from None
