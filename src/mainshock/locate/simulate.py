"""Simulated events, to prove that credible regions hold what they promise."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict

from mainshock.core.errors import SettingsError
from mainshock.core.geo import geodesic_azimuth_deg, geodesic_distance_km
from mainshock.core.records import Pick, Station
from mainshock.core.times import to_posix_s, utc_from_posix
from mainshock.locate.base import TravelTimeModel
from mainshock.locate.simulation_sources import Hypocentres, Sources

__all__ = ["SYNTHETIC", "PickErrors", "SimulatedEvent", "Simulation"]

FloatArray = NDArray[np.float64]
SYNTHETIC = "SYNTHETIC"
_START_POSIX_S = to_posix_s(datetime(2020, 1, 1, tzinfo=UTC))
_BETWEEN_S = 600.0


@dataclass(frozen=True, slots=True)
class PickErrors:
    """How picks err.

    Parameters
    ----------
    sigma_s
        Standard deviation of the picks of P and of S.
    degrees_of_freedom
        Of Student's t with these standard deviations; above 2. None: Gaussian.
    model_error
        Standard deviation of the relative error of each travel time.
    outlier_share, outlier_window_s
        Share of picks that are moved anywhere within the window around their time.
    missed_share
        Share of phases that are not picked.
    back_azimuth_sigma_deg
        Deviation of the back azimuths on the P picks (von Mises); None: there are none.
    azimuth_outlier_share
        Share of back azimuths that point anywhere.

    Raises
    ------
    SettingsError
        If a number makes no sense.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")

    sigma_s: tuple[float, float] = (0.05, 0.1)
    degrees_of_freedom: float | None = None
    model_error: float = 0.0
    outlier_share: float = 0.0
    outlier_window_s: float = 30.0
    missed_share: float = 0.0
    back_azimuth_sigma_deg: float | None = None
    azimuth_outlier_share: float = 0.0

    def __post_init__(self) -> None:
        for name in ("model_error", "outlier_share", "missed_share", "azimuth_outlier_share"):
            if not 0.0 <= getattr(self, name) < 1.0:
                raise SettingsError(f"{name} is {getattr(self, name)}; it must lie in [0, 1)")
        if min(*self.sigma_s, self.outlier_window_s, self.back_azimuth_sigma_deg or 1.0) <= 0.0:
            raise SettingsError(
                f"sigma_s {self.sigma_s}, outlier_window_s {self.outlier_window_s} and "
                f"back_azimuth_sigma_deg {self.back_azimuth_sigma_deg} must be positive"
            )
        if self.degrees_of_freedom is not None and self.degrees_of_freedom <= 2.0:
            raise SettingsError(
                f"degrees_of_freedom is {self.degrees_of_freedom}; a standard deviation exists "
                "above 2 only"
            )

    def times_s(self, phase: str, travel_s: FloatArray, rng: np.random.Generator) -> FloatArray:
        """Return travel times as they are picked, outliers included; shape of ``travel_s``."""
        n, sigma_s = travel_s.size, self.sigma_s[phase == "S"]
        noise = rng.standard_normal(n)
        if self.degrees_of_freedom is not None:
            nu = self.degrees_of_freedom
            noise = rng.standard_t(nu, n) * np.sqrt((nu - 2.0) / nu)
        times = travel_s * (1.0 + self.model_error * rng.standard_normal(n)) + sigma_s * noise
        moved = self.outlier_window_s * (rng.random(n) - 0.5)
        return np.where(rng.random(n) < self.outlier_share, times + moved, times)

    def azimuths_deg(self, true_deg: FloatArray, rng: np.random.Generator) -> FloatArray | None:
        """Return back azimuths as they are measured, from 0 to 360; None where there are none."""
        if self.back_azimuth_sigma_deg is None:
            return None
        n, kappa = true_deg.size, 1.0 / np.radians(self.back_azimuth_sigma_deg) ** 2
        found = true_deg + np.degrees(rng.vonmises(0.0, kappa, n))
        anywhere = rng.uniform(0.0, 360.0, n)
        chosen = np.where(rng.random(n) < self.azimuth_outlier_share, anywhere, found)
        return np.asarray(chosen % 360.0)


@dataclass(frozen=True, slots=True)
class SimulatedEvent:
    """The picks of an event, and where and when it truly was."""

    event_id: str
    picks: tuple[Pick, ...]
    time: datetime
    longitude: float
    latitude: float
    depth_km: float


@dataclass(frozen=True, slots=True, eq=False)
class Simulation:
    """A network and the events that it sees.

    Parameters
    ----------
    stations, travel_times
        The network and the truth about travel times.
    sources
        Where events happen.
    errors
        How picks err.
    told
        What the picks claim about their errors (``sigma_s``, ``back_azimuth_sigma_deg``); None:
        the truth.
    phases
        Phases that each station picks.
    """

    stations: Sequence[Station]
    travel_times: TravelTimeModel
    sources: Sources
    errors: PickErrors = PickErrors()
    told: PickErrors | None = None
    phases: tuple[str, ...] = ("P", "S")

    def events(self, n: int, rng: np.random.Generator) -> list[SimulatedEvent]:
        """Return ``n`` events, ten minutes apart; one without picks where all were missed."""
        places = self.sources.draw(n, rng)
        origins = _START_POSIX_S + _BETWEEN_S * np.arange(n, dtype=np.float64)
        ids = [f"synthetic-{number:05d}" for number in range(n)]
        picks: list[list[Pick]] = [[] for _ in range(n)]
        for station in self.stations:
            for phase in self.phases:
                self._add_picks(picks, ids, origins, places, station, phase, rng)
        return [
            SimulatedEvent(
                ids[i],
                tuple(picks[i]),
                utc_from_posix(origins[i]),
                float(places.longitude[i]),
                float(places.latitude[i]),
                float(places.depth_km[i]),
            )
            for i in range(n)
        ]

    def _add_picks(
        self,
        picks: list[list[Pick]],
        ids: Sequence[str],
        origins: FloatArray,
        places: Hypocentres,
        station: Station,
        phase: str,
        rng: np.random.Generator,
    ) -> None:
        path = (station.longitude, station.latitude, places.longitude, places.latitude)
        travel_s = self.travel_times.travel_time_s(
            phase, geodesic_distance_km(*path), places.depth_km, station.depth_km
        )
        times = origins + self.errors.times_s(phase, travel_s, rng)
        azimuths = None
        if phase == "P":
            azimuths = self.errors.azimuths_deg(geodesic_azimuth_deg(*path), rng)
        told = self.told or self.errors
        is_picked = rng.random(len(ids)) >= self.errors.missed_share
        for i in np.flatnonzero(is_picked).tolist():
            picks[i].append(
                Pick(
                    network=station.network,
                    station=station.station,
                    location="",
                    phase=phase,
                    time=utc_from_posix(times[i]),
                    probability=0.9,
                    sigma_s=told.sigma_s[phase == "S"],
                    model=SYNTHETIC,
                    event_id=ids[i],
                    back_azimuth_deg=None if azimuths is None else float(azimuths[i]),
                    back_azimuth_sigma_deg=None
                    if azimuths is None
                    else told.back_azimuth_sigma_deg,
                )
            )
