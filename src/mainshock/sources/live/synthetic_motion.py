"""Ground motion for the generator of load: noise, and earthquakes in a half-space."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from mainshock.core.geo import geodesic_distance_km
from mainshock.core.records import Station
from mainshock.sources.fragments import NANOSECONDS, datetime_from_ns

__all__ = [
    "COMPONENTS",
    "COUNTS_PER_M_S",
    "RATE_HZ",
    "SyntheticEarthquake",
    "SyntheticMotion",
]

COMPONENTS = "ZNE"
RATE_HZ = 100
COUNTS_PER_M_S = 1e9
"""Sensitivity of the made-up instruments, counts for 1 m/s."""

_P_KM_S, _S_KM_S = 5.8, 3.36  # the uppermost 20 km of IASP91
_INTERVAL_S = 120
_CODA_S = 25
_REACH_KM = 250.0
_NOISE_S = 600
_NOISE_COUNTS = 25.0
_LARGEST_COUNT = 2**30


@dataclass(frozen=True, slots=True)
class SyntheticEarthquake:
    """An earthquake that the generator makes up.

    Parameters
    ----------
    time
        Origin time, UTC.
    longitude, latitude
        Degrees.
    depth_km
        Below sea level.
    magnitude
        Sets the amplitude: a tenfold one for each unit.
    """

    time: datetime
    longitude: float
    latitude: float
    depth_km: float
    magnitude: float


class SyntheticMotion:
    """Counts of every station at any time since the start; the same for the same seed.

    Parameters
    ----------
    places
        The stations.
    seed
        Of noise and earthquakes.
    """

    def __init__(self, places: Sequence[Station], seed: int) -> None:
        self._seed = seed
        self._longitudes = np.array([place.longitude for place in places])
        self._latitudes = np.array([place.latitude for place in places])
        rng = np.random.default_rng([seed, 2])
        white = rng.standard_normal((len(COMPONENTS), _NOISE_S * RATE_HZ + 8))
        # a short running sum makes the spectrum fall towards high frequencies
        smooth = np.cumsum(white, axis=1)
        self._noise = (_NOISE_COUNTS / np.sqrt(8.0) * (smooth[:, 8:] - smooth[:, :-8])).astype(
            np.float32
        )
        self._noise_starts = rng.integers(0, self._noise.shape[1], len(places))
        self._bursts: dict[tuple[int, int], tuple[int, NDArray[np.float32]]] = {}
        self._distances: dict[int, NDArray[np.float64]] = {}

    def earthquakes(self, start_ns: int, duration_s: float) -> list[SyntheticEarthquake]:
        """Return the earthquakes of the first seconds after a start."""
        found = []
        for number in range(int(duration_s // _INTERVAL_S) + 1):
            offset_s, quake = self._earthquake(number)
            if offset_s < duration_s:
                time = datetime_from_ns(start_ns + round(offset_s * NANOSECONDS))
                found.append(replace(quake, time=time))
        return found

    def counts(self, station: int, first_sample: int, n_samples: int) -> NDArray[np.int32]:
        """Return samples of shape ``(3, n_samples)``, components Z, N, E."""
        begin = first_sample + int(self._noise_starts[station])
        index = np.arange(begin, begin + n_samples) % self._noise.shape[1]
        motion = self._noise[:, index]
        newest = (first_sample + n_samples) // (_INTERVAL_S * RATE_HZ)
        for number in (newest - 1, newest):
            if number >= 0:
                self._add_burst(motion, number, station, first_sample)
        rounded = np.clip(np.rint(motion), -_LARGEST_COUNT, _LARGEST_COUNT)
        return np.asarray(rounded, dtype=np.int32)

    def _add_burst(
        self, motion: NDArray[np.float32], number: int, station: int, first_sample: int
    ) -> None:
        if (number, station) not in self._bursts:
            self._forget_before(number - 1)
            self._bursts[number, station] = self._burst(number, station)
        begin, burst = self._bursts[number, station]
        skip = begin - first_sample
        low, high = max(skip, 0), min(skip + burst.shape[1], motion.shape[1])
        if low < high:
            motion[:, low:high] += burst[:, low - skip : high - skip]

    def _forget_before(self, number: int) -> None:
        if self._distances and min(self._distances) < number:
            self._distances = {key: kept for key, kept in self._distances.items() if key >= number}
            self._bursts = {key: kept for key, kept in self._bursts.items() if key[0] >= number}

    def _earthquake(self, number: int) -> tuple[float, SyntheticEarthquake]:
        """Return seconds after the start, and an earthquake without a time of its own."""
        rng = np.random.default_rng([self._seed, 3, number])
        offset_s = (number + rng.uniform(0.2, 0.4)) * _INTERVAL_S
        half_lon, half_lat = (
            max(0.1, float(np.abs(values).max()) / 2)
            for values in (self._longitudes, self._latitudes)
        )
        return offset_s, SyntheticEarthquake(
            datetime_from_ns(0),
            float(rng.uniform(-half_lon, half_lon)),
            float(rng.uniform(-half_lat, half_lat)),
            float(rng.uniform(5.0, 15.0)),
            float(rng.uniform(2.0, 3.5)),
        )

    def _burst(self, number: int, station: int) -> tuple[int, NDArray[np.float32]]:
        """Return the sample of the P arrival and what follows it, shape ``(3, n_samples)``."""
        offset_s, quake = self._earthquake(number)
        if number not in self._distances:
            epicentral_km = geodesic_distance_km(
                quake.longitude, quake.latitude, self._longitudes, self._latitudes
            )
            self._distances[number] = np.hypot(epicentral_km, quake.depth_km)
        distance_km = float(self._distances[number][station])
        if distance_km > _REACH_KM:
            return 0, np.zeros((len(COMPONENTS), 0), np.float32)
        p_s = offset_s + distance_km / _P_KM_S
        begin = int(np.ceil(p_s * RATE_HZ))
        s_minus_p_s = distance_km / _S_KM_S - distance_km / _P_KM_S
        n_samples = int((s_minus_p_s + _CODA_S) * RATE_HZ)
        rng = np.random.default_rng([self._seed, 4, number, station])
        white = rng.standard_normal((len(COMPONENTS), n_samples + 4)).cumsum(axis=1)
        carrier = (white[:, 4:] - white[:, :-4]) / 2.0
        time_s = begin / RATE_HZ - p_s + np.arange(n_samples) / RATE_HZ
        of_p = np.array([1.0, 0.4, 0.4])[:, None] * _envelope(time_s, 1.5)
        of_s = np.array([1.0, 2.5, 2.5])[:, None] * _envelope(time_s - s_minus_p_s, 4.0)
        peak = COUNTS_PER_M_S * 1e-6 * 10.0 ** (quake.magnitude - 2.0) * (10.0 / distance_km) ** 1.5
        return begin, (peak * carrier * np.hypot(of_p, of_s)).astype(np.float32)


def _envelope(time_s: NDArray[np.float64], decay_s: float) -> NDArray[np.float64]:
    """Return a sharp onset at zero and an exponential end."""
    since_s = np.clip(time_s, 0.0, None)
    return np.where(
        time_s >= 0.0, (1.0 - 0.7 * np.exp(-since_s / 0.05)) * np.exp(-since_s / decay_s), 0.0
    )
