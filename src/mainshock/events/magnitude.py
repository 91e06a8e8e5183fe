"""Local magnitude from Wood-Anderson amplitudes, where the response allows it.

References
----------
IASPEI (2013), Summary of Magnitude Working Group recommendations; Hutton and Boore (1987),
https://doi.org/10.1785/BSSA0770062074
"""

import math
from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np
from obspy import Inventory

from mainshock.core.errors import DataError
from mainshock.core.records import Arrival, Magnitude, Origin, Station, Waveform
from mainshock.events.geometry import StationLookup
from mainshock.signal.response import wood_anderson_displacement_nm

__all__ = ["estimate_local_magnitude", "local_magnitude"]

SINGLE_STATION_SD = 0.3  # scatter of station magnitudes that one station cannot show
_SIGNAL_TO_NOISE = 3.0


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
    distance = hypocentral_distance_km
    return math.log10(amplitude_nm) + 1.11 * math.log10(distance) + 0.00189 * distance - 2.09


def estimate_local_magnitude(
    waveforms: Sequence[Waveform],
    inventory: Inventory | None,
    origin: Origin,
    arrivals: Sequence[Arrival],
    stations: Sequence[Station],
) -> tuple[Magnitude | None, list[str]]:
    """Return ML as the median over stations, and the reasons why stations gave none.

    Its sd is the scatter over stations, not less than 0.3 for one, with what the uncertain
    distance adds.
    """
    if inventory is None:
        return None, ["no instrument response is known, so amplitudes cannot be measured"]
    lookup = StationLookup(stations)
    values: dict[str, float] = {}
    reasons: list[str] = []
    for code in dict.fromkeys(arrival.pick.station_code for arrival in arrivals):
        own = [arrival for arrival in arrivals if arrival.pick.station_code == code]
        number = lookup.index(own[0].pick.network, own[0].pick.station)
        if number is None:
            reasons.append(f"{code}: its coordinates are not known, so neither is its distance")
            continue
        try:
            values[code] = _station_magnitude(waveforms, inventory, origin, own, stations[number])
        except DataError as error:
            reasons.append(f"{code}: {error}")
    if not values:
        return None, reasons
    return _combined(np.array(list(values.values())), origin, arrivals), reasons


def _combined(values: np.ndarray, origin: Origin, arrivals: Sequence[Arrival]) -> Magnitude:
    scatter = SINGLE_STATION_SD / math.sqrt(values.size)
    if values.size >= 3:
        scatter = max(1.2533 * float(values.std(ddof=1)) / math.sqrt(values.size), 0.1)
    nearest = min(arrivals, key=lambda arrival: arrival.distance_km)
    distance = math.hypot(nearest.distance_km, origin.depth_km)
    spread = min(max(origin.east_sd_km, origin.north_sd_km, origin.depth_sd_km), distance)
    from_distance = (1.11 / (max(distance, 1.0) * math.log(10.0)) + 0.00189) * spread
    sd = math.hypot(scatter, from_distance)
    return Magnitude(float(np.median(values)), "ML", sd, int(values.size))


def _station_magnitude(
    waveforms: Sequence[Waveform],
    inventory: Inventory,
    origin: Origin,
    arrivals: Sequence[Arrival],
    station: Station,
) -> float:
    waveform = _record_of(waveforms, station, arrivals[0].pick.time)
    if not (waveform.has_component[1] or waveform.has_component[2]):
        raise DataError("only the vertical was recorded; ML needs a horizontal")
    if "clipped" in waveform.flags:
        raise DataError("the record is clipped")
    first, past_last = _signal_window(waveform, arrivals)
    if waveform.end < _s_time(arrivals) + timedelta(seconds=1.0):
        raise DataError("the record ends before the largest S waves")
    if any(start < past_last and end > first for start, end in waveform.gaps):
        raise DataError("a gap lies in the signal")
    amplitude = np.abs(wood_anderson_displacement_nm(waveform, inventory))
    signal = float(np.nanmax(amplitude[:, first:past_last]))
    before = amplitude[:, max(0, first - (past_last - first)) : max(first, 1)]
    noise = float(np.nanmax(before))
    if not signal > _SIGNAL_TO_NOISE * noise:
        raise DataError(
            f"the amplitude, {signal:.3g} nm, is not {_SIGNAL_TO_NOISE:g} times the noise before "
            f"P, {noise:.3g} nm"
        )
    depth_km = origin.depth_km - station.depth_km
    distance = max(math.hypot(arrivals[0].distance_km, depth_km), 1.0)
    return local_magnitude(signal, distance)


def _record_of(waveforms: Sequence[Waveform], station: Station, time: datetime) -> Waveform:
    for waveform in waveforms:
        same = (waveform.network, waveform.station) == (station.network, station.station)
        if same and waveform.start <= time <= waveform.end:
            return waveform
    raise DataError("no record holds its arrival")


def _s_time(arrivals: Sequence[Arrival]) -> datetime:
    """Return the time of the S pick, or where S is expected at usual crustal velocities."""
    times = {arrival.pick.phase: arrival.pick.time for arrival in arrivals}
    s_minus_p = timedelta(seconds=0.73 * arrivals[0].distance_km / 6.0)
    return times.get("S", min(times.values()) + s_minus_p)


def _signal_window(waveform: Waveform, arrivals: Sequence[Arrival]) -> tuple[int, int]:
    """Return the samples from half a second before P to well after S."""
    first_time = min(arrival.pick.time for arrival in arrivals)
    s_time = _s_time(arrivals)
    end_time = s_time + max((s_time - first_time) * 2, timedelta(seconds=5))
    rate = waveform.sampling_rate_hz
    first = round(((first_time - waveform.start).total_seconds() - 0.5) * rate)
    past_last = round((end_time - waveform.start).total_seconds() * rate)
    first = min(max(first, 0), waveform.n_samples - 1)
    return first, min(max(past_last, first + 1), waveform.n_samples)
