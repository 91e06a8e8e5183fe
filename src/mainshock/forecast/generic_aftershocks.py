"""Published parameters of aftershock sequences by tectonic regime."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mainshock.core.errors import SettingsError

__all__ = ["GENERIC_AFTERSHOCKS", "GenericAftershocks", "SequenceCompleteness", "generic_named"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SequenceCompleteness:
    """From which magnitude on a sequence is known completely, as time goes on.

    ``max(mc, share M - offset - slope log10(days))``, and never above the mainshock's ``M``.

    Parameters
    ----------
    mc
        Magnitude of completeness in quiet times.
    share, offset, slope
        As above; the default holds for global catalogues (Page et al., 2016).

    Examples
    --------
    >>> california = SequenceCompleteness(3.0, share=1.0, offset=4.5, slope=0.75)
    >>> california.at(7.1, [0.01, 1.0]).round(2)
    array([4.1, 3. ])
    """

    mc: float
    share: float = 0.5
    offset: float = 0.25
    slope: float = 1.0

    def at(self, magnitude: float, days: ArrayLike) -> FloatArray:
        """Return the magnitude of completeness so many days after a mainshock."""
        passed = np.maximum(np.asarray(days, dtype=np.float64), 1e-12)
        wake = self.share * magnitude - self.offset - self.slope * np.log10(passed)
        return np.maximum(self.mc, np.minimum(wake, magnitude))

    def bends(self, magnitude: float) -> tuple[float, float]:
        """Return between which days after a mainshock completeness falls."""
        wake = self.share * magnitude - self.offset
        begin, end = ((wake - limit) / self.slope for limit in (magnitude, self.mc))
        return 10.0 ** min(begin, end), 10.0**end


@dataclass(frozen=True, slots=True)
class GenericAftershocks:
    """What sequences of a regime are like before anything is known of one of them.

    The rate of aftershocks of at least ``m``, ``t`` days after a mainshock ``M``, is
    ``10^(a + b (M - m)) (t + c)^-p`` a day.

    Parameters
    ----------
    regime
        Code of the regime.
    description
        In words.
    a, b, c_days, p
        As above; ``a`` is the mean over sequences.
    a_sd
        Spread of ``a`` between sequences after large mainshocks.
    a_sd_small
        Grows the spread after small ones: ``sqrt(a_sd^2 + a_sd_small^2 / 10^max(M, 6))``.
    wake
        Share, offset and slope of :class:`SequenceCompleteness`.
    reference
        DOI.
    """

    regime: str
    description: str
    a: float
    p: float
    c_days: float = 0.018
    b: float = 1.0
    a_sd: float = 0.49
    a_sd_small: float = 0.0
    wake: tuple[float, float, float] = (0.5, 0.25, 1.0)
    reference: str = "https://doi.org/10.1785/0120160073"

    def spread(self, magnitude: float) -> float:
        """Return the standard deviation of ``a`` after a mainshock of a magnitude."""
        return float(np.hypot(self.a_sd, self.a_sd_small / 10.0 ** (max(magnitude, 6.0) / 2)))

    def completeness(self, mc: float) -> SequenceCompleteness:
        """Return how completeness recovers after a mainshock of this regime."""
        return SequenceCompleteness(mc, *self.wake)


_CALIFORNIA = (1.0, 4.5, 0.75)
_HARDEBECK = "https://doi.org/10.1785/0220180240"
_PAGE = (  # regime of Garcia et al. (2012), description, a, p, spread after small mainshocks
    ("ANSR-ABSLDEC", "active crust above a slab, deep", -2.29, 1.01, 560.0),
    ("ANSR-ABSLOCB", "oceanic boundary above a slab", -2.82, 0.64, 890.0),
    ("ANSR-ABSLSHC", "active crust above a slab, shallow", -2.85, 1.06, 800.0),
    ("ANSR-DEEPCON", "active continental crust, deep", -2.13, 0.98, 250.0),
    ("ANSR-HOTSPOT", "volcanic hot spot", -3.00, 1.12, 680.0),
    ("ANSR-OCEANBD", "oceanic boundary", -3.19, 1.08, 500.0),
    ("ANSR-SHALCON", "active continental crust, shallow", -2.42, 0.98, 570.0),
    ("SCR-GENERIC", "stable continent", -2.85, 0.73, 870.0),
    ("SCR-ABVSLAB", "stable continent above a slab", -2.85, 0.73, 870.0),
    ("SOR-GENERIC", "stable ocean", -3.04, 0.97, 650.0),
    ("SOR-ABVSLAB", "stable ocean above a slab", -3.04, 0.97, 650.0),
    ("SZ-GENERIC", "subduction zone", -2.47, 0.88, 570.0),
    ("SZ-INLBACK", "subduction zone, inland or back-arc", -2.43, 0.86, 640.0),
    ("SZ-ONSHORE", "subduction zone, on shore", -2.34, 0.81, 500.0),
    ("SZ-OUTERTR", "subduction zone, outer trench", -2.42, 0.92, 540.0),
)
_CALIFORNIAN = (  # updated for California: regime, description, a, p, c, spread
    ("CAL-SCSN", "southern California", -2.30, 0.83, 0.0033, 0.50),
    ("CAL-NCSS", "northern California", -2.64, 0.96, 0.012, 0.48),
    ("CAL-MENDOCINO", "Mendocino", -3.18, 1.15, 0.050, 0.47),
    ("CAL-HYDROTHERMAL", "hydrothermal areas of California", -1.79, 0.94, 0.026, 0.29),
)
_ALL = (
    *(
        GenericAftershocks(regime, text, a, p, a_sd_small=small)
        for regime, text, a, p, small in _PAGE
    ),
    *(
        GenericAftershocks(regime, text, a, p, c, a_sd=sd, wake=_CALIFORNIA, reference=_HARDEBECK)
        for regime, text, a, p, c, sd in _CALIFORNIAN
    ),
    GenericAftershocks(  # its authors give no spread: that of large mainshocks elsewhere stands
        "CALIFORNIA-1989",
        "California, generic parameters of 1989",
        a=-1.67,
        p=1.08,
        c_days=0.05,
        b=0.91,
        wake=_CALIFORNIA,
        reference="https://doi.org/10.1126/science.243.4895.1173",
    ),
)

GENERIC_AFTERSHOCKS: Mapping[str, GenericAftershocks] = MappingProxyType(
    {one.regime: one for one in _ALL}
)
"""By code of the regime.

Values of Page et al. (2016) for the regimes of Garcia et al. (2012), and those of Hardebeck et al.
(2019) for California, are those that the United States Geological Survey uses (opensha-oaf, public
domain); ``CALIFORNIA-1989`` is of Reasenberg and Jones (1989).
"""


def generic_named(regime: str) -> GenericAftershocks:
    """Return the parameters of a regime; underscores and small letters will do.

    Raises
    ------
    SettingsError
        If there is no such regime.

    Examples
    --------
    >>> generic_named("ansr_shalcon").a
    -2.42
    """
    found = GENERIC_AFTERSHOCKS.get(regime.upper().replace("_", "-"))
    if found is None:
        raise SettingsError(
            f"no aftershock parameters for regime {regime!r}; there are "
            f"{', '.join(GENERIC_AFTERSHOCKS)}"
        )
    return found
