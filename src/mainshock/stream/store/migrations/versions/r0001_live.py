"""Picks, events with their versions, alerts, health and the sequence of changes.

Revision ID: 0001
"""

import sqlalchemy as sa
from alembic import op

__all__ = ["downgrade", "upgrade"]

revision = "0001"
down_revision = None

_SEQUENCE = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make the tables."""
    _make_picks()
    _make_events()
    op.create_table(
        "alerts",
        sa.Column("alert_id", sa.String(200), primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("event_id", sa.String(200), nullable=False),
        sa.Column("updated_us", sa.BigInteger, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
    )
    op.create_index("alerts_by_event", "alerts", ["event_id", "updated_us"])
    op.create_index("alerts_by_time", "alerts", ["updated_us"])
    op.create_table(
        "health",
        sa.Column("trace_id", sa.String(40), primary_key=True),
        sa.Column("updated_us", sa.BigInteger, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
    )
    op.create_table(
        "changes",
        sa.Column("sequence", _SEQUENCE, primary_key=True, autoincrement=True),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("identity", sa.String(200), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_us", sa.BigInteger, nullable=False),
        sqlite_autoincrement=True,
    )


def _make_picks() -> None:
    op.create_table(
        "picks",
        sa.Column("pick_id", sa.String(200), primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("station_code", sa.String(20), nullable=False),
        sa.Column("phase", sa.String(8), nullable=False),
        sa.Column("time_us", sa.BigInteger, nullable=False),
        sa.Column("updated_us", sa.BigInteger, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
    )
    op.create_index("picks_by_time", "picks", ["time_us"])
    op.create_index("picks_by_station", "picks", ["station_code", "time_us"])
    op.create_index("picks_by_update", "picks", ["updated_us"])


def _make_events() -> None:
    op.create_table(
        "events",
        sa.Column("event_id", sa.String(200), primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("time_us", sa.BigInteger, nullable=False),
        sa.Column("longitude", sa.Float, nullable=False),
        sa.Column("latitude", sa.Float, nullable=False),
        sa.Column("depth_km", sa.Float, nullable=False),
        sa.Column("magnitude", sa.Float),
        sa.Column("quality", sa.String(1), nullable=False),
        sa.Column("updated_us", sa.BigInteger, nullable=False),
        sa.Column("summary", sa.Text, nullable=False),
    )
    searched = ["time_us", "latitude", "longitude", "depth_km", "magnitude", "quality", "kind"]
    op.create_index("events_by_time", "events", searched)
    op.create_index("events_by_magnitude", "events", ["magnitude", "time_us"])
    op.create_index("events_by_update", "events", ["updated_us"])
    op.create_table(
        "event_versions",
        sa.Column("event_id", sa.String(200), primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("updated_us", sa.BigInteger, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("samples", sa.LargeBinary),
    )
    searched = ["updated_us", "event_id", "version"]
    op.create_index("event_versions_by_update", "event_versions", searched)
    has_samples = sa.text("samples IS NOT NULL")
    op.create_index(
        "event_versions_with_samples",
        "event_versions",
        ["updated_us"],
        sqlite_where=has_samples,
        postgresql_where=has_samples,
    )


def downgrade() -> None:
    """Remove the tables with what they hold."""
    for table in ("changes", "health", "alerts", "event_versions", "events", "picks"):
        op.drop_table(table)
