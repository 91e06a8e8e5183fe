"""Run by Alembic: makes the steps on the connection that ``migrate`` hands over."""

from typing import Any

from alembic import context

__all__: list[str] = []


def _run(environment: Any) -> None:  # Alembic gives its environment as a module
    connection = environment.config.attributes["connection"]
    environment.configure(connection=connection, transaction_per_migration=False)
    environment.run_migrations()  # inside the caller's transaction: all steps or none


if getattr(context, "_proxy", None) is not None:  # False where nobody migrates
    _run(context)
