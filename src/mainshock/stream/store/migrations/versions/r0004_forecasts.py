"""Forecasts of the region and tables of aftershocks.

Revision ID: 0004
"""

import sqlalchemy as sa
from alembic import op

__all__ = ["downgrade", "upgrade"]

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "forecasts",
        sa.Column("forecast_id", sa.String(300), primary_key=True),
        sa.Column("event_id", sa.String(200), nullable=False),
        sa.Column("updated_us", sa.BigInteger, nullable=False),
        sa.Column("log_number", sa.BigInteger),
        sa.Column("log_digest", sa.String(64), nullable=False),
        sa.Column("document", sa.LargeBinary, nullable=False),
    )
    op.create_index("forecasts_by_event", "forecasts", ["event_id", "updated_us"])
    op.create_index("forecasts_by_update", "forecasts", ["updated_us"])


def downgrade() -> None:
    """Remove the table with what it holds."""
    op.drop_table("forecasts")
