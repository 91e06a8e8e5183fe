"""Steps from one schema of the live store to the next, run when a store is opened."""

__all__: list[str] = []
