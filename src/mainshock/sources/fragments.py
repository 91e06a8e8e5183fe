"""Stretches of one channel as files hold them, before they are joined to waveforms."""

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "NANOSECONDS",
    "Fragment",
    "FragmentHeader",
    "InstrumentKey",
    "TimeWindow",
    "datetime_from_ns",
    "ns_from_datetime",
    "rate_problem",
]

NANOSECONDS = 1_000_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LOWEST_RATE_HZ = 0.1
_HIGHEST_RATE_HZ = 10_000.0

InstrumentKey = tuple[str, str, str, str]
"""Network, station, location and the first letters of the channel (all but its last one)."""


def ns_from_datetime(time: datetime) -> int:
    """Return nanoseconds since 1970 of an aware time."""
    return (time - _EPOCH) // timedelta(microseconds=1) * 1000


def datetime_from_ns(time_ns: int) -> datetime:
    """Return the UTC time of nanoseconds since 1970, rounded to a microsecond."""
    return _EPOCH + timedelta(microseconds=round(time_ns / 1000))


def rate_problem(sampling_rate_hz: float) -> str:
    """Return why a sampling rate cannot be used, or an empty text."""
    if math.isfinite(sampling_rate_hz) and (
        _LOWEST_RATE_HZ <= sampling_rate_hz <= _HIGHEST_RATE_HZ
    ):
        return ""
    return (
        f"sampling rate is {sampling_rate_hz:g} Hz; it must lie between "
        f"{_LOWEST_RATE_HZ:g} and {_HIGHEST_RATE_HZ:g}"
    )


@dataclass(frozen=True, slots=True)
class TimeWindow:
    """From ``start_ns`` up to, not including, ``end_ns``; nanoseconds since 1970."""

    start_ns: int
    end_ns: int


@dataclass(frozen=True, slots=True)
class FragmentHeader:
    """What a fragment is, without its samples.

    Parameters
    ----------
    network, station, location, channel
        FDSN codes as the file states them.
    start_ns
        Time of the first sample, nanoseconds since 1970.
    sampling_rate_hz
        As the file states it; not checked.
    n_samples
        Number of samples.
    """

    network: str
    station: str
    location: str
    channel: str
    start_ns: int
    sampling_rate_hz: float
    n_samples: int

    @property
    def key(self) -> InstrumentKey:
        """The instrument that recorded it."""
        return self.network, self.station, self.location, self.channel[:-1]

    @property
    def trace_id(self) -> str:
        """``NET.STA.LOC.CHA``."""
        return f"{self.network}.{self.station}.{self.location}.{self.channel}"

    @property
    def end_ns(self) -> int:
        """Time one sample after the last one, nanoseconds since 1970."""
        if rate_problem(self.sampling_rate_hz):
            return self.start_ns
        return self.start_ns + round(self.n_samples / self.sampling_rate_hz * NANOSECONDS)


@dataclass(frozen=True, slots=True, eq=False)
class Fragment:
    """A stretch of one channel without a break.

    Parameters
    ----------
    header
        Codes, time and rate.
    samples
        Shape ``(n_samples,)``, any real type, in the unit of the file.
    """

    header: FragmentHeader
    samples: NDArray[Any]  # the type is the file's own: integers of any width, or floats

    def trimmed(self, window: TimeWindow) -> "Fragment | None":
        """Return the samples inside a window, or None where there are none."""
        header = self.header
        if rate_problem(header.sampling_rate_hz):
            return self
        rate = header.sampling_rate_hz / NANOSECONDS
        first = max(0, math.ceil((window.start_ns - header.start_ns) * rate - 1e-6))
        past_last = min(
            header.n_samples, math.ceil((window.end_ns - header.start_ns) * rate - 1e-6)
        )
        if first >= past_last:
            return None
        if first == 0 and past_last == header.n_samples:
            return self
        trimmed = FragmentHeader(
            header.network,
            header.station,
            header.location,
            header.channel,
            header.start_ns + round(first / rate),
            header.sampling_rate_hz,
            past_last - first,
        )
        return Fragment(trimmed, np.asarray(self.samples[first:past_last]))
