"""Simulated events, to prove that credible regions hold what they promise."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from mainshock.core.geo import LocalFrame, geodesic_azimuth_deg, geodesic_distance_km
from mainshock.core.records import Pick, Station
from mainshock.core.times import to_posix_s, utc_from_posix
from mainshock.locate.base import TravelTimeModel

__all__ = ["SimulatedEvent", "Simulation"]

FloatArray = NDArray[np.float64]
_START_POSIX_S = to_posix_s(datetime(2020, 1, 1, tzinfo=UTC))


@dataclass(frozen=True, slots=True)
class SimulatedEvent:
    """The picks of an event, and where and when it truly was."""

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
    frame, low_km, high_km
        Box in which hypocentres are uniform: east, north, depth.
    phases
        Phases that each station picks.
    sigma_s
        Standard deviation of the picks of P and of S; Gaussian.
    model_error
        Standard deviation of the relative error of each travel time.
    outlier_share, outlier_window_s
        Share of picks that are moved anywhere within the window.
    back_azimuth_sigma_deg
        Standard deviation of the back azimuths on the P picks; None: there are none.
    """

    stations: Sequence[Station]
    travel_times: TravelTimeModel
    frame: LocalFrame
    low_km: tuple[float, float, float]
    high_km: tuple[float, float, float]
    phases: tuple[str, ...] = ("P", "S")
    sigma_s: tuple[float, float] = (0.05, 0.1)
    model_error: float = 0.0
    outlier_share: float = 0.0
    outlier_window_s: float = 30.0
    back_azimuth_sigma_deg: float | None = None

    def events(self, n: int, rng: np.random.Generator) -> Iterator[SimulatedEvent]:
        """Yield events one by one."""
        for number in range(n):
            yield self._event(_START_POSIX_S + 600.0 * number, rng)

    def _event(self, posix_s: float, rng: np.random.Generator) -> SimulatedEvent:
        east, north, depth = rng.uniform(self.low_km, self.high_km)
        longitude, latitude = (float(v) for v in self.frame.to_geographic(east, north))
        picks = []
        for station in self.stations:
            for phase, sigma in zip(("P", "S"), self.sigma_s, strict=True):
                if phase in self.phases:
                    travel = self._travel_time_s(station, phase, longitude, latitude, depth, rng)
                    picks.append(
                        self._pick(
                            station, phase, posix_s + travel, sigma, longitude, latitude, rng
                        )
                    )
        return SimulatedEvent(
            tuple(picks), utc_from_posix(posix_s), longitude, latitude, float(depth)
        )

    def _travel_time_s(
        self,
        station: Station,
        phase: str,
        longitude: float,
        latitude: float,
        depth_km: float,
        rng: np.random.Generator,
    ) -> float:
        distance = geodesic_distance_km(longitude, latitude, station.longitude, station.latitude)
        time = self.travel_times.travel_time_s(phase, distance, depth_km, station.depth_km)
        return float(time) * (1.0 + self.model_error * rng.standard_normal())

    def _pick(
        self,
        station: Station,
        phase: str,
        posix_s: float,
        sigma_s: float,
        longitude: float,
        latitude: float,
        rng: np.random.Generator,
    ) -> Pick:
        posix_s += sigma_s * rng.standard_normal()
        if rng.random() < self.outlier_share:
            posix_s += self.outlier_window_s * (rng.random() - 0.5)
        azimuth, azimuth_sigma = None, self.back_azimuth_sigma_deg if phase == "P" else None
        if azimuth_sigma is not None:
            azimuth = float(
                geodesic_azimuth_deg(station.longitude, station.latitude, longitude, latitude)
            )
            azimuth = (azimuth + azimuth_sigma * rng.standard_normal()) % 360.0
        return Pick(
            network=station.network,
            station=station.station,
            location="",
            phase=phase,
            time=utc_from_posix(posix_s),
            probability=0.9,
            sigma_s=sigma_s,
            model="simulated",
            back_azimuth_deg=azimuth,
            back_azimuth_sigma_deg=azimuth_sigma,
        )
