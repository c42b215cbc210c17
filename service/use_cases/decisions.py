"""A decision for one unit at one wall, made on the worker's ruleset by the same function as the SDK's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from experiments.errors import NotFound
from keepgoing.evaluation.decide import decide as evaluate
from keepgoing.evaluation.decision import Decision
from keepgoing.evaluation.ruleset import Ruleset


@dataclass(frozen=True, slots=True)
class Wall:
    """A wall that a unit has hit, and whether showing the answer is to be logged."""

    error_code: str
    unit_id: str
    context: Mapping[str, Any] = field(default_factory=dict)
    exposure: bool = True


def decide(ruleset: Ruleset, wall: Wall) -> Decision:
    """The decision at this wall.

    Raises:
        NotFound: The project has no such error code.
    """
    if wall.error_code not in ruleset.plans:
        raise NotFound(f"There is no error code {wall.error_code[:64]!r} in this project.")
    return evaluate(ruleset, wall.error_code, wall.unit_id, wall.context)
