"""FDSN web services: what the routes of dataselect, station and event are made of."""

__all__: list[str] = []
