"""Depth and shape of the slab, from a user's grid or, roughly, from earthquakes."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mainshock.megathrust.build.geometry import TrenchLine
from mainshock.megathrust.build.grids import RegularGrid

__all__ = [
    "SMOOTHING_KM",
    "SlabProfile",
    "profile_from_events",
    "profile_from_grids",
    "slab_columns",
]

FloatArray = NDArray[np.float64]
SMOOTHING_KM = (200, 400, 600)
_REACH_KM = 1200.0
_INTERFACE_KM = 200.0  # shallow thrusts farther off are mostly not the interface's
_TRENCH_DEPTH_KM = 8.0  # of the interface where it begins
_TRENCH_WEIGHT = 50.0  # in events
_ALONG_SD_KM = 100.0  # of the weight of interface events
_FEWEST_EVENTS = 8.0  # effective number for a parabola
_DEEPEST_WINDOW_KM = 100.0


@dataclass(frozen=True, slots=True)
class SlabProfile:
    """The slab under each segment.

    Parameters
    ----------
    deepest_km
        Depth that the slab reaches, NaN where unknown.
    distance_km
        Distances landward of the trench at which the interface is given, shape ``(m,)``.
    depth_km
        Depth of the interface there, shape ``(n_segments, m)``.
    """

    deepest_km: FloatArray
    distance_km: FloatArray
    depth_km: FloatArray


def profile_from_grids(line: TrenchLine, grids: list[RegularGrid]) -> SlabProfile:
    """Return the slab of depth grids in km, of either sign (Slab2 counts negative downwards)."""
    distance = np.arange(10.0, _REACH_KM, 20.0)
    longitude, latitude = line.cell(0.0, _REACH_KM)
    depth = np.full(longitude.shape, np.nan)
    for grid in grids:
        depth = np.where(np.isfinite(depth), depth, np.abs(grid(longitude, latitude)))
    by_row = depth.reshape(line.n_segments, line.per_segment, -1)
    known = np.isfinite(by_row)
    summed = np.where(known, by_row, 0.0).sum(axis=1)
    mean = np.where(known.any(axis=1), summed / np.maximum(known.sum(axis=1), 1), np.nan)
    pairs = mean.reshape(line.n_segments, -1, 2)
    profile = pairs.mean(axis=2)
    deepest = np.where(np.isfinite(mean).any(axis=1), np.fmax.reduce(mean, axis=1), np.nan)
    return SlabProfile(deepest, distance, profile)


def profile_from_events(line: TrenchLine, interface: FloatArray, every: FloatArray) -> SlabProfile:
    """Return the slab as earthquakes show it: rough, and blind where there are none.

    The interface is a parabola through the centroids of thrusts within 200 km of the trench,
    weighted by a Gaussian along it, that begins at the trench in 8 km depth. The slab reaches
    as deep as the deepest event landward.

    Parameters
    ----------
    interface, every
        Distance along the trench, from it (positive landward) and depth, all in km, shape
        ``(n, 3)``: shallow thrusts, and all events.
    """
    distance = np.arange(10.0, _INTERFACE_KM, 20.0)
    centre = line.spacing_km * (np.arange(line.n_segments) + 0.5)
    near = interface[(interface[:, 1] > 0.0) & (interface[:, 1] < _INTERFACE_KM)]
    weight = np.exp(-0.5 * ((near[:, 0] - centre[:, None]) / _ALONG_SD_KM) ** 2.0)
    scaled = near[:, 1] / _INTERFACE_KM
    basis = np.stack([np.ones(len(near)), scaled, scaled**2], axis=1)
    matrix = np.einsum("sn,ni,nj->sij", weight, basis, basis) + 1e-3 * np.eye(3)
    matrix[:, 0, 0] += _TRENCH_WEIGHT
    right = np.einsum("sn,ni,n->si", weight, basis, near[:, 2])
    right[:, 0] += _TRENCH_WEIGHT * _TRENCH_DEPTH_KM
    factors = np.linalg.solve(matrix, right[..., None])[..., 0]
    at = distance / _INTERFACE_KM
    depth = factors @ np.stack([np.ones(len(at)), at, at**2])
    rises = depth[:, -1] <= _TRENCH_DEPTH_KM  # what comes up landward is no slab
    depth[rises | (weight.sum(axis=1) < _FEWEST_EVENTS)] = np.nan
    slab = every[(every[:, 1] > 0.0) & (every[:, 1] < _REACH_KM)]
    close = np.abs(slab[:, 0] - centre[:, None]) <= _DEEPEST_WINDOW_KM
    deepest = np.where(close, slab[:, 2], 0.0).max(axis=1, initial=0.0)
    return SlabProfile(np.where(deepest > 0.0, deepest, np.nan), distance, depth)


def _smoothed(values: FloatArray, window_km: float, spacing_km: float) -> FloatArray:
    """Return values smoothed by a Gaussian that is as wide as a box of the window is."""
    sd = window_km / spacing_km / np.sqrt(12.0)
    number = np.arange(len(values))
    weight = np.exp(-0.5 * ((number - number[:, None]) / sd) ** 2.0)
    weight[:, ~np.isfinite(values)] = 0.0
    total = weight.sum(axis=1)
    smooth = weight @ np.nan_to_num(values) / np.where(total > 0.0, total, np.nan)
    return np.asarray(np.where(np.isfinite(values), smooth, np.nan))


def slab_columns(profile: SlabProfile, spacing_km: float) -> dict[str, FloatArray]:
    """Return depth, its derivatives along the trench, dip and curvatures of the slab.

    ``DXT_w`` in km is the depth reached, smoothed over ``w`` km; ``FDM_w`` (km/km) and ``SDM_w``
    (1/km) the magnitudes of its first and second derivative; ``DIP_UP_AVE`` (degrees) the mean dip
    of the interface within 200 km of the trench; ``CRD_UP_*`` and ``CRS_UP_*`` (1/m) its second
    derivative along dip and along strike, ``CRM_UP_*`` their mean.
    """
    columns: dict[str, FloatArray] = {}
    for window in SMOOTHING_KM:
        depth = _smoothed(profile.deepest_km, window, spacing_km)
        first = np.gradient(depth, spacing_km)
        columns[f"DXT_{window}"] = depth
        columns[f"FDM_{window}"] = np.abs(first)
        columns[f"SDM_{window}"] = np.abs(np.gradient(first, spacing_km))
    near = profile.distance_km < _INTERFACE_KM
    depth, step = profile.depth_km[:, near], float(np.diff(profile.distance_km)[0])
    slope = np.gradient(depth, step, axis=1)
    along_dip = np.gradient(slope, step, axis=1) / 1000.0
    strike = np.gradient(np.gradient(depth, spacing_km, axis=0), spacing_km, axis=0) / 1000.0
    columns["DIP_UP_AVE"] = _mean(np.degrees(np.arctan(slope)))
    for name, values in (("CRD", along_dip), ("CRS", strike), ("CRM", (along_dip + strike) / 2.0)):
        columns[f"{name}_UP_AVE"], columns[f"{name}_UP_STD"] = _mean(values), _deviation(values)
    return columns


def _mean(values: FloatArray) -> FloatArray:
    known = np.isfinite(values)
    count = known.sum(axis=1)
    total = np.where(known, values, 0.0).sum(axis=1)
    return np.asarray(np.where(count > 0, total / np.maximum(count, 1), np.nan))


def _deviation(values: FloatArray) -> FloatArray:
    return np.sqrt(_mean((values - _mean(values)[:, None]) ** 2))
