"""Makes fragments and miniSEED files of one kind, so that each test states only what differs."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from obspy import Stream, Trace, UTCDateTime

from mainshock.sources.fragments import NANOSECONDS, Fragment, FragmentHeader

START_S = 1_600_000_000


@pytest.fixture
def fragment() -> Callable[..., Fragment]:
    """Make a fragment that starts ``at_s`` after a fixed time."""

    def make(
        samples: np.ndarray,
        *,
        channel: str = "HHZ",
        at_s: float = 0.0,
        rate_hz: float = 100.0,
        station: str = "ABC",
        location: str = "",
    ) -> Fragment:
        start_ns = START_S * NANOSECONDS + round(at_s * NANOSECONDS)
        header = FragmentHeader("XX", station, location, channel, start_ns, rate_hz, len(samples))
        return Fragment(header, np.asarray(samples))

    return make


@pytest.fixture
def write_trace(tmp_path: Path) -> Callable[..., Path]:
    """Write one trace as a file and return its path."""

    def write(
        name: str,
        samples: np.ndarray,
        *,
        channel: str = "HHZ",
        at_s: float = 0.0,
        rate_hz: float = 100.0,
        station: str = "ABC",
        format_name: str = "MSEED",
    ) -> Path:
        header = {"network": "XX", "station": station, "channel": channel}
        header |= {"sampling_rate": rate_hz, "starttime": UTCDateTime(START_S + at_s)}
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Stream([Trace(np.asarray(samples), header)]).write(str(path), format=format_name)
        return path

    return write
