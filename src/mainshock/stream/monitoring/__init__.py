"""Watches the live path from inside: delays, logs, and the drift of channels and models."""

__all__: list[str] = []
