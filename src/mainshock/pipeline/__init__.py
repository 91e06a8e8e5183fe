"""The order of the stages: records to picks to events to tables and report."""

__all__: list[str] = []
