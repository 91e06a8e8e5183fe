"""Epidemic-type aftershock sequences: every earthquake may trigger others."""

__all__: list[str] = []
