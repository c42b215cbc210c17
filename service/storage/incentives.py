"""The ledger of incentives: each change holds its experiment's lock: none twice, none over budget."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

from sqlalchemy import Connection, Select, func, insert, select, text, update
from sqlmodel import col

from service.storage.tables import ExperimentRow, IncentiveGrantRow, IncentivePotRow, ProjectRow

State = Literal["reserved", "redeemed", "expired"]

_grant, _pot = IncentiveGrantRow, IncentivePotRow
_WHOLE = ""  # the pot that is there to be locked; no variant has this key
_OPEN = text(
    "INSERT INTO incentive_pot (experiment_id, variant, project_id, spent)"
    " VALUES (:experiment_id, :variant, :project_id, 0) ON CONFLICT DO NOTHING"
)


class PotKey(NamedTuple):
    """Whose incentive it is."""

    project_id: int
    experiment_id: int
    variant: str


class Grant(NamedTuple):
    """One row of the ledger; times are microseconds since the epoch, `cost` micro-units."""

    id: int
    experiment_id: int
    variant: str
    unit_id: str
    claim: str
    state: State
    cost: int
    event_id: str | None
    claimed_at: int
    expires_at: int | None
    redeemed_at: int | None

    def is_held(self, now: int) -> bool:
        """Whether it is reserved, and not yet expired."""
        return self.state == "reserved" and (self.expires_at is None or now < self.expires_at)


class Standing(NamedTuple):
    """What has become of the incentive of one variant."""

    variant: str
    redeemed: int
    reserved: int
    spent: int


_COLUMNS = [getattr(_grant, name) for name in Grant._fields]


def by_event(connection: Connection, project_id: int, event_id: str) -> Grant | None:
    """The grant that this request redeemed, if it did."""
    query = select(*_COLUMNS).where(col(_grant.project_id) == project_id, col(_grant.event_id) == event_id)
    return _one(connection, query)


def by_claim(connection: Connection, experiment_id: int, unit_id: str, claim: str) -> Grant | None:
    """What the unit has claimed for this period, if anything."""
    query = select(*_COLUMNS).where(
        col(_grant.experiment_id) == experiment_id,
        col(_grant.unit_id) == unit_id,
        col(_grant.claim) == claim,
    )
    return _one(connection, query)


def locked(connection: Connection, key: PotKey, now: int) -> int:
    """What is given and held, in micro-units; the experiment's ledger is locked until the transaction ends.

    One lock for all variants, since a unit may have one grant of the experiment, whichever variant it says.
    Reservations that nobody redeemed in time are released first.
    """
    for variant in (_WHOLE, key.variant):
        connection.execute(_OPEN, key._replace(variant=variant)._asdict())
    whole = (col(_pot.experiment_id) == key.experiment_id, col(_pot.variant) == _WHOLE)
    connection.execute(select(col(_pot.spent)).where(*whole).with_for_update()).scalar_one()
    _release(connection, key.experiment_id, now)
    mine = (col(_pot.experiment_id) == key.experiment_id, col(_pot.variant) == key.variant)
    return int(connection.execute(select(col(_pot.spent)).where(*mine)).scalar_one())


def spend(connection: Connection, key: PotKey, cost: int) -> None:
    """Takes so much more from the pot; this transaction holds the ledger's lock."""
    mine = (col(_pot.experiment_id) == key.experiment_id, col(_pot.variant) == key.variant)
    connection.execute(update(_pot).where(*mine).values(spent=col(_pot.spent) + cost))


def put(connection: Connection, key: PotKey, unit_id: str, claim: str, **values: object) -> None:
    """Writes what the unit has claimed, over an earlier claim of the same that was never redeemed."""
    mine = (
        col(_grant.experiment_id) == key.experiment_id,
        col(_grant.unit_id) == unit_id,
        col(_grant.claim) == claim,
    )
    changed = {"variant": key.variant, **values}
    if not connection.execute(update(_grant).where(*mine).values(changed)).rowcount:
        row = {"project_id": key.project_id, "experiment_id": key.experiment_id, "unit_id": unit_id}
        connection.execute(insert(_grant).values({**row, "claim": claim, **changed}))


def publish(connection: Connection, project_id: int) -> None:
    """Makes every worker see that an incentive's budget is spent, or has room again."""
    mine = col(ProjectRow.id) == project_id
    connection.execute(update(ProjectRow).where(mine).values(revision=col(ProjectRow.revision) + 1))


def spent(connection: Connection, project_id: int) -> dict[tuple[str, str], int]:
    """What is given and held, by experiment's and variant's key, in micro-units."""
    query = (
        select(col(ExperimentRow.key), col(_pot.variant), col(_pot.spent))
        .join(ExperimentRow, col(ExperimentRow.id) == col(_pot.experiment_id))
        .where(col(_pot.project_id) == project_id, col(_pot.variant) != _WHOLE)
    )
    return {(key, variant): int(amount) for key, variant, amount in connection.execute(query)}


def with_lapsed(connection: Connection, now: int) -> list[PotKey]:
    """The pots that hold reservations which have run out."""
    query = select(col(_grant.project_id), col(_grant.experiment_id), col(_grant.variant)).distinct()
    query = query.where(col(_grant.state) == "reserved", col(_grant.expires_at) <= now)
    return [PotKey(*row) for row in connection.execute(query)]


def standings(connection: Connection, experiment_id: int) -> list[Standing]:
    """How many grants of each variant are redeemed and reserved, and what they cost."""
    counts = select(
        col(_grant.variant),
        func.count().filter(col(_grant.state) == "redeemed"),
        func.count().filter(col(_grant.state) == "reserved"),
        func.coalesce(func.sum(col(_grant.cost)).filter(col(_grant.state) != "expired"), 0),
    ).where(col(_grant.experiment_id) == experiment_id)
    rows = connection.execute(counts.group_by(col(_grant.variant)).order_by(col(_grant.variant)))
    return [Standing(variant, done, held, int(cost)) for variant, done, held, cost in rows]


def page(connection: Connection, experiment_id: int, *, before: int | None, limit: int) -> list[Grant]:
    """The ledger's rows, newest first."""
    query = select(*_COLUMNS).where(col(_grant.experiment_id) == experiment_id)
    if before is not None:
        query = query.where(col(_grant.id) < before)
    return [
        Grant._make(row) for row in connection.execute(query.order_by(col(_grant.id).desc()).limit(limit))
    ]


def _release(connection: Connection, experiment_id: int, now: int) -> None:
    """Gives back to the pots what reservations had held that have run out; from now on they are expired."""
    lapsed = (
        col(_grant.experiment_id) == experiment_id,
        col(_grant.state) == "reserved",
        col(_grant.expires_at) <= now,
    )
    held = select(col(_grant.variant), func.sum(_grant.cost)).where(*lapsed).group_by(col(_grant.variant))
    released = connection.execute(held).all()
    for variant, cost in released:
        mine = (col(_pot.experiment_id) == experiment_id, col(_pot.variant) == variant)
        connection.execute(update(_pot).where(*mine).values(spent=col(_pot.spent) - int(cost)))
    if released:
        connection.execute(update(_grant).where(*lapsed).values(state="expired"))


def _one(connection: Connection, query: Select[Any]) -> Grant | None:
    row = connection.execute(query).one_or_none()
    return None if row is None else Grant._make(row)
