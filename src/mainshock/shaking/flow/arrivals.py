"""When P and S waves arrive at a distance: straight lines fitted to a table's arrivals."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mainshock.shaking.scenarios import Scenarios

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Arrivals", "fit_arrivals"]

FloatArray = NDArray[np.float64]

_DEFAULT_SPEEDS_KM_S = (6.0, 3.46)  # of the upper crust, where a table has no arrivals
_LEAST_ROWS = 20


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Travel times as straight lines in hypocentral distance and depth.

    Parameters
    ----------
    p, s
        Seconds, seconds a km of distance, seconds a km of depth.
    is_fitted
        False: speeds of the upper crust are taken, 6.0 and 3.46 km/s.
    """

    p: tuple[float, float, float]
    s: tuple[float, float, float]
    is_fitted: bool

    def p_s(self, scenarios: Scenarios) -> FloatArray:
        """Return P arrivals after the origin time, s."""
        return np.asarray(np.maximum(_parts(scenarios) @ np.array(self.p), 0.1))

    def s_s(self, scenarios: Scenarios) -> FloatArray:
        """Return S arrivals after the origin time, s; later than P."""
        s_s = _parts(scenarios) @ np.array(self.s)
        return np.asarray(np.maximum(s_s, self.p_s(scenarios) + 0.1))


def fit_arrivals(scenarios: Scenarios, table: "pd.DataFrame") -> Arrivals:
    """Return lines through the columns ``tp_s`` and ``ts_s`` where a table has both.

    Parameters
    ----------
    table
        Row ``i`` is that of scenario ``i``; arrivals after the origin time, s.
    """
    names = ("tp_s", "ts_s")
    if set(names) <= set(table.columns):
        p_s, s_s = (table[name].to_numpy(dtype=np.float64) for name in names)
        given = np.isfinite(p_s) & np.isfinite(s_s)
        if given.sum() >= _LEAST_ROWS:
            parts = _parts(scenarios)[given]
            p, s = (np.linalg.lstsq(parts, one[given], rcond=None)[0] for one in (p_s, s_s))
            return Arrivals(_three(p), _three(s), is_fitted=True)
    p_speed, s_speed = _DEFAULT_SPEEDS_KM_S
    return Arrivals((0.0, 1.0 / p_speed, 0.0), (0.0, 1.0 / s_speed, 0.0), is_fitted=False)


def _three(values: FloatArray) -> tuple[float, float, float]:
    first, second, third = values.tolist()
    return first, second, third


def _parts(scenarios: Scenarios) -> FloatArray:
    distance = scenarios.hypocentral_km()
    return np.column_stack([np.ones(len(scenarios)), distance, scenarios.depth_km])
