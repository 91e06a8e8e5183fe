"""The magnitude of an event as the median over its stations, where the responses are known."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from obspy import Inventory

from mainshock.core.errors import DataError
from mainshock.core.records import Arrival, Magnitude, Origin, Station, StationMagnitude, Waveform
from mainshock.events import sentences
from mainshock.events.distance_corrections import find_distance_correction
from mainshock.events.geometry import StationLookup
from mainshock.events.magnitude_local import measure_local_magnitude
from mainshock.events.magnitude_moment import measure_moment_magnitude
from mainshock.events.magnitude_settings import MagnitudeSettings
from mainshock.events.magnitude_windows import StationRecord, station_records

__all__ = [
    "MagnitudeEstimate",
    "estimate_magnitudes",
    "local_magnitude",
]

SINGLE_STATION_SD = 0.3  # scatter of station magnitudes that one station cannot show
_LEAST_SD = 0.1
_LEAST_SCATTER = 0.1
_NORMAL_OVER_MAD = 1.4826
_STATIONS_FOR_OUTLIERS = 5
_OUTLIER_FACTOR = 3.0
_SD_OF_MEDIAN = 1.2533  # over that of the mean
_LEAST_INLIER_PROBABILITY = 0.5
_NO_RESPONSE = "no instrument response"


class MagnitudeEstimate(NamedTuple):
    """The magnitude of an event and what it rests on.

    Parameters
    ----------
    preferred
        Median over stations, or None.
    stations
        What each station gave, outliers marked.
    reasons
        Why stations gave nothing, ``"NET.STA: reason"``. Where there is no magnitude at all, the
        first begins with ``"none: "``.
    """

    preferred: Magnitude | None
    stations: tuple[StationMagnitude, ...]
    reasons: tuple[str, ...]

    @property
    def mad(self) -> float:
        """The median absolute deviation of the stations from their median; NaN for none."""
        values = np.array([station.value for station in self.stations])
        return float(np.median(np.abs(values - np.median(values)))) if values.size else math.nan

    @property
    def scatter(self) -> float:
        """The standard deviation of the stations' values; NaN for fewer than two."""
        values = [station.value for station in self.stations]
        return float(np.std(values, ddof=1)) if len(values) > 1 else math.nan


def estimate_magnitudes(
    waveforms: Sequence[Waveform] | Mapping[str, Sequence[Waveform]],
    inventory: Inventory | None,
    origin: Origin,
    arrivals: Sequence[Arrival],
    stations: Sequence[Station],
    settings: MagnitudeSettings | None = None,
) -> MagnitudeEstimate:
    """Return the magnitude of an event, that of each station, and why some gave none.

    Parameters
    ----------
    waveforms
        Records in counts, of any length and number; or those of each station, ``NET.STA``, which
        are asked for one station after another.
    inventory
        Instrument responses, or None where they are not known.
    origin, arrivals
        The located event; arrivals that more probably belong to something else are left out.
    stations
        Stations with coordinates.
    settings
        What is measured and how; ML with the correction of IASPEI by default.

    Notes
    -----
    The standard deviation joins the scatter over stations (0.3 for one station, divided by the
    root of their number; never below 0.1), for Mw that of the fits, and what the uncertain
    distance adds. A station is an outlier if it is more than three robust standard deviations
    (1.4826 times the median absolute deviation, at least 0.1) off the median of at least five;
    it stays in the median, which it hardly moves.
    """
    settings = settings or MagnitudeSettings()
    if inventory is None:
        reason = sentences.RESPONSE_UNKNOWN.tell()
        return MagnitudeEstimate(None, (), (reason,))
    lookup = StationLookup(stations)
    measured: list[StationMagnitude] = []
    reasons: list[str] = []
    for code in dict.fromkeys(arrival.pick.station_code for arrival in arrivals):
        own = [arrival for arrival in arrivals if arrival.pick.station_code == code]
        try:
            station = _known(lookup, stations, own[0])
            records = waveforms.get(code, ()) if isinstance(waveforms, Mapping) else waveforms
            measured.append(_station_magnitude(records, inventory, origin, own, station, settings))
        except DataError as error:
            reasons.append(f"{code}: {error}")
    if not measured:
        return MagnitudeEstimate(None, (), (_no_magnitude(reasons), *reasons))
    preferred = _combined(measured, origin, arrivals, settings)
    return MagnitudeEstimate(preferred, _with_outliers(measured), tuple(reasons))


def local_magnitude(amplitude_nm: float, hypocentral_distance_km: float) -> float:
    """Return ML by the IASPEI standard formula.

    Parameters
    ----------
    amplitude_nm
        Largest horizontal Wood-Anderson displacement (gain 1), zero to peak, in nm.
    hypocentral_distance_km
        Distance from hypocentre to station.

    Notes
    -----
    ``ML = log10 A + 1.11 log10 R + 0.00189 R - 2.09``, for crust like southern California's.

    Examples
    --------
    >>> round(local_magnitude(480.769, 100.0), 2)  # 1 mm on a real Wood-Anderson
    3.0
    """
    distance_km = hypocentral_distance_km
    return find_distance_correction("iaspei").magnitude(amplitude_nm, distance_km, distance_km)


def _known(lookup: StationLookup, stations: Sequence[Station], arrival: Arrival) -> Station:
    number = lookup.index(arrival.pick.network, arrival.pick.station)
    if number is None:
        raise DataError("its coordinates are not known, so neither is its distance")
    return stations[number]


def _no_magnitude(reasons: Sequence[str]) -> str:
    """Return in one line why there is no magnitude."""
    if reasons and all("no response" in reason for reason in reasons):
        return sentences.RESPONSE_AT_NO_STATION.tell(count=len(reasons))
    return sentences.NO_STATION_GAVE_ONE.tell(count=len(reasons))


def _station_magnitude(
    waveforms: Sequence[Waveform],
    inventory: Inventory,
    origin: Origin,
    arrivals: Sequence[Arrival],
    station: Station,
    settings: MagnitudeSettings,
) -> StationMagnitude:
    """Return what the first usable record of a station gives."""
    probable = [one for one in arrivals if one.inlier_probability >= _LEAST_INLIER_PROBABILITY]
    if not probable:
        raise DataError("its picks more probably belong to something else")
    reason: DataError | None = None
    for record in station_records(waveforms, origin, probable, station):
        try:
            return _measured(record, inventory, arrivals[0].pick.station_code, settings)
        except DataError as error:
            reason = reason or error
    raise reason or DataError("no record holds its arrival")


def _measured(
    record: StationRecord, inventory: Inventory, code: str, settings: MagnitudeSettings
) -> StationMagnitude:
    distance_km = record.hypocentral_km
    if settings.kind == "ML":
        value, amplitude_nm = measure_local_magnitude(record, inventory, settings)
        return StationMagnitude(
            code, "ML", value, 0.0, "S", distance_km, {"amplitude_nm": amplitude_nm}
        )
    moment = measure_moment_magnitude(record, inventory, settings)
    measured = {
        "moment_n_m": moment.moment_n_m,
        "corner_frequency_hz": moment.fit.corner_frequency_hz,
        "corner_sd_octaves": moment.fit.corner_sd_octaves,
        "attenuation_time_s": moment.fit.attenuation_time_s,
    }
    return StationMagnitude(
        code, "Mw", moment.value, moment.sd, moment.phase, distance_km, measured
    )


def _with_outliers(measured: Sequence[StationMagnitude]) -> tuple[StationMagnitude, ...]:
    if len(measured) < _STATIONS_FOR_OUTLIERS:
        return tuple(measured)
    values = np.array([station.value for station in measured])
    distance = np.abs(values - np.median(values))
    scatter = max(_NORMAL_OVER_MAD * float(np.median(distance)), _LEAST_SCATTER)
    return tuple(
        replace(station, is_outlier=bool(off > _OUTLIER_FACTOR * scatter))
        for station, off in zip(measured, distance, strict=True)
    )


def _combined(
    measured: Sequence[StationMagnitude],
    origin: Origin,
    arrivals: Sequence[Arrival],
    settings: MagnitudeSettings,
) -> Magnitude:
    values = np.array([station.value for station in measured])
    n_stations = values.size
    if n_stations >= 3:  # scatter over stations holds the errors of the fits
        sd = max(_SD_OF_MEDIAN * float(values.std(ddof=1)) / math.sqrt(n_stations), _LEAST_SD)
    else:
        fits = math.hypot(*(station.sd for station in measured)) / n_stations
        sd = math.hypot(SINGLE_STATION_SD / math.sqrt(n_stations), fits)
    sd = math.hypot(sd, _sd_from_distance(origin, arrivals, settings))
    return Magnitude(float(np.median(values)), settings.kind, sd, n_stations)


def _sd_from_distance(
    origin: Origin, arrivals: Sequence[Arrival], settings: MagnitudeSettings
) -> float:
    """Return what the uncertain hypocentre adds, as if it moved all distances alike."""
    nearest_km = max(
        math.hypot(min(arrival.distance_km for arrival in arrivals), origin.depth_km), 1.0
    )
    spread_km = min(max(origin.east_sd_km, origin.north_sd_km, origin.depth_sd_km), nearest_km)
    if settings.kind == "Mw":
        return spread_km / (nearest_km * math.log(10.0) * 1.5)
    curve = find_distance_correction(settings.distance_correction).minus_log_a0
    return abs(curve(nearest_km + spread_km) - curve(nearest_km))
