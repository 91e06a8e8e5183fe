"""The region classifier (ConvNetQuake): event or noise, and from which region of the catalogue."""

__all__: list[str] = []
