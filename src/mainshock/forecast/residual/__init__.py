"""A small network that corrects a space-time ETAS model by what sequences did so far."""

__all__: list[str] = []
