"""Keys sort by their bytes on PostgreSQL, as they do in SQLite.

By the order of a language, which PostgreSQL takes from its system, lists would come in another
order, and an index would be wrong after an update of the system that changed that order.

Revision ID: 0005
"""

import sqlalchemy as sa
from alembic import op

__all__ = ["downgrade", "upgrade"]

revision = "0005"
down_revision = "0004"

_KEYS = (
    ("picks", "pick_id", 200),
    ("picks", "station_code", 20),
    ("events", "event_id", 200),
    ("event_versions", "event_id", 200),
    ("alerts", "alert_id", 200),
    ("alerts", "event_id", 200),
    ("shaking_maps", "event_id", 200),
    ("forecasts", "forecast_id", 300),
    ("forecasts", "event_id", 200),
    ("health", "trace_id", 40),
    ("changes", "identity", 200),
)


def upgrade() -> None:
    """Sort by bytes."""
    _alter("C")


def downgrade() -> None:
    """Sort as the database does by default."""
    _alter(None)


def _alter(collation: str | None) -> None:
    if op.get_bind().dialect.name == "postgresql":
        for table, column, length in _KEYS:
            op.alter_column(table, column, type_=sa.String(length, collation=collation))
