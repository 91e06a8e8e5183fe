"""Passwords, scopes of keys, sign-ins that ended early, and an audit log that only grows.

Revision ID: 0006
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

__all__ = ["downgrade", "upgrade"]

revision = "0006"
down_revision = "0005"

# OR REPLACE would remove a row without asking the trigger of DELETE
_SQLITE = (
    """CREATE TRIGGER audit_keeps_updated BEFORE UPDATE ON audit
    BEGIN SELECT RAISE(ABORT, 'the audit log only grows'); END""",
    """CREATE TRIGGER audit_keeps_deleted BEFORE DELETE ON audit
    BEGIN SELECT RAISE(ABORT, 'the audit log only grows'); END""",
    """CREATE TRIGGER audit_keeps_replaced BEFORE INSERT ON audit
    WHEN EXISTS (SELECT 1 FROM audit WHERE sequence = NEW.sequence)
    BEGIN SELECT RAISE(ABORT, 'the audit log only grows'); END""",
)
_POSTGRES = (
    """CREATE FUNCTION audit_keeps() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'the audit log only grows' USING ERRCODE = 'restrict_violation'; END
    $$""",
    """CREATE TRIGGER audit_keeps_rows BEFORE UPDATE OR DELETE ON audit
    FOR EACH ROW EXECUTE FUNCTION audit_keeps()""",
    """CREATE TRIGGER audit_keeps_all BEFORE TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION audit_keeps()""",
)


def upgrade() -> None:
    """Add the columns, the table and the triggers."""
    for table, columns in _columns().items():
        for column in columns:
            op.add_column(table, column)
    op.create_index("users_by_subject", "users", ["subject"], unique=True)
    op.create_index("tokens_by_prefix", "tokens", ["prefix"], unique=True)
    op.create_index("audit_by_time", "audit", ["time_us"])
    op.create_table(
        "ended_sessions",
        sa.Column("session_id", sa.String(64), primary_key=True),
        sa.Column("expires_us", sa.BigInteger, nullable=False),
    )
    for statement in _SQLITE if _is_sqlite() else _POSTGRES:
        op.execute(statement)


def downgrade() -> None:
    """Remove them with what they hold."""
    if _is_sqlite():
        for name in ("updated", "deleted", "replaced"):
            op.execute(f"DROP TRIGGER audit_keeps_{name}")
    else:
        for name in ("rows", "all"):
            op.execute(f"DROP TRIGGER audit_keeps_{name} ON audit")
        op.execute("DROP FUNCTION audit_keeps()")
    op.drop_table("ended_sessions")
    op.drop_index("audit_by_time", "audit")
    op.drop_index("tokens_by_prefix", "tokens")
    op.drop_index("users_by_subject", "users")
    for table, columns in _columns().items():
        for column in columns:
            op.drop_column(table, column.name)


def _columns() -> dict[str, list[sa.Column[Any]]]:  # columns of several types
    def text(name: str, length: int) -> sa.Column[str]:
        return sa.Column(name, sa.String(length), nullable=False, server_default="")

    return {
        "users": [
            sa.Column("password_hash", sa.String(300)),
            sa.Column("subject", sa.String(600)),
            sa.Column("generation", sa.Integer, nullable=False, server_default="0"),
            sa.Column("signed_in_us", sa.BigInteger),
        ],
        "tokens": [
            sa.Column("prefix", sa.String(16)),
            text("label", 100),
            sa.Column("scopes", sa.Text, nullable=False, server_default=""),
            sa.Column("used_us", sa.BigInteger),
        ],
        "audit": [text("target", 300), text("client", 100), text("result", 20)],
    }


def _is_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"
