"""The records that stages hand to each other: frozen, checked when made, unit in every name.

Conventions: longitude before latitude (degrees, WGS84), depth positive down from sea level (km),
components in the order Z, N, E, times as UTC datetimes.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import RecordError
from mainshock.core.times import require_utc

__all__ = [
    "COMPONENTS",
    "PHASES",
    "Arrival",
    "CredibleRegion",
    "Event",
    "Magnitude",
    "Mode",
    "Origin",
    "Pick",
    "PosteriorSamples",
    "Station",
    "StationMagnitude",
    "Waveform",
]

COMPONENTS = ("Z", "N", "E")
PHASES = ("P", "S")
FloatArray = NDArray[np.float64]


def _require_range(name: str, value: float, low: float, high: float) -> None:
    if not (math.isfinite(value) and low <= value <= high):
        raise RecordError(f"{name} is {value!r}; it must lie between {low:g} and {high:g}")


def _require_place(longitude: float, latitude: float) -> None:
    _require_range("longitude", longitude, -180.0, 180.0)
    if not (math.isfinite(latitude) and abs(latitude) <= 90.0):
        raise RecordError(
            f"latitude is {latitude!r}; it must lie between -90 and 90 "
            "(are longitude and latitude swapped?)"
        )


def _set(record: object, **values: object) -> None:
    for name, value in values.items():
        object.__setattr__(record, name, value)


@dataclass(frozen=True, slots=True)
class Station:
    """A recording site.

    Parameters
    ----------
    network, station
        FDSN codes; the network may be empty where a file does not state it.
    longitude, latitude
        Degrees, WGS84.
    elevation_m
        Metres above sea level; negative for a site below it.
    """

    network: str
    station: str
    longitude: float
    latitude: float
    elevation_m: float = 0.0

    def __post_init__(self) -> None:
        if not self.station:
            raise RecordError("station code is empty; every station needs a code")
        _require_place(self.longitude, self.latitude)
        _require_range("elevation_m", self.elevation_m, -12_000.0, 9_000.0)

    @property
    def code(self) -> str:
        """``NET.STA``."""
        return f"{self.network}.{self.station}"

    @property
    def depth_km(self) -> float:
        """Depth of the sensor below sea level in km: negative above it."""
        return -self.elevation_m * 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class Waveform:
    """One stretch of three-component record of one instrument, evenly sampled.

    Parameters
    ----------
    network, station, location
        FDSN codes.
    instrument
        Band and instrument code, the first two letters of the channel: ``"HH"``.
    start
        Time of sample 0, UTC.
    sampling_rate_hz
        Samples a second.
    samples
        Shape ``(3, n_samples)``, components Z, N, E, float32, in the unit of the file (usually
        digitiser counts). A missing component and the samples inside gaps are zero.
    has_component
        Which of Z, N, E were recorded.
    gaps
        Sample ranges ``(first, past_last)`` without data on at least one recorded component.
    flags
        What was noticed on the way, such as ``"clipped"`` or ``"horizontals_not_geographic"``.

    Raises
    ------
    RecordError
        If the shape, the rate or a gap makes no sense, or a sample is not finite.
    """

    network: str
    station: str
    location: str
    instrument: str
    start: datetime
    sampling_rate_hz: float
    samples: NDArray[np.float32]
    has_component: tuple[bool, bool, bool] = (True, True, True)
    gaps: tuple[tuple[int, int], ...] = ()
    flags: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _set(self, start=require_utc(self.start, "start"))
        _require_range("sampling_rate_hz", self.sampling_rate_hz, 0.1, 10_000.0)
        if self.samples.ndim != 2 or self.samples.shape[0] != 3 or self.samples.shape[1] == 0:
            raise RecordError(
                f"samples have shape {self.samples.shape}; it must be (3, n_samples) with n > 0"
            )
        if not np.isfinite(self.samples).all():
            raise RecordError("samples hold NaN or infinity; mark them as a gap and set them to 0")
        if not any(self.has_component):
            raise RecordError("no component was recorded; at least one of Z, N, E is needed")
        for first, past_last in self.gaps:
            if not 0 <= first < past_last <= self.n_samples:
                raise RecordError(
                    f"gap ({first}, {past_last}) is outside the {self.n_samples} samples"
                )

    @property
    def n_samples(self) -> int:
        """Number of samples of each component."""
        return int(self.samples.shape[1])

    @property
    def end(self) -> datetime:
        """Time of the last sample, UTC."""
        return self.time_at(self.n_samples - 1)

    @property
    def trace_id(self) -> str:
        """``NET.STA.LOC.CH`` with the two letters of the instrument."""
        return f"{self.network}.{self.station}.{self.location}.{self.instrument}"

    def time_at(self, sample: float) -> datetime:
        """Return the UTC time of a (fractional) sample."""
        return self.start + timedelta(seconds=float(sample) / self.sampling_rate_hz)


@dataclass(frozen=True, slots=True)
class Pick:
    """The arrival of a phase at a station, with its probability and timing uncertainty.

    Parameters
    ----------
    phase
        ``"P"`` or ``"S"``.
    time
        Arrival time, UTC.
    probability
        Probability that the phase arrives here, 0 to 1, as the model states it.
    sigma_s
        Standard deviation of the time in seconds.
    model
        Name of what picked it.
    event_id
        Event it belongs to, or empty.
    back_azimuth_deg, back_azimuth_sigma_deg
        Direction from the station to the source, degrees clockwise from north, and its standard
        deviation; both or neither.
    incidence_deg
        Apparent angle between the ground motion of P and the vertical, 0 to 90 degrees: small for
        rays from below.
    """

    network: str
    station: str
    location: str
    phase: str
    time: datetime
    probability: float
    sigma_s: float
    model: str
    event_id: str = ""
    back_azimuth_deg: float | None = None
    back_azimuth_sigma_deg: float | None = None
    incidence_deg: float | None = None

    def __post_init__(self) -> None:
        _set(self, time=require_utc(self.time, "pick time"))
        if self.phase not in PHASES:
            raise RecordError(f"phase is {self.phase!r}; known phases are P and S")
        if not self.station:
            raise RecordError("a pick has no station code")
        _require_range("probability", self.probability, 0.0, 1.0)
        _require_range("sigma_s", self.sigma_s, 1e-4, 60.0)
        if self.incidence_deg is not None:
            _require_range("incidence_deg", self.incidence_deg, 0.0, 90.0)
        if (self.back_azimuth_deg is None) != (self.back_azimuth_sigma_deg is None):
            raise RecordError("back_azimuth_deg and back_azimuth_sigma_deg go together")
        if self.back_azimuth_deg is not None and self.back_azimuth_sigma_deg is not None:
            _require_range("back_azimuth_deg", self.back_azimuth_deg, -360.0, 360.0)
            _require_range("back_azimuth_sigma_deg", self.back_azimuth_sigma_deg, 0.1, 180.0)
            # twice: the first remainder of a tiny negative angle rounds to 360 itself
            _set(self, back_azimuth_deg=self.back_azimuth_deg % 360.0 % 360.0)

    @property
    def station_code(self) -> str:
        """``NET.STA``."""
        return f"{self.network}.{self.station}"


@dataclass(frozen=True, slots=True)
class Arrival:
    """A pick as one location used it.

    Parameters
    ----------
    distance_km, azimuth_deg
        Epicentral distance, and direction from source to station clockwise from north.
    residual_s
        Observed minus predicted travel time at the reported origin.
    inlier_probability
        Posterior probability that the pick belongs to this event as labelled.
    sigma_s
        Standard deviation that the location gave to the time, the velocity model's error aside;
        None: the pick's own.
    """

    pick: Pick
    distance_km: float
    azimuth_deg: float
    residual_s: float
    inlier_probability: float = 1.0
    sigma_s: float | None = None

    def __post_init__(self) -> None:
        _require_range("distance_km", self.distance_km, 0.0, 20_100.0)
        _require_range("inlier_probability", self.inlier_probability, 0.0, 1.0)


@dataclass(frozen=True, slots=True, eq=False)
class CredibleRegion:
    """The smallest set of epicentres that holds a stated share of the posterior.

    Parameters
    ----------
    level
        Share of the posterior of longitude and latitude, for example 0.68.
    area_km2
        Area of all polygons together, holes left out.
    polygons
        Each polygon is a tuple of rings, the outer one first, then its holes; a ring is an array
        ``(n, 2)`` of longitude, latitude, closed.
    """

    level: float
    area_km2: float
    polygons: tuple[tuple[FloatArray, ...], ...]

    def __post_init__(self) -> None:
        _require_range("level", self.level, 0.0, 1.0)
        _require_range("area_km2", self.area_km2, 0.0, 5.2e8)


@dataclass(frozen=True, slots=True, eq=False)
class PosteriorSamples:
    """Equally weighted draws of hypocentre and origin time.

    Parameters
    ----------
    longitude, latitude, depth_km
        Shape ``(n,)``; degrees, degrees, km positive down.
    time_s
        Shape ``(n,)``; origin time in seconds relative to the origin's reported time.
    """

    longitude: FloatArray
    latitude: FloatArray
    depth_km: FloatArray
    time_s: FloatArray

    def __post_init__(self) -> None:
        shapes = {self.longitude.shape, self.latitude.shape, self.depth_km.shape, self.time_s.shape}
        if len(shapes) != 1 or self.longitude.ndim != 1 or self.longitude.size == 0:
            raise RecordError(f"samples have shapes {shapes}; all must be the same (n,), n > 0")


@dataclass(frozen=True, slots=True)
class Mode:
    """One of the separate places that a posterior allows.

    Parameters
    ----------
    longitude, latitude, depth_km
        Its mean; where a mode is bent around its mean, such as a ring, its most probable column.
    share
        Its share of the posterior.
    east_sd_km, north_sd_km, depth_sd_km
        Standard deviations inside the mode.
    """

    longitude: float
    latitude: float
    depth_km: float
    share: float
    east_sd_km: float
    north_sd_km: float
    depth_sd_km: float

    def __post_init__(self) -> None:
        _require_place(self.longitude, self.latitude)
        _require_range("share", self.share, 0.0, 1.0 + 1e-9)
        for name in ("east_sd_km", "north_sd_km", "depth_sd_km"):
            _require_range(name, getattr(self, name), 0.0, 20_100.0)


@dataclass(frozen=True, slots=True, eq=False)
class Origin:
    """Where and when an earthquake started, as a posterior summarised and sampled.

    Parameters
    ----------
    time, longitude, latitude, depth_km
        The reported point (posterior mean, or the mode where the mean is improbable).
    time_sd_s, east_sd_km, north_sd_km, depth_sd_km
        Posterior standard deviations.
    covariance_km2
        Shape ``(3, 3)``, east, north, down.
    velocity_model
        The travel-time model that was assumed.
    regions
        Credible regions of the epicentre, smallest level first.
    samples
        Draws from the posterior, or None where only a summary is known.
    most_probable
        Longitude, latitude and depth of the most probable place, whatever place is reported.
    modes
        The separate places that the posterior allows, most probable first.
    effective_size
        Independent draws that would tell as much as the sampler's; None where nothing was sampled.
    flags
        What a reader must know, such as ``"mode_reported"``, ``"depth_unconstrained"``.
    """

    time: datetime
    longitude: float
    latitude: float
    depth_km: float
    time_sd_s: float
    east_sd_km: float
    north_sd_km: float
    depth_sd_km: float
    covariance_km2: FloatArray
    velocity_model: str
    regions: tuple[CredibleRegion, ...] = ()
    samples: PosteriorSamples | None = None
    most_probable: tuple[float, float, float] | None = None
    modes: tuple[Mode, ...] = ()
    effective_size: float | None = None
    flags: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _set(self, time=require_utc(self.time, "origin time"))
        _require_place(self.longitude, self.latitude)
        _require_range("depth_km", self.depth_km, -10.0, 800.0)
        for name in ("time_sd_s", "east_sd_km", "north_sd_km", "depth_sd_km"):
            _require_range(name, getattr(self, name), 0.0, 20_100.0)
        if self.covariance_km2.shape != (3, 3):
            raise RecordError(f"covariance_km2 has shape {self.covariance_km2.shape}, not (3, 3)")

    def region(self, level: float) -> CredibleRegion:
        """Return the credible region of a level.

        Raises
        ------
        RecordError
            If the origin carries no region of that level.
        """
        for region in self.regions:
            if math.isclose(region.level, level, abs_tol=1e-6):
                return region
        levels = [region.level for region in self.regions]
        raise RecordError(f"no credible region of level {level:g}; this origin has {levels}")


@dataclass(frozen=True, slots=True)
class Magnitude:
    """A magnitude with its type, standard deviation and number of stations."""

    value: float
    magnitude_type: str
    sd: float
    n_stations: int

    def __post_init__(self) -> None:
        _require_range("magnitude", self.value, -5.0, 10.5)
        _require_range("magnitude sd", self.sd, 0.0, 5.0)


@dataclass(frozen=True, slots=True)
class StationMagnitude:
    """The magnitude that one station gives.

    Parameters
    ----------
    station_code
        ``NET.STA``.
    magnitude_type
        ``"ML"`` or ``"Mw"``.
    value, sd
        The magnitude, and the standard deviation of its measurement alone: that of the spectral
        fit for Mw, 0 for ML. What path and site add shows in the scatter over stations.
    phase
        The phase behind it: ``"S"``, or ``"P"`` for Mw where S could not be used.
    hypocentral_distance_km
        Distance from the hypocentre.
    measured
        What was measured, by name with unit: ``amplitude_nm`` for ML; ``moment_n_m``,
        ``corner_frequency_hz``, ``corner_sd_octaves`` and ``attenuation_time_s`` for Mw.
    is_outlier
        Whether it lies far from the median of the event's stations.
    """

    station_code: str
    magnitude_type: str
    value: float
    sd: float
    phase: str
    hypocentral_distance_km: float
    measured: Mapping[str, float]
    is_outlier: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Event:
    """An earthquake: its origin, the arrivals that gave it, its magnitude and quality.

    Parameters
    ----------
    quality
        ``"A"`` (well constrained) to ``"D"`` (detected, hardly located).
    """

    event_id: str
    origin: Origin
    arrivals: tuple[Arrival, ...]
    magnitude: Magnitude | None = None
    quality: str = "D"
    flags: tuple[str, ...] = ()
    notes: Mapping[str, str] = field(default_factory=dict)
    station_magnitudes: tuple[StationMagnitude, ...] = ()

    def __post_init__(self) -> None:
        if not self.event_id:
            raise RecordError("event_id is empty")
        if self.quality not in ("A", "B", "C", "D"):
            raise RecordError(f"quality is {self.quality!r}; it must be A, B, C or D")

    @property
    def picks(self) -> tuple[Pick, ...]:
        """The picks behind the arrivals."""
        return tuple(arrival.pick for arrival in self.arrivals)
