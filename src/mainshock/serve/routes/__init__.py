"""The routes of the service, one module for each capability."""

__all__: list[str] = []
