"""Made-up records of a stochastic point source, for scale, tests and teaching.

Models of shaking never import this: what they know they learn from records.
"""

__all__: list[str] = []
