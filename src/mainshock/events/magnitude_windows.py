"""The part of a station's record in which an event's magnitude is measured."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from mainshock.core.errors import DataError
from mainshock.core.records import Arrival, Origin, Station, Waveform

__all__ = ["StationRecord", "station_records"]

_S_MINUS_P_S_PER_KM = 0.73 / 6.0  # at usual crustal speeds
_LEAD_S = 0.5  # before a phase: half its usual uncertainty, and room for the taper
_MARGIN_S = 10.0


@dataclass(frozen=True, slots=True, eq=False)
class StationRecord:
    """One record of an event at a station, cut around it, with the times that matter.

    Parameters
    ----------
    waveform
        The record, without gaps.
    p_time, s_time
        As picked, or else as expected from the other at usual crustal speeds.
    picked_phases
        Which of ``"P"`` and ``"S"`` were picked.
    origin_time
        Origin time of the event.
    epicentral_km, hypocentral_km
        Distances to the event, the latter at least 1 km.
    """

    waveform: Waveform
    p_time: datetime
    s_time: datetime
    picked_phases: frozenset[str]
    origin_time: datetime
    epicentral_km: float
    hypocentral_km: float

    def samples(self, start: datetime, end: datetime) -> tuple[int, int]:
        """Return the sample range between two times, within the record."""
        waveform = self.waveform
        bounds = (
            round((time - waveform.start).total_seconds() * waveform.sampling_rate_hz)
            for time in (start, end)
        )
        first, past_last = (min(max(bound, 0), waveform.n_samples) for bound in bounds)
        return first, max(first, past_last)

    @property
    def first_signal(self) -> datetime:
        """Half a second before P: earlier there is noise alone."""
        return self.p_time - timedelta(seconds=_LEAD_S)

    def phase_window(self, phase: str) -> tuple[datetime, datetime]:
        """Return from half a second before a phase to where its waves have passed.

        S takes as long as it comes after P, and at least 4 s; P ends before S.
        """
        s_minus_p = self.s_time - self.p_time
        lead = timedelta(seconds=_LEAD_S)
        lasting = max(s_minus_p, timedelta(seconds=4.0))
        if phase == "S":
            return self.s_time - lead, self.s_time + lasting
        return self.p_time - lead, min(self.p_time + lasting, self.s_time - 0.1 * s_minus_p)


def station_records(
    waveforms: Sequence[Waveform], origin: Origin, arrivals: Sequence[Arrival], station: Station
) -> Iterator[StationRecord]:
    """Yield the records of one station that hold an event, each cut around it.

    Parameters
    ----------
    waveforms
        Records of any stations. Where none has both codes of the station, the station code alone
        decides, if its records are of one network; they then bear the network of the station.
    origin
        Where and when the event was.
    arrivals
        The event's arrivals at this station.
    station
        Where it stands.

    Raises
    ------
    DataError
        If no record holds its arrival.
    """
    picked = {arrival.pick.phase: arrival.pick.time for arrival in arrivals}
    epicentral_km = arrivals[0].distance_km
    hypocentral_km = max(math.hypot(epicentral_km, origin.depth_km - station.depth_km), 1.0)
    s_minus_p = timedelta(seconds=_S_MINUS_P_S_PER_KM * hypocentral_km)
    p_time = picked["P"] if "P" in picked else picked["S"] - s_minus_p
    s_time = picked["S"] if "S" in picked else p_time + s_minus_p
    found = False
    for waveform in _own(waveforms, station):
        if waveform.start <= arrivals[0].pick.time <= waveform.end:
            found = True
            known = replace(waveform, network=station.network)  # responses are found by that
            whole = StationRecord(
                known, p_time, s_time, frozenset(picked), origin.time, epicentral_km,
                hypocentral_km,
            )  # fmt: skip
            yield _cut(whole)
    if not found:
        raise DataError("no record holds its arrival")


def _own(waveforms: Sequence[Waveform], station: Station) -> list[Waveform]:
    """Return the records of a station: by both codes, else by that of the station alone."""
    named = [one for one in waveforms if one.station == station.station]
    exact = [one for one in named if one.network == station.network]
    return exact if exact or len({one.network for one in named}) > 1 else named


def _cut(record: StationRecord) -> StationRecord:
    """Return the part that noise before P, signal and tapered ends need, free of gaps."""
    waveform = record.waveform
    last = max(
        record.s_time + 2 * (record.s_time - record.p_time), record.s_time + timedelta(seconds=5.0)
    )
    duration = last - record.first_signal
    margin = timedelta(seconds=_MARGIN_S)
    first, past_last = record.samples(
        record.first_signal - duration - 1.5 * margin, last + 0.2 * duration + margin
    )
    signal = record.samples(record.first_signal, last)
    for start, end in waveform.gaps:  # a gap in the signal stays, and is refused there
        if end <= signal[0]:
            first = max(first, end)
        elif start >= signal[1]:
            past_last = min(past_last, start)
    gaps = tuple(
        (max(start, first) - first, min(end, past_last) - first)
        for start, end in waveform.gaps
        if start < past_last and end > first
    )
    part = replace(
        waveform,
        start=waveform.time_at(first),
        samples=waveform.samples[:, first:past_last],
        gaps=gaps,
    )
    return replace(record, waveform=part)
