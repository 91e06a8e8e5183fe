"""What is done to samples before anything is looked for in them.

Nothing is imported here, so that SciPy loads only where it is used; take functions from
``mainshock.signal.filters`` and ``mainshock.signal.resample``.
"""

__all__: list[str] = []
