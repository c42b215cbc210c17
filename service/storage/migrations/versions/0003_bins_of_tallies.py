"""Bins of tallies: for times, quantiles and caps at a quantile.

They are derived: `keepgoing rebuild` makes those of events that were folded before. Until then the analysis
says of such metrics that their bins are not complete.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

EXACT = sa.Numeric().with_variant(sa.Text(), "sqlite")
TEXTS = ("segment", "segment_value", "metric", "variant")
SUMS = ("total", "squares", "covariate", "covariate_squares", "cross_product")


def upgrade() -> None:
    """Forward."""
    op.create_table(
        "tally_bin",
        sa.Column("experiment_id", sa.BigInteger(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in TEXTS),
        sa.Column("phase", sa.Integer(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("crossed", sa.Boolean(), nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        *(sa.Column(name, EXACT, nullable=False) for name in SUMS),
        sa.Column("conversions", sa.BigInteger(), nullable=False),
        sa.Column("bin", EXACT, nullable=False),
        sa.PrimaryKeyConstraint(
            "experiment_id", *TEXTS, "phase", "day", "crossed", "bin", name="pk_tally_bin"
        ),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    """Back: sums stay, distributions go."""
    op.drop_table("tally_bin")
