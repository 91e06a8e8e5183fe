"""Archive jobs: years of records to picks and events, by station and day, on many processors."""

__all__: list[str] = []
