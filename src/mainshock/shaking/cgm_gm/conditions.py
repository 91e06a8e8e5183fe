"""What CGM-GM is told of source and site: six sets of conditions, scaled to 0 to 1."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import SettingsError
from mainshock.shaking.scenarios import Scenarios

__all__ = ["CONDITION_SETS", "Range", "condition_values"]

FloatArray = NDArray[np.float64]

CONDITION_SETS: Mapping[int, tuple[str, ...]] = {
    0: ("magnitude", "rupture_km", "azimuth"),
    1: ("magnitude", "rupture_km", "azimuth", "depth_km"),
    2: (  # CGM-GM
        "magnitude",
        "source_latitude",
        "source_longitude",
        "site_latitude",
        "site_longitude",
        "depth_km",
    ),
    3: ("magnitude", "depth_km"),
    4: ("magnitude", "rupture_km", "depth_km"),  # CGM-baseline
    5: ("magnitude", "epicentral_km", "depth_km"),
}


@dataclass(frozen=True, slots=True, eq=False)
class Range:
    """Smallest and largest values that scale others to 0 to 1.

    Parameters
    ----------
    low, high
        Shape ``(n_values,)``; where both are equal, the scaled value is 0.
    """

    low: FloatArray
    high: FloatArray

    @classmethod
    def of(cls, values: NDArray[Any]) -> "Range":
        """Return the range of ``values`` along the first axis."""
        return cls(values.min(axis=0).astype(np.float64), values.max(axis=0).astype(np.float64))

    def scaled(self, values: FloatArray) -> FloatArray:
        """Return values scaled; those outside the range lie outside 0 to 1."""
        width = np.where(self.high > self.low, self.high - self.low, 1.0)
        scaled: FloatArray = (values - self.low) / width
        return scaled

    def is_outside(self, values: FloatArray) -> NDArray[np.bool_]:
        """Return the rows that have a value outside the range."""
        return np.asarray(((values < self.low) | (values > self.high)).any(axis=1))


def condition_values(scenarios: Scenarios, number: int) -> FloatArray:
    """Return the conditions of scenarios, shape ``(n_rows, n_conditions)``, not scaled.

    Parameters
    ----------
    number
        Of the set; 2 is CGM-GM and 4 CGM-baseline.

    Raises
    ------
    SettingsError
        If there is no such set.

    Notes
    -----
    Sources are points, so the rupture distance is the hypocentral one. The azimuth is, as released,
    the arc tangent of the differences of longitude and latitude in degrees, in radians.
    """
    if number not in CONDITION_SETS:
        raise SettingsError(
            f"there is no set of conditions {number}; give one of {sorted(CONDITION_SETS)}"
        )
    return np.column_stack([_value(scenarios, name) for name in CONDITION_SETS[number]])


def _value(scenarios: Scenarios, name: str) -> FloatArray:
    if name == "rupture_km":
        return scenarios.hypocentral_km()
    if name == "epicentral_km":
        return scenarios.epicentral_km()
    if name == "azimuth":
        east = scenarios.site_longitude - scenarios.source_longitude
        return np.arctan2(east, scenarios.site_latitude - scenarios.source_latitude)
    return np.asarray(getattr(scenarios, name), dtype=np.float64)
