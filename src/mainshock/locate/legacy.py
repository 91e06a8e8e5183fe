"""The model of EQNeMix, computed exactly: for comparison with its results, not for use."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mainshock.core.errors import DataError, SettingsError
from mainshock.core.geo import geodesic_azimuth_deg, geodesic_distance_km
from mainshock.core.records import Arrival, Origin, Pick, PosteriorSamples, Station
from mainshock.core.times import to_posix_s, utc_from_posix
from mainshock.locate.base import TravelTimeModel
from mainshock.locate.grid_method import GridLocation
from mainshock.locate.observations import observe
from mainshock.locate.posterior import moments
from mainshock.locate.priors import Prior
from mainshock.locate.velocity.checks import broadcast_paths
from mainshock.locate.velocity.constant import ConstantVelocity

__all__ = ["LEGACY_MODELS", "PUBLISHED_SOURCE", "EpicentralRays", "LegacyLocation"]

FloatArray = NDArray[np.float64]
LEGACY_MODELS = ("published", "homogeneous", "straight")
PUBLISHED_SOURCE = (-117.5335, 35.7458, 11.0)
"""Where EQNeMix's table of travel times has its source: longitude, latitude, depth in km.

61 and 60 km from (35.2 N, 118.2 W) in UTM zone 11, at 8 km in an axis that starts at -3 km. The
station CI.CLC lies 10 km away, above sea level.
"""
_FARTHEST_KM = 25.0
_FLAG = "legacy_eqnemix"


@dataclass(frozen=True, slots=True)
class EpicentralRays:
    """Straight rays along the surface: the depth of the source does not matter.

    Parameters
    ----------
    vp_km_s, vs_km_s
        Speeds of P and S, km/s.
    """

    vp_km_s: float = 7.1
    vs_km_s: float = 2.9
    name: str = field(default="epicentral_rays", init=False)

    def travel_time_s(
        self,
        phase: str,
        distance_km: ArrayLike,
        source_depth_km: ArrayLike,
        receiver_depth_km: ArrayLike,
    ) -> FloatArray:
        """Return the travel time in seconds: epicentral distance divided by the speed.

        Raises
        ------
        DataError
            If the phase is unknown, a distance negative or a value not finite.
        """
        distance, _, _ = broadcast_paths(phase, distance_km, source_depth_km, receiver_depth_km)
        speed = self.vp_km_s if phase == "P" else self.vs_km_s
        return np.asarray(distance / speed)


@dataclass(frozen=True, slots=True)
class LegacyLocation:
    """Location as EQNeMix does it: one S minus P time and a mixture of clusters, nothing else.

    Parameters
    ----------
    prior
        Mixture of clusters without a floor; ``cluster_prior(..., background=0.0)``.
    travel_time
        ``"published"``: speeds of 7.96 and 4.38 km/s everywhere, and the source of the table
        misplaced as in the published results, which are for CI.CLC alone. ``"homogeneous"``: the
        same from the true station. ``"straight"``: the two-dimensional variant, 7.1 and 2.9 km/s
        along the surface.
    sigma_s
        Standard deviation of the S minus P time, whatever the picks say, s.
    depth_range_km
        Depths of the grid.
    n_nodes, n_samples
        As for ``GridLocation``.

    Raises
    ------
    SettingsError
        If the travel time is unknown or a number makes no sense.

    Notes
    -----
    ``p(x) ~ sum_k w_k N(x; m_k, S_k) N(t_S - t_P; T_S(x) - T_P(x), sigma)``, on a grid instead of
    by Markov chains. The reported place is the mean, though it may lie between two modes. The
    origin time, which EQNeMix does not give, is the one that fits both picks best from there.
    """

    prior: Prior | None = None
    travel_time: str = "published"
    sigma_s: float = 0.1
    depth_range_km: tuple[float, float] = (-5.0, 45.0)
    n_nodes: int = 500_000
    n_samples: int = 1000
    name: str = field(default="eqnemix", init=False)

    def __post_init__(self) -> None:
        if self.travel_time not in LEGACY_MODELS:
            raise SettingsError(
                f"legacy travel time {self.travel_time!r} is unknown; give "
                f"{', '.join(LEGACY_MODELS)}"
            )
        if not self.sigma_s > 0.0:
            raise SettingsError(f"sigma_s is {self.sigma_s}; it must be positive")

    @property
    def travel_times(self) -> TravelTimeModel:
        """The travel times that are assumed."""
        return EpicentralRays() if self.travel_time == "straight" else ConstantVelocity(7.96, 4.38)

    def locate(
        self,
        picks: Sequence[Pick],
        stations: Sequence[Station],
        rng: np.random.Generator,
    ) -> tuple[Origin, list[Arrival]]:
        """Return the origin (with regions and samples) and the arrivals of P and S.

        Of several stations with both picks the first to record P counts.

        Raises
        ------
        DataError
            If no station has P and a later S, a station is unknown, or the station is not the
            published one where the published table is asked for.
        """
        station, pair = self._pair(picks, stations)
        site = self._site(station)
        bare = [
            replace(
                pick,
                sigma_s=self.sigma_s / np.sqrt(2.0),
                back_azimuth_deg=None,
                back_azimuth_sigma_deg=None,
            )
            for pick in pair
        ]
        grid = GridLocation(
            self.travel_times,
            outlier_probability=0.0,
            prior=self.prior,
            depth_range_km=self.depth_range_km,
            n_nodes=self.n_nodes,
            n_samples=self.n_samples,
        )
        origin, _ = grid.locate(bare, [site], rng)
        field_ = grid.posterior(bare, [site])
        mean = moments(field_).mean
        longitude, latitude = field_.grid.frame.to_geographic(mean.east_km, mean.north_km)
        place = (float(longitude), float(latitude), mean.depth_km)
        travel = [self._travel_time_s(pick.phase, site, place) for pick in pair]
        posix = [to_posix_s(pick.time) - time for pick, time in zip(pair, travel, strict=True)]
        moved = _moved(origin, place, utc_from_posix(float(np.mean(posix))))
        return moved, _arrivals(moved, pair, travel, station)

    def _pair(
        self, picks: Sequence[Pick], stations: Sequence[Station]
    ) -> tuple[Station, tuple[Pick, Pick]]:
        observations = observe(picks, stations)
        pairs = observations.pairs()
        if not pairs:
            raise DataError("no station has both P and S; EQNeMix's model needs their difference")
        p, s = pairs[0]
        first, second = observations.picks[p], observations.picks[s]
        if second.time <= first.time:
            raise DataError(f"S before P at {observations.stations[p].code}; remove one of them")
        return observations.stations[p], (first, second)

    def _site(self, station: Station) -> Station:
        """Return the station where the travel times believe it to be."""
        if self.travel_time != "published":
            return station
        longitude, latitude, depth_km = PUBLISHED_SOURCE
        away = float(geodesic_distance_km(station.longitude, station.latitude, longitude, latitude))
        if away > _FARTHEST_KM:
            raise DataError(
                f"{station.code} lies {away:.0f} km from the source of EQNeMix's published table, "
                "which is for CI.CLC; use travel_time='homogeneous'"
            )
        return replace(station, longitude=longitude, latitude=latitude, elevation_m=-1e3 * depth_km)

    def _travel_time_s(self, phase: str, site: Station, place: tuple[float, float, float]) -> float:
        distance = geodesic_distance_km(place[0], place[1], site.longitude, site.latitude)
        return float(self.travel_times.travel_time_s(phase, distance, place[2], site.depth_km))


def _moved(origin: Origin, place: tuple[float, float, float], time: datetime) -> Origin:
    """Return the origin at the mean of its posterior."""
    samples = origin.samples
    if samples is not None:
        earlier = (time - origin.time).total_seconds()
        samples = PosteriorSamples(
            samples.longitude, samples.latitude, samples.depth_km, samples.time_s - earlier
        )
    flags = tuple(flag for flag in origin.flags if flag != "mode_reported")
    return replace(
        origin,
        time=time,
        longitude=place[0],
        latitude=place[1],
        depth_km=place[2],
        samples=samples,
        flags=(*flags, _FLAG),
    )


def _arrivals(
    origin: Origin, picks: Sequence[Pick], travel_s: Sequence[float], station: Station
) -> list[Arrival]:
    path = (origin.longitude, origin.latitude, station.longitude, station.latitude)
    distance, azimuth = float(geodesic_distance_km(*path)), float(geodesic_azimuth_deg(*path))
    return [
        Arrival(pick, distance, azimuth, (pick.time - origin.time).total_seconds() - time)
        for pick, time in zip(picks, travel_s, strict=True)
    ]
