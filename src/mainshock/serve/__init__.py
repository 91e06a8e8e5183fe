"""The service: REST, live traces, FDSN web services, SeedLink, metrics and the web page."""

__all__: list[str] = []
