"""What every definition has in common: it is frozen, knows its fields, and can say several faults at once."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import BaseModel, ConfigDict

Path = tuple[str | int, ...]


class Misfit(ValueError):
    """Parts of one definition that do not fit each other: each with its place inside the definition."""

    def __init__(self, faults: Iterable[tuple[Path, str]]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(detail for _, detail in self.faults))


def fit(faults: Iterable[tuple[Path, str]]) -> None:
    """Nothing when there is no fault.

    Raises:
        Misfit: With all of them, when there is one.
    """
    found = tuple(faults)
    if found:
        raise Misfit(found)


class Definition(BaseModel):
    """A part of a definition document: unknown fields are refused, and nothing changes after it was made."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=False, allow_inf_nan=False)
