"""Velocity models: uniform, layered, and the radial Earth. Import each from its own module."""

__all__: list[str] = []
