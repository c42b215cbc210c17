"""Applies definitions to a project: all of a document or nothing, and nothing where nothing differs."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from experiments.model.difference import Difference
from experiments.model.document import Definitions
from experiments.model.state import ExperimentState
from service.storage import catalogue, experiments
from service.storage.tables import ErrorCodeRow, MetricRow
from service.use_cases.present import Present, as_text, present
from service.use_cases.scope import Scope, Writing
from service.use_cases.steps import Kind, ProjectHoldout, Step, pointing, steps

Action = Literal["created", "changed", "unchanged"]
Propose = Callable[[Present], Definitions]


@dataclass(frozen=True, slots=True)
class Change:
    """What applying did, or would do, to one definition.

    Attributes:
        revision: The definition's revision afterwards.
        new_phase: Whether units from now on are kept apart from those before.
    """

    kind: Kind
    key: str
    action: Action
    revision: int
    differences: tuple[Difference, ...] = ()
    new_phase: bool = False


def apply(scope: Scope, definitions: Definitions, *, dry_run: bool = False) -> list[Change]:
    """What changed, definition by definition; a document that was applied before changes nothing.

    Args:
        scope: The project.
        definitions: What it shall hold; what the document leaves out stays as it is.
        dry_run: Change nothing, and say what would change.

    Raises:
        InvalidInput: The definitions do not fit together, or would break an experiment; each place is named.
        Frozen: An experiment that has started would change its meaning; each place is named.
        Conflict: An exclusion group has no room.
    """
    if not dry_run:
        return write(scope, lambda _: definitions)
    with scope.reading() as session:
        found = present(session, scope.project.id)
    return [_change(step) for step in steps(found, definitions, scope.now, new_salt)]


def write(scope: Scope, propose: Propose) -> list[Change]:
    """What changed after a proposal was applied, made on what the project holds, in one transaction."""
    with scope.writing() as writing:
        found = present(writing.session, scope.project.id)
        planned = steps(found, propose(found), scope.now, new_salt)
        changed = [step for step in planned if step.differences]
        for step in changed:
            _save(writing, step)
        if changed:
            writing.publish()
    return [_change(step) for step in planned]


def write_one(scope: Scope, section: str, propose: Propose) -> Change:
    """The same for a proposal of one definition; faults point into that definition, not into a document."""
    with pointing("", instead_of=f"/{section}/0"):
        return write(scope, propose)[0]


def new_salt() -> str:
    """A salt that no other experiment has."""
    return secrets.token_hex(16)


def save_state(writing: Writing, state: ExperimentState) -> None:
    """Keeps an experiment's new state."""
    experiments.save(
        writing.session,
        writing.scope.project.id,
        state.definition.key,
        error_code=state.definition.error_code,
        status=state.status,
        revision=state.revision,
        document=as_text(state),
        now=writing.scope.now,
    )


def _save(writing: Writing, step: Step) -> None:
    """Keeps what a step changes, as a revision for ever, and who did it."""
    document = as_text(step.after)
    if step.state is not None:
        save_state(writing, step.state)
    elif isinstance(step.after, ProjectHoldout):
        writing.project.holdout = None if step.after.holdout is None else str(step.after.holdout)
    else:
        table: type[ErrorCodeRow | MetricRow] = ErrorCodeRow if step.kind == "error_code" else MetricRow
        catalogue.save(
            writing.session,
            table,
            writing.scope.project.id,
            step.key,
            document=document,
            now=writing.scope.now,
        )
    revision = step.revision or writing.project.revision + 1
    writing.keep_revision(step.kind, step.key, revision, document)
    places = [one.pointer for one in step.differences][:100]
    action = f"{step.kind}.{'create' if step.before is None else 'change'}"
    writing.note(action, step.key, {"revision": revision, "places": places})


def _change(step: Step) -> Change:
    found = step.differences
    action: Action = "created" if step.before is None else "changed" if found else "unchanged"
    return Change(step.kind, step.key, action, step.revision, found, step.new_phase)
