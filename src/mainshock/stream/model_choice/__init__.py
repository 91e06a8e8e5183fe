"""Which picker works, which one runs beside it for comparison, and how that changes meanwhile."""

__all__: list[str] = []
