"""The first schema: admin objects, the event log, and what is derived from it."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.BigInteger()  # microseconds since the epoch
EXACT = sa.Numeric().with_variant(sa.Text(), "sqlite")
IS_CONVERSION = sa.text("type = 'conversion'")
TABLES = (
    *("project", "api_key", "definition_revision", "error_code", "metric", "experiment", "audit", "verdict"),
    *("event", "participant", "tally", "exposure_day", "conversion_count", "fold_state"),
)


def upgrade() -> None:
    """Forward."""
    create_projects()
    create_definitions()
    create_records()
    create_log()
    create_participants()
    create_counts()
    create_fold_state()


def downgrade() -> None:
    """Back to nothing."""
    for table in reversed(TABLES):
        op.drop_table(table)


def column(name: str, kind: Any, *, nullable: bool = False) -> sa.Column[Any]:
    """A column without default: the code always writes all of them."""
    return sa.Column(name, kind, nullable=nullable)


def columns(kind: Any, *names: str) -> list[sa.Column[Any]]:
    """Columns of one type."""
    return [column(name, kind) for name in names]


def create_with_number(table: str, *parts: Any) -> None:
    """A table whose rows are numbered by the database."""
    op.create_table(table, column("id", ROW_ID), *parts, sa.PrimaryKeyConstraint("id", name=f"pk_{table}"))


def create_keyed(table: str, *parts: Any, key: list[str]) -> None:
    """A table that is its own index."""
    primary = sa.PrimaryKeyConstraint(*key, name=f"pk_{table}")
    op.create_table(table, *parts, primary, sqlite_with_rowid=False)


def refers(table: str, target: str) -> list[Any]:
    """A column that refers to another table's id, with its constraint."""
    name = f"{target}_id"
    constraint = sa.ForeignKeyConstraint([name], [f"{target}.id"], name=f"fk_{table}_{name}_{target}")
    return [column(name, sa.BigInteger()), constraint]


def create_projects() -> None:
    create_with_number(
        "project",
        column("name", sa.Text()),
        column("revision", sa.Integer()),
        column("holdout", sa.Text(), nullable=True),
        column("created_at", MOMENT),
        sa.UniqueConstraint("name", name="uq_project_name"),
    )
    op.create_table(
        "api_key",
        column("id", sa.Text()),
        *refers("api_key", "project"),
        *columns(sa.Text(), "role", "digest", "label"),
        column("created_at", MOMENT),
        column("created_by", sa.Text()),
        column("revoked_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_api_key"),
        sa.UniqueConstraint("digest", name="uq_api_key_digest"),
    )
    op.create_index("ix_api_key_project_id", "api_key", ["project_id"])


def create_definitions() -> None:
    create_with_number(
        "definition_revision",
        *refers("definition_revision", "project"),
        *columns(sa.Text(), "kind", "key"),
        column("revision", sa.Integer()),
        *columns(sa.Text(), "document", "actor"),
        column("created_at", MOMENT),
        sa.UniqueConstraint(
            "project_id",
            "kind",
            "key",
            "revision",
            name="uq_definition_revision_project_id_kind_key_revision",
        ),
    )
    create_definition("error_code")
    create_definition("metric")
    create_definition("experiment", "error_code", "status")


def create_definition(table: str, *texts: str) -> None:
    """The present state of one kind of definition."""
    create_with_number(
        table,
        *refers(table, "project"),
        *columns(sa.Text(), "key", *texts),
        column("revision", sa.Integer()),
        column("document", sa.Text()),
        *columns(MOMENT, "created_at", "updated_at"),
        sa.UniqueConstraint("project_id", "key", name=f"uq_{table}_project_id_key"),
    )


def create_records() -> None:
    create_with_number(
        "audit",
        *refers("audit", "project"),
        column("at", MOMENT),
        *columns(sa.Text(), "actor", "action", "subject", "detail"),
    )
    op.create_index("ix_audit_project_id_id", "audit", ["project_id", "id"])
    create_with_number(
        "verdict",
        *refers("verdict", "project"),
        *refers("verdict", "experiment"),
        column("recorded_at", MOMENT),
        column("outcome", sa.Text()),
        column("winner", sa.Text(), nullable=True),
        column("revision", sa.Integer()),
        *columns(sa.Text(), "rules_version", "document"),
    )
    op.create_index("ix_verdict_experiment_id_id", "verdict", ["experiment_id", "id"])


def create_log() -> None:
    op.create_table(
        "event",
        column("seq", ROW_ID),
        column("project_id", sa.BigInteger()),
        *columns(sa.Text(), "event_id", "type", "unit_id"),
        column("name", sa.Text(), nullable=True),
        column("experiment_id", sa.BigInteger(), nullable=True),
        column("variant", sa.Text(), nullable=True),
        column("phase", sa.Integer(), nullable=True),
        *columns(MOMENT, "occurred_at", "received_at"),
        column("value", sa.BigInteger(), nullable=True),
        column("currency", sa.Text(), nullable=True),
        column("payload", sa.Text()),
        column("digest", sa.BigInteger()),
        column("counted", sa.Boolean()),
        column("txid", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("seq", name="pk_event"),
        sa.UniqueConstraint("project_id", "event_id", name="uq_event_project_id_event_id"),
    )
    op.create_index(
        "ix_event_conversion",
        "event",
        ["project_id", "unit_id"],
        sqlite_where=IS_CONVERSION,
        postgresql_where=IS_CONVERSION,
    )
    op.create_index("ix_event_txid_seq", "event", ["txid", "seq"], sqlite_where=sa.text("txid IS NOT NULL"))


def create_participants() -> None:
    create_keyed(
        "participant",
        column("project_id", sa.BigInteger()),
        column("unit_id", sa.Text()),
        column("experiment_id", sa.BigInteger()),
        column("variant", sa.Text()),
        column("phase", sa.Integer()),
        column("first_exposure_at", MOMENT),
        column("first_event_id", sa.Text()),
        *columns(sa.Text(), "seen", "segments", "measured"),
        key=["project_id", "unit_id", "experiment_id"],
    )


def create_counts() -> None:
    create_keyed(
        "tally",
        column("experiment_id", sa.BigInteger()),
        *columns(sa.Text(), "segment", "segment_value", "metric", "variant"),
        *columns(sa.Integer(), "phase", "day"),
        column("crossed", sa.Boolean()),
        column("n", sa.BigInteger()),
        *columns(EXACT, "total", "squares", "covariate", "covariate_squares", "cross_product"),
        column("conversions", sa.BigInteger()),
        key=["experiment_id", "segment", "segment_value", "metric", "variant", "phase", "day", "crossed"],
    )
    create_keyed(
        "exposure_day",
        column("experiment_id", sa.BigInteger()),
        column("day", sa.Integer()),
        *columns(sa.BigInteger(), "exposures", "uncounted", "fallbacks", "moved"),
        column("lag_total", EXACT),
        *columns(sa.BigInteger(), "lag_max", "last_received_at"),
        key=["experiment_id", "day"],
    )
    create_keyed(
        "conversion_count",
        column("project_id", sa.BigInteger()),
        column("name", sa.Text()),
        *columns(sa.BigInteger(), "events", "matched", "last_received_at"),
        key=["project_id", "name"],
    )


def create_fold_state() -> None:
    op.create_table(
        "fold_state",
        column("name", sa.Text()),
        *columns(sa.BigInteger(), "txid", "seq"),
        column("folded_to", MOMENT, nullable=True),
        column("lease_owner", sa.Text(), nullable=True),
        column("lease_until", MOMENT),
        sa.PrimaryKeyConstraint("name", name="pk_fold_state"),
    )
    op.execute("INSERT INTO fold_state (name, txid, seq, lease_until) VALUES ('log', 0, 0, 0)")
