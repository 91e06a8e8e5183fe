"""mainshock: from seismic records to knowledge, each number with its uncertainty.

Importing this package has no side effects and loads neither torch, ObsPy, pandas nor matplotlib.
Import what you need from the module that defines it: ``from mainshock.core.records import Pick``.
"""

__version__ = "0.1.0"
__all__ = ["__version__"]
