"""Units that saw two variants, and variants that nobody saw."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from experiments.analysis.alarms import EXPOSURE_HEALTH
from experiments.analysis.data import ExperimentData
from experiments.analysis.health.split import shares_of
from experiments.analysis.reading import Ledger
from experiments.analysis.results import MetricReading
from experiments.analysis.thresholds import MOST_DOUBLY_EXPOSED, UNITS_BEFORE_EMPTY

EXPECTED_BEFORE_EMPTY = 10
"""A variant is called empty only where its share of the units would have been at least this many."""


@dataclass(frozen=True, slots=True)
class DoublyExposed:
    """Units that saw two variants of one phase; they are left out of every other number.

    Attributes:
        with_them: The primary metric to date with them in, each under the variant it saw first.
    """

    units: int
    share: float
    ok: bool
    with_them: MetricReading | None = None


@dataclass(frozen=True, slots=True)
class Exposed:
    """The units that gate 1 looks at: all, or after a clearing those first exposed on a later day.

    Attributes:
        units: All of them, the doubly exposed ones too.
        crossed: Those that saw two variants of one phase.
        empty: Variants that have a share and no unit, in a phase of more than 200 units.
    """

    units: int
    crossed: int
    empty: tuple[str, ...]

    @property
    def share(self) -> float:
        """The share of the units that saw two variants."""
        return self.crossed / self.units if self.units else 0.0


def exposed(data: ExperimentData, ledger: Ledger) -> Exposed:
    """The units that gate 1 looks at."""
    after = data.cleared_through(EXPOSURE_HEALTH)
    seen = ledger.participants(after=after)
    crossed = ledger.participants(after=after, crossed=True)
    for place, count in crossed.items():
        seen[place] = seen.get(place, 0) + count
    return Exposed(sum(seen.values()), sum(crossed.values()), _empty(data, seen))


def doubly_exposed(
    data: ExperimentData, ledger: Ledger, with_them: MetricReading | None = None
) -> DoublyExposed:
    """How many units saw two variants of one phase, and what the primary metric says with them in.

    All of them: also those from before a clearing, which are left out of the other numbers as well.
    """
    units = sum(ledger.participants(crossed=True).values())
    everybody = units + sum(ledger.participants().values())
    share = units / everybody if everybody else 0.0
    ok = exposed(data, ledger).share <= MOST_DOUBLY_EXPOSED
    return DoublyExposed(units, share, ok, with_them if units else None)


def _empty(data: ExperimentData, seen: Mapping[tuple[int, str], int]) -> tuple[str, ...]:
    empty: set[str] = set()
    for phase in {number for number, _ in seen}:
        units = sum(count for (number, _), count in seen.items() if number == phase)
        if units > UNITS_BEFORE_EMPTY:
            shares = shares_of(data, phase)
            empty |= {
                key
                for key, share in shares.items()
                if share * units >= EXPECTED_BEFORE_EMPTY and not seen.get((phase, key))
            }
    return tuple(variant.key for variant in data.definition.variants if variant.key in empty)
