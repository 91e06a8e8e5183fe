"""What the live path found out: picks, events, alerts and health, to be asked for by services."""

__all__: list[str] = []
