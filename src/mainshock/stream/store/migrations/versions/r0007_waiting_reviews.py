"""Reviews that alerts, maps and forecasts do not follow yet.

Revision ID: 0007
"""

import sqlalchemy as sa
from alembic import op

__all__ = ["downgrade", "upgrade"]

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Make the table; reviews of before count as passed on."""
    key = sa.String(200).with_variant(sa.String(200, collation="C"), "postgresql")
    op.create_table(
        "waiting_reviews",
        sa.Column("event_id", key, primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
    )


def downgrade() -> None:
    """Remove the table; what waits there is not passed on by an older version."""
    op.drop_table("waiting_reviews")
