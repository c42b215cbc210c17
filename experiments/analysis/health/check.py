"""One question about the data with its answer: what it is called, how it stands, and why, in a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from experiments.analysis.results import Json, Unavailable, plain

State = Literal["ok", "warning", "stop", "not_evaluated"]


@dataclass(frozen=True, slots=True)
class Check:
    """A named check.

    Attributes:
        name: Stable; programs may rely on it.
        state: `stop` is what makes a verdict `invalid`; a warning never does.
        says: One sentence for whoever runs the experiment.
        p_value: The smallest, adjusted over all that the check tests; None where it tests nothing.
        details: The numbers behind it.
    """

    name: str
    state: State
    says: str
    p_value: float | None = None
    details: Mapping[str, Any] = field(default_factory=dict)

    def document(self) -> Json:
        """The check as JSON."""
        said: Json = {"name": self.name, "state": self.state, "says": self.says, "p_value": self.p_value}
        return said | ({"details": plain(self.details)} if self.details else {})


def unknown(name: str, reason: str | Unavailable, **details: Any) -> Check:
    """A check that could not be made, and why."""
    says = reason.reason if isinstance(reason, Unavailable) else reason
    return Check(name, "not_evaluated", says, details=details)
