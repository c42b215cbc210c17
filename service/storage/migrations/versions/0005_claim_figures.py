"""The figures that claims came to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward."""
    op.create_table(
        "claim_figure",
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("error_code", "name")),
        sa.Column("value", sa.Text(), nullable=True),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in ("sample", "computed_at")),
        sa.PrimaryKeyConstraint("project_id", "error_code", "name", name="pk_claim_figure"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    """Back: figures are computed again."""
    op.drop_table("claim_figure")
