"""Accelerograms by flow matching on a compact code of spectrograms."""

__all__: list[str] = []
