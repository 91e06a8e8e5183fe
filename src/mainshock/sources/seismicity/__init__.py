"""Catalogues of earthquakes as columns, for statistics: one type, many file formats."""

__all__: list[str] = []
