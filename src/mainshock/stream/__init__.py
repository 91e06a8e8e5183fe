"""The live path: packets in, picks, events and alerts out, nothing lost on the way."""

__all__: list[str] = []
