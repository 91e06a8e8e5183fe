"""Shaking: ground motions with their uncertainty, for a magnitude, a source and a site."""

__all__: list[str] = []
