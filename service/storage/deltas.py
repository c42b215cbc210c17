"""What a number of events changes in the derived counts, gathered in memory and written in one go."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from sqlalchemy import Connection

from experiments.model.events import DAY, EventRecord
from experiments.model.participation import (
    COUNTED,
    Exposed,
    FoldPlan,
    Measured,
    binned_contributions,
    contributions,
)
from experiments.model.tally import Cell
from service.storage.columns import Row
from service.storage.participants import is_fallback
from service.storage.statements import statements

_EXPOSURES, _UNCOUNTED, _FALLBACKS, _MOVED, _LAG_TOTAL, _LAG_MAX, _LAST = range(7)
_EVENTS, _MATCHED, _LAST_CONVERSION = range(3)


class Deltas:
    """Differences to the derived counts of one project; their size depends on cells, not on events."""

    def __init__(self, project_id: int) -> None:
        self.project_id = project_id
        self.tallies: defaultdict[tuple[int, Cell], list[int]] = defaultdict(lambda: [0] * 7)
        self.bins: defaultdict[tuple[int, Cell, int], list[int]] = defaultdict(lambda: [0] * 7)
        self.days: defaultdict[tuple[int, int], list[int]] = defaultdict(lambda: [0] * 7)
        self.names: defaultdict[str, list[int]] = defaultdict(lambda: [0] * 3)

    def exposure(self, record: EventRecord) -> None:
        """Counts an exposure among what its experiment received."""
        counts = self.days[record.experiment_id or 0, record.occurred_at // DAY]
        counts[_EXPOSURES if record.counted else _UNCOUNTED] += 1
        counts[_FALLBACKS] += is_fallback(record)
        lag = max(record.received_at - record.occurred_at, 0)  # a clock that runs ahead has no lag
        counts[_LAG_TOTAL] += lag
        counts[_LAG_MAX] = max(counts[_LAG_MAX], lag)
        counts[_LAST] = max(counts[_LAST], record.received_at)

    def conversion(self, record: EventRecord) -> None:
        """Counts a conversion among those of its name."""
        counts = self.names[record.name or ""]
        counts[_EVENTS] += 1
        counts[_LAST_CONVERSION] = max(counts[_LAST_CONVERSION], record.received_at)

    def matched(self, name: str, change: int) -> None:
        """Some more conversions (or fewer) are counted by a metric."""
        self.names[name][_MATCHED] += change

    def participant(self, plan: FoldPlan, exposed: Exposed, measured: Measured, sign: int) -> None:
        """Adds one participant's contribution (sign 1) or takes it away (sign -1)."""
        for cell, sums in contributions(plan, exposed, measured):
            totals = self.tallies[plan.experiment_id, cell]
            totals[0] += sign
            if sums is not COUNTED:  # which most are
                for place in range(1, 7):
                    totals[place] += sign * sums[place]
        if plan.has_bins:
            self._bins(plan, exposed, measured, sign)
        if exposed.moved:
            self.days[plan.experiment_id, exposed.first_at // DAY][_MOVED] += sign

    def _bins(self, plan: FoldPlan, exposed: Exposed, measured: Measured, sign: int) -> None:
        for cell, edge, sums in binned_contributions(plan, exposed, measured):
            totals = self.bins[plan.experiment_id, cell, edge]
            for place, summand in enumerate(sums):
                totals[place] += sign * summand

    def write(self, connection: Connection) -> None:
        """Adds all of it to the stored counts."""
        into = statements(connection)
        if tallies := list(self._tally_rows()):
            into.add_tallies(connection, tallies)
        if bins := [(one, *cell, edge, *sums) for (one, cell, edge), sums in self.bins.items() if any(sums)]:
            into.add_tally_bins(connection, bins)
        if self.days:
            into.add_exposure_days(connection, [(*key, *counts) for key, counts in self.days.items()])
        if self.names:
            rows = [(self.project_id, name, *counts) for name, counts in self.names.items()]
            into.add_conversion_counts(connection, rows)

    def _tally_rows(self) -> Iterator[Row]:
        for (experiment_id, cell), sums in self.tallies.items():
            if any(sums):
                yield (experiment_id, *cell, *sums)
