"""Chooses windows of noise: away from every catalogued event, its waves and its coda."""

import math
from collections.abc import Sequence
from datetime import datetime

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mainshock.core.errors import SettingsError
from mainshock.core.geo import geodesic_distance_km
from mainshock.core.records import Station
from mainshock.detect.regions.catalogue import TimeSplit
from mainshock.detect.regions.cluster import NO_CLUSTER
from mainshock.detect.regions.cut import (
    TravelTimes,
    WindowRequest,
    WindowShape,
    reached_times_s,
)
from mainshock.sources.fragments import NANOSECONDS, datetime_from_ns, ns_from_datetime

__all__ = ["NOISE", "busy_spans", "free_starts", "noise_requests", "span_length_s", "without"]

FloatArray = NDArray[np.float64]
Span = tuple[int, int]
NOISE = "noise"
_UNKNOWN_MAGNITUDE = 2.0
_UNKNOWN_PLACE_S = 120.0


def busy_spans(
    catalogue: pd.DataFrame,
    station: Station,
    travel_times: TravelTimes,
    *,
    guard_before_s: float = 5.0,
    guard_after_s: float = 10.0,
) -> list[Span]:
    """Return the spans with waves of catalogued events, ``(start, end)`` in ns, joined.

    Parameters
    ----------
    catalogue
        ``time,longitude,latitude,depth_km,magnitude``; an event without a place, or out of
        reach of the travel times, takes 120 s.
    station
        Where they were recorded.
    travel_times
        Gives first P and S.
    guard_before_s, guard_after_s
        Seconds kept free before the origin time and after the coda.

    Raises
    ------
    SettingsError
        If a guard is negative.

    Notes
    -----
    A span begins at the origin time, so that no early P is missed, and ends at the later of
    twice the travel time of S, where the coda begins to fall smoothly, and the end of the coda
    by Lee et al.: ``log10(duration_s) = (M + 0.87 - 0.0035 distance_km) / 2`` after P. A magnitude
    that is not known counts as 2.

    References
    ----------
    Rautian & Khalturin (1978), https://doi.org/10.1785/BSSA0680040923
    Lee, Bennett & Meagher (1972), https://doi.org/10.3133/ofr72223
    """
    if guard_before_s < 0.0 or guard_after_s < 0.0:
        raise SettingsError(
            f"guards are {guard_before_s:g} and {guard_after_s:g} s; they must not be negative"
        )
    last_s = _disturbed_s(catalogue, station, travel_times)
    spans = []
    for time, seconds in zip(catalogue["time"], last_s, strict=True):
        origin_ns = ns_from_datetime(pd.Timestamp(time).to_pydatetime())
        start = origin_ns - round(guard_before_s * NANOSECONDS)
        end = origin_ns + round((float(seconds) + guard_after_s) * NANOSECONDS)
        spans.append((start, end))
    return _joined(spans)


def _disturbed_s(
    catalogue: pd.DataFrame, station: Station, travel_times: TravelTimes
) -> FloatArray:
    """Return how long after its origin time each event disturbs the record, in seconds."""
    lon, lat = catalogue["longitude"].to_numpy(), catalogue["latitude"].to_numpy()
    known = np.isfinite(lon) & np.isfinite(lat)
    last_s = np.full(len(catalogue), _UNKNOWN_PLACE_S)
    distance_km = geodesic_distance_km(station.longitude, station.latitude, lon[known], lat[known])
    depth_km = catalogue["depth_km"].to_numpy(dtype=np.float64)[known]
    magnitude = catalogue["magnitude"].to_numpy(dtype=np.float64)[known]
    magnitude = np.where(np.isfinite(magnitude), magnitude, _UNKNOWN_MAGNITUDE)
    duration_s = 10.0 ** ((magnitude + 0.87 - 0.0035 * distance_km) / 2.0)
    p_s, _ = reached_times_s(travel_times, "P", distance_km, depth_km)
    s_s, _ = reached_times_s(travel_times, "S", distance_km, depth_km)
    found_s = np.maximum(2.0 * s_s, p_s + duration_s)
    last_s[known] = np.where(np.isfinite(found_s), found_s, _UNKNOWN_PLACE_S)
    return last_s


def _joined(spans: Sequence[Span]) -> list[Span]:
    joined: list[Span] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return joined


def without(spans: Sequence[Span], busy: Sequence[Span]) -> list[Span]:
    """Return what is left of sorted spans when sorted others are taken out.

    Examples
    --------
    >>> without([(0, 100)], [(10, 20), (90, 120)])
    [(0, 10), (20, 90)]
    """
    left: list[Span] = []
    index = 0
    for start, end in spans:
        here = start
        while index < len(busy) and busy[index][1] <= start:
            index += 1
        for begin, past in busy[index:]:
            if begin >= end:
                break
            if begin > here:
                left.append((here, begin))
            here = max(here, past)
        if here < end:
            left.append((here, end))
    return left


def span_length_s(spans: Sequence[Span]) -> float:
    """Return the sum of the spans in seconds."""
    return sum(end - start for start, end in spans) / NANOSECONDS


def free_starts(free: Sequence[Span], shape: WindowShape, step_s: float) -> NDArray[np.int64]:
    """Return the starts of all windows that fit into free spans, ns since 1970.

    Parameters
    ----------
    free
        Spans without events, recorded on three components.
    shape
        Length of a window.
    step_s
        From one start to the next inside a span; at least the window, or windows overlap.

    Raises
    ------
    SettingsError
        If the step is not positive.
    """
    if not (math.isfinite(step_s) and step_s > 0.0):
        raise SettingsError(f"step_s is {step_s:g}; it must be a positive number of seconds")
    step, length = round(step_s * NANOSECONDS), round(shape.window_s * NANOSECONDS)
    # a span ends one sample after its last one, and samples move by half an interval to the grid
    spare = round(2.0 / shape.sampling_rate_hz * NANOSECONDS)
    starts = [
        np.arange(start + spare, end - length - spare + 1, step, dtype=np.int64)
        for start, end in free
    ]
    return np.concatenate(starts) if starts else np.empty(0, dtype=np.int64)


def noise_requests(starts: Sequence[int], split: TimeSplit) -> list[WindowRequest]:
    """Return windows of noise, divided by their own time."""
    requests = []
    for start_ns in starts:
        start: datetime = datetime_from_ns(int(start_ns))
        metadata = {
            "trace_category": NOISE,
            "trace_cluster_id": NO_CLUSTER,
            "split": split.part_of(start),
        }
        requests.append(WindowRequest(f"noise_{start:%Y%m%dT%H%M%S%f}", start, metadata))
    return requests
