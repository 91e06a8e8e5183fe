"""Grades an event from A (well constrained) to D (detected, hardly located).

===== ================ ================== ============= ========
grade 68 % region      azimuthal gap      stations      picks
===== ================ ================== ============= ========
A     up to 5 km2      up to 180 degrees  at least 5    8
B     up to 50 km2     up to 270 degrees  at least 4    6
C     up to 500 km2    any                at least 3    5
D     anything else
===== ================ ================== ============= ========

An event drops one grade where its residuals are three times what their sigmas explain, or where
its picks are improbable (geometric mean of their probabilities below 0.5).
"""

import math
from collections.abc import Sequence

import numpy as np

from mainshock.core.records import Arrival, Origin
from mainshock.events.geometry import azimuthal_gap_deg, station_codes

__all__ = ["grade"]

_GRADES = (("A", 5.0, 180.0, 5, 8), ("B", 50.0, 270.0, 4, 6), ("C", 500.0, 360.0, 3, 5))
_LETTERS = "ABCD"
_POOR_FIT, _WEAK_PICKS = 3.0, 0.5


def grade(origin: Origin, arrivals: Sequence[Arrival]) -> tuple[str, tuple[str, ...]]:
    """Return the quality letter, and flags that say what lowered it.

    Flags are ``"poor_fit"``, ``"weak_picks"`` and ``"large_azimuthal_gap"`` (above 270 degrees).
    """
    gap = azimuthal_gap_deg([arrival.azimuth_deg for arrival in arrivals])
    letter = _from_geometry(origin, gap, arrivals)
    flags = _lowering_flags(arrivals)
    lowered = min(_LETTERS.index(letter) + len(flags), len(_LETTERS) - 1)
    if gap > 270.0:
        flags.append("large_azimuthal_gap")
    return _LETTERS[lowered], tuple(flags)


def _from_geometry(origin: Origin, gap_deg: float, arrivals: Sequence[Arrival]) -> str:
    levels = {region.level: region.area_km2 for region in origin.regions}
    area = levels.get(0.68, 2.3 * math.pi * origin.east_sd_km * origin.north_sd_km)
    n_stations, n_picks = len(station_codes(arrivals)), len(arrivals)
    for letter, largest_area, largest_gap, stations, picks in _GRADES:
        enough = n_stations >= stations and n_picks >= picks
        if enough and area <= largest_area and gap_deg <= largest_gap:
            return letter
    return "D"


def _lowering_flags(arrivals: Sequence[Arrival]) -> list[str]:
    if not arrivals:
        return []
    flags = []
    ratio = np.median([abs(a.residual_s) / (a.sigma_s or a.pick.sigma_s) for a in arrivals])
    if ratio > _POOR_FIT:
        flags.append("poor_fit")
    if np.exp(np.mean([math.log(max(a.pick.probability, 1e-6)) for a in arrivals])) < _WEAK_PICKS:
        flags.append("weak_picks")
    return flags
