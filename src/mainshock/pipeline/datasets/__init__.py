"""Datasets of records and catalogues: collected, checked, split and described."""

__all__: list[str] = []
