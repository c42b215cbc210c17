"""The tables. SQLModel owns their shape and the admin objects; events never become objects, see log.py."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Index, Text, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from service.storage.types import ExactInteger, RowId, UtcDateTime

# Named constraints, so that a later migration can speak of them on both databases.
metadata = SQLModel.metadata
metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

IS_CONVERSION = (
    "type = 'conversion'"  # a literal: an index with a condition is used only where it is repeated
)


class ProjectRow(SQLModel, table=True):
    """Who owns definitions, events and keys. `revision` grows with every change that a ruleset could show."""

    __tablename__ = "project"

    id: int | None = Field(default=None, primary_key=True, sa_type=RowId)
    name: str = Field(unique=True, sa_type=Text)
    revision: int = 0
    holdout: str | None = Field(default=None, sa_type=Text)  # a decimal share as text
    created_at: datetime = Field(sa_type=UtcDateTime)


class ApiKeyRow(SQLModel, table=True):
    """A key's public id and the digest of its secret, which is stored nowhere."""

    __tablename__ = "api_key"

    id: str = Field(primary_key=True, sa_type=Text)
    project_id: int = Field(foreign_key="project.id", index=True, sa_type=BigInteger)
    role: str = Field(sa_type=Text)
    digest: str = Field(unique=True, sa_type=Text)
    label: str = Field(default="", sa_type=Text)
    created_at: datetime = Field(sa_type=UtcDateTime)
    created_by: str = Field(sa_type=Text)
    revoked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class DashboardSessionRow(SQLModel, table=True):
    """Somebody signed in at the dashboard, by the digest of the session's id, which only the browser has."""

    __tablename__ = "dashboard_session"

    digest: str = Field(primary_key=True, sa_type=Text)
    key_id: str = Field(foreign_key="api_key.id", sa_type=Text)
    started_at: datetime = Field(sa_type=UtcDateTime)
    seen_at: datetime = Field(sa_type=UtcDateTime)


class SignInLinkRow(SQLModel, table=True):
    """A link by which one may sign in once, by the digest of its token; gone when it has been used."""

    __tablename__ = "sign_in_link"

    digest: str = Field(primary_key=True, sa_type=Text)
    key_id: str = Field(foreign_key="api_key.id", sa_type=Text)
    expires_at: datetime = Field(sa_type=UtcDateTime)


class DefinitionRevisionRow(SQLModel, table=True):
    """One write of a definition, kept for ever: `kind` is error_code, metric, experiment or project."""

    __tablename__ = "definition_revision"
    __table_args__ = (UniqueConstraint("project_id", "kind", "key", "revision"),)

    id: int | None = Field(default=None, primary_key=True, sa_type=RowId)
    project_id: int = Field(foreign_key="project.id", sa_type=BigInteger)
    kind: str = Field(sa_type=Text)
    key: str = Field(sa_type=Text)
    revision: int
    document: str = Field(sa_type=Text)  # JSON
    actor: str = Field(sa_type=Text)
    created_at: datetime = Field(sa_type=UtcDateTime)


class ErrorCodeRow(SQLModel, table=True):
    """An error code as it is now; `document` is an ErrorCode as JSON, `key` its code."""

    __tablename__ = "error_code"
    __table_args__ = (UniqueConstraint("project_id", "key"),)

    id: int | None = Field(default=None, primary_key=True, sa_type=RowId)
    project_id: int = Field(foreign_key="project.id", sa_type=BigInteger)
    key: str = Field(sa_type=Text)
    revision: int
    document: str = Field(sa_type=Text)
    created_at: datetime = Field(sa_type=UtcDateTime)
    updated_at: datetime = Field(sa_type=UtcDateTime)


class MetricRow(SQLModel, table=True):
    """A metric as it is now; `document` is a Metric as JSON."""

    __tablename__ = "metric"
    __table_args__ = (UniqueConstraint("project_id", "key"),)

    id: int | None = Field(default=None, primary_key=True, sa_type=RowId)
    project_id: int = Field(foreign_key="project.id", sa_type=BigInteger)
    key: str = Field(sa_type=Text)
    revision: int
    document: str = Field(sa_type=Text)
    created_at: datetime = Field(sa_type=UtcDateTime)
    updated_at: datetime = Field(sa_type=UtcDateTime)


class ExperimentRow(SQLModel, table=True):
    """An experiment as it is now; `document` is an ExperimentState as JSON, the rest is for lists."""

    __tablename__ = "experiment"
    __table_args__ = (UniqueConstraint("project_id", "key"),)

    id: int | None = Field(default=None, primary_key=True, sa_type=RowId)
    project_id: int = Field(foreign_key="project.id", sa_type=BigInteger)
    key: str = Field(sa_type=Text)
    error_code: str = Field(sa_type=Text)
    status: str = Field(sa_type=Text)
    revision: int
    document: str = Field(sa_type=Text)
    created_at: datetime = Field(sa_type=UtcDateTime)
    updated_at: datetime = Field(sa_type=UtcDateTime)


class AuditRow(SQLModel, table=True):
    """Who did what to which thing, and when."""

    __tablename__ = "audit"
    __table_args__ = (Index("ix_audit_project_id_id", "project_id", "id"),)

    id: int | None = Field(default=None, primary_key=True, sa_type=RowId)
    project_id: int = Field(foreign_key="project.id", sa_type=BigInteger)
    at: datetime = Field(sa_type=UtcDateTime)
    actor: str = Field(sa_type=Text)
    action: str = Field(sa_type=Text)
    subject: str = Field(sa_type=Text)
    detail: str = Field(default="{}", sa_type=Text)  # JSON


class VerdictRow(SQLModel, table=True):
    """A verdict with the numbers it was made on, never changed afterwards."""

    __tablename__ = "verdict"
    __table_args__ = (Index("ix_verdict_experiment_id_id", "experiment_id", "id"),)

    id: int | None = Field(default=None, primary_key=True, sa_type=RowId)
    project_id: int = Field(foreign_key="project.id", sa_type=BigInteger)
    experiment_id: int = Field(foreign_key="experiment.id", sa_type=BigInteger)
    recorded_at: datetime = Field(sa_type=UtcDateTime)
    outcome: str = Field(sa_type=Text)
    winner: str | None = Field(default=None, sa_type=Text)
    revision: int  # of the experiment
    rules_version: str = Field(sa_type=Text)
    document: str = Field(sa_type=Text)  # JSON: reasons, and the results it was made on


class EventRow(SQLModel, table=True):
    """The log: append-only, the truth that all below is derived from; columns stand as in log.COLUMNS.

    Times are microseconds since the epoch, `value` micro-units, `payload` JSON. `counted` is decided on
    arrival and never changes, so that a rebuild gives what the fold gave. `txid` is the transaction on
    PostgreSQL, NULL on SQLite.
    """

    __tablename__ = "event"
    __table_args__ = (
        UniqueConstraint("project_id", "event_id"),
        Index(
            "ix_event_conversion",
            "project_id",
            "unit_id",
            sqlite_where=text(IS_CONVERSION),
            postgresql_where=text(IS_CONVERSION),
        ),
        # The order in which PostgreSQL's worker folds. On SQLite the condition never holds: an empty index.
        Index("ix_event_txid_seq", "txid", "seq", sqlite_where=text("txid IS NOT NULL")),
    )

    seq: int | None = Field(default=None, primary_key=True, sa_type=RowId)
    project_id: int = Field(sa_type=BigInteger)
    event_id: str = Field(sa_type=Text)
    type: str = Field(sa_type=Text)
    unit_id: str = Field(sa_type=Text)
    name: str | None = Field(sa_type=Text)
    experiment_id: int | None = Field(sa_type=BigInteger)
    variant: str | None = Field(sa_type=Text)
    phase: int | None
    occurred_at: int = Field(sa_type=BigInteger)
    received_at: int = Field(sa_type=BigInteger)
    value: int | None = Field(sa_type=BigInteger)
    currency: str | None = Field(sa_type=Text)
    payload: str = Field(sa_type=Text)
    digest: int = Field(sa_type=BigInteger)
    counted: bool
    txid: int | None = Field(sa_type=BigInteger)


class ParticipantRow(SQLModel, table=True):
    """Derived: a unit in an experiment. The three JSON columns are empty text when they would say nothing.

    No column changes when a unit is exposed to its variant again: most exposures then cost no write here.
    """

    __tablename__ = "participant"
    __table_args__ = ({"sqlite_with_rowid": False},)

    project_id: int = Field(primary_key=True, sa_type=BigInteger)
    unit_id: str = Field(primary_key=True, sa_type=Text)
    experiment_id: int = Field(primary_key=True, sa_type=BigInteger)
    variant: str = Field(sa_type=Text)
    phase: int
    first_exposure_at: int = Field(sa_type=BigInteger)
    first_event_id: str = Field(sa_type=Text)
    seen: str = Field(sa_type=Text)  # [[phase, variant], …], when there is more than the first
    segments: str = Field(sa_type=Text)  # [value, …] in the order of the plan's segments
    measured: str = Field(sa_type=Text)  # {metric: [y, x, events]}, where any of them is not 0


class _Summed(SQLModel):
    """The key of a cell, and the sums over its participants."""

    experiment_id: int = Field(primary_key=True, sa_type=BigInteger)
    segment: str = Field(primary_key=True, sa_type=Text)
    segment_value: str = Field(primary_key=True, sa_type=Text)
    metric: str = Field(primary_key=True, sa_type=Text)
    variant: str = Field(primary_key=True, sa_type=Text)
    phase: int = Field(primary_key=True)
    day: int = Field(primary_key=True)
    crossed: bool = Field(primary_key=True)
    n: int = Field(sa_type=BigInteger)
    total: int = Field(sa_type=ExactInteger)
    squares: int = Field(sa_type=ExactInteger)
    covariate: int = Field(sa_type=ExactInteger)
    covariate_squares: int = Field(sa_type=ExactInteger)
    cross_product: int = Field(sa_type=ExactInteger)
    conversions: int = Field(sa_type=BigInteger)


class TallyRow(_Summed, table=True):
    """Derived: sums over the participants of one cell. Metric "" counts all, the others those not at 0."""

    __tablename__ = "tally"
    __table_args__ = ({"sqlite_with_rowid": False},)


class TallyBinRow(_Summed, table=True):
    """Derived: the sums of a cell split by bins of its values, for metrics that have bins (`model.bins`)."""

    __tablename__ = "tally_bin"
    __table_args__ = ({"sqlite_with_rowid": False},)

    bin: int = Field(primary_key=True, sa_type=ExactInteger)  # the bin's edge


class ExposureDayRow(SQLModel, table=True):
    """Derived: what the exposures of one day (UTC, when they occurred) say about an experiment's health."""

    __tablename__ = "exposure_day"
    __table_args__ = ({"sqlite_with_rowid": False},)

    experiment_id: int = Field(primary_key=True, sa_type=BigInteger)
    day: int = Field(primary_key=True)
    exposures: int = Field(sa_type=BigInteger)
    uncounted: int = Field(sa_type=BigInteger)
    fallbacks: int = Field(sa_type=BigInteger)
    moved: int = Field(
        sa_type=BigInteger
    )  # units first exposed that day that met another variant in another phase
    lag_total: int = Field(sa_type=ExactInteger)  # microseconds from occurred to received
    lag_max: int = Field(sa_type=BigInteger)
    last_received_at: int = Field(sa_type=BigInteger)


class ConversionCountRow(SQLModel, table=True):
    """Derived: how many conversions of a name arrived, and how many of them some metric counts."""

    __tablename__ = "conversion_count"
    __table_args__ = ({"sqlite_with_rowid": False},)

    project_id: int = Field(primary_key=True, sa_type=BigInteger)
    name: str = Field(primary_key=True, sa_type=Text)
    events: int = Field(sa_type=BigInteger)
    matched: int = Field(sa_type=BigInteger)
    last_received_at: int = Field(sa_type=BigInteger)


class IncentivePotRow(SQLModel, table=True):
    """What one variant's grants cost so far, reserved ones too; the variant "" is the ledger's lock."""

    __tablename__ = "incentive_pot"
    __table_args__ = ({"sqlite_with_rowid": False},)

    experiment_id: int = Field(primary_key=True, sa_type=BigInteger)
    variant: str = Field(primary_key=True, sa_type=Text)
    project_id: int = Field(sa_type=BigInteger)
    spent: int = Field(sa_type=BigInteger)  # micro-units


class IncentiveGrantRow(SQLModel, table=True):
    """The ledger: what a unit has claimed; `claim` is the period, or the request, that it has it for."""

    __tablename__ = "incentive_grant"
    __table_args__ = (
        UniqueConstraint("experiment_id", "unit_id", "claim"),
        UniqueConstraint("project_id", "event_id"),
        Index(None, "experiment_id", "state", "expires_at"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=RowId)
    project_id: int = Field(sa_type=BigInteger)
    experiment_id: int = Field(sa_type=BigInteger)
    variant: str = Field(sa_type=Text)
    unit_id: str = Field(sa_type=Text)
    claim: str = Field(sa_type=Text)
    state: str = Field(sa_type=Text)  # reserved, redeemed, expired
    cost: int = Field(sa_type=BigInteger)  # micro-units
    event_id: str | None = Field(sa_type=Text)  # of the request that redeemed it
    claimed_at: int = Field(sa_type=BigInteger)
    expires_at: int | None = Field(sa_type=BigInteger)  # of a reservation
    redeemed_at: int | None = Field(sa_type=BigInteger)


class ClaimFigureRow(SQLModel, table=True):
    """Derived: what a claim of an error code came to, when it was computed last."""

    __tablename__ = "claim_figure"
    __table_args__ = ({"sqlite_with_rowid": False},)

    project_id: int = Field(primary_key=True, sa_type=BigInteger)
    error_code: str = Field(primary_key=True, sa_type=Text)
    name: str = Field(primary_key=True, sa_type=Text)
    value: str | None = Field(sa_type=Text)  # a decimal number; NULL when the sample was too small
    sample: int = Field(sa_type=BigInteger)
    computed_at: datetime = Field(sa_type=UtcDateTime)


class FoldStateRow(SQLModel, table=True):
    """How far the log is folded, and who may fold: one row, `log`, made by the migration."""

    __tablename__ = "fold_state"

    name: str = Field(primary_key=True, sa_type=Text)
    txid: int = Field(sa_type=BigInteger)
    seq: int = Field(sa_type=BigInteger)
    folded_to: int | None = Field(sa_type=BigInteger)  # received_at of the newest folded event
    lease_owner: str | None = Field(sa_type=Text)
    lease_until: int = Field(sa_type=BigInteger)
