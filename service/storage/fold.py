"""The fold: newly stored events change participants, tallies and counts, in the transaction that is given."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from sqlalchemy import Connection

from experiments.model.events import EventRecord
from experiments.model.participation import (
    Conversion,
    Exposed,
    FoldPlan,
    Measured,
    counts,
    measure_all,
    merge,
    observe,
)
from service.storage import participants, plans
from service.storage.columns import Position, Row
from service.storage.deltas import Deltas
from service.storage.participants import ByExperiment, Participant, StoredRows
from service.storage.statements import statements

Plans = Mapping[int, FoldPlan]
AllExposed = dict[int, Exposed]  # a unit's, by experiment
ById = dict[str, Conversion]


class UnitNews:
    """The new events of one unit: exposures that may change something, and conversions by event id."""

    __slots__ = ("conversions", "exposures")

    def __init__(self) -> None:
        self.exposures: list[EventRecord] = []
        self.conversions: ById = {}


def fold(
    connection: Connection, project_id: int, records: Sequence[EventRecord], *, upto: Position | None = None
) -> None:
    """Brings the derived rows to where they are with these events, each of which is folded once in its life.

    Args:
        connection: In the transaction that stores the events, or that moves the watermark over them.
        project_id: Whose events they are.
        records: Events that are in the log and not yet folded.
        upto: The last of them on PostgreSQL: what the log holds beyond is folded later.
    """
    deltas = Deltas(project_id)
    stored = participants.read(connection, project_id, {record.unit_id for record in records})
    news = _by_unit(records, stored, deltas)
    before = {unit: participants.decoded(stored[unit]) for unit in news if unit in stored}
    known = plans.load(connection, _experiments(records, before.values()))
    exposed = {unit: expose(before.get(unit, {}), new.exposures, known) for unit, new in news.items()}
    restarted = [unit for unit in news if _restarted(before.get(unit, {}), exposed[unit])]
    histories = _histories(connection, project_id, restarted, upto)
    rows: list[Row] = []
    for unit, new in news.items():
        old = before.get(unit, {})
        if unit in histories:
            now = _measured_again(old, exposed[unit], histories[unit], new.conversions, known, deltas)
        else:
            now = _measured_further(old, exposed[unit], new.conversions.values(), known, deltas)
        rows.extend(_replaced(deltas, known, unit, old, now))
    if rows:
        statements(connection).put_participants(connection, rows)
    deltas.write(connection)


def _by_unit(records: Iterable[EventRecord], stored: StoredRows, deltas: Deltas) -> dict[str, UnitNews]:
    """The events of each unit that may change it; what depends on no other event is counted at once."""
    news: defaultdict[str, UnitNews] = defaultdict(UnitNews)
    for record in records:
        if record.type == "conversion":
            deltas.conversion(record)
            news[record.unit_id].conversions[record.event_id] = conversion_of(record)
            continue
        deltas.exposure(record)
        if record.counted and not participants.knows(stored, record):
            news[record.unit_id].exposures.append(record)
    return news


def conversion_of(record: EventRecord) -> Conversion:
    """A stored conversion as metrics look at it."""
    return Conversion(record.name or "", record.occurred_at, record.value, record.currency)


def _experiments(records: Iterable[EventRecord], before: Iterable[ByExperiment]) -> set[int]:
    named = {record.experiment_id for record in records if record.experiment_id is not None}
    return named.union(*before)


def expose(before: ByExperiment, exposures: Iterable[EventRecord], known: Plans) -> AllExposed:
    """What a unit's exposures come to with the new ones."""
    exposed = {experiment_id: participant.exposed for experiment_id, participant in before.items()}
    for record in exposures:
        experiment_id = record.experiment_id or 0
        once = participants.exposed_once(record, known[experiment_id].segments)
        earlier = exposed.get(experiment_id)
        exposed[experiment_id] = once if earlier is None else merge(earlier, once)
    return exposed


def _restarted(before: ByExperiment, exposed: AllExposed) -> bool:
    """Whether some first exposure is another one than before, so that windows moved."""
    return any(
        experiment_id not in before or before[experiment_id].exposed.first_at != now.first_at
        for experiment_id, now in exposed.items()
    )


def _histories(
    connection: Connection, project_id: int, units: Sequence[str], upto: Position | None
) -> dict[str, ById]:
    """All conversions of these units, the new ones too, by unit and event id."""
    histories: dict[str, ById] = {unit: {} for unit in units}
    if units:
        rows = statements(connection).conversions_of(connection, project_id, units, upto)
        for unit_id, event_id, *conversion in rows:
            histories[unit_id][event_id] = Conversion(*conversion)
    return histories


def _measured_again(
    before: ByExperiment, exposed: AllExposed, history: ById, new: ById, known: Plans, deltas: Deltas
) -> ByExperiment:
    """The unit's participants, measured from all its conversions."""
    if not history:
        return {experiment_id: Participant(now, {}) for experiment_id, now in exposed.items()}
    earlier = [conversion for event_id, conversion in history.items() if event_id not in new]
    was_exposed = {experiment_id: participant.exposed for experiment_id, participant in before.items()}
    change = matched_names(exposed, history.values(), known)
    change.subtract(matched_names(was_exposed, earlier, known))
    for name, count in change.items():
        deltas.matched(name, count)
    return {
        experiment_id: Participant(now, measure_all(known[experiment_id], now.first_at, history.values()))
        for experiment_id, now in exposed.items()
    }


def matched_names(exposed: AllExposed, conversions: Iterable[Conversion], known: Plans) -> Counter[str]:
    """How many of a unit's conversions some metric of some experiment counts, by name."""
    return Counter(
        conversion.name
        for conversion in conversions
        if any(counts(known[key], now.first_at, conversion) for key, now in exposed.items())
    )


def _measured_further(
    before: ByExperiment, exposed: AllExposed, new: Collection[Conversion], known: Plans, deltas: Deltas
) -> ByExperiment:
    """The unit's participants with the new conversions added to what was measured before."""
    if not new:
        return {key: Participant(now, before[key].measured) for key, now in exposed.items()}
    now = {key: Participant(value, _copy(before[key].measured)) for key, value in exposed.items()}
    observe_all(now, new, known, deltas)
    return now


def observe_all(now: ByExperiment, conversions: Iterable[Conversion], known: Plans, deltas: Deltas) -> None:
    """Adds conversions to what is measured of a unit's participants."""
    for conversion in conversions:
        hits = [
            observe(known[key], one.exposed.first_at, one.measured, conversion) for key, one in now.items()
        ]
        if any(hits):
            deltas.matched(conversion.name, 1)


def _copy(measured: Measured) -> Measured:
    return {metric: list(sums) for metric, sums in measured.items()}


def _replaced(
    deltas: Deltas, known: Plans, unit_id: str, before: ByExperiment, now: ByExperiment
) -> Iterator[Row]:
    """The rows of the unit's participants that changed; their cells get the difference."""
    for experiment_id, participant in now.items():
        old = before.get(experiment_id)
        if participant == old:
            continue
        if old is None or _counts_elsewhere(old, participant):
            if old is not None:
                deltas.participant(known[experiment_id], *old, sign=-1)
            deltas.participant(known[experiment_id], *participant, sign=1)
        yield participants.row_of(deltas.project_id, unit_id, experiment_id, participant)


def _counts_elsewhere(old: Participant, new: Participant) -> bool:
    """Whether the tallies see a difference; most exposures are repeated ones, which make none."""
    was, now = old.exposed, new.exposed
    return (
        (was.first_at, was.first_id) != (now.first_at, now.first_id)
        or len(was.seen) != len(now.seen)
        or old.measured != new.measured
    )
