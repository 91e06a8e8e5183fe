"""Maps of shaking of events.

Revision ID: 0003
"""

import sqlalchemy as sa
from alembic import op

__all__ = ["downgrade", "upgrade"]

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "shaking_maps",
        sa.Column("event_id", sa.String(200), primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("updated_us", sa.BigInteger, nullable=False),
        sa.Column("document", sa.LargeBinary, nullable=False),
    )
    op.create_index("shaking_maps_by_update", "shaking_maps", ["updated_us"])


def downgrade() -> None:
    """Remove the table with what it holds."""
    op.drop_table("shaking_maps")
