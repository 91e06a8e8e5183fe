"""How long ruptures usually are."""

from mainshock.signal.compiled import compiled

__all__ = ["rupture_length_km"]


@compiled
def rupture_length_km(magnitude: float) -> float:
    """Return the usual length of a rupture below the surface, ``10^(0.59 M - 2.44)`` km.

    References
    ----------
    Wells and Coppersmith (1994), all slip types, https://doi.org/10.1785/BSSA0840040974
    """
    return float(10.0 ** (0.59 * magnitude - 2.44))
