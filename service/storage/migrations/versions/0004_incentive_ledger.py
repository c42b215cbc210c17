"""The ledger of incentives: who was granted what, and what it has cost."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

INTEGER = sa.BigInteger()  # microseconds since the epoch, micro-units, and ids
ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Forward."""
    op.create_table(
        "incentive_pot",
        sa.Column("experiment_id", INTEGER, nullable=False),
        sa.Column("variant", sa.Text(), nullable=False),
        sa.Column("project_id", INTEGER, nullable=False),
        sa.Column("spent", INTEGER, nullable=False),
        sa.PrimaryKeyConstraint("experiment_id", "variant", name="pk_incentive_pot"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "incentive_grant",
        sa.Column("id", ROW_ID, nullable=False),
        *(sa.Column(name, INTEGER, nullable=False) for name in ("project_id", "experiment_id")),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("variant", "unit_id", "claim", "state")),
        sa.Column("cost", INTEGER, nullable=False),
        sa.Column("event_id", sa.Text(), nullable=True),
        sa.Column("claimed_at", INTEGER, nullable=False),
        *(sa.Column(name, INTEGER, nullable=True) for name in ("expires_at", "redeemed_at")),
        sa.PrimaryKeyConstraint("id", name="pk_incentive_grant"),
        sa.UniqueConstraint(
            "experiment_id", "unit_id", "claim", name="uq_incentive_grant_experiment_id_unit_id_claim"
        ),
        sa.UniqueConstraint("project_id", "event_id", name="uq_incentive_grant_project_id_event_id"),
    )
    op.create_index(
        "ix_incentive_grant_experiment_id_state_expires_at",
        "incentive_grant",
        ["experiment_id", "state", "expires_at"],
    )


def downgrade() -> None:
    """Back: what was granted is forgotten."""
    op.drop_table("incentive_grant")
    op.drop_table("incentive_pot")
