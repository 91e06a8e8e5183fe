"""Cuts windows of three components out of a continuous record, a bounded span at a time."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mainshock.core.errors import DataError, GeometryError, SettingsError
from mainshock.core.geo import geodesic_azimuth_deg, geodesic_distance_km
from mainshock.core.records import Station, Waveform
from mainshock.core.times import format_utc
from mainshock.detect.regions.catalogue import TimeSplit
from mainshock.detect.regions.cluster import NO_CLUSTER
from mainshock.detect.regions.streams import InstrumentRecord
from mainshock.signal.resample import resample_waveform
from mainshock.sources.base import SkippedInput
from mainshock.sources.fragments import NANOSECONDS, TimeWindow, ns_from_datetime
from mainshock.sources.station_pieces import DAY_NS, SkippedList

__all__ = [
    "EVENT",
    "CutWindow",
    "TravelTimes",
    "WindowRequest",
    "WindowShape",
    "cut_windows",
    "event_requests",
    "mean_velocity_travel_times",
    "reached_times_s",
    "station_columns",
]

FloatArray = NDArray[np.float64]
TravelTimes = Callable[[str, FloatArray, FloatArray], FloatArray]
"""From phase (P or S), epicentral distances in km and depths in km to travel times in seconds."""

EVENT = "earthquake_local"
NO_RECORD = "no record at that time"
GAP = "a gap lies in the window"
TOO_FEW = "fewer than three components"
FLAT = "a component is flat"
NO_TIME = "the velocity model has no travel time from there"
NO_REGION = "the event belongs to no region (cluster_id -1)"

_DAY_RATE_HZ = 200.0  # up to here a whole day of three components is held at one time
_MARGIN_S = 1.0
_S_TO_P_SPEED = 1.0 / math.sqrt(3.0)


@dataclass(frozen=True, slots=True)
class WindowShape:
    """Length and rate of every window of a data set.

    Parameters
    ----------
    window_s
        Seconds from the first to the last sample.
    sampling_rate_hz
        Samples a second; records of another rate are resampled.

    Raises
    ------
    SettingsError
        If a value makes no sense.

    Examples
    --------
    >>> WindowShape().n_samples
    1001
    """

    window_s: float = 10.0
    sampling_rate_hz: float = 100.0

    def __post_init__(self) -> None:
        if not (0.1 <= self.window_s <= 600.0 and 1.0 <= self.sampling_rate_hz <= 1000.0):
            raise SettingsError(
                f"a window of {self.window_s:g} s at {self.sampling_rate_hz:g} Hz is not possible; "
                "0.1 to 600 s and 1 to 1000 Hz are"
            )

    @property
    def n_samples(self) -> int:
        """Samples of each component, both ends included."""
        return round(self.window_s * self.sampling_rate_hz) + 1


@dataclass(frozen=True, slots=True)
class WindowRequest:
    """A window that is wanted: its name, its first sample's time, and what is known of it.

    ``arrivals`` are the predicted times of P and S, where they are known.
    """

    name: str
    start: datetime
    metadata: Mapping[str, object]
    arrivals: Mapping[str, datetime] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class CutWindow:
    """A window as it was recorded.

    Parameters
    ----------
    request
        What was wanted.
    start
        Time of sample 0: the sample nearest to the time wanted.
    samples
        Shape ``(3, n_samples)``, components Z, N, E, unit of the file, not scaled.
    is_turned
        Whether the horizontal channels are 1 and 2 instead of N and E.
    """

    request: WindowRequest
    start: datetime
    samples: NDArray[np.float32]
    is_turned: bool = False


def cut_windows(
    record: InstrumentRecord,
    requests: Sequence[WindowRequest],
    shape: WindowShape,
    rejected: list[SkippedInput],
    skipped: SkippedList,
) -> Iterator[CutWindow]:
    """Yield the windows that the record holds whole, in order of time.

    Parameters
    ----------
    record
        The station's instrument.
    requests
        Windows, in any order.
    shape
        Length and rate.
    rejected
        Receives the name of each window that is not whole, and why.
    skipped
        Receives damaged files.

    Notes
    -----
    Windows are grouped into spans of at most a day (less above 200 Hz), each read with what its
    last window needs beyond it: a window across midnight or the edge of two files is whole, and
    no more than one such span is held.
    """
    ordered = sorted(requests, key=lambda one: one.start)
    for group in _groups(ordered, record.sampling_rate_hz):
        yield from _cut_group(record, group, shape, rejected, skipped)


def _groups(
    ordered: Sequence[WindowRequest], sampling_rate_hz: float
) -> Iterator[list[WindowRequest]]:
    longest_ns = round(DAY_NS * min(1.0, _DAY_RATE_HZ / sampling_rate_hz))
    group: list[WindowRequest] = []
    for request in ordered:
        if group and ns_from_datetime(request.start) - ns_from_datetime(group[0].start) > (
            longest_ns
        ):
            yield group
            group = []
        group.append(request)
    if group:
        yield group


def _cut_group(
    record: InstrumentRecord,
    group: Sequence[WindowRequest],
    shape: WindowShape,
    rejected: list[SkippedInput],
    skipped: SkippedList,
) -> Iterator[CutWindow]:
    margin_ns = round((_MARGIN_S + 2.0 / record.sampling_rate_hz) * NANOSECONDS)
    window = TimeWindow(
        ns_from_datetime(group[0].start) - margin_ns,
        ns_from_datetime(group[-1].start) + round(shape.window_s * NANOSECONDS) + margin_ns,
    )
    waveforms = record.read(window, skipped)
    for request in group:
        found = _cut(waveforms, request, shape)
        if isinstance(found, str):
            rejected.append(SkippedInput(request.name, found))
        else:
            yield found


def _cut(
    waveforms: Sequence[Waveform], request: WindowRequest, shape: WindowShape
) -> CutWindow | str:
    """Return a window, or why it is not whole."""
    end = request.start + timedelta(seconds=shape.window_s)
    touching = [one for one in waveforms if one.start < end and one.end > request.start]
    if not touching:
        return NO_RECORD
    for waveform in touching:
        first, past_last = _sample_range(waveform, request.start, shape)
        if first < 0 or past_last > waveform.n_samples:
            continue
        if not all(waveform.has_component):
            return TOO_FEW
        if any(a < past_last and b > first for a, b in waveform.gaps):
            return GAP
        return _taken(waveform, (first, past_last), request, shape)
    return GAP


def _is_rate(waveform: Waveform, shape: WindowShape) -> bool:
    """Return whether the record has the wanted rate, to a tenth of a sample over the window."""
    ratio = waveform.sampling_rate_hz / shape.sampling_rate_hz
    return abs(ratio - 1.0) * shape.n_samples < 0.1


def _sample_range(waveform: Waveform, start: datetime, shape: WindowShape) -> tuple[int, int]:
    """Return the samples of the record that a window needs."""
    begin = (start - waveform.start).total_seconds() * waveform.sampling_rate_hz
    if _is_rate(waveform, shape):
        return round(begin), round(begin) + shape.n_samples
    length = shape.window_s * waveform.sampling_rate_hz
    return math.floor(begin + 1e-6), math.ceil(begin + length - 1e-6) + 1


def _taken(
    waveform: Waveform, span: tuple[int, int], request: WindowRequest, shape: WindowShape
) -> CutWindow | str:
    first, past_last = span
    start = waveform.time_at(first)
    samples = waveform.samples[:, first:past_last]
    if not _is_rate(waveform, shape):
        margin = round(_MARGIN_S * waveform.sampling_rate_hz)
        before = max(0, first - margin)
        piece = replace(
            waveform,
            start=waveform.time_at(before),
            samples=waveform.samples[:, before : past_last + margin],
            gaps=(),
        )
        raised = resample_waveform(piece, shape.sampling_rate_hz)
        offset_s = (request.start - raised.start).total_seconds()
        index = max(0, round(offset_s * shape.sampling_rate_hz))
        start = raised.time_at(index)
        samples = raised.samples[:, index : index + shape.n_samples]
        if samples.shape[1] < shape.n_samples:  # the record ends less than a sample too early
            return GAP
    if bool((np.ptp(samples, axis=1) == 0.0).any()):
        return FLAT
    is_turned = "horizontals_not_geographic" in waveform.flags
    return CutWindow(request, start, np.array(samples), is_turned)


def mean_velocity_travel_times(velocity_km_s: float, station: Station) -> TravelTimes:
    """Return travel times along straight lines at one speed, that of ``v_mean`` in the paper.

    Parameters
    ----------
    velocity_km_s
        Hypocentral distance over this is the time of P; S is slower by the square root of 3. An
        unknown depth counts as sea level.
    station
        Its elevation enters the distance.

    Raises
    ------
    SettingsError
        If the speed is not positive.
    """
    if not (math.isfinite(velocity_km_s) and velocity_km_s > 0.0):
        raise SettingsError(f"mean velocity is {velocity_km_s:g} km/s; it must be positive")

    def travel_times(phase: str, distance_km: FloatArray, depth_km: FloatArray) -> FloatArray:
        speed = velocity_km_s * (1.0 if phase == "P" else _S_TO_P_SPEED)
        height_km = np.nan_to_num(depth_km) + station.elevation_m / 1e3
        return np.hypot(distance_km, height_km) / speed

    return travel_times


def reached_times_s(
    travel_times: TravelTimes, phase: str, distance_km: FloatArray, depth_km: FloatArray
) -> tuple[FloatArray, dict[int, str]]:
    """Return the travel times of a phase, NaN where there is none, and why by number of event.

    Parameters
    ----------
    travel_times
        May refuse all events for one that is too far or too deep.
    distance_km, depth_km
        Of the events, shape ``(n,)``.
    """
    why_not: dict[int, str] = {}
    try:
        times_s = np.asarray(travel_times(phase, distance_km, depth_km), dtype=np.float64)
    except (DataError, GeometryError):
        times_s = np.full(len(distance_km), np.nan)
        for index in range(len(distance_km)):
            one = slice(index, index + 1)
            try:
                times_s[one] = travel_times(phase, distance_km[one], depth_km[one])
            except (DataError, GeometryError) as error:
                why_not[index] = str(error)
    for unknown in np.flatnonzero(~np.isfinite(times_s)):
        why_not.setdefault(int(unknown), NO_TIME)
    return times_s, why_not


def station_columns(record: InstrumentRecord, station: Station) -> dict[str, object]:
    """Return the columns that state the station, the same in every row."""
    return {
        "station_network_code": record.key[0],
        "station_code": record.key[1],
        "station_location_code": record.key[2],
        "station_longitude_deg": station.longitude,
        "station_latitude_deg": station.latitude,
        "station_elevation_m": station.elevation_m,
        "trace_channel": record.key[3],
        "trace_dataset": record.station_code,
    }


def _source_columns(event: Any, origin: datetime) -> dict[str, object]:  # a row of pandas
    return {
        "source_id": event.event_id,
        "source_origin_time": format_utc(origin),
        "source_longitude_deg": event.longitude,
        "source_latitude_deg": event.latitude,
        "source_depth_km": event.depth_km,
        "source_magnitude": event.magnitude,
    }


def event_requests(
    catalogue: pd.DataFrame,
    station: Station,
    travel_times: TravelTimes,
    split: TimeSplit,
    rejected: list[SkippedInput],
    *,
    before_s: float = 0.0,
) -> list[WindowRequest]:
    """Return one window an event, from ``before_s`` before the arrival on.

    Parameters
    ----------
    catalogue
        ``event_id,time,longitude,latitude,depth_km,magnitude`` and ``cluster_id``; without that
        column all events are of region 0.
    station
        Where they were recorded.
    travel_times
        Gives the first P and S.
    split
        Divides the events by origin time.
    rejected
        Receives the events of no region (``cluster_id`` -1) or without a travel time, and why.
    before_s
        Seconds of record before the arrival.
    """
    lon, lat = catalogue["longitude"].to_numpy(), catalogue["latitude"].to_numpy()
    distance_km = geodesic_distance_km(station.longitude, station.latitude, lon, lat)
    azimuth_deg = geodesic_azimuth_deg(station.longitude, station.latitude, lon, lat)
    depth_km = catalogue["depth_km"].to_numpy(dtype=np.float64)
    s_travel_s, no_s = reached_times_s(travel_times, "S", distance_km, depth_km)
    travel_s, no_p = reached_times_s(travel_times, "P", distance_km, depth_km)
    why_not = no_s | no_p
    requests: list[WindowRequest] = []
    origins = [time.to_pydatetime() for time in catalogue["time"]]
    for index, event in enumerate(catalogue.itertuples(index=False)):
        cluster_id = int(getattr(event, "cluster_id", 0))
        reason = NO_REGION if cluster_id == NO_CLUSTER else why_not.get(index)
        if reason:
            rejected.append(SkippedInput(str(event.event_id), reason))
            continue
        origin: datetime = origins[index]
        metadata = {
            "trace_category": EVENT,
            "trace_cluster_id": cluster_id,
            "split": split.part_of(origin),
            **_source_columns(event, origin),
            "path_ep_distance_km": round(float(distance_km[index]), 4),
            "path_back_azimuth_deg": round(float(azimuth_deg[index]), 3),
            "path_travel_time_s": round(float(travel_s[index]), 4),
        }
        start = origin + timedelta(seconds=float(travel_s[index]) - before_s)
        arrivals = _arrivals(origin, {"P": travel_s[index], "S": s_travel_s[index]})
        requests.append(WindowRequest(str(event.event_id), start, metadata, arrivals))
    return requests


def _arrivals(origin: datetime, travel_s: Mapping[str, float]) -> dict[str, datetime]:
    """Return the times of the phases whose travel time is known."""
    return {
        phase: origin + timedelta(seconds=float(seconds))
        for phase, seconds in travel_s.items()
        if math.isfinite(seconds)
    }
