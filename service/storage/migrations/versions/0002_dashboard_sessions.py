"""Who is signed in at the dashboard, and the links by which one may sign in once."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

MOMENT = sa.BigInteger()  # microseconds since the epoch


def upgrade() -> None:
    """Forward."""
    create("dashboard_session", "started_at", "seen_at")
    create("sign_in_link", "expires_at")


def downgrade() -> None:
    """Back: everybody is signed out."""
    op.drop_table("sign_in_link")
    op.drop_table("dashboard_session")


def create(table: str, *moments: str) -> None:
    """A table of digests of secrets, each of one key."""
    op.create_table(
        table,
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        *(sa.Column(name, MOMENT, nullable=False) for name in moments),
        sa.PrimaryKeyConstraint("digest", name=f"pk_{table}"),
        sa.ForeignKeyConstraint(["key_id"], ["api_key.id"], name=f"fk_{table}_key_id_api_key"),
    )
