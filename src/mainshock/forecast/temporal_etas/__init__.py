"""The ETAS model of times and magnitudes: exact, and by sums of exponentials."""

__all__: list[str] = []
