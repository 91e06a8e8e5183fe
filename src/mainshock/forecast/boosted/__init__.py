"""Rates of cells and days from boosted trees on a feature table."""

__all__: list[str] = []
