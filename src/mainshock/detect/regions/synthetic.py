"""Measurements that events elsewhere would have given: places from a catalogue, errors from data.

A hundred windows do not fill the regions of a catalogue. But what a window measures follows from
its source's place: S-P time from the hypocentral distance, direction from the azimuth, and the
steepness of the motion from the angle of incidence. The three relations are fitted to the
training windows; their residuals are kept whole, one set a window, so that a weak S, its wrong
time and its low probability stay together. A synthetic window is the place of an event in the
catalogue (or near a training event, without a catalogue) with the residuals of a training window.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mainshock.core.errors import DataError
from mainshock.core.geo import LocalFrame, geodesic_azimuth_deg, geodesic_distance_km
from mainshock.detect.regions.features import BANDS_HZ, FEATURES
from mainshock.detect.regions.windows import RegionWindows

__all__ = ["MeasurementModel", "fit_measurement_model", "nearby_places"]

FloatArray = NDArray[np.float64]
_JITTER_KM = 8.0
_EXTRA_SP_S = 0.15
_EXTRA_DEG = 10.0
_BLUR = 1.0  # of a deviation: else probability and rectilinearity name the residuals they came with
_SURPRISE = 0.02  # share of windows whose S-P or direction is anything: what 100 did not show
_SP = FEATURES.index("sp_s")
_BANDS = range(len(BANDS_HZ))
_NORTH, _EAST, _SHARE, _LINEAR = (
    [FEATURES.index(f"{name}_{band}") for band in _BANDS]
    for name in ("north", "east", "horizontal_share", "rectilinearity")
)


@dataclass(frozen=True, eq=False)
class MeasurementModel:
    """Relations from place to measurement, and the residuals of each training window."""

    station_longitude: float
    station_latitude: float
    sp_coefficients: FloatArray
    share_coefficients: FloatArray
    sp_residuals: FloatArray
    """Shape ``(n,)``, in s."""
    turn_residuals: FloatArray
    """Shape ``(n, n_bands)``: measured minus true azimuth, in radians."""
    share_residuals: FloatArray
    """Shape ``(n, n_bands)``."""
    measured: FloatArray
    """Shape ``(n, n_features)``: what is taken as it was."""

    def draw(self, places: pd.DataFrame, rng: np.random.Generator) -> FloatArray:
        """Return measurements at places, shape ``(n, n_features)``."""
        distance, azimuth = self._geometry(places)
        depth = places["depth_km"].to_numpy(float)
        count = len(places)
        chosen = rng.integers(0, len(self.measured), count)
        blur = _BLUR * self.measured.std(axis=0)
        measured: FloatArray = (
            self.measured[chosen] + rng.normal(size=(count, len(FEATURES))) * blur
        )
        sp_s = _design(distance, depth) @ self.sp_coefficients + self.sp_residuals[chosen]
        sp_s += rng.normal(0.0, _EXTRA_SP_S, count)
        odd = rng.random(count) < _SURPRISE
        sp_s[odd] = rng.uniform(1.0, 40.0, int(odd.sum()))
        measured[:, _SP] = np.clip(sp_s, 1.0, 40.0)
        angle = azimuth[:, None] + self.turn_residuals[chosen]
        angle = angle + rng.normal(0.0, np.radians(_EXTRA_DEG), (count, 1))
        odd = rng.random(count) < _SURPRISE
        angle[odd] += rng.uniform(0.0, 2.0 * np.pi, (int(odd.sum()), 1))
        measured[:, _NORTH], measured[:, _EAST] = np.cos(angle), np.sin(angle)
        share = _share_design(distance, depth) @ self.share_coefficients
        share = share + self.share_residuals[chosen] + rng.normal(0.0, 0.03, share.shape)
        measured[:, _SHARE] = np.clip(share, 0.02, 1.0)
        return measured

    def _geometry(self, places: pd.DataFrame) -> tuple[FloatArray, FloatArray]:
        here = (self.station_longitude, self.station_latitude)
        there = (places["longitude"].to_numpy(float), places["latitude"].to_numpy(float))
        distance = geodesic_distance_km(*here, *there)
        return distance, np.radians(geodesic_azimuth_deg(*here, *there))


def fit_measurement_model(windows: RegionWindows, measured: FloatArray) -> MeasurementModel | None:
    """Return the relations of these events, or None where their places are not known.

    Parameters
    ----------
    windows
        Events of the training.
    measured
        Shape ``(n, n_features)``, from curves that a network drew which did not see the window.

    Raises
    ------
    DataError
        If fewer than ten events have a place.

    Notes
    -----
    ``S-P = a + b h + c h^2`` with the hypocentral distance h, by least absolute residual
    (ten rounds of weights, one over the residual); the horizontal share is a line in
    ``epicentral / hypocentral distance``.
    """
    needed = ("longitude", "latitude", "station_longitude", "station_latitude")
    columns = [windows.column(name) for name in needed]
    known = np.all(np.isfinite(columns), axis=0)
    if not known.any():
        return None
    if known.sum() < 10:
        raise DataError(f"{int(known.sum())} events have a place; the relations need 10 or more")
    table, seen = windows.table[known], measured[known]
    lon0, lat0 = float(columns[2][known][0]), float(columns[3][known][0])
    depth = table["depth_km"].fillna(0.0).to_numpy(float)
    there = (table["longitude"].to_numpy(float), table["latitude"].to_numpy(float))
    distance = geodesic_distance_km(lon0, lat0, *there)
    azimuth = np.radians(geodesic_azimuth_deg(lon0, lat0, *there))
    sp_fit = _robust(_design(distance, depth), seen[:, _SP], 0.2)
    tilt = _share_design(distance, depth)
    share_fit = np.column_stack([_robust(tilt, seen[:, column], 0.05) for column in _SHARE])
    turn = np.arctan2(seen[:, _EAST], seen[:, _NORTH]) - azimuth[:, None]
    return MeasurementModel(
        lon0,
        lat0,
        sp_fit,
        share_fit,
        seen[:, _SP] - _design(distance, depth) @ sp_fit,
        np.angle(np.exp(1j * turn)),
        seen[:, _SHARE] - tilt @ share_fit,
        seen,
    )


def nearby_places(windows: RegionWindows, count: int, rng: np.random.Generator) -> pd.DataFrame:
    """Return places around the training events, 8 km of standard deviation in each direction."""
    known = windows.table.dropna(subset=["longitude", "latitude"])
    rows = known.iloc[rng.integers(0, len(known), count)].reset_index(drop=True)
    frame = LocalFrame(float(rows["longitude"].mean()), float(rows["latitude"].mean()))
    east, north = frame.to_local(rows["longitude"].to_numpy(), rows["latitude"].to_numpy())
    shift = rng.normal(0.0, _JITTER_KM, (3, count))
    longitude, latitude = frame.to_geographic(east + shift[0], north + shift[1])
    depth = np.maximum(rows["depth_km"].fillna(0.0).to_numpy() + shift[2], 0.0)
    return rows.assign(longitude=longitude, latitude=latitude, depth_km=depth)


def _design(distance_km: FloatArray, depth_km: FloatArray) -> FloatArray:
    path = np.hypot(distance_km, depth_km) / 100.0
    return np.column_stack([np.ones_like(path), path, path**2])


def _share_design(distance_km: FloatArray, depth_km: FloatArray) -> FloatArray:
    share = distance_km / np.maximum(np.hypot(distance_km, depth_km), 1.0)
    return np.column_stack([np.ones_like(share), share])


def _robust(design: FloatArray, observed: FloatArray, scale: float) -> FloatArray:
    weight = np.ones(len(observed))
    for _ in range(10):
        root = np.sqrt(weight)
        fitted = np.linalg.lstsq(design * root[:, None], observed * root, rcond=None)[0]
        weight = 1.0 / np.maximum(np.abs(observed - design @ fitted), scale)
    return np.asarray(fitted, dtype=np.float64)
