"""How far a scenario lies from anything a model was trained on."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from mainshock.shaking.design import site_points_km, source_points_km
from mainshock.shaking.scenarios import Scenarios

__all__ = ["ASPECTS", "Guard", "make_guard"]

FloatArray = NDArray[np.float64]

ASPECTS = ("magnitude_and_distance", "depth", "source", "site")

_QUANTILE = 0.995  # of training rows, each seen from the other events or stations
_NEIGHBOURS = 64  # among which one of another event is sought
# nearer than this is never far: magnitude (in its own unit) and ln R alike, then km
_SMALLEST_LIMITS = {"magnitude_and_distance": 0.2, "depth": 1.0, "source": 1.0, "site": 1.0}


@dataclass(frozen=True, slots=True, eq=False)
class Guard:
    """Training conditions, and how near one of them must be.

    Parameters
    ----------
    points
        For each of :data:`ASPECTS` the distinct conditions of training rows, ``(n, d)``.
    limits
        For each the largest distance that occurs between held-out and other training rows.
    """

    points: tuple[FloatArray, ...]
    limits: tuple[float, ...]

    def remoteness(self, scenarios: Scenarios) -> FloatArray:
        """Return the distance of each row from training conditions, ``(n_rows,)``.

        It is 0 for a training row and above 1 where the model extrapolates; the aspect that is
        farthest away counts.
        """
        worst = np.zeros(len(scenarios))
        for name, known, limit in zip(ASPECTS, self.points, self.limits, strict=True):
            distance, _ = cKDTree(known).query(_conditions(scenarios, name))
            worst = np.maximum(worst, distance / limit)
        return worst


def make_guard(scenarios: Scenarios) -> Guard:
    """Return the guard of a training set.

    Limits come from the set itself: each row is compared with those of other events (for the
    site: of other stations), and the distance that all but 0.5 % keep is the limit.
    """
    points, limits = [], []
    for name in ASPECTS:
        here = _conditions(scenarios, name)
        group = scenarios.station if name == "site" else scenarios.event
        apart = _nearest_of_others(here, group)
        points.append(np.unique(here, axis=0))
        limits.append(max(float(np.quantile(apart, _QUANTILE)), _SMALLEST_LIMITS[name]))
    return Guard(tuple(points), tuple(limits))


def _conditions(scenarios: Scenarios, name: str) -> FloatArray:
    if name == "source":
        return source_points_km(scenarios)
    if name == "site":
        return site_points_km(scenarios)
    if name == "depth":
        return scenarios.depth_km[:, None]
    distance_km = np.maximum(scenarios.hypocentral_km(), 1.0)
    return np.column_stack((scenarios.magnitude, np.log(distance_km)))


def _nearest_of_others(points: FloatArray, group: NDArray[np.str_]) -> FloatArray:
    """Return the distance from each distinct member to the nearest of another group."""
    _, first = np.unique(
        np.column_stack((points, np.unique(group, return_inverse=True)[1])),
        axis=0,
        return_index=True,
    )
    points, group = points[first], group[first]
    count = min(_NEIGHBOURS, len(points))
    distance, which = cKDTree(points).query(points, k=count)
    distance, which = distance.reshape(len(points), count), which.reshape(len(points), count)
    is_other = group[which] != group[:, None]
    place = np.where(is_other.any(axis=1), is_other.argmax(axis=1), count - 1)
    return np.asarray(distance[np.arange(len(points)), place])
