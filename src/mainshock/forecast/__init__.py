"""Probabilities of earthquakes in windows of space, time and magnitude, and how good they are."""

__all__: list[str] = []
