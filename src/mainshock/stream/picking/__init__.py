"""Picks while records arrive: early ones each second, settled ones as a batch run gives them."""

__all__: list[str] = []
